import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";

const functions = new URL("../..", import.meta.url).pathname;
const bin = join(functions, "node_modules/.bin");
const run = promisify(execFile);

/** The manifest of the built functions, as `firebase deploy` reads it. */
async function deployManifest() {
  const folder = await mkdtemp(join(tmpdir(), "manifest-"));
  const file = join(folder, "functions.json");
  try {
    const env = { ...process.env, GCLOUD_PROJECT: "demo-manifest", FUNCTIONS_MANIFEST_OUTPUT_PATH: file };
    await run(join(bin, "firebase-functions"), ["."], { cwd: functions, env });
    return JSON.parse(await readFile(file, "utf8"));
  } finally {
    await rm(folder, { recursive: true });
  }
}

describe("the deploy manifest", () => {
  let manifest: Awaited<ReturnType<typeof deployManifest>>;

  before(async () => {
    manifest = await deployManifest();
  });

  it("deploys stats as a public HTTPS function", () => {
    expect(manifest.endpoints.stats).to.deep.include({
      platform: "gcfv2",
      region: "{{ params.REGION }}",
      entryPoint: "stats",
      httpsTrigger: { invoker: ["public"] },
    });
  });

  it("deploys countEvent on the creation of events, with retries", () => {
    expect(manifest.endpoints.countEvent).to.deep.include({
      platform: "gcfv2",
      region: "{{ params.REGION }}",
      entryPoint: "countEvent",
      eventTrigger: {
        eventType: "google.cloud.firestore.document.v1.created",
        eventFilters: { database: "(default)", namespace: "(default)" },
        eventFilterPathPatterns: { document: "events/{eventId}" },
        retry: true,
      },
    });
  });

  it("deploys addDeltas on the creation of deltas, with retries, in one instance", () => {
    expect(manifest.endpoints.addDeltas).to.deep.include({
      platform: "gcfv2",
      region: "{{ params.REGION }}",
      entryPoint: "addDeltas",
      maxInstances: 1,
      eventTrigger: {
        eventType: "google.cloud.firestore.document.v1.created",
        eventFilters: { database: "(default)", namespace: "(default)" },
        eventFilterPathPatterns: { document: "deltas/{deltaId}" },
        retry: true,
      },
    });
  });

  it("deploys sweep every 15 minutes, and lets it end before the next", () => {
    const { sweep } = manifest.endpoints;
    expect(sweep).to.deep.include({ platform: "gcfv2", region: "{{ params.REGION }}", entryPoint: "sweep" });
    expect(sweep.scheduleTrigger.schedule).to.equal("every 15 minutes");
    expect(sweep.timeoutSeconds).to.be.lessThan(15 * 60);
  });

  it("deploys watch every 5 minutes, in one instance, and lets it end before the next", () => {
    const { watch } = manifest.endpoints;
    expect(watch).to.deep.include({ platform: "gcfv2", region: "{{ params.REGION }}", maxInstances: 1 });
    expect(watch.scheduleTrigger.schedule).to.equal("every 5 minutes");
    expect(watch.timeoutSeconds).to.be.lessThan(5 * 60);
  });
});
