/** Works out how far each version is adopted, by use or by installs. Pure. */

import type { AppReport, VersionReport } from "../../src/dashboard/data.ts";
import { stepMilliseconds } from "../parts/axes.ts";

/** How often the app was opened with a version, or how often it was installed. */
export type By = "opened" | "installed";

/** So many versions have a series of their own. */
const MOST_SERIES = 6;

export interface Series {
  /** Nothing for all others together. */
  version_name?: string;
  /** How many versions it is of. */
  versions: number;
  /** Of each day. */
  counts: number[];
}

/** The versions with the most of all days, in the order of the app, and the others as one. Those without any are left out. */
export function seriesOf({ versions, days }: AppReport, by: By): Series[] {
  const all = versions.map((version) => ({ version, total: sum(version.daily?.[by] ?? []) }));
  const some = all.filter(({ total }) => total > 0);
  const largest = new Set(some.toSorted((a, b) => b.total - a.total).slice(0, MOST_SERIES));
  const series = some
    .filter((one) => largest.has(one))
    .map(({ version }): Series => {
      const { version_name, daily } = version;
      return { version_name, versions: 1, counts: daily?.[by] ?? [] };
    });
  const others = some.filter((one) => !largest.has(one)).map(({ version }) => version);
  if (others.length === 0) return series;
  const counts = days.map((_, day) => sum(others.map(({ daily }) => daily?.[by][day] ?? 0)));
  return [...series, { versions: others.length, counts }];
}

/** How far an update is adopted. */
export interface Adoption {
  version_name: string;
  released_at: number | null;
  /** Of all that was opened, or installed, on the last day; from 0 to 1. `null` where there was nothing. */
  today: number | null;
  /** The largest share that it had on one of the days. */
  most: number;
  /** Whole days from its release to the first day on which it has at least half; `null` if it never had, or was released before the days. */
  days_to_half: number | null;
}

/** The adoption of each update that had a share on any of the days, in the order of the app. */
export function adoptionOf({ versions, days }: AppReport, by: By): Adoption[] {
  const totals = days.map((_, day) => sum(versions.map(({ daily }) => daily?.[by][day] ?? 0)));
  return versions.flatMap((version) => {
    const counts = version.daily?.[by] ?? [];
    if (!version.is_update || sum(counts) === 0) return [];
    const shares = counts.map((count, day) => shareOf(count, totals[day] ?? 0));
    return {
      version_name: version.version_name,
      released_at: version.released_at,
      today: (totals.at(-1) ?? 0) === 0 ? null : (shares.at(-1) ?? 0),
      most: Math.max(...shares),
      days_to_half: daysToHalf(version, shares, days),
    };
  });
}

function daysToHalf(
  { released_at }: VersionReport,
  shares: readonly number[],
  days: readonly string[],
): number | null {
  const half = days[shares.findIndex((share) => share >= 0.5)];
  const [first] = days;
  if (released_at === null || half === undefined || first === undefined || released_at < Date.parse(first))
    return null;
  return Math.max(0, Math.floor((Date.parse(half) - Date.parse(dayOf(released_at))) / stepMilliseconds.day));
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function shareOf(count: number, total: number): number {
  return total === 0 ? 0 : count / total;
}

export function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
