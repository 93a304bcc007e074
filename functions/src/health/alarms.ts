/** Finds versions that are alarmingly worse than the ones before them. Pure. */

import { type Platform, platforms } from "../counting/documents.ts";
import type { Measures } from "./measures.ts";
import { fisherExact, type Proportion } from "./statistics.ts";
import { compareVersions } from "./version-order.ts";

/** The part of an app that a figure covers: one platform, or all of them. */
export type Scope = Platform | "all";

const scopes: readonly Scope[] = ["all", ...platforms];

/** The two ways in which an update goes wrong: it is not installed, or it is and does not start. */
export type Measure = "failed" | "rolled_back";

export interface Alarm {
  version_name: string;
  scope: Scope;
  measure: Measure;
  /** Over the last 7 days. */
  now: Proportion;
  /** Over all the time of the version compared with. */
  before: Proportion & { version_name: string };
  /** The first day that was alarming by itself, or had a failure. */
  since?: string;
}

/** `Alarm.now` covers so many days, today included. */
export const RECENT_DAYS = 7;

/** A version as the search for alarms sees it. */
export interface Suspect {
  version_name: string;
  totals: Partial<Record<Scope, Measures>>;
  recent: Partial<Record<Scope, Measures>>;
  onDay(day: string, scope: Scope): Measures;
}

/**
 * Compares each version with the one before it, over all platforms and on each, for both ways to go wrong.
 *
 * The version before is the nearest earlier one by version order that has enough attempts in the same scope and is not
 * alarming there itself: after two bad versions, the second is compared with the last good one.
 */
export function findAlarms(suspects: readonly Suspect[], days: readonly string[]) {
  const oldestFirst = suspects.toSorted((a, b) => compareVersions(a.version_name, b.version_name));
  const series = scopes.flatMap((scope) =>
    (["failed", "rolled_back"] as const).map((measure) => ({ scope, measure })),
  );
  const comparisons = series.reduce((sum, { scope, measure }) => {
    const first = oldestFirst.findIndex(({ totals }) => hasEnough(proportionOf(totals[scope], measure)));
    const later = first < 0 ? [] : oldestFirst.slice(first + 1);
    return sum + later.filter(({ recent }) => proportionOf(recent[scope], measure).of > 0).length;
  }, 0);

  const alarms = series.flatMap(({ scope, measure }) => {
    const found: Alarm[] = [];
    let before: Alarm["before"] | undefined;
    for (const { version_name, totals, recent, onDay } of oldestFirst) {
      const now = proportionOf(recent[scope], measure);
      if (before && now.of > 0 && isAlarming(now, before, comparisons)) {
        const since = firstBadDay(
          days.map((day) => [day, proportionOf(onDay(day, scope), measure)]),
          before,
          comparisons,
        );
        found.push({ version_name, scope, measure, now, before, ...(since && { since }) });
        continue;
      }
      const total = proportionOf(totals[scope], measure);
      if (hasEnough(total)) before = { version_name, ...total };
    }
    return found;
  });
  return { alarms: alarms.sort((a, b) => excessOf(b) - excessOf(a)), comparisons };
}

/** The first day that is alarming by itself; if none is, the first with a failure. */
function firstBadDay(
  daily: ReadonlyArray<[day: string, Proportion]>,
  before: Proportion,
  comparisons: number,
): string | undefined {
  const bad =
    daily.find(([, day]) => day.of > 0 && isAlarming(day, before, comparisons)) ??
    daily.find(([, day]) => day.count > 0);
  return bad?.[0];
}

function excessOf({ now, before }: Alarm): number {
  return now.count / now.of - before.count / before.of;
}

function hasEnough({ of }: Proportion): boolean {
  return of >= MIN_ATTEMPTS;
}

export function proportionOf(tally: Measures | undefined, measure: Measure): Proportion {
  if (!tally) return { count: 0, of: 0 };
  const { installs, failed, rolled_back } = tally;
  return measure === "failed"
    ? { count: failed, of: failed + installs }
    : { count: rolled_back, of: Math.max(installs, rolled_back) };
}

/** Fewer attempts say too little, so the page greys their rate, and no version is compared with it. */
export const MIN_ATTEMPTS = 50;

/**
 * All comparisons of an app together raise a false alarm one time in a thousand: the level is shared out evenly
 * (Bonferroni). It is strict because the page looks again every few seconds.
 */
export const ALARM_LEVEL = 0.001;

/** A difference as small as this is no alarm, even where it is real. */
const LEAST_FACTOR = 1.5;
const LEAST_DIFFERENCE = 0.002;

/** Whether `suspect` is alarmingly worse than `before`, given how many comparisons are made together. */
export function isAlarming(suspect: Proportion, before: Proportion, comparisons: number): boolean {
  const rate = suspect.count / suspect.of;
  const rateBefore = before.count / before.of;
  return (
    rate >= rateBefore * LEAST_FACTOR &&
    rate >= rateBefore + LEAST_DIFFERENCE &&
    fisherExact(suspect, before) < ALARM_LEVEL / comparisons
  );
}

/** Describes the test, for the page. */
export const alarmTest =
  `Alarm: the rate of the last 7 days is above that of the nearest earlier version that has at least ${MIN_ATTEMPTS} ` +
  `attempts and no alarm itself. One-sided Fisher exact test, level ${ALARM_LEVEL} shared out over all comparisons of ` +
  `the app (Bonferroni), and at least ${LEAST_FACTOR} times the rate before and ${LEAST_DIFFERENCE * 100} points more.`;

/** Collects what `of` gives for each scope, without those for which it gives nothing. */
export function perScope<T>(of: (scope: Scope) => T | undefined): Partial<Record<Scope, T>> {
  const entries = scopes.map((scope) => [scope, of(scope)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}
