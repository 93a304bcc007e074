/** A stand-in for Google's APIs: it holds one project, and answers what `firebase deploy` asks of Google. */

import { mkdtemp, rm } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { artifactsApi } from "./apis/artifacts.ts";
import { firestoreApi } from "./apis/firestore.ts";
import { functionsApi } from "./apis/functions.ts";
import { projectApis } from "./apis/project.ts";
import { rulesApi } from "./apis/rules.ts";
import { runApi } from "./apis/run.ts";
import { schedulerApi } from "./apis/scheduler.ts";
import { signIn } from "./environment.ts";
import { createOperations } from "./operations.ts";
import { createProject, NEEDED_APIS, type Project } from "./project.ts";
import { startProxy } from "./proxy.ts";
import { createRouter, GoogleError } from "./routes.ts";

/** A request that was sent. */
export interface Request {
  method: string;
  /** The host of the API, as `firestore.googleapis.com`. */
  api: string;
  /** With the query. */
  path: string;
  body: unknown;
}

/** An error that takes the place of the right answer. */
export interface Fault {
  hits(request: Request): boolean;
  error: GoogleError;
  /** How many requests get it. */
  times: number;
}

export interface Google {
  project: Project;
  /** All that was sent, in order. */
  requests: Request[];
  /** What was sent to hosts and paths that nobody stands in for. A test fails where there is any. */
  unknown: string[];
  /** The whole environment of a child process that runs the Firebase CLI. Nothing that it sends leaves the machine. */
  env: Record<string, string>;
  /** The source archive that was uploaded last. */
  upload(): Buffer | undefined;
  /** Answers the next requests that a fault hits with its error. */
  fail(fault: Fault): void;
  close(): Promise<void>;
}

/** An API that is not enabled answers nothing else. */
function notEnabled(api: string, { projectNumber }: Project): GoogleError {
  return new GoogleError(
    "PERMISSION_DENIED",
    `${api} API has not been used in project ${projectNumber} before or it is disabled. Enable it, then retry.`,
  );
}

/** Until Eventarc's agent has its roles, it cannot create triggers: this is what a first deployment meets, once for each trigger. */
export const EVENTARC_NOT_READY: Fault = {
  hits: ({ method, path, body }) =>
    method === "POST" && path.includes("/functions?") && JSON.stringify(body).includes('"eventTrigger"'),
  error: new GoogleError(
    "FAILED_PRECONDITION",
    'Validation failed for trigger projects/…/triggers/…: Invalid resource state for "": Permission denied while using the ' +
      "Eventarc Service Agent. If you recently started to use Eventarc, it may take a few minutes before all necessary " +
      "permissions are propagated to the Service Agent. Otherwise, verify that it has Eventarc Service Agent role.",
  ),
  times: 2,
};

/** Starts one. What is not given of the project is as in a new one with a database in `eur3`. */
export async function startGoogle(given: Partial<Project> = {}): Promise<Google> {
  const project = createProject(given);
  const operations = createOperations();
  const requests: Request[] = [];
  const unknown: string[] = [];
  const faults: Fault[] = [];
  let uploaded: Buffer | undefined;

  const find = createRouter({
    ...projectApis(project),
    ...firestoreApi(project, operations),
    ...rulesApi(project),
    ...functionsApi(project, operations),
    ...runApi(project),
    ...schedulerApi(project),
    ...artifactsApi(project),
    "PUT storage.googleapis.com/{bucket}/{object}": ({ body }) => {
      uploaded = body as Buffer;
      return {};
    },
  });

  /** Answers a request, or throws the error to answer. */
  function answer(request: Request): unknown {
    const { method, api, path, body } = request;
    const { pathname, searchParams: query } = new URL(path, "https://host");
    const found = find(method, api + decodeURIComponent(pathname));
    if (!found) {
      unknown.push(`${method} ${api}${path}`);
      throw new GoogleError("UNIMPLEMENTED", `Nobody stands in for ${method} ${api}${path}`);
    }
    const { project: name } = found.params;
    if (name && name !== project.projectId && name !== project.projectNumber) {
      throw new GoogleError("PERMISSION_DENIED", `Permission denied on resource project ${name}.`);
    }
    if (NEEDED_APIS.includes(api) && !project.apis.has(api)) throw notEnabled(api, project);
    const fault = faults.find((fault) => fault.times > 0 && fault.hits(request));
    if (fault) {
      fault.times--;
      throw fault.error;
    }
    return found.answer({ params: found.params, query, body });
  }

  async function respond(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const bytes = await buffer(message);
    const { method = "", url: path = "", headers } = message;
    const isJson = headers["content-type"]?.startsWith("application/json");
    const body = isJson ? (bytes.length > 0 ? JSON.parse(bytes.toString()) : undefined) : bytes;
    const request = { method, api: headers.host ?? "", path, body };
    requests.push(request);
    try {
      const resource = answer(request);
      response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(resource));
    } catch (error) {
      if (!(error instanceof GoogleError)) throw error;
      response.writeHead(error.code, { "content-type": "application/json" }).end(JSON.stringify(error));
    }
  }

  const folder = await mkdtemp(join(tmpdir(), "google-"));
  const proxy = await startProxy(folder, respond, (request) => unknown.push(request));
  return {
    project,
    requests,
    unknown,
    env: await signIn(folder, proxy),
    upload: () => uploaded,
    fail: (fault) => faults.push({ ...fault }),
    async close() {
      await proxy.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
