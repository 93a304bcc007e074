import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { expect } from "chai";

const nothingListensHere = "http://127.0.0.1:9";

describe("npm run emulators, where it cannot run", () => {
  let folder: string;

  before(() => {
    folder = mkdtempSync(join(tmpdir(), "emulators-"));
  });

  after(() => rmSync(folder, { recursive: true }));

  /** Runs it with a `java` that says this, no download at hand and no way to the internet. */
  function emulators(java: string) {
    writeFileSync(join(folder, "java"), `#!/bin/sh\n${java}\n`, { mode: 0o755 });
    const PATH = [folder, dirname(process.execPath), process.env.PATH].join(delimiter);
    const proxies = { HTTPS_PROXY: nothingListensHere, https_proxy: nothingListensHere };
    const env = { ...process.env, ...proxies, PATH, FIREBASE_EMULATORS_PATH: folder };
    const cwd = join(import.meta.dirname, "../..");
    return spawnSync(process.execPath, ["dev/local/emulators.ts"], { cwd, env, encoding: "utf8" });
  }

  for (const [what, java, found] of [
    ["is too old", `echo 'openjdk version "17.0.15" 2025-04-15' >&2`, "the one on the PATH is 17"],
    ["does not work", "exit 127", "the one on the PATH is of an unknown version"],
  ] as const) {
    it(`says so when Java ${what}, and what to do instead`, () => {
      const { status, stderr } = emulators(java);
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
    const { status, stderr } = emulators(`echo 'openjdk version "21.0.1" 2023-10-17' >&2`);
    expect(status).to.equal(1);
    expect(stderr).to.match(
      /^emulators: the Emulator Suite cannot start: the Firestore emulator cannot be downloaded: \w/,
    );
    expect(stderr).to.include(`copy it from a machine that has it, to ${folder}`);
    expect(stderr).not.to.match(/\n\s+at /);
  });
});
