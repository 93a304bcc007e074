/** Makes versions as the watch has read them, hour by hour. */

import { type Counter, counterId, dayId, hourId, type Platform } from "../../src/counting/documents.ts";
import type { DayOfVersion } from "../../src/health/counter-reader.ts";
import { type History, HOUR_MILLISECONDS, historyOf } from "../../src/health/history.ts";
import { addMeasures, type Measures } from "../../src/health/measures.ts";

/** The first hour of these worlds. */
export const EPOCH = Date.parse("2026-11-02T00:00:00Z");

/** A time: so many hours after the first. */
export function atHour(hour: number): number {
  return EPOCH + hour * HOUR_MILLISECONDS;
}

/** What devices reported in one hour, by platform. */
export type HourOfVersion = Partial<Record<Platform, Partial<Measures>>>;

/** A version as it was read. `hours` are numbered from the first. */
export function aVersion(
  version_name: string,
  hours: Readonly<Record<number, HourOfVersion>>,
): { counter: Counter; history: History } {
  const days = new Map<string, DayOfVersion>();
  const reported: Partial<Record<Platform, Measures>> = {};
  for (const [number, ofHour] of Object.entries(hours)) {
    const time = atHour(Number(number));
    const day = days.get(dayId(time)) ?? { platforms: {}, hours: new Map(), opened: {} };
    const measures = Object.entries(ofHour).map(([platform, some]) => {
      const name = platform as Platform;
      reported[name] = addMeasures([reported[name] ?? {}, some]);
      return [name, addMeasures([some])] as const;
    });
    const platforms = new Map([...day.hours, [hourId(time), Object.fromEntries(measures)]]);
    days.set(dayId(time), { ...day, hours: platforms });
  }
  const identity = { app_id: "com.example.shop", version_name };
  const numbers = Object.keys(hours).map(Number);
  const platforms = Object.fromEntries(
    Object.entries(reported).map(([platform, { begun, downloaded, installed, rolled_back }]) => [
      platform,
      { download_zip_start: begun, download_complete: downloaded, set: installed, update_fail: rolled_back },
    ]),
  );
  const actions: Record<string, number> = {};
  for (const counts of Object.values(platforms)) {
    for (const [action, count] of Object.entries(counts)) actions[action] = (actions[action] ?? 0) + count;
  }
  const counter: Counter = {
    ...identity,
    id: counterId(identity),
    created_at: atHour(Math.min(...numbers)),
    updated_at: atHour(Math.max(...numbers)),
    actions,
    platforms,
    development: {},
  };
  return { counter, history: historyOf(counter, days) };
}

/** The hours from one up to another, each with the same report. */
export function eachHour(from: number, until: number, report: HourOfVersion): Record<number, HourOfVersion> {
  return Object.fromEntries(Array.from({ length: until - from }, (_, index) => [from + index, report]));
}

/** So many updates begun, of which some fail to download. */
export function updates(begun: number, failed = 0): Partial<Measures> {
  return { begun, downloaded: begun - failed, installed: begun - failed };
}
