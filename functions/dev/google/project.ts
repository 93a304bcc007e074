/** What a Google Cloud project holds, as far as a deployment reads or changes it; each resource has the shape of Google's REST API. */

/** A composite index of Firestore. */
export interface Index {
  /** `projects/{project}/databases/(default)/collectionGroups/{collection}/indexes/{id}` */
  name: string;
  queryScope: string;
  apiScope?: string;
  density?: string;
  state: string;
  fields: { fieldPath: string; order?: string; arrayConfig?: string }[];
}

/** A field of Firestore that is indexed in its own way, or by which documents expire. */
export interface Field {
  /** `projects/{project}/databases/(default)/collectionGroups/{collection}/fields/{path}` */
  name: string;
  indexConfig?: { indexes?: { queryScope?: string; fields: Index["fields"]; state?: string }[] };
  ttlConfig?: { state: string };
}

/** A Cloud Function of the second generation. */
export interface CloudFunction {
  /** `projects/{project}/locations/{region}/functions/{id}` */
  name: string;
  state: string;
  labels?: Record<string, string>;
  url?: string;
  updateTime: string;
  buildConfig: {
    runtime: string;
    entryPoint: string;
    source: { storageSource?: { bucket: string; object: string } };
    environmentVariables?: Record<string, string>;
  };
  serviceConfig: {
    /** The service of Cloud Run that it is. */
    service?: string;
    uri?: string;
    availableMemory: string;
    availableCpu?: string;
    timeoutSeconds: number;
    minInstanceCount?: number;
    maxInstanceCount?: number;
    maxInstanceRequestConcurrency?: number;
    serviceAccountEmail?: string;
    environmentVariables?: Record<string, string>;
  };
  eventTrigger?: {
    trigger?: string;
    triggerRegion?: string;
    eventType: string;
    eventFilters: { attribute: string; value: string; operator?: string }[];
    retryPolicy: string;
    serviceAccountEmail?: string;
  };
}

/** A job of Cloud Scheduler. */
export interface Job {
  /** `projects/{project}/locations/{region}/jobs/{id}` */
  name: string;
  schedule: string;
  timeZone: string;
  attemptDeadline?: string;
  httpTarget: { uri: string; httpMethod: string; oidcToken?: { serviceAccountEmail: string } };
}

/** An IAM policy: who has which role. */
export interface Policy {
  version?: number;
  etag: string;
  bindings?: { role: string; members: string[] }[];
}

/** One project. Tests set it up, and deployments change it. */
export interface Project {
  projectId: string;
  projectNumber: string;
  /** The APIs that are enabled, by host name. */
  apis: Set<string>;
  /** The roles in the project. */
  policy: Policy;
  /** Its database `(default)`; absent: there is none. */
  database?: { locationId: string; type: "FIRESTORE_NATIVE" | "DATASTORE_MODE" } | undefined;
  /** The source of the rules that hold for Firestore; absent: none were ever released. */
  rules?: string;
  indexes: Index[];
  fields: Field[];
  /** By full name. */
  functions: Map<string, CloudFunction>;
  /** The policies of the services of Cloud Run, by full name. */
  invokers: Map<string, Policy>;
  /** By full name. */
  jobs: Map<string, Job>;
  /** The regions whose old images are deleted, as the Firebase CLI asks for. */
  cleaned: Set<string>;
}

/** The APIs that a deployment needs. A new Firebase project has some of them enabled. */
export const NEEDED_APIS = [
  "artifactregistry.googleapis.com",
  "cloudbilling.googleapis.com",
  "cloudbuild.googleapis.com",
  "cloudfunctions.googleapis.com",
  "cloudresourcemanager.googleapis.com",
  "cloudscheduler.googleapis.com",
  "eventarc.googleapis.com",
  "firebaseextensions.googleapis.com",
  "firestore.googleapis.com",
  "pubsub.googleapis.com",
  "run.googleapis.com",
  "storage.googleapis.com",
];

/** Makes a project with a database in `eur3` and nothing else; `given` says what is different. */
export function createProject(given: Partial<Project> = {}): Project {
  const { projectId = "stand-in", projectNumber = "123456789012" } = given;
  return {
    projectId,
    projectNumber,
    apis: new Set(NEEDED_APIS),
    policy: { version: 1, etag: "BwXhqDVHTMI=", bindings: [] },
    database: { locationId: "eur3", type: "FIRESTORE_NATIVE" },
    indexes: [],
    fields: [],
    functions: new Map(),
    invokers: new Map(),
    jobs: new Map(),
    cleaned: new Set(),
    ...given,
  };
}

/** The account that functions run as, unless they say otherwise. */
export function defaultServiceAccount(project: Project): string {
  return `${project.projectNumber}-compute@developer.gserviceaccount.com`;
}
