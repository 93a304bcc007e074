/** Sums up all apps, for the page that shows each in one row. Pure. */

import { type Counter, DAY_MILLISECONDS, dayId } from "../counting/documents.ts";
import type { Alarm } from "../health/alarm-documents.ts";
import type { DayOfVersion } from "../health/counter-reader.ts";
import { isUpdate, measuresOf } from "../health/measures.ts";
import type { AppSummary } from "./data.ts";
import { installedOn, openedOn } from "./figures.ts";
import { groupAlarms } from "./open-alarms.ts";

const MAX_APPS = 50;

/**
 * Sums up the apps that have counters: those that alarm first, then those with the most installs. One that alarms is never left
 * out. `today` has the figures of today by counter, where they were read; `time` is in milliseconds since 1970.
 */
export function summarizeApps(
  counters: readonly Counter[],
  alarms: readonly Alarm[],
  time: number,
  today?: ReadonlyMap<string, DayOfVersion>,
): { apps: AppSummary[]; apps_left_out: number } {
  const alarmsOf = Map.groupBy(alarms, ({ app_id }) => app_id);
  const all = [...Map.groupBy(counters, ({ app_id }) => app_id)].map(([app_id, ofApp]) =>
    summarizeApp(app_id, ofApp, alarmsOf.get(app_id) ?? [], time, today),
  );
  all.sort(
    (a, b) =>
      Number(b.alarms.length > 0) - Number(a.alarms.length > 0) ||
      b.installs - a.installs ||
      (a.app_id < b.app_id ? -1 : 1),
  );
  const apps = all.filter((app, place) => place < MAX_APPS || app.alarms.length > 0);
  return { apps, apps_left_out: all.length - apps.length };
}

function summarizeApp(
  app_id: string,
  counters: readonly Counter[],
  alarms: readonly Alarm[],
  time: number,
  today: ReadonlyMap<string, DayOfVersion> | undefined,
): AppSummary {
  const versions = counters.map(({ updated_at, platforms }) => ({ updated_at, ...measuresOf(platforms) }));
  const live = versions.filter(
    (version) => isUpdate(version) && time - version.updated_at < DAY_MILLISECONDS,
  );
  return {
    app_id,
    versions: versions.length,
    live_versions: live.length,
    installs: sum(versions.map(({ installed }) => installed)),
    alarms: groupAlarms(alarms).map(({ version_name, failures }) => ({
      version_name,
      scopes: [...new Set(failures.flatMap(({ scopes }) => scopes))],
    })),
    ...(today && summarizeToday(counters, time, today)),
  };
}

/** Nothing where some that are active today were not read: a part of the sum would look like all of it. */
function summarizeToday(
  counters: readonly Counter[],
  time: number,
  today: ReadonlyMap<string, DayOfVersion>,
): Pick<AppSummary, "today"> {
  const active = counters.filter(({ updated_at }) => dayId(updated_at) === dayId(time));
  if (active.some(({ id }) => !today.has(id))) return {};
  const days = active.flatMap(({ id }) => today.get(id) ?? []);
  return {
    today: {
      opened: sum(days.map((day) => openedOn(day, "all"))),
      installed: sum(days.map((day) => installedOn(day, "all"))),
    },
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
