/** Artifact Registry: the repository in which Cloud Build keeps the images of functions. */

import { z } from "zod";
import type { Project } from "../project.ts";
import type { Routes } from "../routes.ts";
import { checked } from "../schema.ts";

const cleanup = z.looseObject({ cleanupPolicies: z.record(z.string(), z.object()) });

const REPOSITORY =
  "artifactregistry.googleapis.com/v1/projects/{project}/locations/{location}/repositories/{repository}";

export function artifactsApi(project: Project): Routes {
  const repository = (location = "") => {
    const id = "firebase-functions-cleanup";
    const policy = { id, action: "DELETE", condition: { tagState: "ANY", olderThan: "86400s" } };
    return {
      name: `projects/${project.projectId}/locations/${location}/repositories/gcf-artifacts`,
      format: "DOCKER",
      labels: { "goog-managed-by": "cloudfunctions" },
      ...(project.cleaned.has(location) && { cleanupPolicies: { [id]: policy } }),
    };
  };

  return {
    [`GET ${REPOSITORY}`]: ({ params }) => repository(params.location),
    [`PATCH ${REPOSITORY}`]: ({ params, body }) => {
      checked(cleanup, body);
      project.cleaned.add(params.location ?? "");
      return repository(params.location);
    },
  };
}
