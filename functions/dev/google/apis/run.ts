/** Cloud Run: who may invoke the service that a function is. */

import { z } from "zod";
import { newPolicy, replacePolicy } from "../policy.ts";
import type { Policy, Project } from "../project.ts";
import { GoogleError, type Routes } from "../routes.ts";
import { checked } from "../schema.ts";

const SERVICE = "run.googleapis.com/v1/projects/{project}/locations/{location}/services/{service}";

const body = z.strictObject({ policy: newPolicy, updateMask: z.string().optional() });

export function runApi(project: Project): Routes {
  const nameOf = ({ location, service }: Record<string, string>) =>
    `projects/${project.projectId}/locations/${location}/services/${service}`;

  function existing(name: string): Policy {
    const policy = project.invokers.get(name);
    if (!policy) throw new GoogleError("NOT_FOUND", `Resource '${name}' of kind 'SERVICE' does not exist.`);
    return policy;
  }

  return {
    [`GET ${SERVICE}:getIamPolicy`]: ({ params }) => existing(nameOf(params)),
    [`POST ${SERVICE}:setIamPolicy`]: (call) => {
      const name = nameOf(call.params);
      const policy = replacePolicy(existing(name), checked(body, call.body).policy);
      project.invokers.set(name, policy);
      return policy;
    },
  };
}
