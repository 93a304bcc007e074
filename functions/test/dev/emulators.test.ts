import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect } from "chai";

const functions = join(import.meta.dirname, "../..");
const nothingListensHere = "http://127.0.0.1:9";

/** Prints what is found, and what a made jar says, while it is there. */
const FIND = `
import { readFileSync } from "node:fs";
import { findOfficialFirestore } from "./dev/local/official-firestore.ts";
const found = findOfficialFirestore();
console.log(JSON.stringify({ ...found, content: found.jar && readFileSync(found.jar, "utf8") }));
`;

const java = (version: string) => `echo 'openjdk version "${version}" 2025-04-15' >&2`;

/** As `jar cfm {jar} {manifest}`, but what it makes can be read. */
const jar = 'while read -r line; do echo "$line"; done <"$3" >"$2"';

describe("npm run emulators", () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "emulators-"));
    mkdirSync(join(folder, "bin"));
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  /** Installs a program of a line of shell. */
  function install(path: string, line: string): string {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `#!/bin/sh\n${line}\n`, { mode: 0o755 });
    return file;
  }

  /** Installs the Cloud CLI with its component. Returns the component's jar. */
  function installComponent(): string {
    const sdk = join(folder, "google cloud sdk");
    install("bin/gcloud", `echo '${sdk}'`);
    return install("google cloud sdk/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar", "");
  }

  /** Runs Node where only this folder's programs are, nothing is downloaded, and no way leads to the internet. */
  function run(args: string[], settings: Record<string, string> = {}) {
    const { FIRESTORE_EMULATOR_BINARY_PATH, JAVA_HOME, ...env } = process.env;
    return spawnSync(process.execPath, args, {
      cwd: functions,
      env: {
        ...env,
        HTTPS_PROXY: nothingListensHere,
        https_proxy: nothingListensHere,
        PATH: [join(folder, "bin"), dirname(process.execPath)].join(delimiter),
        FIREBASE_EMULATORS_PATH: folder,
        ...settings,
      },
      encoding: "utf8",
    });
  }

  const emulators = (...args: string[]) => run(["dev/local/emulators.ts", ...args]);
  const find = (settings?: Record<string, string>) =>
    JSON.parse(run(["--input-type=module", "--eval", FIND], settings).stdout);

  for (const [what, line, found] of [
    ["is too old", java("17.0.15"), "the one on the PATH is 17"],
    ["does not work", "exit 127", "the one on the PATH is of an unknown version"],
    ["is missing", undefined, "there is none on the PATH"],
  ] as const) {
    it(`says so when Java ${what}, and what to do instead`, () => {
      if (line) install("bin/java", line);
      const { status, stderr } = emulators();
      expect(status).to.equal(1);
      expect(stderr.split("\n")).to.deep.equal([
        `emulators: the Emulator Suite cannot start: the Firestore emulator needs Java 21 or later, and ${found}.`,
        "Install it (https://adoptium.net), and see that `java -version` shows it.",
        "`npm start` and `npm test` need neither Java nor a download: they run the same functions.",
        "",
      ]);
    });
  }

  it("says so when the emulator cannot be downloaded, and what to do instead", () => {
    install("bin/java", java("21.0.1"));
    const { status, stderr } = emulators();
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^emulators: the Emulator Suite cannot start: the Firestore emulator cannot be downloaded: \w/,
    );
    expect(stderr).to.include(`copy it from a machine that has it, to ${folder}`);
    expect(stderr).to.include("gcloud components install cloud-firestore-emulator");
    expect(stderr).not.to.match(/\n\s+at /);
  });

  it("says in a line that it cannot run without a download, if that is asked, and downloads nothing", () => {
    install("bin/java", java("21.0.1"));
    const { status, stdout, stderr } = emulators("--check");
    expect([status, stdout, stderr]).to.deep.equal([
      1,
      "",
      "emulators: the Firestore emulator is neither downloaded nor a component of the Cloud CLI\n",
    ]);
    installComponent();
    install("bin/jar", jar);
    expect(emulators("--check").status).to.equal(0);
  });

  it("finds the component of the Cloud CLI, and a JDK beside an older one on the PATH", () => {
    symlinkSync(install("jvm/java-17/bin/java", java("17.0.15")), join(folder, "bin/java"));
    const newer = install("jvm/temurin-25/bin/java", java("25.0.1"));
    install("jvm/temurin-25/bin/jar", jar);
    const component = installComponent();
    const found = find();
    expect(found.java).to.equal(newer);
    expect(found.content.split("\n")).to.deep.equal([
      "Main-Class: com.google.cloud.datastore.emulator.firestore.CloudFirestore",
      `Class-Path: file://${component.replaceAll(" ", "%20")}`,
      "",
    ]);
    expect(existsSync(found.jar), "after the process").to.equal(false);
  });

  it("says so when there is a component, but no JDK to run it with", () => {
    const jre = install("bin/java", java("21.0.1"));
    installComponent();
    expect(find().missing).to.equal(
      `the Firestore emulator of the Cloud CLI needs a whole JDK, and there is no \`jar\` beside ${jre}`,
    );
  });

  it("takes the Firebase CLI's own download before the component", () => {
    install("bin/java", java("21.0.1"));
    install("bin/jar", jar);
    const { downloadPath } = find();
    installComponent();
    writeFileSync(downloadPath, "");
    expect(find().jar).to.equal(downloadPath);
  });

  it("takes the jar of FIRESTORE_EMULATOR_BINARY_PATH and the Java of JAVA_HOME before all others", () => {
    install("bin/java", java("21.0.1"));
    const home = join(folder, "home");
    const homely = install("home/bin/java", java("23"));
    const named = install("named.jar", "");
    installComponent();
    const settings = { JAVA_HOME: home, FIRESTORE_EMULATOR_BINARY_PATH: named };
    expect(find(settings)).to.include({ java: homely, jar: named });
    expect(find({ ...settings, FIRESTORE_EMULATOR_BINARY_PATH: `${named}.none` }).missing).to.equal(
      `the Firestore emulator is not where FIRESTORE_EMULATOR_BINARY_PATH says: there is no ${named}.none`,
    );
  });
});
