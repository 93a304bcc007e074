/** Starts the backend that the tests run against: the stack on this machine, or the Emulator Suite. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpFunction } from "@google-cloud/functions-framework";
import { initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { systemTime } from "../dev/testing/clocks.ts";
import { createDeltaAdder } from "../src/counting/add-deltas.ts";
import { createEventCounter } from "../src/counting/count-events.ts";
import { DELTAS, dayId, uncountedEvents } from "../src/counting/documents.ts";
import { sweepDeltas, sweepEvents } from "../src/counting/sweep.ts";

export interface Backend {
  /** The URL of the `stats` function: in a process of its own, as an instance of Cloud Functions runs it. */
  statsUrl: string;
  /** The same in this process, where tests can make its calls of Firestore fail and read its log. */
  statsUrlInProcess: string;
  /** The Firestore of both. */
  firestore: Firestore;
  /** The variables by which another process reaches it. */
  environment: { GCLOUD_PROJECT: string; FIRESTORE_EMULATOR_HOST: string };
  /** An empty Firestore that no function listens to. */
  newFirestore(): Firestore;
  /** Resolves when every stored event is counted. */
  settled(): Promise<void>;
  deployed: Deployment;
}

/** All functions side by side, with their triggers: the stack on this machine, or the Functions emulator. */
interface Deployment {
  /** The URL of an HTTPS function. */
  url(name: string): string;
  firestore: Firestore;
  /** Resolves when every stored event, and every delta, has been through its trigger. */
  settled(): Promise<void>;
}

let running: Backend | undefined;

/** The backend of this test run. */
export function backend(): Backend {
  if (!running) throw new Error("The backend is started by test/hooks.ts before the first test.");
  return running;
}

/** Whether the tests run against the Emulator Suite, which sets this variable: `npm run test:emulators`. */
export const onEmulators = process.env.FIRESTORE_EMULATOR_HOST !== undefined;

/** Starts it, once: a process loads the functions once. It ends with the process. */
export async function startBackend(): Promise<void> {
  running ??= await (onEmulators ? emulators() : inMemory());
}

async function inMemory(): Promise<Backend> {
  const { projectId, startStack } = await import("../dev/local/stack.ts");
  const { serveFirestore } = await import("../dev/local/firestore-server.ts");
  const { createFirestore } = await import("../dev/testing/firestores.ts");
  const { functionUrls, firestore, settled } = await startStack(0);
  const { host } = await serveFirestore(firestore);
  const environment = { GCLOUD_PROJECT: projectId, FIRESTORE_EMULATOR_HOST: host };
  const url = (name: string) => functionUrls.get(name) ?? "";
  return {
    statsUrl: await startStats(environment),
    statsUrlInProcess: url("stats"),
    firestore,
    environment,
    newFirestore: createFirestore,
    settled,
    deployed: { url, firestore, settled },
  };
}

/**
 * Each process of the tests has a project of its own. The emulator calls no triggers there, so what is stored is counted as
 * `sweep` counts it. It does for the project of the deployed functions, one after another: with all tests in that, each waited
 * for the events of the others, on a busy machine for minutes.
 */
async function emulators(): Promise<Backend> {
  const { useFirestore } = await import("../src/firestore/connection.ts");
  const environment = {
    GCLOUD_PROJECT: `demo-tests-${process.pid}`,
    FIRESTORE_EMULATOR_HOST: process.env.FIRESTORE_EMULATOR_HOST ?? "",
  };
  const firestore = emulatedFirestore(environment.GCLOUD_PROJECT);
  useFirestore(firestore);
  const countEvent = createEventCounter(firestore, systemTime);
  const addDelta = createDeltaAdder(firestore, systemTime);
  return {
    statsUrl: await startStats(environment),
    statsUrlInProcess: await serveStats(),
    firestore,
    environment,
    newFirestore: () => emulatedFirestore(`demo-empty-${randomUUID().slice(0, 8)}`),
    async settled() {
      await sweepEvents(firestore, Number.POSITIVE_INFINITY, countEvent);
      await sweepDeltas(firestore, Number.POSITIVE_INFINITY, addDelta);
    },
    deployed: await emulatedFunctions(),
  };
}

/** The functions that the Functions emulator runs, and for which the Firestore emulator calls triggers. */
async function emulatedFunctions(): Promise<Deployment> {
  const { projectId } = await import("../dev/local/stack.ts");
  const firebaseJson = readFileSync(new URL("../../firebase.json", import.meta.url), "utf8");
  const { port } = JSON.parse(firebaseJson).emulators.functions;
  const firestore = emulatedFirestore(projectId);
  const uncounted = uncountedEvents(firestore).limit(1);
  const deltas = firestore.collection(DELTAS).limit(1);
  return {
    url: (name) => `http://127.0.0.1:${port}/${projectId}/us-central1/${name}`,
    firestore,
    async settled() {
      while (!((await uncounted.get()).empty && (await deltas.get()).empty)) await sleep(50);
    },
  };
}

/** A project of its own is an empty database of its own: the emulator makes one for each name. */
function emulatedFirestore(projectId: string): Firestore {
  return getFirestore(initializeApp({ projectId }, projectId));
}

/** Starts `stats` in a process of its own. Resolves with its URL. */
async function startStats(environment: Backend["environment"]): Promise<string> {
  const { startFunction } = await import("../dev/local/framework.ts");
  const { url } = await startFunction("stats", { ...environment, MAX_EVENTS_PER_SECOND: "0" });
  return url;
}

/** Serves the `stats` of this process. Resolves with its URL. */
async function serveStats(): Promise<string> {
  const { http } = await import("@google-cloud/functions-framework");
  const { getTestServer } = await import("@google-cloud/functions-framework/testing");
  const { listen } = await import("../dev/local/listen.ts");
  const { leaveUnparsed } = await import("../src/ingest/body.ts");
  const { stats } = await import("../src/index.ts");
  http("stats", stats as HttpFunction);
  const server = getTestServer("stats").prependListener("request", leaveUnparsed);
  return `http://127.0.0.1:${await listen(server)}/`;
}

/** The answer of `stats`, as far as tests look at it. */
export interface StatsAnswer {
  status: number;
  headers: Headers;
  body: { status?: string; results?: AnsweredResult[]; error?: string; message?: string };
}

interface AnsweredResult {
  status: string;
  index: number;
  error?: string;
  message?: string;
}

/** POSTs a body as JSON, as the plugin does. */
export async function post(body: unknown, path = ""): Promise<StatsAnswer> {
  return postRaw(JSON.stringify(body), { "Content-Type": "application/json" }, path);
}

/** The same to the `stats` of this process. */
export async function postInProcess(body: unknown): Promise<StatsAnswer> {
  const headers = { "Content-Type": "application/json" };
  return send(backend().statsUrlInProcess, JSON.stringify(body), headers);
}

export async function postRaw(body: BodyInit | null, headers = {}, path = ""): Promise<StatsAnswer> {
  return send(backend().statsUrl + path, body, headers);
}

async function send(
  url: string,
  body: BodyInit | null,
  headers: Record<string, string>,
): Promise<StatsAnswer> {
  const response = await fetch(url, { method: "POST", body, headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as StatsAnswer["body"],
  };
}

/** All events of an app, as stored. */
export async function storedEvents(app: string) {
  const query = await backend().firestore.collection("events").where("app_id", "==", app).get();
  return query.docs.map((snapshot) => snapshot.data());
}

/** The counts of a counter or one of its days, once all triggers have been delivered. */
export async function counts(path: string) {
  await backend().settled();
  return readCounts(backend().firestore, path);
}

/** The counts of a counter or one of its days; `undefined` where there is none. */
export async function readCounts(db: Firestore, path: string) {
  const snapshot = await db.doc(path).get();
  const { app_id, version_name, updated_at, ...counts } = snapshot.data() ?? {};
  return snapshot.exists ? counts : undefined;
}

/** The name of today's document under a counter. */
export function today(): string {
  return dayId(Date.now());
}
