/** Counters as the backend writes them, for the tests of the dashboard. */

import { type Firestore, Timestamp } from "firebase-admin/firestore";
import {
  type ActionCounts,
  addCounts,
  counterRef,
  countsOfPlatforms,
  DAY_MILLISECONDS,
  dayId,
  daysOf,
  type Platform,
} from "../../src/counting/documents.ts";

/** The counts of one day, by platform. */
export type Report = { [Name in Platform]?: ActionCounts };

/** The reports about a version, by how many days ago they came. */
export type History = Record<number, Report>;

/** Writes the counter of a version and its days: the counter is the sum of the days. `time` is the end of today. */
export async function writeCounter(
  db: Firestore,
  app_id: string,
  version_name: string,
  history: History,
  time = Date.now(),
): Promise<void> {
  const counter = counterRef(db, { app_id, version_name });
  const days = Object.entries(history).map(([daysAgo, platforms]) => ({
    day: dayId(time, Number(daysAgo)),
    counts: countsOfPlatforms(platforms),
  }));
  const lastActive = time - Math.min(...Object.keys(history).map(Number)) * DAY_MILLISECONDS;
  const batch = db.batch();
  batch.set(counter, {
    app_id,
    version_name,
    updated_at: Timestamp.fromMillis(lastActive),
    ...addCounts(days.map(({ counts }) => counts)),
  });
  for (const { day, counts } of days) batch.set(daysOf(counter).doc(day), counts);
  await batch.commit();
}

/**
 * The reports of devices that make `attempts` at an update: `failed` of them end in `failure`, the others install it.
 */
export function attempts(attempts: number, failed = 0, failure = "checksum_fail"): Record<string, number> {
  const installed = attempts - failed;
  return {
    ...(attempts > 0 && { download_zip_start: attempts, download_10: attempts, download_50: attempts }),
    ...(installed > 0 && { download_complete: installed, set: installed, app_launch_ready: installed }),
    ...(failed > 0 && { [failure]: failed }),
  };
}

/** A month of an app that looks like a real one: five versions, the newest of which fails on iOS if `bad`. */
export async function writeMonth(
  db: Firestore,
  app_id: string,
  { bad = false, scale = 1, time = Date.now() },
) {
  const plan = [
    { version: "2.3.4", from: 29, to: 21 },
    { version: "2.4.0", from: 24, to: 9 },
    { version: "2.4.1", from: 19, to: 7 },
    { version: "2.5.0", from: 12, to: 0 },
    { version: "2.5.1", from: 2, to: 0 },
  ];
  for (const { version, from, to } of plan) {
    const history: History = {};
    for (let day = from; day >= to; day--) {
      const devices = Math.round(
        scale * (2_400 * Math.exp((day - from) / 3) * (0.9 + 0.2 * Math.sin(day)) + 60),
      );
      const fails = bad && version === "2.5.1";
      history[day] = {
        android: reports(devices, 0.004, { download_fail: 0.7, insufficient_disk_space: 0.3 }),
        ios: fails
          ? reports(devices * 0.6, 0.081, { checksum_fail: 0.8, download_fail: 0.2 })
          : reports(devices * 0.6, 0.004, { download_fail: 1 }),
      };
    }
    await writeCounter(db, app_id, version, history, time);
  }
  await writeCounter(
    db,
    app_id,
    "2.6.0-beta.1",
    { 0: { android: reports(12, 0.09, { unzip_fail: 1 }) } },
    time,
  );
  const builtin = {
    android: { app_moved_to_foreground: 900, reset: 12 },
    ios: { app_moved_to_foreground: 700, reset: 40 },
  };
  await writeCounter(db, app_id, "builtin", { 0: builtin }, time);
}

/** All that devices report of an update that a share of them fails to install, for `kinds` of reasons. */
function reports(devices: number, share: number, kinds: Record<string, number>): Record<string, number> {
  const failed = devices * share;
  const installed = devices - failed;
  const counts: Record<string, number> = { get: devices, download_zip_start: devices };
  for (let percent = 10; percent <= 90; percent += 10) {
    counts[`download_${percent}`] = devices - (failed * percent) / 300;
  }
  Object.assign(counts, {
    download_complete: installed,
    set_next: installed,
    set: installed,
    app_launch_ready: installed * 2.4,
    update_fail: installed * 0.003,
    app_crash: installed * 0.004,
    app_moved_to_foreground: installed * 3,
    webview_javascript_error: installed * 0.01,
  });
  for (const [kind, part] of Object.entries(kinds)) counts[kind] = failed * part;
  const whole = Object.entries(counts).map(([action, count]) => [action, Math.round(count)] as const);
  return Object.fromEntries(whole.filter(([, count]) => count > 0));
}
