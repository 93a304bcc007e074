/** Sums up what happened to a version, from one hour to another. Pure. */

import type { Counter, Platform } from "../counting/documents.ts";
import { type AlarmMeasure, alarmScopes, type Scope } from "./alarm-documents.ts";
import type { Days } from "./counter-reader.ts";
import { addMeasures, crashed, type Measures, notDownloaded, rolledBack } from "./measures.ts";
import type { Proportion } from "./statistics.ts";

/** An hour: so many of them since 1970, in UTC. */
export type Hour = number;

export const HOUR_MILLISECONDS = 3_600_000;

export function hourOf(time: number): Hour {
  return Math.floor(time / HOUR_MILLISECONDS);
}

/** What production devices reported about a version, hour by hour. */
export interface History {
  version_name: string;
  /** Milliseconds since 1970. */
  created_at: number;
  /** In order; hours without a report are left out. */
  hours: readonly Hour[];
  /** For each scope, and each of `hours`, the sum of all hours before it; and of all, at the end. */
  sums: Readonly<Record<Scope, readonly Measures[]>>;
}

/** Makes the history of a version, from its first and last days. */
export function historyOf({ version_name, created_at }: Counter, days: Days): History {
  const ofHours = [...days]
    .flatMap(([day, { hours }]) =>
      [...hours].map(([hour, platforms]) => [hourOf(Date.parse(day)) + Number(hour), platforms] as const),
    )
    .filter(([hour]) => Number.isInteger(hour)) // Somebody may have added a document that is no day.
    .sort(([a], [b]) => a - b);
  const hours = ofHours.map(([hour]) => hour);
  const sums = Object.fromEntries(
    alarmScopes.map((scope) => [
      scope,
      runningSums(ofHours.map(([, platforms]) => partOf(platforms, scope))),
    ]),
  ) as Record<Scope, Measures[]>;
  return { version_name, created_at, hours, sums };
}

function partOf(platforms: Partial<Record<Platform, Measures>>, scope: Scope): Measures | undefined {
  return scope === "all" ? addMeasures(Object.values(platforms)) : platforms[scope];
}

function runningSums(parts: readonly (Measures | undefined)[]): Measures[] {
  let sum = addMeasures([]);
  const sums = [sum];
  for (const part of parts) {
    if (part) sum = combine(sum, part, 1);
    sums.push(sum);
  }
  return sums;
}

/** Written out, since a look does it thousands of times. */
function combine(a: Measures, b: Measures, sign: 1 | -1): Measures {
  return {
    begun: a.begun + sign * b.begun,
    downloaded: a.downloaded + sign * b.downloaded,
    installed: a.installed + sign * b.installed,
    rolled_back: a.rolled_back + sign * b.rolled_back,
    starts: a.starts + sign * b.starts,
    crashes: a.crashes + sign * b.crashes,
  };
}

/** Adds up the hours of a version from one up to another, which is left out. */
export function sumOf({ hours, sums }: History, from: Hour, until: Hour, scope: Scope): Measures {
  const ofScope = sums[scope];
  const [first, last] = [ofScope[placeOf(hours, from)], ofScope[placeOf(hours, until)]];
  return first && last ? combine(last, first, -1) : addMeasures([]);
}

/** The number of hours before one. */
function placeOf(hours: readonly Hour[], hour: Hour): number {
  let [low, high] = [0, hours.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((hours[middle] ?? 0) < hour) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Attempts at a version, from one hour up to another. Beginnings, where its plugins report them: after a rollback, a device
 * installs the version before again without an attempt. Otherwise installs.
 */
export function attemptsIn(history: History, from: Hour, until: Hour): number {
  const { begun, installed, rolled_back } = sumOf(history, from, until, "all");
  return hasBeginnings(history) ? begun : Math.max(installed, rolled_back);
}

/** A few beginnings are a stranger's, or one device's: they must not hide the installs of all others. */
function hasBeginnings({ sums: { all } }: History): boolean {
  const { begun = 0, installed = 0 } = all.at(-1) ?? {};
  return begun > 0 && begun >= installed * LEAST_SHARE_WITH_BEGINNINGS;
}

const LEAST_SHARE_WITH_BEGINNINGS = 0.1;

/** A day with this share of the attempts of the busiest day is one of the release. */
const RELEASE_SHARE = 0.25;
export const DAY_HOURS = 24;

/**
 * The hour in which a version was released: the first from which on it had a fair share of its busiest day. So a few events that
 * are sent before it exists do not make it look old. Nothing for a version without attempts.
 */
export function releaseOf(history: History): Hour | undefined {
  if (!releases.has(history)) releases.set(history, findRelease(history));
  return releases.get(history);
}

/** A history never changes, and is asked for its release several times at each look. */
const releases = new WeakMap<History, Hour | undefined>();

function findRelease(history: History): Hour | undefined {
  const { hours } = history;
  const days = hours.map((hour) => attemptsIn(history, hour, hour + DAY_HOURS));
  const busiest = Math.max(0, ...days);
  if (busiest === 0) return undefined;
  return hours[days.findIndex((attempts) => attempts >= busiest * RELEASE_SHARE)];
}

/** The rates that reports in hours tell of, by measure. */
export const reportedProportions: Record<AlarmMeasure, (measures: Measures) => Proportion> = {
  // In hours, more downloaded than begun are those that began in the hour before.
  not_downloaded: ({ begun, downloaded, ...rest }) =>
    notDownloaded({ ...rest, begun, downloaded: Math.min(begun, downloaded) }),
  rolled_back: rolledBack,
  crashed,
};
