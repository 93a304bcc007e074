/** What the tests run against: the stack on this machine. Over HTTP and the Admin SDK only. */

import { readFileSync } from "node:fs";
import type { Firestore } from "firebase-admin/firestore";

export interface Backend {
  /** The URL of the `stats` function. */
  statsUrl: string;
  firestore: Firestore;
  /** An empty Firestore that no function listens to. */
  newFirestore(): Firestore;
  /** Resolves when every stored event has been through its trigger. */
  settled(): Promise<void>;
}

let running: Backend | undefined;

/** The backend of this test run. */
export function backend(): Backend {
  if (!running) throw new Error("The backend is started by test/hooks.ts before the first test.");
  return running;
}

/** Starts it, once: a process loads the functions once. */
export async function startBackend(): Promise<void> {
  if (running) return;
  const { startStack } = await import("../local/stack.ts");
  const { FirestoreMock } = await import("@firebase-bridge/firestore-admin");
  const { functionUrls, firestore, settled } = await startStack(0);
  const newFirestore = () => new FirestoreMock().createDatabase("demo-empty").firestore();
  running = { statsUrl: functionUrls.get("stats") ?? "", firestore, newFirestore, settled };
}

/** An app of its own for each test, so that no test sees another's counters. */
export function newApp(): string {
  return `com.example.test${nextApp++}`;
}
let nextApp = 1;

/** A valid event as plugin 8.51 sends it. */
export function anEvent(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    platform: "android",
    device_id: "4b7c9f0e-7d0b-4a57-9a3c-2f1c5f6f2a10",
    app_id: "com.example.shop",
    version_build: "2.4.0",
    version_code: "240",
    version_os: "14",
    version_name: "2.5.1",
    plugin_version: "8.51.23",
    action: "set",
    ...fields,
  };
}

/** A request of `shared/payloads`, as the plugin sends it. */
export function payload(name: string) {
  return JSON.parse(readFileSync(new URL(`payloads/${name}.json`, import.meta.url), "utf8"));
}

/** What `stats` answers, as far as tests look at it. */
export interface Answer {
  status: number;
  headers: Headers;
  body: { status?: string; results?: EventResult[]; error?: string; message?: string };
}

interface EventResult {
  status: string;
  index: number;
  error?: string;
  message?: string;
}

/** POSTs a body as JSON, as the plugin does. */
export async function post(body: unknown, path = ""): Promise<Answer> {
  return postRaw(JSON.stringify(body), { "Content-Type": "application/json" }, path);
}

export async function postRaw(body: BodyInit | null, headers = {}, path = ""): Promise<Answer> {
  const response = await fetch(backend().statsUrl + path, { method: "POST", body, headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Answer["body"],
  };
}

/** All events of an app, as stored. */
export async function storedEvents(app: string) {
  const query = await backend().firestore.collection("events").where("app_id", "==", app).get();
  return query.docs.map((snapshot) => snapshot.data());
}

/** The `actions` and `platforms` of a counter or one of its days, once all triggers have been delivered. */
export async function counts(path: string) {
  await backend().settled();
  const snapshot = await backend().firestore.doc(path).get();
  const { actions, platforms } = snapshot.data() ?? {};
  return snapshot.exists ? { actions, platforms } : undefined;
}

/** The name of today's document under a counter. */
export function today(): string {
  return new Date().toISOString().slice(0, 10);
}
