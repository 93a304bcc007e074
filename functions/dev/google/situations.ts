/** Projects to deploy into: what other people, or older versions of this backend, may have left there. */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createIndex } from "./apis/firestore.ts";
import { keepFunction } from "./apis/functions.ts";
import type { FunctionBody } from "./function-schema.ts";
import { createProject, defaultServiceAccount, type Project } from "./project.ts";

/** What another team has in the project. */
export const FOREIGN_RULES = `rules_version = '2';
service cloud.firestore {
  match /databases/{database}/documents {
    match /orders/{order} {
      allow read: if request.auth != null;
    }
  }
}
`;

/** A project by the name of its situation. */
export const situations = {
  /** New, with a database. */
  empty: () => withoutFunctionApis(createProject()),
  /** New, and nobody has made a database. */
  "no-database": () => withoutFunctionApis(createProject({ database: undefined })),
  /** Another team works in it. */
  foreign: () => addForeign(createProject()),
  /** This backend runs in it. */
  deployed: () => addOurs(createProject(), "updater-stats"),
  /** A version of this backend from before it had a codebase of its own runs in it, with a function that is no more. */
  older() {
    const project = addOurs(createProject(), "default");
    addFunction(project, "sumShards", "default", {
      labels: { "deployment-scheduled": "true" },
      environmentVariables: SETTINGS,
    });
    return project;
  },
} satisfies Record<string, () => Project>;

/** The APIs of Cloud Functions are not enabled before the first deployment. */
function withoutFunctionApis(project: Project): Project {
  for (const name of ["artifactregistry", "cloudbuild", "cloudfunctions"])
    project.apis.delete(`${name}.googleapis.com`);
  return project;
}

/** Adds what another team has: rules, an index, a field that expires, and a function. */
export function addForeign(project: Project): Project {
  const collection = `projects/${project.projectId}/databases/(default)/collectionGroups/orders`;
  project.rules = FOREIGN_RULES;
  project.indexes.push({
    name: `${collection}/indexes/CICAgOjXh4EK`,
    queryScope: "COLLECTION",
    apiScope: "ANY_API",
    density: "SPARSE_ALL",
    state: "READY",
    fields: [
      { fieldPath: "customer", order: "ASCENDING" },
      { fieldPath: "ordered_at", order: "DESCENDING" },
      { fieldPath: "__name__", order: "DESCENDING" },
    ],
  });
  project.fields.push({
    name: `${collection}/fields/forget_at`,
    ttlConfig: { state: "ACTIVE" },
    indexConfig: {},
  });
  addFunction(project, "billing", "default");
  return project;
}

/** Settings of this backend, as any of its versions has put them into its functions. */
const SETTINGS = { APP_IDS: "com.example.shop", EVENT_RETENTION_DAYS: "90" };

/** Adds what this backend has, with its functions under a codebase. */
function addOurs(project: Project, codebase: string): Project {
  const add = (id: string, more: Parameters<typeof addFunction>[3] = {}) =>
    addFunction(project, id, codebase, { ...more, environmentVariables: SETTINGS });
  const repository = join(import.meta.dirname, "../../..");
  project.rules = readFileSync(join(repository, "firestore.rules"), "utf8");
  const { indexes, fieldOverrides } = JSON.parse(
    readFileSync(join(repository, "firestore.indexes.json"), "utf8"),
  );
  const groups = `projects/${project.projectId}/databases/(default)/collectionGroups`;
  for (const { collectionGroup, queryScope, fields } of indexes) {
    project.indexes.push(createIndex(`${groups}/${collectionGroup}`, queryScope, fields));
  }
  for (const { collectionGroup, fieldPath, ttl, indexes } of fieldOverrides) {
    const indexed = indexes.map(({ queryScope, order }: Record<string, string>) => ({
      queryScope,
      fields: [{ fieldPath, order }],
    }));
    project.fields.push({
      name: `${groups}/${collectionGroup}/fields/${fieldPath}`,
      indexConfig: { indexes: indexed },
      ...(ttl && { ttlConfig: { state: "ACTIVE" } }),
    });
  }
  project.cleaned.add(REGION);
  for (const id of ["stats", "dashboard"]) add(id);
  for (const id of ["sweep", "watch"]) {
    const { name, url, serviceConfig } = add(id, {
      labels: { "deployment-scheduled": "true" },
    });
    const job = `firebase-schedule-${id}-${REGION}`;
    project.jobs.set(name.replace(/functions\/.*/, `jobs/${job}`), {
      name: name.replace(/functions\/.*/, `jobs/${job}`),
      schedule: id === "sweep" ? "every 15 minutes" : "every 5 minutes",
      timeZone: "UTC",
      attemptDeadline: `${serviceConfig.timeoutSeconds}s`,
      httpTarget: {
        uri: url ?? "",
        httpMethod: "POST",
        oidcToken: { serviceAccountEmail: defaultServiceAccount(project) },
      },
    });
  }
  for (const [id, document] of [
    ["countEvent", "events/{eventId}"],
    ["addDeltas", "deltas/{deltaId}"],
  ] as const) {
    add(id, {
      eventTrigger: {
        eventType: "google.cloud.firestore.document.v1.created",
        retryPolicy: "RETRY_POLICY_RETRY",
        triggerRegion: project.database?.locationId,
        eventFilters: [
          { attribute: "database", value: "(default)" },
          { attribute: "namespace", value: "(default)" },
          { attribute: "document", value: document, operator: "match-path-pattern" },
        ],
      },
    });
  }
  return project;
}

const REGION = "europe-west4";

/** Adds a function, which anybody may call. */
export function addFunction(
  project: Project,
  id: string,
  codebase: string,
  more: Partial<Pick<FunctionBody, "labels" | "eventTrigger">> & {
    environmentVariables?: Record<string, string>;
  } = {},
) {
  const { labels, eventTrigger, environmentVariables = {} } = more;
  const inCodebase = codebase === "default" ? {} : { "firebase-functions-codebase": codebase };
  const added = keepFunction(project, {
    name: `projects/${project.projectId}/locations/${REGION}/functions/${id}`,
    labels: { "deployment-tool": "cli-firebase", ...inCodebase, ...labels },
    buildConfig: {
      runtime: "nodejs22",
      entryPoint: id,
      source: { storageSource: { bucket: "gcf-v2-sources", object: `${id}/function-source.zip` } },
    },
    serviceConfig: {
      availableMemory: "512Mi",
      availableCpu: "1",
      maxInstanceRequestConcurrency: 80,
      environmentVariables,
    },
    ...(eventTrigger && { eventTrigger }),
  });
  const bindings = [{ role: "roles/run.invoker", members: ["allUsers"] }];
  project.invokers.set(added.serviceConfig.service ?? "", { version: 1, etag: "BwYtQm3kXxY=", bindings });
  return added;
}
