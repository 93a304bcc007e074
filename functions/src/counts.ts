/** What a counter holds, and how counts are added to it. */

import { type DocumentData, type DocumentReference, FieldValue } from "firebase-admin/firestore";
import { DAYS } from "./firestore.ts";

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
