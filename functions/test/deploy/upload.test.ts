import { execFile } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { cp, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { type Build, firebaseCli } from "./firebase-cli.ts";

const PROJECT = "demo-deploy";

const run = promisify(execFile);
const cli = firebaseCli();
const root = resolve(import.meta.dirname, "../../..");
const functions = join(root, "functions");
const firebaseJson = JSON.parse(readFileSync(join(root, "firebase.json"), "utf8"));
const [codebase] = firebaseJson.functions;

/** Files that an operator's folder may hold besides the repository. */
const operatorsFiles = [".env", ".env.local", `.env.${PROJECT}`, "firebase-debug.log", ".runtimeconfig.json"];

let folder: string;
let packed: string[];

/** The packed source with its production dependencies only: what Cloud Build makes an instance of. */
let deployed: string;
let build: Build;

async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(directory, join(entry.parentPath, entry.name)));
}

/** Runs discovery as the CLI does, on the deployed files alone; over a file, since a port may be in use. */
async function discover(env: Record<string, string>): Promise<Build> {
  const delegate = new cli.Delegate(PROJECT, folder, deployed, codebase.runtime);
  process.env.FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH = "true";
  try {
    return await delegate.discoverBuild({}, { GCLOUD_PROJECT: PROJECT, ...env });
  } finally {
    delete process.env.FIREBASE_FUNCTIONS_DISCOVERY_OUTPUT_PATH;
  }
}

/** Which functions are deployed with these settings; those not given are at their defaults. */
async function resolved(settings: Record<string, string>) {
  const defaults = build.params.map((param) => [param.name, String(param.default)]);
  const { backend } = await cli.resolveBackend({
    build: structuredClone(build),
    firebaseConfig: { projectId: PROJECT },
    userEnvs: { ...Object.fromEntries(defaults), ...settings },
    nonInteractive: true,
    isEmulator: false,
  });
  return backend.endpoints;
}

function sourceFiles(): string[] {
  const files = readdirSync(join(functions, "src"), { recursive: true, encoding: "utf8" });
  return files.filter((file) => file.endsWith(".ts"));
}

/** The names that a folder with the build exports. */
async function exportedBy(cwd: string): Promise<string[]> {
  const script = 'console.log(Object.keys(require(".")).join())';
  const env = { ...process.env, GCLOUD_PROJECT: PROJECT };
  const { stdout } = await run(process.execPath, ["-e", script], { cwd, env });
  return stdout.trim().split(",");
}

/** The imports of the source files, from packages and from each other. */
function imports(): { file: string; name: string }[] {
  return sourceFiles().flatMap((file) => {
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

describe("deploying", () => {
  /** `firebase deploy` up to the upload, and Cloud Build after it: it installs what the lock file says, and builds nothing. */
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "deploy-"));
    const source = join(folder, "project/functions");
    const skipped = ["node_modules", "lib"].map((name) => join(functions, name));
    await cp(functions, source, { recursive: true, filter: (path) => !skipped.includes(path) });
    await symlink(join(functions, "node_modules"), join(source, "node_modules"));
    for (const name of operatorsFiles) await writeFile(join(source, name), "STATS_TOKEN=from-the-operator\n");

    const env = { ...process.env, RESOURCE_DIR: source };
    for (const command of codebase.predeploy) await run("sh", ["-c", command], { env });
    const config = { ignore: [...codebase.ignore] };
    const { pathToSource } = await cli.pack(join(folder, "project"), source, config, [], undefined, {
      exportType: "tar.gz",
    });
    deployed = join(folder, "deployed");
    await mkdir(deployed);
    await run("tar", ["-xzf", pathToSource, "-C", deployed]);
    await rm(pathToSource);
    packed = (await filesIn(deployed)).sort();

    const flags = ["--omit=dev", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund"];
    await run("npm", ["ci", ...flags], { cwd: deployed });
    build = await discover({});
  });

  after(() => rm(folder, { recursive: true, force: true }));

  describe("firebase.json", () => {
    it("is valid against the CLI's own schema, which refuses what it does not know", () => {
      const validate = cli.validator();
      expect(validate(firebaseJson), JSON.stringify(validate.errors)).to.equal(true);
      expect(validate({ ...firebaseJson, function: [] })).to.equal(false);
    });
  });

  describe("the source that `firebase deploy` uploads", () => {
    it("is the build, the dashboard's page and the two files of npm: no sources, tests, tools, environment files or logs", () => {
      const built = ["index.cjs", "lib/functions.cjs", "lib/functions.cjs.map"];
      const page = packed.filter((file) => file.startsWith("lib/dashboard/"));
      const ends = page.map((file) => file.replace(/^lib\/dashboard\/|-[0-9A-Z]{8}/g, ""));
      const files = ["index.html", "icon.svg", "main.css", "main.js"];
      expect(ends).to.have.members(files.flatMap((file) => [file, `${file}.br`, `${file}.gz`]));
      expect(packed).to.have.members([...built, ...page, "package.json", "package-lock.json"]);
    });

    it("declares the packages that are asked for by name: by Cloud Build, and by the CLI", () => {
      const { dependencies } = JSON.parse(readFileSync(join(functions, "package.json"), "utf8"));
      expect(Object.keys(dependencies)).to.have.members([
        "@google-cloud/functions-framework", // Cloud Build starts it; without it here, it would install a version of its own.
        "firebase-admin",
        "firebase-functions",
      ]);
    });

    it("loads without any package: the build has all that it imports", async () => {
      const alone = join(folder, "alone");
      await cp(deployed, alone, {
        recursive: true,
        filter: (path) => path !== join(deployed, "node_modules"),
      });
      expect(await exportedBy(alone)).to.have.members(Object.keys(build.endpoints));
    });

    it("imports nothing of the rest of the repository", () => {
      for (const { file, name } of imports()) {
        if (name.startsWith(".")) expect(join("src", dirname(file), name)).to.match(/^src\//);
      }
    });
  });

  describe("what Cloud Build makes of it, with production dependencies alone", () => {
    it("loads on the Node of the runtime and exports the functions", async () => {
      expect(codebase.runtime).to.equal(`nodejs${process.versions.node.split(".")[0]}`);
      expect(await exportedBy(deployed)).to.have.members(Object.keys(build.endpoints));
      expect(build.endpoints).to.have.keys("stats", "countEvent", "addDeltas", "sweep", "watch", "dashboard");
    });

    it("asks for every setting, with a label and a description", () => {
      expect(build.params.map(({ name }) => name)).to.have.members(declaredSettings());
      for (const { name, label, description } of build.params) {
        expect([label, description], name).to.satisfy((texts: unknown[]) => texts.every(Boolean));
      }
    });

    it("puts REGION and the ceilings on instances into the functions", async () => {
      const endpoints = await resolved({
        REGION: "europe-west1",
        STATS_MAX_INSTANCES: "7",
        STATS_MIN_INSTANCES: "2",
        COUNTER_MAX_INSTANCES: "5",
      });
      expect(Object.keys(endpoints)).to.deep.equal(["europe-west1"]);
      expect(endpoints["europe-west1"]?.stats).to.include({ maxInstances: 7, minInstances: 2 });
      expect(endpoints["europe-west1"]?.countEvent).to.include({ maxInstances: 5 });
    });
  });

  describe("a wrong setting in .env", () => {
    for (const [name, value] of Object.entries({
      APP_IDS: "nodots",
      REGION: "moon",
      EVENT_RETENTION_DAYS: "ninety",
      STORE_CUSTOM_ID: "yes",
    })) {
      it(`stops the discovery of functions with a message that names it: ${name}=${value}`, async () => {
        const env = { ...process.env, GCLOUD_PROJECT: PROJECT, [name]: value };
        const failure = await run(join(deployed, "node_modules/.bin/firebase-functions"), ["."], {
          cwd: deployed,
          env: { ...env, FUNCTIONS_MANIFEST_OUTPUT_PATH: join(folder, "none.json") },
        }).catch((error) => error);
        expect(failure.code).to.equal(1);
        expect(failure.stderr).to.match(new RegExp(`${name}: expected .*, got "${value}"`));
      });
    }

    it("stops `firebase deploy`", async () => {
      const error = await discover({ COUNTER_MAX_INSTANCES: "0" }).catch((reason) => reason);
      expect(error).to.have.property("name", "FirebaseError");
      expect(error.message).to.include(
        'COUNTER_MAX_INSTANCES: expected a whole number from 1 to 1000, got "0"',
      );
    });
  });

  describe(".env.example", () => {
    const example = () => readFileSync(join(functions, ".env.example"), "utf8");

    it("has every setting with its default, as the CLI reads it", async () => {
      const operator = join(folder, "operator");
      await mkdir(operator);
      await writeFile(join(operator, ".env"), example());
      const settings = cli.loadUserEnvs({
        functionsSource: deployed,
        configDir: operator,
        projectDir: folder,
        projectId: PROJECT,
      });
      const defaults = build.params.map((param) => [param.name, String(param.default)]);
      expect(settings).to.deep.equal(Object.fromEntries(defaults));
      expect(Object.keys((await discover(settings)).endpoints)).to.deep.equal(Object.keys(build.endpoints));
    });

    it("says in one line what each is", () => {
      const lines = example().split("\n");
      for (const name of declaredSettings()) {
        const at = lines.findIndex((line) => line.startsWith(`${name}=`));
        expect(lines[at - 1], name).to.match(/^# .+\.$|^# .+: .+\.$/);
        expect(lines[at - 2], name).to.equal("");
      }
    });
  });
});
