/** Starts the backend that the tests run against: the stack on this machine, or the Emulator Suite. */

import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { HttpFunction } from "@google-cloud/functions-framework";
import type { Firestore } from "firebase-admin/firestore";
import { DELTAS, dayId, uncountedEvents } from "../src/counting/documents.ts";

export interface Backend {
  /** The URL of the `stats` function: in a process of its own, as an instance of Cloud Functions runs it. */
  statsUrl: string;
  /** The same in this process, where tests can make its calls of Firestore fail and read its log. */
  statsUrlInProcess: string;
  /** The URL of an HTTPS function beside all the others: in the stack, or in the Functions emulator. */
  functionUrl(name: string): string;
  firestore: Firestore;
  /** Where other processes reach it, for `FIRESTORE_EMULATOR_HOST`. */
  firestoreHost: string;
  /** An empty Firestore that no function listens to. */
  newFirestore(): Firestore;
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
  const { startStack } = await import("../dev/local/stack.ts");
  const { serveFirestore } = await import("../dev/local/firestore-server.ts");
  const { createFirestore } = await import("../dev/testing/firestores.ts");
  const { functionUrls, firestore, settled } = await startStack(0);
  const { host: firestoreHost } = await serveFirestore(firestore);
  const functionUrl = (name: string) => functionUrls.get(name) ?? "";
  return {
    statsUrl: await startStats(firestoreHost),
    statsUrlInProcess: functionUrl("stats"),
    functionUrl,
    firestore,
    firestoreHost,
    newFirestore: createFirestore,
    settled,
  };
}

/** A project of its own is an empty database of its own: the emulator makes one for each name. */
async function emulators(): Promise<Backend> {
  const { initializeApp } = await import("firebase-admin/app");
  const { getFirestore } = await import("firebase-admin/firestore");
  const { projectId } = await import("../dev/local/stack.ts");
  const { useFirestore } = await import("../src/firestore/connection.ts");
  const { port } = JSON.parse(readFileSync(new URL("../../firebase.json", import.meta.url), "utf8")).emulators
    .functions;
  const firestore = getFirestore(initializeApp({ projectId }));
  const uncounted = uncountedEvents(firestore).limit(1);
  const deltas = firestore.collection(DELTAS).limit(1);
  useFirestore(firestore);
  const firestoreHost = process.env.FIRESTORE_EMULATOR_HOST ?? "";
  return {
    statsUrl: await startStats(firestoreHost),
    statsUrlInProcess: await serveStats(),
    functionUrl: (name) => `http://127.0.0.1:${port}/${projectId}/us-central1/${name}`,
    firestore,
    firestoreHost,
    newFirestore() {
      const name = `demo-empty-${randomUUID().slice(0, 8)}`;
      return getFirestore(initializeApp({ projectId: name }, name));
    },
    async settled() {
      while (!((await uncounted.get()).empty && (await deltas.get()).empty)) await sleep(50);
    },
  };
}

/** Starts `stats` in a process of its own. Resolves with its URL. */
async function startStats(firestoreHost: string): Promise<string> {
  const { projectId } = await import("../dev/local/stack.ts");
  const { startFunction } = await import("../dev/local/framework.ts");
  const { url } = await startFunction("stats", {
    GCLOUD_PROJECT: projectId,
    FIRESTORE_EMULATOR_HOST: firestoreHost,
    MAX_EVENTS_PER_SECOND: "0",
  });
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
