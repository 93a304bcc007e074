import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { changes } from "../../dev/google/changes.ts";
import { situations } from "../../dev/google/situations.ts";
import { type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { type Clone, createClone } from "./clone.ts";

/** `npm run deploy` looks before; here is what the CLI does by itself. */
describe("firebase deploy, where something is missing or wrong", () => {
  let clone: Clone;
  let google: Google;

  before(async () => {
    clone = await createClone({ COUNTER_MAX_INSTANCES: "0" });
  });

  after(() => clone.remove());

  afterEach(async () => {
    await google.close();
    expect(google.unknown).to.deep.equal([]);
  });

  it("makes a database in the United States where there is none, even with --dry-run", async () => {
    google = await startGoogle(situations["no-database"]());
    const run = await clone.deploy(google, "--only", "firestore", "--dry-run");
    expect(run.exitCode, run.output).to.equal(0);
    expect(google.project.database).to.deep.equal({ locationId: "nam5", type: "FIRESTORE_NATIVE" });
  });

  it("stops at a wrong setting in .env, before it has changed anything", async () => {
    google = await startGoogle();
    const run = await clone.deploy(google, "--force");
    expect(run.exitCode).not.to.equal(0);
    expect(run.output).to.include('COUNTER_MAX_INSTANCES: expected a whole number from 1 to 1000, got "0"');
    expect(changes(run.requests)).to.deep.equal([]);
  });

  it("stops where the build fails, and uploads nothing of an earlier one", async () => {
    google = await startGoogle();
    const source = join(clone.functions, "src/index.ts");
    const text = await readFile(source, "utf8");
    await writeFile(source, `${text}\nimport "./nothing.ts";\n`);
    const run = await clone.deploy(google, "--force");
    await writeFile(source, text);
    expect(run.exitCode).not.to.equal(0);
    expect(run.output).to.include("functions predeploy error");
    expect(changes(run.requests)).to.deep.equal([]);
  });

  it("changes no file of the clone by `firebase use`", async () => {
    google = await startGoogle();
    const before = await readFile(join(clone.root, ".firebaserc"), "utf8");
    const run = await clone.firebase(google, "use", "stand-in");
    expect(run.exitCode, run.output).to.equal(0);
    expect(await readFile(join(clone.root, ".firebaserc"), "utf8")).to.equal(before);
  });
});
