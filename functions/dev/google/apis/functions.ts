/** Cloud Functions: the functions of the second generation, and where their source is uploaded to. */

import { randomUUID } from "node:crypto";
import { checkFunction, type FunctionBody, functionBody } from "../function-schema.ts";
import type { Operations } from "../operations.ts";
import { type CloudFunction, defaultServiceAccount, type Project } from "../project.ts";
import { GoogleError, type Routes } from "../routes.ts";
import { checked } from "../schema.ts";

const API = "cloudfunctions.googleapis.com/v2/projects/{project}/locations/{location}";

export function functionsApi(project: Project, operations: Operations): Routes {
  const nameOf = ({ location, id }: Record<string, string>) =>
    `projects/${project.projectId}/locations/${location}/functions/${id}`;

  function existing(name: string): CloudFunction {
    const found = project.functions.get(name);
    if (!found) throw new GoogleError("NOT_FOUND", `Resource '${name}' was not found`);
    return found;
  }

  /** Keeps a function when its operation is done. */
  const begin = (location = "", keep: () => unknown) =>
    operations.begin(`projects/${project.projectId}/locations/${location}/operations/${randomUUID()}`, keep);

  return {
    "GET cloudfunctions.googleapis.com/v1/projects/{project}/locations/{location}/functions": () => ({}),
    [`GET ${API}/functions`]: ({ params }) => {
      const { location } = params;
      const functions = [...project.functions.values()];
      const there = functions.filter(
        ({ name }) => location === "-" || name.includes(`/locations/${location}/`),
      );
      return { ...(there.length > 0 && { functions: there }) };
    },
    [`GET ${API}/functions/{id}`]: ({ params }) => existing(nameOf(params)),
    [`GET ${API}/operations/{operation}`]: ({ params }) =>
      operations.look(
        `projects/${project.projectId}/locations/${params.location}/operations/${params.operation}`,
      ),
    [`POST ${API}/functions:generateUploadUrl`]: ({ params }) => {
      const bucket = `gcf-v2-uploads-${project.projectNumber}.${params.location}.cloudfunctions.appspot.com`;
      const object = `${randomUUID()}.zip`;
      const query = new URLSearchParams({
        GoogleAccessId: "stand-in",
        Expires: "1800000000",
        Signature: "c3RhbmQtaW4=",
      });
      return {
        uploadUrl: `https://storage.googleapis.com/${bucket}/${object}?${query}`,
        storageSource: { bucket, object },
      };
    },
    [`POST ${API}/functions`]: ({ params, query, body }) => {
      const { location = "" } = params;
      const name = nameOf({ location, id: query.get("functionId") ?? "" });
      const wanted = checked(functionBody, body);
      if (wanted.name !== name) throw new GoogleError("INVALID_ARGUMENT", `${wanted.name} is not ${name}`);
      if (project.functions.has(name)) {
        throw new GoogleError("ALREADY_EXISTS", `Could not create Cloud Run service. ${name} already exists`);
      }
      checkFunction(project, location, wanted);
      return begin(location, () => keepFunction(project, wanted));
    },
    [`PATCH ${API}/functions/{id}`]: ({ params, query, body }) => {
      const name = nameOf(params);
      const wanted = checked(functionBody, { ...(body as object), name });
      const changed = merged(existing(name), wanted, query.get("updateMask")?.split(",") ?? []);
      checkFunction(project, params.location ?? "", changed);
      return begin(params.location, () => keepFunction(project, changed));
    },
    [`DELETE ${API}/functions/{id}`]: ({ params }) => {
      const name = nameOf(params);
      const { service } = existing(name).serviceConfig;
      return begin(params.location, () => {
        project.functions.delete(name);
        if (service) project.invokers.delete(service);
        return {};
      });
    },
  };
}

/** Keeps a function with what Google adds to it, and answers with it. */
export function keepFunction(project: Project, body: FunctionBody): CloudFunction {
  const [, , , region = "", , id = ""] = body.name.split("/");
  const service = `projects/${project.projectId}/locations/${region}/services/${id.toLowerCase()}`;
  const trigger = `projects/${project.projectId}/locations/${body.eventTrigger?.triggerRegion}/triggers/${id.toLowerCase()}`;
  const kept = {
    ...body,
    state: "ACTIVE",
    environment: "GEN_2",
    url: `https://${region}-${project.projectId}.cloudfunctions.net/${id}`,
    updateTime: new Date().toISOString(),
    serviceConfig: {
      timeoutSeconds: 60,
      ingressSettings: "ALLOW_ALL",
      ...body.serviceConfig,
      serviceAccountEmail: body.serviceConfig.serviceAccountEmail ?? defaultServiceAccount(project),
      service,
      uri: `https://${id.toLowerCase()}-${project.projectNumber}.${region}.run.app`,
      revision: `${id.toLowerCase()}-00001-abc`,
      allTrafficOnLatestRevision: true,
    },
    ...(body.eventTrigger && { eventTrigger: { ...body.eventTrigger, trigger } }),
  } as CloudFunction;
  project.functions.set(body.name, kept);
  if (!project.invokers.has(service)) project.invokers.set(service, { etag: "BwXhqDVHTMI=" });
  return kept;
}

/** A function as the body of a PATCH leaves it: the fields of the mask are as in the body, all others as they were. */
function merged(existing: CloudFunction, body: FunctionBody, mask: string[]): FunctionBody {
  const changed = {
    name: existing.name,
    labels: existing.labels,
    buildConfig: { ...existing.buildConfig },
    serviceConfig: { ...existing.serviceConfig },
    eventTrigger: existing.eventTrigger && { ...existing.eventTrigger },
  };
  for (const path of mask) copy(path.split("."), body, changed);
  delete changed.serviceConfig.service;
  delete changed.serviceConfig.uri;
  delete changed.eventTrigger?.trigger;
  return JSON.parse(JSON.stringify(changed));
}

/** Copies the field at a path; where there is none, it is none then. */
function copy([key = "", ...rest]: string[], from: object, to: object): void {
  const source = Reflect.get(from, key);
  if (rest.length === 0) {
    Reflect.set(to, key, source);
    return;
  }
  const target = Reflect.get(to, key) ?? {};
  Reflect.set(to, key, target);
  copy(rest, source ?? {}, target);
}
