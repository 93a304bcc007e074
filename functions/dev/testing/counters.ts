/** Counters, and alarms, as the backend writes them, for the tests of the dashboard. */

import { type Firestore, Timestamp } from "firebase-admin/firestore";
import * as z from "zod";
import {
  type ActionCounts,
  addCounts,
  counterRef,
  DAY_MILLISECONDS,
  type Day,
  dayId,
  daysOf,
  hourId,
  type Platform,
  platforms,
} from "../../src/counting/documents.ts";
import { type Alarm, alarmDocument, alarmRef } from "../../src/health/alarm-documents.ts";
import { measuresOfCounts } from "../../src/health/measures.ts";
import { partsOf } from "./alarms.ts";

/** What was reported on one day: by production devices on each platform, and by the others. */
export type Report = { [Part in Platform | "development"]?: ActionCounts };

/** The reports about a version, by how many days ago they came. */
export type History = Record<number, Report>;

/** The counts of a report, all of it received in one hour by plugins that report both halves of each rate. */
export function dayOf({ development = {}, ...ofPlatforms }: Report, hour = "12"): Day {
  const measures = Object.entries(ofPlatforms).map(([platform, counts]) => {
    const figures = Object.entries(measuresOfCounts(counts, platform)).filter(([, figure]) => figure !== 0);
    return [platform, Object.fromEntries(figures)] as const;
  });
  return {
    actions: addCounts([...Object.values(ofPlatforms), development].map((actions) => ({ actions }))).actions,
    platforms: ofPlatforms,
    development,
    hours: { [hour]: Object.fromEntries(measures) },
  };
}

/** Writes the counter of a version and its days: the counter is the sum of the days. `time` is the end of today. */
export async function writeCounter(
  db: Firestore,
  app_id: string,
  version_name: string,
  history: History,
  time = Date.now(),
): Promise<void> {
  const counter = counterRef(db, { app_id, version_name });
  const days = Object.entries(history).map(([daysAgo, report]) => ({
    day: dayId(time, Number(daysAgo)),
    counts: dayOf(report, hourId(time)),
  }));
  const lastActive = time - Math.min(...Object.keys(history).map(Number)) * DAY_MILLISECONDS;
  const { hours: _, ...total } = addCounts(days.map(({ counts }) => counts));
  const batch = db.batch();
  batch.set(counter, { app_id, version_name, updated_at: Timestamp.fromMillis(lastActive), ...total });
  for (const { day, counts } of days) batch.set(daysOf(counter).doc(day), counts);
  await batch.commit();
}

/** What production devices report that make `attempts` at an update: `failed` of them do not get it, the others install it. */
export function attempts(attempts: number, failed = 0): Record<string, number> {
  const installed = attempts - failed;
  return {
    ...(attempts > 0 && { download_zip_start: attempts }),
    ...(installed > 0 && {
      download_complete: installed,
      set: installed,
      app_launch_start: installed,
      app_launch_ready: installed,
    }),
  };
}

/**
 * Writes an open alarm, as the watch does: without further fields, 2.5.1 of the app is not downloaded on iOS. Where several
 * platforms are given, so must be their `parts`.
 */
export async function writeAlarm(db: Firestore, app_id: string, fields: Partial<Alarm> = {}): Promise<void> {
  const time = fields.began_at ?? Date.now();
  const alarm: Omit<Alarm, "parts"> = {
    app_id,
    version_name: "2.5.1",
    measure: "not_downloaded",
    scopes: ["ios"],
    rule: "earlier_versions",
    now: { count: 24, of: 297 },
    before: { count: 4, of: 1_000 },
    parts: [],
    causes: [
      cause("version_build", "2.4.0", 94, 31),
      cause("message", "Checksum failed", 88, 2),
      cause("version_os", "18.1", 61, 44),
    ],
    open: true,
    began_at: time,
    good_looks: 0,
    updated_at: time,
    to_tell: false,
    told: { began: { log: "taken" }, ended: {} },
    ...fields,
  };
  const parts = fields.parts ?? partsOf(alarm);
  await alarmRef(db, alarm).set(z.encode(alarmDocument, { ...alarm, parts }));
}

function cause(field: string, value: string, failing: number, others: number): Alarm["causes"][number] {
  return { field, value, failing: { count: failing, of: 100 }, others: { count: others, of: 100 } };
}

/**
 * A month of an app that looks like a real one: five versions. If `bad`, iOS devices fail to download the newest, as iOS reports
 * it: the attempts are under the newest version, their failures under the one that was running; and there is an alarm.
 */
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
  const histories = plan.map(({ version, from, to }) => {
    const history: Record<number, { [Name in Platform]?: Record<string, number> }> = {};
    for (let day = from; day >= to; day--) {
      const devices = Math.round(
        scale * (2_400 * Math.exp((day - from) / 3) * (0.9 + 0.2 * Math.sin(day)) + 60),
      );
      history[day] = {
        android: reports(devices, 0.004),
        ios: reports(devices * 0.6, bad && version === "2.5.1" ? 0.081 : 0.004),
      };
    }
    return { version, history };
  });
  for (const [place, { history }] of histories.entries()) {
    const running = histories[place - 1]?.history ?? history;
    for (const [day, report] of Object.entries(history)) {
      for (const platform of platforms) {
        const { download_zip_start: begun = 0, download_complete: downloaded = 0 } = report[platform] ?? {};
        const fails = begun - downloaded;
        const reasons = (running[Number(day)] ?? report)[platform];
        if (fails === 0 || !reasons) continue;
        reasons.download_fail = (reasons.download_fail ?? 0) + fails;
        if (platform === "ios") reasons.low_mem_fail = (reasons.low_mem_fail ?? 0) + Math.ceil(fails / 5);
      }
    }
  }
  for (const { version, history } of histories) await writeCounter(db, app_id, version, history, time);
  const beta = { android: reports(12, 0.09), development: reports(9, 0.5) };
  await writeCounter(db, app_id, "2.6.0-beta.1", { 0: beta }, time);
  const builtin = {
    android: { app_moved_to_foreground: 900, app_launch_start: 850, reset: 12 },
    ios: { app_moved_to_foreground: 700, app_launch_start: 640, reset: 40 },
  };
  await writeCounter(db, app_id, "builtin", { 0: builtin }, time);
  if (bad) await writeAlarm(db, app_id, { began_at: time - DAY_MILLISECONDS });
}

/** All that devices report under an update that a share of them does not get. */
function reports(devices: number, share: number): Record<string, number> {
  const failed = devices * share;
  const installed = devices - failed;
  const counts = {
    get: devices,
    download_zip_start: devices,
    download_50: devices - failed / 2,
    download_zip_complete: installed,
    download_complete: installed,
    set_next: installed,
    set: installed,
    app_launch_start: installed * 2.4,
    app_launch_ready: installed * 2.4,
    update_fail: installed * 0.003,
    app_crash: installed * 0.004,
    app_moved_to_foreground: installed * 3,
    webview_javascript_error: installed * 0.01,
  };
  const whole = Object.entries(counts).map(([action, count]) => [action, Math.round(count)] as const);
  return Object.fromEntries(whole.filter(([, count]) => count > 0));
}
