/** What the dashboard says about an app, worked out from its counters. Pure. */

import { type ActionCounts, type Platform, platforms } from "../counting/documents.ts";
import { isAlarming, MIN_ATTEMPTS } from "../health/alarms.ts";
import { addTallies, type Tally, tallyOf } from "../health/measures.ts";
import { type Proportion, wilsonInterval } from "../health/statistics.ts";
import { compareVersions, isUpdate } from "../health/version-order.ts";
import { attemptsOf, type Counter, type Days, dayAt, SHOWN_DAYS } from "./reader.ts";

/** What a figure is about: one platform, or all of them. */
export type Scope = Platform | "all";

const scopes: readonly Scope[] = ["all", ...platforms];

/** How an update can go wrong: it is not installed, or it is and does not start. */
export type Measure = "failed" | "rolled_back";

export interface AppSummary {
  app_id: string;
  installs: number;
  versions: number;
  /** Whether one of its versions is alarming, going by all of its events. The report of the app looks at 7 days. */
  alarming: boolean;
}

export interface AppReport {
  app_id: string;
  /** The platforms that its devices have. */
  platforms: Platform[];
  /** The days that `daily` is about, from the oldest to today. */
  days: string[];
  /** The worst first. */
  alarms: Alarm[];
  /** How many comparisons were made to find them. */
  comparisons: number;
  /** Alarming ones first, then by day of last activity and by version, the newest first; what is no update last. */
  versions: VersionReport[];
  versions_left_out: number;
}

export interface VersionReport {
  version_name: string;
  is_update: boolean;
  /** Milliseconds since 1970. */
  updated_at: number;
  actions: ActionCounts;
  platforms: Partial<Record<Platform, ActionCounts>>;
  health: Partial<Record<Scope, Health>>;
  /** Of each of `days`. */
  daily: Partial<Record<Scope, { installs: number[]; failed: number[] }>>;
}

export interface Health extends Tally {
  /** `failed / (failed + installs)` with its 95 % interval, from 0 to 1. */
  failure_rate?: { rate: number; low: number; high: number; enough: boolean };
}

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

const MAX_APPS = 50;

/** At most so many updates of an app are shown, so many of them for their installs alone. */
const MAX_VERSIONS = 20;
const MAX_VERSIONS_BY_ATTEMPTS = 10;

const RECENT_DAYS = 7;

/** The apps that the counters are of, those with the most installs first. */
export function summarizeApps(counters: readonly Counter[], time: number) {
  const apps = [...Map.groupBy(counters, ({ app_id }) => app_id)].map(([app_id, ofApp]) => ({
    app_id,
    ofApp,
    installs: ofApp.reduce((sum, counter) => sum + tallyOf(counter.actions).installs, 0),
  }));
  apps.sort((a, b) => b.installs - a.installs || compareText(a.app_id, b.app_id));
  return {
    apps: apps.slice(0, MAX_APPS).map(
      ({ app_id, ofApp, installs }): AppSummary => ({
        app_id,
        installs,
        versions: ofApp.length,
        alarming: isAppAlarming(ofApp, time),
      }),
    ),
    apps_left_out: Math.max(0, apps.length - MAX_APPS),
  };
}

/** From the counters alone: a version that was active in the last days is taken by all of its events. */
function isAppAlarming(ofApp: readonly Counter[], time: number): boolean {
  const firstDay = dayAt(time, RECENT_DAYS - 1);
  const suspects = chooseVersions(ofApp).shown.map((counter) => {
    const suspect = suspectOf(counter, new Map(), []);
    const active = dayAt(counter.updated_at, 0) >= firstDay;
    return { ...suspect, recent: active ? suspect.totals : {} };
  });
  return findAlarms(suspects, []).alarms.length > 0;
}

/**
 * The updates of an app that are shown: those with the most attempts to install them, then the latest active ones with
 * enough attempts, then the other latest active ones. So a stranger who makes up versions hides no real one.
 */
export function chooseVersions(ofApp: readonly Counter[]) {
  const updates = ofApp.filter(({ version_name }) => isUpdate(version_name));
  const byAttempts = updates.toSorted((a, b) => attemptsOf(b) - attemptsOf(a));
  const rest = byAttempts
    .slice(MAX_VERSIONS_BY_ATTEMPTS)
    .sort((a, b) => Number(isTried(b)) - Number(isTried(a)) || b.updated_at - a.updated_at);
  const shown = [...byAttempts.slice(0, MAX_VERSIONS_BY_ATTEMPTS), ...rest].slice(0, MAX_VERSIONS);
  return { shown, leftOut: updates.length - shown.length };
}

function isTried(counter: Counter): boolean {
  return attemptsOf(counter) >= MIN_ATTEMPTS;
}

/** The report of an app from its counters, with the days of each of those that `chooseVersions` shows. */
export function reportApp(
  app_id: string,
  ofApp: readonly Counter[],
  daysOf: ReadonlyMap<string, Days>,
  time: number,
): AppReport {
  const { shown, leftOut } = chooseVersions(ofApp);
  const days = Array.from({ length: SHOWN_DAYS }, (_, index) => dayAt(time, SHOWN_DAYS - 1 - index));
  const suspects = shown.map((counter) => suspectOf(counter, daysOf.get(counter.id) ?? new Map(), days));
  const { alarms, comparisons } = findAlarms(suspects, days);

  const alarming = new Set(alarms.map(({ version_name }) => version_name));
  const rank = ({ version_name }: Counter) =>
    alarming.has(version_name) ? 2 : Number(isUpdate(version_name));
  const noUpdates = ofApp.filter(({ version_name }) => !isUpdate(version_name));
  const inOrder = [...shown, ...noUpdates].sort(
    (a, b) =>
      rank(b) - rank(a) ||
      compareText(dayAt(b.updated_at, 0), dayAt(a.updated_at, 0)) ||
      compareVersions(b.version_name, a.version_name),
  );
  return {
    app_id,
    platforms: platforms.filter((platform) => ofApp.some((counter) => counter.platforms[platform])),
    days,
    alarms,
    comparisons,
    versions: inOrder.map((counter) => reportVersion(counter, daysOf.get(counter.id), days)),
    versions_left_out: leftOut,
  };
}

function reportVersion(
  counter: Counter,
  ofCounter: Days | undefined,
  days: readonly string[],
): VersionReport {
  const { version_name, updated_at, actions } = counter;
  return {
    version_name,
    is_update: isUpdate(version_name),
    updated_at,
    actions,
    platforms: counter.platforms,
    health: perScope((scope) =>
      scope === "all" || counter.platforms[scope] ? healthOf(tallyOf(actionsOf(counter, scope))) : undefined,
    ),
    daily: perScope((scope) => {
      if (!ofCounter || (scope !== "all" && !counter.platforms[scope])) return undefined;
      const tallies = days.map((day) => tallyOn(ofCounter, day, scope));
      return {
        installs: tallies.map(({ installs }) => installs),
        failed: tallies.map(({ failed }) => failed),
      };
    }),
  };
}

function healthOf(tally: Tally): Health {
  const proportion = proportionOf(tally, "failed");
  if (proportion.of === 0) return tally;
  const rate = proportion.count / proportion.of;
  return {
    ...tally,
    failure_rate: { rate, ...wilsonInterval(proportion), enough: proportion.of >= MIN_ATTEMPTS },
  };
}

/** A version as the search for alarms sees it. */
interface Suspect {
  version_name: string;
  totals: Partial<Record<Scope, Tally>>;
  recent: Partial<Record<Scope, Tally>>;
  onDay(day: string, scope: Scope): Tally;
}

function suspectOf(counter: Counter, ofCounter: Days, days: readonly string[]): Suspect {
  return {
    version_name: counter.version_name,
    totals: perScope((scope) => tallyOf(actionsOf(counter, scope))),
    recent: perScope((scope) =>
      addTallies(days.slice(-RECENT_DAYS).map((day) => tallyOn(ofCounter, day, scope))),
    ),
    onDay: (day, scope) => tallyOn(ofCounter, day, scope),
  };
}

/**
 * Compares each version with the one before it, over all platforms and on each, for both ways to go wrong.
 *
 * The version before is the nearest earlier one by version order that has enough attempts in the same scope and is not
 * alarming there itself: after two bad versions, the second is compared with the last good one.
 */
function findAlarms(suspects: readonly Suspect[], days: readonly string[]) {
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

function proportionOf(tally: Tally | undefined, measure: Measure): Proportion {
  if (!tally) return { count: 0, of: 0 };
  const { installs, failed, rolled_back } = tally;
  return measure === "failed"
    ? { count: failed, of: failed + installs }
    : { count: rolled_back, of: Math.max(installs, rolled_back) };
}

function actionsOf(counter: Counter, scope: Scope): ActionCounts {
  return scope === "all" ? counter.actions : (counter.platforms[scope] ?? {});
}

function tallyOn(days: Days, day: string, scope: Scope): Tally {
  const ofDay = days.get(day) ?? {};
  if (scope === "all") return addTallies(Object.values(ofDay));
  return ofDay[scope] ?? addTallies([]);
}

/** What `of` gives for each scope; without those for which it gives nothing. */
function perScope<T>(of: (scope: Scope) => T | undefined): Partial<Record<Scope, T>> {
  const entries = scopes.map((scope) => [scope, of(scope)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
