/** Sums up what production devices reported, on one platform or on all. Pure. */

import type { ActionCounts, Counter } from "../counting/documents.ts";
import type { AlarmMeasure, Scope } from "../health/alarm-documents.ts";
import type { DayOfVersion, Days } from "../health/counter-reader.ts";
import { type History, HOUR_MILLISECONDS, type Hour, historyOf, hourOf } from "../health/history.ts";
import {
  addMeasures,
  crashed,
  type Measures,
  measuresOf,
  notDownloaded,
  rolledBack,
} from "../health/measures.ts";
import type { Proportion } from "../health/statistics.ts";

/** A counter as it was read, and its days, where they were read. */
export interface ReadVersion {
  counter: Counter;
  days?: Days;
}

/** What one platform has, or what each has. */
export function partOf<Part>(
  parts: Readonly<Partial<Record<string, Part>>>,
  scope: Scope,
): Record<string, Part> {
  const entries = Object.entries(parts).flatMap(([platform, part]) =>
    part !== undefined && (scope === "all" || scope === platform) ? [[platform, part] as const] : [],
  );
  return Object.fromEntries(entries);
}

export function partsOf<Part>(parts: Readonly<Partial<Record<string, Part>>>, scope: Scope): Part[] {
  return Object.values(partOf(parts, scope));
}

/** What the counts of all time say. */
export function measuresIn({ platforms }: Counter, scope: Scope): Measures {
  return measuresOf(partOf(platforms, scope));
}

/** How often each action was reported, ever. */
export function actionsIn({ platforms }: Counter, scope: Scope): ActionCounts {
  const total = new Map<string, number>();
  for (const [action, count] of partsOf(platforms, scope).flatMap(Object.entries<number>)) {
    total.set(action, (total.get(action) ?? 0) + count);
  }
  return Object.fromEntries(total);
}

export function openedOn({ opened }: DayOfVersion, scope: Scope): number {
  return partsOf(opened, scope).reduce((sum, count) => sum + count, 0);
}

export function installedOn({ platforms }: DayOfVersion, scope: Scope): number {
  return addMeasures(partsOf(platforms, scope)).installed;
}

/** The measures of a day for its rates: by hour, they are without halves. Days that were counted before there were hours have none. */
export function comparableOn({ platforms, hours }: DayOfVersion, scope: Scope): Measures {
  const parts = hours.size > 0 ? [...hours.values()] : [platforms];
  return addMeasures(parts.flatMap((part) => partsOf(part, scope)));
}

/** The rates of measures that were added up over long. A rate of nothing is 0 of 0. */
export function ratesOf(measures: Measures): Record<AlarmMeasure, Proportion> {
  return {
    not_downloaded: notDownloaded(measures),
    rolled_back: rolledBack(measures),
    crashed: crashed(measures),
  };
}

/** A day that was counted before there were hours counts as this hour of it, which is off by half a day at most. */
const NOON = "12";

/** Makes the history of a version, once for the days that were read. */
export function historyIn(counter: Counter, days: Days): History {
  const known = histories.get(days);
  if (known) return known;
  const withHours = [...days].map(
    ([day, figures]) =>
      [
        day,
        figures.hours.size > 0 ? figures : { ...figures, hours: new Map([[NOON, figures.platforms]]) },
      ] as const,
  );
  const history = historyOf(counter, new Map(withHours));
  histories.set(days, history);
  return history;
}

/** Days that were read never change, and pages ask for the same ones every few seconds. */
const histories = new WeakMap<Days, History>();

/**
 * When a version was released, in milliseconds since 1970: releases are known by the hour, so the first event may tell it better.
 * `null` without attempts.
 */
export function releasedAt({ created_at }: Counter, release: Hour | undefined): number | null {
  if (release === undefined) return null;
  return hourOf(created_at) === release ? created_at : release * HOUR_MILLISECONDS;
}
