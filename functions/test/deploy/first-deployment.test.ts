import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "chai";
import { changes } from "../../dev/google/changes.ts";
import type { Job } from "../../dev/google/project.ts";
import { situations } from "../../dev/google/situations.ts";
import { EVENTARC_NOT_READY, type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { type Clone, createClone, functionChanges, type Run, writeSettings } from "./clone.ts";

const PLACE = "projects/stand-in/locations/europe-west4";

/** What every function has beside its settings: Firebase and Google put it there. */
const OF_FIREBASE = [
  "EVENTARC_CLOUD_EVENT_SOURCE",
  "FIREBASE_CONFIG",
  "FUNCTION_REGION",
  "FUNCTION_TARGET",
  "GCLOUD_PROJECT",
  "LOG_EXECUTION_ID",
];

/** The trigger of a function that is called when a document is created. */
function onCreated(document: string) {
  return {
    eventType: "google.cloud.firestore.document.v1.created",
    retryPolicy: "RETRY_POLICY_RETRY",
    triggerRegion: "eur3",
    eventFilters: [
      { attribute: "database", value: "(default)" },
      { attribute: "namespace", value: "(default)" },
      { attribute: "document", value: document, operator: "match-path-pattern" },
    ],
  };
}

/** How each function is deployed: its memory, its requests at once, its instances, its time, its trigger. */
const FUNCTIONS = {
  stats: { memory: "512Mi", concurrency: 80, instances: [0, 3], seconds: 60, trigger: undefined },
  countEvent: {
    memory: "512Mi",
    concurrency: 250,
    instances: [0, 3],
    seconds: 120,
    trigger: onCreated("events/{eventId}"),
  },
  addDeltas: {
    memory: "512Mi",
    concurrency: 1_000,
    instances: [0, 1],
    seconds: 120,
    trigger: onCreated("deltas/{deltaId}"),
  },
  sweep: { memory: "512Mi", concurrency: 80, instances: [0, 1], seconds: 870, trigger: undefined },
  watch: { memory: "512Mi", concurrency: 80, instances: [0, 1], seconds: 290, trigger: undefined },
  dashboard: { memory: "256Mi", concurrency: 80, instances: [0, 1], seconds: 60, trigger: undefined },
};

describe("firebase deploy, in a new project", () => {
  let google: Google;
  let clone: Clone;
  let first: Run;
  let repeated: Run;

  /** Eventarc is as new as the project, so a first deployment often has to be repeated. */
  before(async () => {
    google = await startGoogle(situations.empty());
    google.fail(EVENTARC_NOT_READY);
    clone = await createClone({ REGION: "europe-west4", APP_IDS: "com.example.shop" });
    first = await clone.deploy(google, "--force");
    repeated = await clone.deploy(google, "--force");
    expect(repeated.exitCode, repeated.output).to.equal(0);
  });

  after(async () => {
    await google.close();
    await clone.remove();
    expect(google.unknown).to.deep.equal([]);
  });

  const functionOf = (id: string) => {
    const found = google.project.functions.get(`${PLACE}/functions/${id}`);
    if (!found) throw new Error(`${id} was not deployed`);
    return found;
  };

  /** Who may invoke a function. */
  const invokersOf = (id: string) =>
    google.project.invokers
      .get(`${PLACE}/services/${id.toLowerCase()}`)
      ?.bindings?.flatMap(({ members }) => members) ?? [];

  it("enables the APIs that it needs", () => {
    const enabled = first.requests.flatMap(({ path }) => /services\/([\w.]+):enable/.exec(path)?.[1] ?? []);
    expect(enabled).to.have.members([
      "artifactregistry.googleapis.com",
      "cloudbuild.googleapis.com",
      "cloudfunctions.googleapis.com",
    ]);
  });

  it("fails where Eventarc is not ready, says so, and does what is left when it is repeated", () => {
    expect(first.exitCode).not.to.equal(0);
    expect(first.output).to.include("Retry the deployment in a few minutes");
    expect([...functionChanges(repeated.requests, "POST").keys()]).to.have.members([
      "addDeltas",
      "countEvent",
    ]);
    expect(functionChanges(repeated.requests, "PATCH").size).to.equal(0);
  });

  it("releases firestore.rules, which let clients do nothing", async () => {
    expect(google.project.rules).to.equal(await readFile(join(clone.root, "firestore.rules"), "utf8"));
  });

  it("creates the composite index, the indexes of fields, and the policy by which events expire", () => {
    const { indexes, fields } = google.project;
    const shortened = (name: string) => name.replace(/^.*collectionGroups\//, "");
    expect(
      indexes.map(({ name, fields }) => [
        shortened(name).split("/")[0],
        ...fields.map((field) => field.fieldPath),
      ]),
    ).to.deep.equal([["events", "counter", "device_id", "__name__"]]);
    const indexed = fields.filter(({ indexConfig }) => indexConfig?.indexes);
    const expiring = fields.filter(({ ttlConfig }) => ttlConfig);
    expect(indexed.map(({ name }) => shortened(name))).to.have.members(
      ["counted", "custom_id", "device_id"].map((field) => `events/fields/${field}`),
    );
    expect(expiring.map(({ name }) => shortened(name))).to.deep.equal(["events/fields/expire_at"]);
  });

  it("creates six functions, in its own codebase, on the Node that the tests run on", () => {
    const { functions } = google.project;
    expect([...functions.keys()]).to.have.members(
      Object.keys(FUNCTIONS).map((id) => `${PLACE}/functions/${id}`),
    );
    for (const { labels, buildConfig } of functions.values()) {
      expect(labels).to.include({ "firebase-functions-codebase": "updater-stats" });
      expect(buildConfig.runtime).to.equal(`nodejs${process.versions.node.split(".")[0]}`);
    }
  });

  for (const [id, { memory, concurrency, instances, seconds, trigger }] of Object.entries(FUNCTIONS)) {
    it(`gives ${id} its memory, instances, time and trigger`, () => {
      const { serviceConfig, eventTrigger, buildConfig } = functionOf(id);
      expect(buildConfig.entryPoint).to.equal(id);
      expect(serviceConfig).to.deep.include({
        availableMemory: memory,
        availableCpu: "1",
        maxInstanceRequestConcurrency: concurrency,
        maxInstanceCount: instances[1],
        timeoutSeconds: seconds,
      });
      expect(serviceConfig.minInstanceCount ?? 0).to.equal(instances[0]);
      const { trigger: _, ...sent } = eventTrigger ?? {};
      expect(sent).to.deep.equal(trigger ?? {});
    });
  }

  it("schedules sweep every 15 minutes and watch every 5, and lets each end before the next", () => {
    const jobs = [...google.project.jobs.values()];
    const called = ({ httpTarget, schedule, attemptDeadline }: Job) => [
      httpTarget.uri,
      schedule,
      attemptDeadline,
    ];
    expect(jobs.map(called)).to.have.deep.members([
      [functionOf("sweep").url, "every 15 minutes", "870s"],
      [functionOf("watch").url, "every 5 minutes", "290s"],
    ]);
  });

  it("lets anybody call stats, nobody open the dashboard, and only the scheduler call sweep and watch", () => {
    const scheduler = ["serviceAccount:123456789012-compute@developer.gserviceaccount.com"];
    expect(invokersOf("stats")).to.deep.equal(["allUsers"]);
    expect(invokersOf("dashboard")).to.deep.equal([]);
    expect(invokersOf("sweep")).to.deep.equal(scheduler);
    expect(invokersOf("watch")).to.deep.equal(scheduler);
    expect(invokersOf("countEvent")).to.deep.equal([]);
  });

  it("gives the functions the settings of .env, and nothing else of the operator's", async () => {
    const example = await readFile(join(clone.functions, ".env.example"), "utf8");
    const lines = example.split("\n").filter((line) => /^[A-Z]/.test(line));
    const defaults = Object.fromEntries(lines.map((line) => line.split("=")));
    for (const { serviceConfig } of google.project.functions.values()) {
      const { FUNCTION_SIGNATURE_TYPE, ...environment } = serviceConfig.environmentVariables ?? {};
      for (const name of OF_FIREBASE) expect(environment).to.have.property(name);
      for (const name of OF_FIREBASE) delete environment[name];
      expect(environment).to.deep.equal({ ...defaults, REGION: "europe-west4", APP_IDS: "com.example.shop" });
    }
  });

  describe("repeated without a change", () => {
    let third: Run;

    before(async () => {
      third = await clone.deploy(google);
      expect(third.exitCode, third.output).to.equal(0);
    });

    it("uploads nothing, updates no function, and makes no ruleset", () => {
      expect(changes(third.requests)).to.deep.equal([
        "PATCH firebaserules.googleapis.com/v1/projects/stand-in/releases/cloud.firestore", // To the same ruleset.
      ]);
    });
  });

  describe("repeated with another setting, while somebody may open the dashboard", () => {
    let fourth: Run;

    before(async () => {
      const bindings = [
        { role: "roles/run.invoker", members: ["user:lost@example.com"] },
        { role: "roles/run.servicesInvoker", members: ["user:kept@example.com"] },
      ];
      google.project.invokers.set(`${PLACE}/services/dashboard`, {
        version: 1,
        etag: "BwYtQm3kXxY=",
        bindings,
      });
      const settings = {
        REGION: "europe-west4",
        STATS_MAX_INSTANCES: "7",
        STATS_MIN_INSTANCES: "2",
        COUNTER_MAX_INSTANCES: "5",
      };
      await writeSettings(clone.functions, settings);
      fourth = await clone.deploy(google, "--force");
      expect(fourth.exitCode, fourth.output).to.equal(0);
    });

    it("updates the six functions in place, from one upload", () => {
      expect([...functionChanges(fourth.requests, "PATCH").keys()]).to.have.members(Object.keys(FUNCTIONS));
      expect(
        functionChanges(fourth.requests, "POST").size + functionChanges(fourth.requests, "DELETE").size,
      ).to.equal(0);
      expect(changes(fourth.requests).filter((line) => line.startsWith("PUT storage")).length).to.equal(1);
      expect(functionOf("stats").serviceConfig).to.include({ minInstanceCount: 2, maxInstanceCount: 7 });
      expect(functionOf("countEvent").serviceConfig).to.include({ maxInstanceCount: 5 });
    });

    it("lets in to the dashboard whoever has the role that the README names, and nobody else", () => {
      expect(invokersOf("dashboard")).to.deep.equal(["user:kept@example.com"]);
    });
  });
});
