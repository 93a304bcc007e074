/** Cloud Scheduler: the jobs that call functions. */

import { z } from "zod";
import type { Job, Project } from "../project.ts";
import { GoogleError, type Routes } from "../routes.ts";
import { checked } from "../schema.ts";

const job = z.strictObject({
  name: z.string(),
  schedule: z.string().regex(/^(every [1-9][0-9]* (minutes|hours)|(\S+ ){4}\S+)$/),
  timeZone: z.string(),
  // https://cloud.google.com/scheduler/docs/reference/rest/v1/projects.locations.jobs: 15 seconds to 30 minutes.
  attemptDeadline: z
    .string()
    .regex(/^[0-9]+s$/)
    .refine((text) => Number.parseInt(text, 10) >= 15 && Number.parseInt(text, 10) <= 1_800)
    .optional(),
  retryConfig: z.object().optional(),
  httpTarget: z.strictObject({
    uri: z.url({ protocol: /^https$/ }),
    httpMethod: z.literal("POST"),
    oidcToken: z.strictObject({ serviceAccountEmail: z.email() }),
  }),
});

const JOBS = "cloudscheduler.googleapis.com/v1/projects/{project}/locations/{location}/jobs";

export function schedulerApi(project: Project): Routes {
  const nameOf = ({ location, job }: Record<string, string>) =>
    `projects/${project.projectId}/locations/${location}/jobs/${job}`;

  function existing(name: string): Job {
    const found = project.jobs.get(name);
    if (!found) throw new GoogleError("NOT_FOUND", `Job not found: ${name}`);
    return found;
  }

  function keep(body: unknown) {
    const kept = { ...checked(job, body), state: "ENABLED" } as Job;
    project.jobs.set(kept.name, kept);
    return kept;
  }

  return {
    [`GET ${JOBS}/{job}`]: ({ params }) => existing(nameOf(params)),
    [`POST ${JOBS}`]: ({ body }) => keep(body),
    [`PATCH ${JOBS}/{job}`]: ({ params, body }) => {
      existing(nameOf(params));
      return keep(body);
    },
    [`DELETE ${JOBS}/{job}`]: ({ params }) => {
      existing(nameOf(params));
      project.jobs.delete(nameOf(params));
      return {};
    },
  };
}
