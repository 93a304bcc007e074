import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect } from "chai";
import { firestoreApi } from "../../dev/google/apis/firestore.ts";
import { functionsApi } from "../../dev/google/apis/functions.ts";
import { createOperations } from "../../dev/google/operations.ts";
import { createProject } from "../../dev/google/project.ts";
import { createRouter, type Routes } from "../../dev/google/routes.ts";
import { startGoogle } from "../../dev/google/stand-in.ts";

const FUNCTIONS = "cloudfunctions.googleapis.com/v2/projects/stand-in/locations/europe-west4/functions";
const GROUP = "firestore.googleapis.com/v1/projects/stand-in/databases/(default)/collectionGroups/events";

/** Sends to an API of the stand-in, without a network. */
function send(routes: Routes, method: string, url: string, body: unknown) {
  const { pathname, search } = new URL(url, "https://host");
  const found = createRouter(routes)(method, decodeURIComponent(pathname.slice(1)));
  if (!found) throw new Error(`There is no ${method} ${url}`);
  return found.answer({ params: found.params, query: new URLSearchParams(search), body });
}

/** A function that Google takes, with the changes given. */
function countEvent({ serviceConfig = {}, eventTrigger = {}, ...rest }: Record<string, object> = {}) {
  return {
    name: "projects/stand-in/locations/europe-west4/functions/countEvent",
    buildConfig: {
      runtime: "nodejs24",
      entryPoint: "countEvent",
      source: { storageSource: { bucket: "uploads", object: "source.zip" } },
    },
    serviceConfig: { availableMemory: "512Mi", availableCpu: "1", maxInstanceCount: 3, ...serviceConfig },
    eventTrigger: {
      eventType: "google.cloud.firestore.document.v1.created",
      retryPolicy: "RETRY_POLICY_RETRY",
      triggerRegion: "eur3",
      eventFilters: [
        { attribute: "database", value: "(default)" },
        { attribute: "document", value: "events/{eventId}", operator: "match-path-pattern" },
      ],
      ...eventTrigger,
    },
    ...rest,
  };
}

describe("the stand-in for Google's APIs", () => {
  const create = (changes: Record<string, object>) =>
    send(
      functionsApi(createProject(), createOperations()),
      "POST",
      `${FUNCTIONS}?functionId=countEvent`,
      countEvent(changes),
    );

  it("takes a function that Google takes", () => {
    expect(create({})).to.have.property("name").that.includes("operations/");
  });

  for (const [what, changes, message] of [
    ["more instances at least than at most", { serviceConfig: { minInstanceCount: 4 } }, /greater than/],
    [
      "many requests at once on part of a CPU",
      { serviceConfig: { availableCpu: "0.5", maxInstanceRequestConcurrency: 2 } },
      /concurrency/,
    ],
    ["more memory than its CPU may have", { serviceConfig: { availableMemory: "8Gi" } }, /memory/],
    [
      "a trigger that is not where the database is",
      { eventTrigger: { triggerRegion: "europe-west4" } },
      /database in eur3/,
    ],
    ["a trigger that takes ten minutes", { serviceConfig: { timeoutSeconds: 600 } }, /540/],
    [
      "the events of a collection",
      {
        eventTrigger: {
          eventFilters: [
            { attribute: "database", value: "(default)" },
            { attribute: "document", value: "events" },
          ],
        },
      },
      /no path of a document/,
    ],
    [
      "a service account that has no address",
      { serviceConfig: { serviceAccountEmail: "updater-stats" } },
      /serviceAccountEmail/,
    ],
    ["a label in capitals", { labels: { Team: "stats" } }, /labels/],
    ["a field that is unknown", { serviceConfig: { memory: "512Mi" } }, /memory/],
  ] as const) {
    it(`refuses a function with ${what}`, () => {
      expect(() => create(changes)).to.throw(message);
    });
  }

  it("refuses a function in a region that does not exist", () => {
    const routes = functionsApi(createProject(), createOperations());
    const body = { ...countEvent(), name: "projects/stand-in/locations/europe-west99/functions/countEvent" };
    const url = `${FUNCTIONS.replace("europe-west4", "europe-west99")}?functionId=countEvent`;
    expect(() => send(routes, "POST", url, body)).to.throw(/Location europe-west99 is not found/);
  });

  it("refuses an index of one field, and a second field by which documents of a collection expire", () => {
    const routes = firestoreApi(createProject(), createOperations());
    const fields = [{ fieldPath: "counter", order: "ASCENDING" }];
    expect(() => send(routes, "POST", `${GROUP}/indexes`, { queryScope: "COLLECTION", fields })).to.throw(
      /not necessary/,
    );
    send(routes, "PATCH", `${GROUP}/fields/expire_at`, { ttlConfig: {} });
    expect(() => send(routes, "PATCH", `${GROUP}/fields/received_at`, { ttlConfig: {} })).to.throw(
      /one TTL field/,
    );
  });

  it("lets nothing leave the machine, and remembers what was meant to", async () => {
    const google = await startGoogle();
    const urls = [
      "https://example.com",
      "http://example.com/",
      "https://firestore.googleapis.com/v2/nothing",
    ];
    const script = `for (const url of ${JSON.stringify(urls)}) await fetch(url).catch(() => {})`;
    await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script], { env: google.env });
    await google.close();
    expect(google.unknown).to.have.members([
      "CONNECT example.com",
      "CONNECT example.com:80",
      "GET firestore.googleapis.com/v2/nothing",
    ]);
  });
});
