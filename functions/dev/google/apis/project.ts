/** What Google knows of a project as a whole: its names, who may do what in it, and its APIs. */

import { z } from "zod";
import { newPolicy, replacePolicy } from "../policy.ts";
import { defaultServiceAccount, type Project } from "../project.ts";
import type { Routes } from "../routes.ts";
import { checked } from "../schema.ts";

const permissions = z.strictObject({ permissions: z.array(z.string()) });
const policy = z.strictObject({ policy: newPolicy, updateMask: z.string() });

const FIREBASE = "firebase.googleapis.com/v1beta1/projects/{project}";
const MANAGER = "cloudresourcemanager.googleapis.com/v1/projects/{project}";
const USAGE = "serviceusage.googleapis.com";

export function projectApis(project: Project): Routes {
  const { projectId, projectNumber } = project;
  const firebase = {
    projectId,
    projectNumber,
    displayName: projectId,
    name: `projects/${projectId}`,
    resources: {},
    state: "ACTIVE",
    etag: "1_d5a1a1a2-2f4e-4f5e-8b1a-7f6f5e4d3c2b",
  };
  const service = (name = "") => ({
    name: `projects/${projectNumber}/services/${name}`,
    config: { name },
    state: project.apis.has(name) ? "ENABLED" : "DISABLED",
    parent: `projects/${projectNumber}`,
  });
  /** Whoever asks owns the project. */
  const allowed = (body: unknown) => checked(permissions, body);

  return {
    "GET firebase.googleapis.com/v1beta1/projects": () => ({ results: [firebase] }),
    [`GET ${FIREBASE}`]: () => firebase,
    [`GET ${FIREBASE}/adminSdkConfig`]: () => ({
      projectId,
      storageBucket: `${projectId}.firebasestorage.app`,
    }),
    [`GET ${MANAGER}`]: () => ({
      projectId,
      projectNumber,
      name: projectId,
      lifecycleState: "ACTIVE",
      createTime: "2026-11-01T08:00:00.000Z",
    }),
    [`POST ${MANAGER}:testIamPermissions`]: ({ body }) => allowed(body),
    "POST iam.googleapis.com/v1/projects/{project}/serviceAccounts/{account}:testIamPermissions": ({
      body,
    }) => allowed(body),
    [`POST ${MANAGER}:getIamPolicy`]: () => project.policy,
    [`POST ${MANAGER}:setIamPolicy`]: ({ body }) => {
      project.policy = replacePolicy(project.policy, checked(policy, body).policy);
      return project.policy;
    },
    [`GET ${USAGE}/v1/projects/{project}/services/{service}`]: ({ params }) => service(params.service),
    [`POST ${USAGE}/v1/projects/{project}/services/{service}:enable`]: ({ params }) => {
      project.apis.add(params.service ?? "");
      return {
        name: "operations/noop.DONE_OPERATION",
        done: true,
        response: { service: service(params.service) },
      };
    },
    [`POST ${USAGE}/v1beta1/projects/{project}/services/{service}:generateServiceIdentity`]: () => ({
      name: "operations/finished.DONE_OPERATION",
      done: true,
      response: {},
    }),
    // It has no extensions, and somebody pays.
    "GET firebaseextensions.googleapis.com/v1beta/projects/{project}/instances": () => ({}),
    "GET cloudbilling.googleapis.com/v1/projects/{project}/billingInfo": () => ({
      name: `projects/${projectId}/billingInfo`,
      projectId,
      billingAccountName: "billingAccounts/000000-000000-000000",
      billingEnabled: true,
    }),
    "GET compute.googleapis.com/compute/v1/projects/{project}": () => ({
      kind: "compute#project",
      name: projectId,
      defaultServiceAccount: defaultServiceAccount(project),
    }),
  };
}
