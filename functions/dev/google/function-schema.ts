/** What Cloud Functions and Cloud Run take as a function, as far as it is documented; sources beside each rule. */

import { z } from "zod";
import type { Project } from "./project.ts";
import { GoogleError } from "./routes.ts";

/** https://cloud.google.com/functions/docs/locations, those of the second generation. */
const REGIONS = new Set(
  `africa-south1 asia-east1 asia-east2 asia-northeast1 asia-northeast2 asia-northeast3 asia-south1 asia-south2
  asia-southeast1 asia-southeast2 asia-southeast3 australia-southeast1 australia-southeast2 europe-central2
  europe-north1 europe-north2 europe-southwest1 europe-west1 europe-west2 europe-west3 europe-west4 europe-west6
  europe-west8 europe-west9 europe-west10 europe-west12 me-central1 me-central2 me-west1 northamerica-northeast1
  northamerica-northeast2 northamerica-south1 southamerica-east1 southamerica-west1 us-central1 us-east1 us-east4
  us-east5 us-south1 us-west1 us-west2 us-west3 us-west4`.split(/\s+/),
);

const FIRESTORE_EVENT =
  /^google\.cloud\.firestore\.document\.v1\.(created|updated|deleted|written)(\.withAuthContext)?$/;

const texts = z.record(z.string(), z.string());

const count = z.int().min(0).max(1_000);

/** https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions, what the Firebase CLI sends of it. */
export const functionBody = z.strictObject({
  name: z.string(),
  // https://cloud.google.com/resource-manager/docs/labels-overview#requirements
  labels: z
    .record(z.string().regex(/^[a-z][a-z0-9_-]{0,62}$/), z.string().regex(/^[a-z0-9_-]{0,63}$/))
    .optional(),
  buildConfig: z.strictObject({
    runtime: z.string().regex(/^nodejs(20|22|24)$/),
    entryPoint: z.string().min(1),
    source: z.strictObject({
      storageSource: z.looseObject({ bucket: z.string(), object: z.string() }),
    }),
    environmentVariables: texts.optional(),
  }),
  serviceConfig: z.strictObject({
    availableMemory: z.string().regex(/^[0-9]+(Mi|Gi)$/),
    availableCpu: z.string().optional(),
    timeoutSeconds: z.int().min(1).max(3_600).optional(),
    minInstanceCount: count.optional(),
    maxInstanceCount: count.min(1).optional(),
    maxInstanceRequestConcurrency: z.int().min(1).max(1_000).optional(),
    serviceAccountEmail: z
      .string()
      .regex(/^[a-z0-9-]+@([a-z0-9-]+\.iam|developer|appspot)\.gserviceaccount\.com$/)
      .optional(),
    ingressSettings: z.enum(["ALLOW_ALL", "ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"]).optional(),
    environmentVariables: texts.optional(),
  }),
  eventTrigger: z
    .strictObject({
      eventType: z.string(),
      retryPolicy: z.enum(["RETRY_POLICY_RETRY", "RETRY_POLICY_DO_NOT_RETRY"]),
      triggerRegion: z.string().optional(),
      eventFilters: z.array(
        z.strictObject({
          attribute: z.string(),
          value: z.string(),
          operator: z.literal("match-path-pattern").optional(),
        }),
      ),
      serviceAccountEmail: z.string().optional(),
    })
    .optional(),
});

export type FunctionBody = z.output<typeof functionBody>;

/** Throws the error that Google answers where the parts of a function do not go together. */
export function checkFunction(
  project: Project,
  region: string,
  { serviceConfig, eventTrigger }: FunctionBody,
) {
  const refuse = (message: string) => {
    throw new GoogleError("INVALID_ARGUMENT", message);
  };
  if (!REGIONS.has(region)) refuse(`Location ${region} is not found or access is unauthorized.`);
  const {
    minInstanceCount,
    maxInstanceCount,
    availableCpu = "1",
    maxInstanceRequestConcurrency = 1,
  } = serviceConfig;
  if ((minInstanceCount ?? 0) > (maxInstanceCount ?? 100)) {
    refuse(`min_instance_count ${minInstanceCount} is greater than max_instance_count ${maxInstanceCount}`);
  }
  checkResources(
    mebibytes(serviceConfig.availableMemory),
    Number(availableCpu),
    maxInstanceRequestConcurrency,
    refuse,
  );
  if (!eventTrigger) return;
  // https://cloud.google.com/eventarc/docs/run/quotas-limits: an event function may take nine minutes.
  if ((serviceConfig.timeoutSeconds ?? 60) > 540)
    refuse("An event function has a timeout of at most 540 seconds");
  checkFirestoreTrigger(project, eventTrigger, refuse);
}

/** https://cloud.google.com/run/docs/configuring/services/cpu and memory-limits */
function checkResources(memory: number, cpu: number, concurrency: number, refuse: (message: string) => void) {
  if (![1, 2, 4, 6, 8].includes(cpu) && !(cpu >= 0.08 && cpu < 1))
    refuse(`Invalid value specified for cpu: ${cpu}`);
  if (cpu < 1 && concurrency > 1) refuse("Total cpu < 1 is not supported with concurrency > 1.");
  const least = memory > 24_576 ? 8 : memory > 16_384 ? 6 : memory > 8_192 ? 4 : memory > 4_096 ? 2 : 0;
  if (cpu < Math.max(least, memory > 1_024 ? 1 : memory > 512 ? 0.5 : 0)) {
    refuse(`Invalid value specified for memory: ${memory}Mi needs more than ${cpu} CPU`);
  }
  if (memory < 128 || (cpu >= 4 && memory < 2_048)) refuse(`Invalid value specified for memory: ${memory}Mi`);
}

/** https://cloud.google.com/eventarc/standard/docs/event-providers-targets#firestore: the trigger is where the database is. */
function checkFirestoreTrigger(
  project: Project,
  { eventType, triggerRegion, eventFilters }: NonNullable<FunctionBody["eventTrigger"]>,
  refuse: (message: string) => void,
) {
  if (!FIRESTORE_EVENT.test(eventType)) refuse(`Unsupported event type ${eventType}`);
  const location = project.database?.locationId;
  if (triggerRegion !== location)
    refuse(`The trigger is in ${triggerRegion}, and the database in ${location}`);
  const filters = new Map(eventFilters.map(({ attribute, value }) => [attribute, value]));
  for (const attribute of filters.keys()) {
    if (!["database", "namespace", "document"].includes(attribute)) refuse(`Unknown attribute ${attribute}`);
  }
  if (filters.get("database") !== "(default)") refuse(`There is no database ${filters.get("database")}`);
  if ((filters.get("document") ?? "").split("/").length % 2 !== 0) {
    refuse(`${filters.get("document")} is no path of a document`);
  }
}

function mebibytes(memory: string): number {
  return Number.parseInt(memory, 10) * (memory.endsWith("Gi") ? 1_024 : 1);
}
