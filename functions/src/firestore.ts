/** Where things lie in Firestore: collections, document ids, document types, and the connection itself. */

import { createHash } from "node:crypto";
import { type App, getApps, initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore, type Timestamp } from "firebase-admin/firestore";
import type { PluginEvent } from "./event.ts";

export const EVENTS = "events";
export const COUNTERS = "counters";
export const DAYS = "days";
export const SHARDS = "shards";

/** `events/{event_id}`: an event as sent, cleaned, and what the backend knows of it. */
export type EventDocument = PluginEvent & {
  /** When the event was received, by the clock of the function. */
  received_at: Timestamp;
  /** When Firestore's TTL policy may delete the event; absent where events are kept for ever. */
  expire_at?: Timestamp;
  /** When it happened, by the clock of the device, where the plugin says so. */
  occurred_at?: Timestamp;
  /** Whether the counters hold it. */
  counted: boolean;
};

/** How often each action was reported. */
export type ActionCounts = Record<string, number>;

export const platforms = ["android", "ios", "electron", "other"] as const;
export type Platform = (typeof platforms)[number];

/** The platform that an event is counted under; one that the plugin does not run on is `other`. */
export function countedPlatform(platform: string): Platform {
  return platforms.find((known) => known === platform) ?? "other";
}

/**
 * The version that an event is counted under: `version_name` up to its first `:` (the plugin reports the
 * failure of one file as `1.2.3:assets/main.js`), and `unknown` where nothing is left.
 */
export function countedVersion(versionName: string): string {
  return versionName.split(":", 1)[0] || "unknown";
}

/** Firestore takes document ids of at most 1,500 bytes; the rest is left for the app id and a hash. */
const MAX_VERSION_ID_BYTES = 1_200;

/**
 * The document id of a counter, `{app_id}@{version}`. Different versions get different ids: what an id
 * cannot hold (`/`, control characters) and `%` itself are percent-encoded, and a version that is too long
 * for an id ends in its hash. An `app_id` begins with a letter or digit, so the id is never a reserved one.
 */
export function counterId(appId: string, version: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not pass
  const encoded = version.replace(/[%/\u0000-\u001f\u007f-\u009f]/g, encodeURIComponent);
  if (Buffer.byteLength(encoded) <= MAX_VERSION_ID_BYTES) return `${appId}@${encoded}`;
  const hash = createHash("sha256").update(version).digest("hex").slice(0, 32);
  return `${appId}@${truncateBytes(encoded, MAX_VERSION_ID_BYTES)}~${hash}`;
}

function truncateBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}

/** The name of a day's document, `YYYY-MM-DD` in UTC. */
export function dayId(time: Timestamp): string {
  return time.toDate().toISOString().slice(0, 10);
}

/**
 * How Firestore is talked to. gRPC notices by itself that a connection is closed, but not that it has gone silent: every call
 * on it would fail in time, for minutes. So it is asked for a sign of life, and given up after 13 s without one. REST, which the
 * environment can ask for by `FIRESTORE_PREFER_REST`, answers with other status codes than those that counting relies on.
 */
const connectionSettings = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 3_000,
  preferRest: false,
};

/** The default database of an app's project. Call it once for each app. */
export function connectFirestore(app: App): Firestore {
  const db = getFirestore(app);
  db.settings(connectionSettings);
  return db;
}

let connection: Firestore | undefined;

/** The Firestore that the functions work on: that of the project they run in. */
export function firestore(): Firestore {
  connection ??= connectFirestore(getApps()[0] ?? initializeApp());
  return connection;
}

/** Lets the functions work on another Firestore, such as the in-memory one of `local/`. */
export function useFirestore(replacement: Firestore): void {
  connection = replacement;
}

/** gRPC status codes as Firestore answers them. */
export const Status = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

const transientStatus: ReadonlySet<unknown> = new Set([
  Status.CANCELLED,
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.RESOURCE_EXHAUSTED,
  Status.ABORTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
]);

/** The gRPC status code of what Firestore threw; `undefined` for an error that is not Firestore's. */
export function statusOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Whether the same call may succeed a little later. */
export function isTransient(error: unknown): boolean {
  return transientStatus.has(statusOf(error));
}

/** Whether a document is not as a precondition wants it. `NOT_FOUND` is what Firestore says of one that is deleted. */
export function isFailedPrecondition(error: unknown): boolean {
  return statusOf(error) === Status.FAILED_PRECONDITION || statusOf(error) === Status.NOT_FOUND;
}
