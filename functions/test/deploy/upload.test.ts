import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { startFunction } from "../../dev/local/framework.ts";
import { type Clone, createClone } from "./clone.ts";

const run = promisify(execFile);
const load = createRequire(import.meta.url);
const functions = join(import.meta.dirname, "../..");

/** What an operator's folder may hold besides the repository. */
const OPERATORS_FILES = [
  ".env.local",
  ".npmrc",
  ".DS_Store",
  ".runtimeconfig.json",
  ".vscode/settings.json",
  "coverage/index.html",
  "firebase-debug.log",
  "lib.zip",
  "old-lib/functions.cjs",
  "package.json.orig",
  "secrets/lib/functions.cjs",
  "service-account.json",
];

/** What somebody may leave in what was built, even after it was built. */
const BESIDE_THE_BUILD = [
  "lib/.env",
  "lib/stale.js",
  "lib/functions.cjs.orig",
  "lib/keys/functions.cjs",
  "lib/dashboard/.DS_Store",
  "lib/dashboard/secret.json",
  "lib/dashboard/keys/index.html",
];

interface Manifest {
  endpoints: Record<string, unknown>;
  params: { name: string; label?: string; description?: string }[];
}

let folder: string;
let clone: Clone;
let google: Google;

/** The source as it is unpacked. */
let deployed: string;
let packed: string[];
let manifest: Manifest;

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/** What `firebase deploy` asks the source for, with these settings: the functions and the settings that it declares. */
async function discover(settings: Record<string, string> = {}): Promise<Manifest> {
  const file = join(folder, "functions.json");
  const env = {
    ...process.env,
    GCLOUD_PROJECT: "stand-in",
    FUNCTIONS_MANIFEST_OUTPUT_PATH: file,
    ...settings,
  };
  await run(join(deployed, "node_modules/.bin/firebase-functions"), ["."], { cwd: deployed, env });
  return JSON.parse(await readFile(file, "utf8"));
}

/** The names that a folder with the build exports. */
async function exportedBy(cwd: string): Promise<string[]> {
  const script = 'console.log(Object.keys(require(".")).join())';
  const env = { ...process.env, GCLOUD_PROJECT: "stand-in" };
  const { stdout } = await run(process.execPath, ["-e", script], { cwd, env });
  return stdout.trim().split(",");
}

/** The imports of the source files, from packages and from each other. */
function imports(): { file: string; name: string }[] {
  const files = readdirSync(join(functions, "src"), { recursive: true, encoding: "utf8" });
  return files
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const source = readFileSync(join(functions, "src", file), "utf8");
      const names = source.matchAll(/(?:from|import\(?|require\() *"([^"]+)"/g);
      return [...names].map((match) => ({ file, name: match[1] ?? "" }));
    });
}

/** The names of the settings, as the text of `src/settings.ts` has them. */
function declaredSettings(): string[] {
  const source = readFileSync(join(functions, "src/settings.ts"), "utf8");
  return [...source.matchAll(/= (?:text|list|int|flag)\("([A-Z_]+)"/g)].map((match) => match[1] ?? "");
}

async function writeFiles(root: string, files: string[]): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(root, file)), { recursive: true });
    await writeFile(join(root, file), "s3cret");
  }
}

/** Lets the CLI find files beside the build that came there after it. */
async function addToBuild({ root }: Clone): Promise<void> {
  const path = join(root, "firebase.json");
  const config = JSON.parse(await readFile(path, "utf8"));
  const files = BESIDE_THE_BUILD.map((file) => `"$RESOURCE_DIR/${file}"`).join(" ");
  const folders = BESIDE_THE_BUILD.map((file) => `"$RESOURCE_DIR/${dirname(file)}"`).join(" ");
  config.functions[0].predeploy.push(`mkdir -p ${folders}`, `touch ${files}`);
  await writeFile(path, JSON.stringify(config));
}

describe("the source that firebase deploy uploads", () => {
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "upload-"));
    google = await startGoogle();
    clone = await createClone({ REGION: "europe-west4" });
    await writeFiles(clone.functions, OPERATORS_FILES);
    await symlink(join(clone.functions, "secrets"), join(clone.functions, "shortcut"));
    await addToBuild(clone);
    const { exitCode, output } = await clone.deploy(google, "--only", "functions", "--force");
    expect(exitCode, output).to.equal(0);

    deployed = join(folder, "deployed");
    const archive = join(folder, "source.zip");
    await writeFile(archive, google.upload() ?? "");
    await load("firebase-tools/lib/unzip.js").unzip(archive, deployed);
    packed = await filesIn(deployed);
  });

  after(async () => {
    await google.close();
    await clone.remove();
    await rm(folder, { recursive: true });
    expect(google.unknown).to.deep.equal([]);
  });

  it("is the build, the dashboard's page and the two files of npm, whatever else is in the operator's folder", () => {
    const built = ["index.cjs", "lib/functions.cjs", "lib/functions.cjs.map"];
    const page = packed.filter((file) => file.startsWith("lib/dashboard/"));
    const ends = page.map((file) => file.replace(/^lib\/dashboard\/|-[0-9A-Z]{8}/g, ""));
    const files = ["index.html", "icon.svg", "main.css", "main.js"];
    expect(ends).to.have.members(files.flatMap((file) => [file, `${file}.br`, `${file}.gz`]));
    expect(packed).to.have.members([...built, ...page, "package.json", "package-lock.json"]);
  });

  it("declares the packages that are asked for by name: by Cloud Build, and by the CLI", () => {
    const { dependencies } = JSON.parse(readFileSync(join(deployed, "package.json"), "utf8"));
    expect(Object.keys(dependencies)).to.have.members([
      "@google-cloud/functions-framework", // Cloud Build starts it; without it here, it would install a version of its own.
      "firebase-admin",
      "firebase-functions",
    ]);
  });

  it("loads without any package: the build has all that it imports", async () => {
    const names = [...google.project.functions.keys()].map((name) => name.replace(/.*\//, ""));
    expect(await exportedBy(deployed)).to.have.members(names);
  });

  it("imports nothing of the rest of the repository", () => {
    for (const { file, name } of imports()) {
      if (name.startsWith(".")) expect(join("src", dirname(file), name)).to.match(/^src\//);
    }
  });

  /** Cloud Build installs what the lock file says, and runs no script of ours. */
  describe("with production dependencies alone, as Cloud Build installs them", () => {
    before(async () => {
      const flags = ["--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
      await run("npm", ["ci", ...flags], { cwd: deployed });
      manifest = await discover();
    });

    it("answers by the framework that is in it", async () => {
      const { url, child, output } = await startFunction(
        "stats",
        { GCLOUD_PROJECT: "stand-in" },
        "http",
        deployed,
      );
      const answers = await Promise.all(
        [
          fetch(url),
          fetch(url, { method: "POST", body: "{}", headers: { "content-type": "application/json" } }),
        ].map(async (answer) => (await answer).json()),
      );
      child.kill("SIGKILL");
      expect(answers[0], output()).to.deep.equal({ status: "ok" });
      expect(answers[1]).to.have.property("error", "invalid_event");
    });

    it("asks for every setting, with a label and a description", () => {
      expect(manifest.params.map(({ name }) => name)).to.have.members(declaredSettings());
      for (const { name, label, description } of manifest.params) {
        expect([label, description], name).to.satisfy((texts: unknown[]) => texts.every(Boolean));
      }
    });

    for (const [name, value] of Object.entries({
      APP_IDS: "nodots",
      REGION: "moon",
      EVENT_RETENTION_DAYS: "ninety",
      STORE_CUSTOM_ID: "yes",
    })) {
      it(`names a wrong setting instead of loading: ${name}=${value}`, async () => {
        const failure = await discover({ [name]: value }).catch((error) => error);
        expect(failure.code).to.equal(1);
        expect(failure.stderr).to.match(new RegExp(`${name}: expected .*, got "${value}"`));
      });
    }
  });
});

describe("firebase.json", () => {
  it("is valid against the CLI's own schema, which refuses what it does not know", () => {
    const validate = load("firebase-tools/lib/firebaseConfigValidate.js").getValidator();
    const config = JSON.parse(readFileSync(join(functions, "../firebase.json"), "utf8"));
    expect(validate(config), JSON.stringify(validate.errors)).to.equal(true);
    expect(validate({ ...config, function: [] })).to.equal(false);
  });
});

describe(".env.example", () => {
  it("says in one line what each setting is", () => {
    const lines = readFileSync(join(functions, ".env.example"), "utf8").split("\n");
    for (const name of declaredSettings()) {
      const at = lines.findIndex((line) => line.startsWith(`${name}=`));
      expect(lines[at - 1], name).to.match(/^# .+\.$|^# .+: .+\.$/);
      expect(lines[at - 2], name).to.equal("");
    }
  });
});
