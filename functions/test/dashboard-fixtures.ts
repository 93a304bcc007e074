/** Counters as the backend writes them, for the tests of the dashboard. */

import { type Firestore, Timestamp } from "firebase-admin/firestore";
import { COUNTERS, counterId, DAYS, type Platform } from "../src/firestore.ts";

/** What one platform reported on one day. */
export type Report = Partial<Record<Platform, Record<string, number>>>;

/** What a version reported: by how many days ago. */
export type History = Record<number, Report>;

export const DAY = 86_400_000;

/** Writes the counter of a version and its days: the counter is the sum of the days. `time` is the end of today. */
export async function writeCounter(
  db: Firestore,
  app_id: string,
  version_name: string,
  history: History,
  time = Date.now(),
): Promise<void> {
  const counter = db.collection(COUNTERS).doc(counterId(app_id, version_name));
  const days = Object.entries(history).map(([daysAgo, platforms]) => ({
    day: new Date(time - Number(daysAgo) * DAY).toISOString().slice(0, 10),
    document: { platforms, actions: add(Object.values(platforms)) },
  }));
  const names = new Set(Object.values(history).flatMap((report) => Object.keys(report) as Platform[]));
  const platforms = Object.fromEntries(
    [...names].map((name) => [name, add(Object.values(history).map((report) => report[name] ?? {}))]),
  );
  const lastActive = time - Math.min(...Object.keys(history).map(Number)) * DAY;
  const batch = db.batch();
  batch.set(counter, {
    app_id,
    version_name,
    updated_at: Timestamp.fromMillis(lastActive),
    actions: add(Object.values(platforms)),
    platforms,
  });
  for (const { day, document } of days) batch.set(counter.collection(DAYS).doc(day), document);
  await batch.commit();
}

/** The sum of counts, action by action. */
export function add(counts: ReadonlyArray<Record<string, number>>): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const [action, count] of counts.flatMap(Object.entries)) sum[action] = (sum[action] ?? 0) + count;
  return sum;
}

/** What devices report when `attempts` of them try an update: `failed` of them with `failure`, the others install it. */
export function attempts(attempts: number, failed = 0, failure = "checksum_fail"): Record<string, number> {
  const installed = attempts - failed;
  return {
    ...(attempts > 0 && { download_zip_start: attempts, download_10: attempts, download_50: attempts }),
    ...(installed > 0 && { download_complete: installed, set: installed, app_launch_ready: installed }),
    ...(failed > 0 && { [failure]: failed }),
  };
}
