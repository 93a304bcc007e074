/** Works out what the dashboard says about an app, from its counters. Pure. */

import { type ActionCounts, type Counter, dayId, type Platform, platforms } from "../counting/documents.ts";
import {
  type Alarm,
  findAlarms,
  MIN_ATTEMPTS,
  perScope,
  proportionOf,
  RECENT_DAYS,
  type Scope,
  type Suspect,
} from "../health/alarms.ts";
import { addMeasures, attemptsOf, type Measures, measuresOf } from "../health/measures.ts";
import { wilsonInterval } from "../health/statistics.ts";
import { compareVersions, isUpdate } from "../health/version-order.ts";
import { type Days, SHOWN_DAYS } from "./reader.ts";

export interface AppSummary {
  app_id: string;
  installs: number;
  versions: number;
  /** Whether a version of it is alarming, judged by all of its events. The report of the app looks at 7 days. */
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
  health: Partial<Record<Scope, VersionHealth>>;
  /** Of each of `days`. */
  daily: Partial<Record<Scope, { installs: number[]; failed: number[] }>>;
}

export interface VersionHealth extends Measures {
  /** `failed / (failed + installs)` with its 95 % interval, from 0 to 1. */
  failure_rate?: { rate: number; low: number; high: number; enough: boolean };
}

const MAX_APPS = 50;

/** An app shows so many updates, the first of them for their attempts alone. */
const MAX_VERSIONS = 20;
const MAX_VERSIONS_BY_ATTEMPTS = 10;

/** Sums up each app that has counters, those with the most installs first. */
export function summarizeApps(counters: readonly Counter[], time: number) {
  const apps = [...Map.groupBy(counters, ({ app_id }) => app_id)].map(([app_id, ofApp]) => ({
    app_id,
    ofApp,
    installs: ofApp.reduce((sum, counter) => sum + measuresOf(counter.actions).installs, 0),
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

/** Judges an app by its counters alone: all events of a version count as recent if it was active in the last days. */
function isAppAlarming(ofApp: readonly Counter[], time: number): boolean {
  const firstDay = dayId(time, RECENT_DAYS - 1);
  const suspects = chooseVersions(ofApp).shown.map((counter) => {
    const suspect = suspectOf(counter, new Map(), []);
    const active = dayId(counter.updated_at) >= firstDay;
    return { ...suspect, recent: active ? suspect.totals : {} };
  });
  return findAlarms(suspects, []).alarms.length > 0;
}

/**
 * Chooses the updates of an app that are shown: those with the most attempts, then the latest active ones with enough
 * attempts, then the other latest active ones. So a stranger who makes up versions hides no real one.
 */
export function chooseVersions(ofApp: readonly Counter[]) {
  const updates = ofApp.filter(({ version_name }) => isUpdate(version_name));
  const byAttempts = updates.toSorted((a, b) => attemptsOf(b.actions) - attemptsOf(a.actions));
  const rest = byAttempts
    .slice(MAX_VERSIONS_BY_ATTEMPTS)
    .sort((a, b) => Number(isTried(b)) - Number(isTried(a)) || b.updated_at - a.updated_at);
  const shown = [...byAttempts.slice(0, MAX_VERSIONS_BY_ATTEMPTS), ...rest].slice(0, MAX_VERSIONS);
  return { shown, leftOut: updates.length - shown.length };
}

function isTried(counter: Counter): boolean {
  return attemptsOf(counter.actions) >= MIN_ATTEMPTS;
}

/** Reports on an app, from its counters and the days of those that `chooseVersions` shows. */
export function reportApp(
  app_id: string,
  ofApp: readonly Counter[],
  daysOf: ReadonlyMap<string, Days>,
  time: number,
): AppReport {
  const { shown, leftOut } = chooseVersions(ofApp);
  const days = Array.from({ length: SHOWN_DAYS }, (_, index) => dayId(time, SHOWN_DAYS - 1 - index));
  const suspects = shown.map((counter) => suspectOf(counter, daysOf.get(counter.id) ?? new Map(), days));
  const { alarms, comparisons } = findAlarms(suspects, days);

  const alarming = new Set(alarms.map(({ version_name }) => version_name));
  const rank = ({ version_name }: Counter) =>
    alarming.has(version_name) ? 2 : Number(isUpdate(version_name));
  const noUpdates = ofApp.filter(({ version_name }) => !isUpdate(version_name));
  const inOrder = [...shown, ...noUpdates].sort(
    (a, b) =>
      rank(b) - rank(a) ||
      compareText(dayId(b.updated_at), dayId(a.updated_at)) ||
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
      scope === "all" || counter.platforms[scope]
        ? healthOf(measuresOf(actionsOf(counter, scope)))
        : undefined,
    ),
    daily: perScope((scope) => {
      if (!ofCounter || (scope !== "all" && !counter.platforms[scope])) return undefined;
      const tallies = days.map((day) => measuresOn(ofCounter, day, scope));
      return {
        installs: tallies.map(({ installs }) => installs),
        failed: tallies.map(({ failed }) => failed),
      };
    }),
  };
}

function healthOf(tally: Measures): VersionHealth {
  const proportion = proportionOf(tally, "failed");
  if (proportion.of === 0) return tally;
  const rate = proportion.count / proportion.of;
  return {
    ...tally,
    failure_rate: { rate, ...wilsonInterval(proportion), enough: proportion.of >= MIN_ATTEMPTS },
  };
}

function suspectOf(counter: Counter, ofCounter: Days, days: readonly string[]): Suspect {
  return {
    version_name: counter.version_name,
    totals: perScope((scope) => measuresOf(actionsOf(counter, scope))),
    recent: perScope((scope) =>
      addMeasures(days.slice(-RECENT_DAYS).map((day) => measuresOn(ofCounter, day, scope))),
    ),
    onDay: (day, scope) => measuresOn(ofCounter, day, scope),
  };
}

function actionsOf(counter: Counter, scope: Scope): ActionCounts {
  return scope === "all" ? counter.actions : (counter.platforms[scope] ?? {});
}

function measuresOn(days: Days, day: string, scope: Scope): Measures {
  const ofDay = days.get(day) ?? {};
  if (scope === "all") return addMeasures(Object.values(ofDay));
  return ofDay[scope] ?? addMeasures([]);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
