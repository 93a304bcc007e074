/** Works out what the dashboard says about an app, from its counters and its alarms. Pure. */

import { type ActionCounts, type Counter, dayId, type Platform, platforms } from "../counting/documents.ts";
import { type Alarm, type AlarmMeasure, alarmScopes, type Scope } from "../health/alarm-documents.ts";
import { attemptsOf, type DayOfVersion, type Days } from "../health/counter-reader.ts";
import {
  addMeasures,
  crashed,
  isUpdate,
  type Measures,
  measuresOf,
  notDownloaded,
  rolledBack,
} from "../health/measures.ts";
import { type Proportion, rateOf, wilsonInterval } from "../health/statistics.ts";
import { compareVersions } from "../health/version-order.ts";

export interface AppSummary {
  app_id: string;
  /** Of production devices, ever. */
  installs: number;
  versions: number;
  /** Whether it has an open alarm. */
  alarming: boolean;
}

/** What an app has, as it was read: its counters, and its open alarms. */
export interface AppParts {
  counters: readonly Counter[];
  alarms: readonly Alarm[];
}

export interface AppReport {
  app_id: string;
  /** The platforms that its production devices have. */
  platforms: Platform[];
  /** The days that `daily` is about, from the oldest to today. */
  days: string[];
  /** The open ones, the worst first. */
  alarms: AlarmReport[];
  /** Alarming ones first, then by day of last activity and of first, the latest first; what is no update last. */
  versions: VersionReport[];
  versions_left_out: number;
}

/** An alarm as `health/alarm-documents.ts` describes it; times are milliseconds since 1970. */
export type AlarmReport = Pick<
  Alarm,
  "version_name" | "measure" | "scopes" | "rule" | "now" | "before" | "causes" | "began_at"
>;

export interface VersionReport {
  version_name: string;
  is_update: boolean;
  /** When its first and its last event were counted. Milliseconds since 1970. */
  created_at: number;
  updated_at: number;
  /** Of all events. */
  actions: ActionCounts;
  /** Of production builds on real devices, by platform. */
  platforms: Partial<Record<Platform, ActionCounts>>;
  /** Of the rest. They are in no other figure here. */
  development: ActionCounts;
  health: Partial<Record<Scope, VersionHealth>>;
  /** Of each of `days`. */
  daily: Partial<Record<Scope, { installed: number[]; begun: number[]; downloaded: number[] }>>;
}

/** The measures are of all time. */
export interface VersionHealth extends Measures {
  /**
   * Of the first and the last days, and only of plugins that report both halves of a rate: so they may differ from what the
   * measures say. A rate of nothing is `undefined`.
   */
  rates: Record<AlarmMeasure, Rate | undefined>;
}

/** A rate with its 95 % interval, from 0 to 1. */
export interface Rate extends Proportion {
  rate: number;
  low: number;
  high: number;
  /** Whether there are enough attempts to say something. */
  enough: boolean;
}

/** `AppReport.days` are so many. */
export const SHOWN_DAYS = 30;

/** Fewer attempts say too little, so the page greys their rate. */
export const MIN_ATTEMPTS = 50;

const MAX_APPS = 50;

/** An app shows so many updates, the first of them for their attempts alone. */
const MAX_VERSIONS = 20;
const MAX_VERSIONS_BY_ATTEMPTS = 10;

/** Beside them, it shows so many versions that are no updates: those with the most events. */
const MAX_NO_UPDATES = 5;

/** Sums up the apps that have counters, those with the most installs first. One that alarms is never left out. */
export function summarizeApps(counters: readonly Counter[], alarms: readonly Alarm[]) {
  const alarming = new Set(alarms.map(({ app_id }) => app_id));
  const all = [...Map.groupBy(counters, ({ app_id }) => app_id)].map(
    ([app_id, ofApp]): AppSummary => ({
      app_id,
      installs: ofApp.reduce((sum, { platforms }) => sum + measuresOf(platforms).installed, 0),
      versions: ofApp.length,
      alarming: alarming.has(app_id),
    }),
  );
  all.sort((a, b) => b.installs - a.installs || compareText(a.app_id, b.app_id));
  const apps = all.filter((app, place) => place < MAX_APPS || app.alarming);
  return { apps, apps_left_out: all.length - apps.length };
}

/**
 * Chooses the versions of an app that are shown: those that alarm, then the updates with the most attempts, then the latest active
 * ones with enough attempts, then the other latest active ones. So a stranger who makes up versions hides no real one.
 */
export function chooseVersions({ counters, alarms }: AppParts) {
  const alarming = alarmingVersions(alarms);
  const isAlarming = ({ version_name }: Counter) => alarming.has(version_name);
  const [tried, untried] = partition(
    counters.filter((counter) => !isAlarming(counter)),
    ({ platforms }) => isUpdate(measuresOf(platforms)),
  );
  const byAttempts = tried.sort((a, b) => attemptsOf(b) - attemptsOf(a));
  const rest = byAttempts
    .slice(MAX_VERSIONS_BY_ATTEMPTS)
    .sort((a, b) => Number(hasEnough(b)) - Number(hasEnough(a)) || b.updated_at - a.updated_at);
  const byEvents = untried.sort((a, b) => eventsOf(b) - eventsOf(a));
  const updates = [
    ...counters.filter(isAlarming),
    ...[...byAttempts.slice(0, MAX_VERSIONS_BY_ATTEMPTS), ...rest].slice(0, MAX_VERSIONS),
  ];
  const others = byEvents.slice(0, MAX_NO_UPDATES);
  return { updates, others, leftOut: counters.length - updates.length - others.length };
}

function alarmingVersions(alarms: readonly Alarm[]): ReadonlySet<string> {
  return new Set(alarms.map(({ version_name }) => version_name));
}

function hasEnough(counter: Counter): boolean {
  return attemptsOf(counter) >= MIN_ATTEMPTS;
}

function eventsOf({ actions }: Counter): number {
  return Object.values(actions).reduce((sum, count) => sum + count, 0);
}

/** Reports on an app, from its counters, its open alarms, and the days of the updates that `chooseVersions` chooses. */
export function reportApp(
  app_id: string,
  parts: AppParts,
  daysOf: ReadonlyMap<string, Days>,
  time: number,
): AppReport {
  const { updates, others, leftOut } = chooseVersions(parts);
  const days = Array.from({ length: SHOWN_DAYS }, (_, index) => dayId(time, SHOWN_DAYS - 1 - index));
  const alarming = alarmingVersions(parts.alarms);
  const rank = (version: VersionReport) =>
    alarming.has(version.version_name) ? 2 : Number(version.is_update);
  const versions = [...updates, ...others].map((counter) =>
    reportVersion(counter, daysOf.get(counter.id), days),
  );
  versions.sort(
    (a, b) =>
      rank(b) - rank(a) ||
      compareText(dayId(b.updated_at), dayId(a.updated_at)) ||
      compareText(dayId(b.created_at), dayId(a.created_at)) ||
      compareVersions(b.version_name, a.version_name),
  );
  return {
    app_id,
    platforms: platforms.filter((platform) => parts.counters.some((counter) => counter.platforms[platform])),
    days,
    alarms: parts.alarms.toSorted((a, b) => excessOf(b) - excessOf(a)).map(reportAlarm),
    versions,
    versions_left_out: leftOut,
  };
}

function reportAlarm({
  version_name,
  measure,
  scopes,
  rule,
  now,
  before,
  causes,
  began_at,
}: Alarm): AlarmReport {
  return { version_name, measure, scopes, rule, now, before, causes, began_at };
}

function excessOf({ now, before }: Alarm): number {
  return rateOf(now) - rateOf(before);
}

function reportVersion(
  { version_name, created_at, updated_at, actions, platforms, development }: Counter,
  ofCounter: Days | undefined,
  days: readonly string[],
): VersionReport {
  return {
    version_name,
    is_update: isUpdate(measuresOf(platforms)),
    created_at,
    updated_at,
    actions,
    platforms,
    development,
    health: perScope(platforms, (scope) => {
      const measures = measuresOf(partOf(platforms, scope));
      const ofDays = ofCounter && [...ofCounter.values()].map((day) => comparable(day, scope));
      return { ...measures, rates: ratesOf(ofDays ? addMeasures(ofDays) : measures) };
    }),
    daily: perScope(platforms, (scope) => {
      if (!ofCounter) return undefined;
      const ofDays = days.map((day) => ofCounter.get(day) ?? { platforms: {}, hours: new Map() });
      const rates = ofDays.map((day) => comparable(day, scope));
      return {
        installed: ofDays.map((day) => addMeasures(partsOf(day.platforms, scope)).installed),
        begun: rates.map(({ begun }) => begun),
        downloaded: rates.map(({ downloaded }) => downloaded),
      };
    }),
  };
}

/** The measures of a day for its rates: by hour, they are without halves. Days that were counted before there were hours have none. */
function comparable({ platforms, hours }: DayOfVersion, scope: Scope): Measures {
  const parts = hours.size > 0 ? [...hours.values()] : [platforms];
  return addMeasures(parts.flatMap((part) => partsOf(part, scope)));
}

function ratesOf(measures: Measures): VersionHealth["rates"] {
  return {
    not_downloaded: intervalOf(notDownloaded(measures)),
    rolled_back: intervalOf(rolledBack(measures)),
    crashed: intervalOf(crashed(measures)),
  };
}

function intervalOf(proportion: Proportion): Rate | undefined {
  const { count, of } = proportion;
  if (of === 0) return undefined;
  return { count, of, rate: count / of, ...wilsonInterval(proportion), enough: of >= MIN_ATTEMPTS };
}

/** Collects what `of` gives for all platforms together and for each that there is, without those for which it gives nothing. */
function perScope<T>(
  parts: Readonly<Record<string, unknown>>,
  of: (scope: Scope) => T | undefined,
): Partial<Record<Scope, T>> {
  const scopes = alarmScopes.filter((scope) => scope === "all" || parts[scope]);
  const entries = scopes.map((scope) => [scope, of(scope)] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

/** What each platform has, or one of them. */
function partOf<Part>(parts: Readonly<Partial<Record<string, Part>>>, scope: Scope): Record<string, Part> {
  const entries = Object.entries(parts).flatMap(([platform, part]) =>
    part !== undefined && (scope === "all" || scope === platform) ? [[platform, part] as const] : [],
  );
  return Object.fromEntries(entries);
}

function partsOf<Part>(parts: Readonly<Partial<Record<string, Part>>>, scope: Scope): Part[] {
  return Object.values(partOf(parts, scope));
}

function partition<T>(items: readonly T[], isIn: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isIn), items.filter((item) => !isIn(item))];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
