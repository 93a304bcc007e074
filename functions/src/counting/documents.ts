/** What lies where in Firestore, and how counts are added to it. */

import { createHash } from "node:crypto";
import {
  type DocumentData,
  type DocumentReference,
  FieldValue,
  type Timestamp,
} from "firebase-admin/firestore";
import type { PluginEvent } from "../ingest/event.ts";

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

/** How often an action was reported on a platform on a day (`YYYY-MM-DD`, UTC). */
export interface Count {
  day: string;
  platform: string;
  action: string;
  count: number;
}

/** Which counter counts are for. */
export interface CounterIdentity {
  app_id: string;
  version_name: string;
}

/** What writes are gathered in before they are committed together: a `WriteBatch` or a `Transaction`. */
export interface Commit {
  set(ref: DocumentReference, data: DocumentData, options: { merge: true }): unknown;
}

/** Adds counts to a counter and its days, as part of a commit. */
export function addToCounter(
  commit: Commit,
  counter: DocumentReference,
  { app_id, version_name }: CounterIdentity,
  counts: readonly Count[],
): void {
  const merge = (ref: DocumentReference, data: DocumentData) => commit.set(ref, data, { merge: true });
  merge(counter, { app_id, version_name, updated_at: FieldValue.serverTimestamp(), ...increments(counts) });
  for (const [day, ofDay] of Map.groupBy(counts, (count) => count.day)) {
    merge(counter.collection(DAYS).doc(day), increments(ofDay));
  }
}

function increments(counts: readonly Count[]) {
  return { actions: perAction(counts), platforms: perPlatform(counts) };
}

/** `{ android: { set: increment(2) } }` for counts of one day, or of all days. */
export function perPlatform(counts: readonly Count[]) {
  const byPlatform = Map.groupBy(counts, (count) => count.platform);
  return Object.fromEntries([...byPlatform].map(([platform, same]) => [platform, perAction(same)]));
}

function perAction(counts: readonly Count[]) {
  const byAction = Map.groupBy(counts, (count) => count.action);
  return Object.fromEntries([...byAction].map(([action, same]) => [action, FieldValue.increment(sum(same))]));
}

function sum(counts: readonly Count[]): number {
  return counts.reduce((total, { count }) => total + count, 0);
}
