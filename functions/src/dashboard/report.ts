/** Works out what the dashboard says about an app and its versions, from its counters and its alarms. Pure. */

import { type Counter, DAY_MILLISECONDS, dayId, platforms } from "../counting/documents.ts";
import type { Alarm, Scope } from "../health/alarm-documents.ts";
import type { Days } from "../health/counter-reader.ts";
import { releaseOf } from "../health/history.ts";
import { addMeasures, isUpdate, measuresOf } from "../health/measures.ts";
import { compareVersions } from "../health/version-order.ts";
import { actions } from "../ingest/actions.ts";
import { type AppReport, MIN_ATTEMPTS, type Reason, SHOWN_DAYS, type VersionReport } from "./data.ts";
import {
  actionsIn,
  comparableOn,
  historyIn,
  installedOn,
  measuresIn,
  openedOn,
  type ReadVersion,
  ratesOf,
  releasedAt,
} from "./figures.ts";
import { groupAlarms } from "./open-alarms.ts";

/** An app shows so many updates, the first of them for their attempts alone. */
const MAX_VERSIONS = 20;
const MAX_VERSIONS_BY_ATTEMPTS = 10;

/** Beside them, it shows so many versions that are no updates: those with the most events. */
const MAX_NO_UPDATES = 5;

const MAX_REASONS = 2;

/** The platforms that the production devices of an app have. */
export function platformsOf(counters: readonly Counter[]): AppReport["platforms"] {
  return platforms.filter((platform) =>
    counters.some((counter) => Object.hasOwn(counter.platforms, platform)),
  );
}

/** The counters that have something on a platform. */
export function countersOn(counters: readonly Counter[], platform: Scope): Counter[] {
  return counters.filter((counter) => platform === "all" || Object.hasOwn(counter.platforms, platform));
}

/**
 * Chooses the versions of an app that are shown: those that alarm or are asked for, then the updates with the most attempts, then
 * the latest active ones with enough attempts, then the other latest active ones. So a stranger who makes up versions hides no
 * real one. Beside them, it chooses a few that are no updates.
 */
export function chooseVersions(
  counters: readonly Counter[],
  platform: Scope,
  always: ReadonlySet<string>,
): Counter[] {
  const [first, others] = partition(counters, ({ version_name }) => always.has(version_name));
  const [updates, rest] = partition(others, isUpdateCounter);
  const byAttempts = updates
    .map((counter) => ({ counter, attempts: attemptsOn(counter, platform) }))
    .sort((a, b) => b.attempts - a.attempts);
  const later = byAttempts
    .slice(MAX_VERSIONS_BY_ATTEMPTS)
    .sort(
      (a, b) =>
        Number(b.attempts >= MIN_ATTEMPTS) - Number(a.attempts >= MIN_ATTEMPTS) ||
        b.counter.updated_at - a.counter.updated_at,
    );
  const byEvents = rest
    .map((counter) => ({ counter, events: eventsOf(counter, platform) }))
    .sort((a, b) => b.events - a.events);
  return [
    ...first,
    ...[...byAttempts.slice(0, MAX_VERSIONS_BY_ATTEMPTS), ...later]
      .slice(0, MAX_VERSIONS)
      .map(({ counter }) => counter),
    ...byEvents.slice(0, MAX_NO_UPDATES).map(({ counter }) => counter),
  ];
}

/** On any platform: what is an update for some devices is one, also where others have it from the store. */
function isUpdateCounter({ platforms }: Counter): boolean {
  return isUpdate(measuresOf(platforms));
}

/** Attempts at a version on a platform that are known to have been made. */
export function attemptsOn(counter: Counter, platform: Scope): number {
  const { begun, downloaded, installed } = measuresIn(counter, platform);
  return Math.max(begun, downloaded, installed);
}

function eventsOf(counter: Counter, platform: Scope): number {
  return Object.values(actionsIn(counter, platform)).reduce((sum, count) => sum + count, 0);
}

/** What an app has, as it was read. */
export interface AppParts {
  app_id: string;
  platform: Scope;
  /** All counters of the app that are known. */
  counters: readonly Counter[];
  /** The open alarms of the app. */
  alarms: readonly Alarm[];
  /** The versions to report on. */
  shown: readonly ReadVersion[];
  /** Milliseconds since 1970. */
  time: number;
}

/** Reports on an app. */
export function reportApp({
  app_id,
  platform,
  counters,
  alarms,
  shown,
  time,
}: AppParts): Omit<AppReport, "version"> {
  const days = Array.from({ length: SHOWN_DAYS }, (_, index) => dayId(time, SHOWN_DAYS - 1 - index));
  const alarming = new Set(alarms.map(({ version_name }) => version_name));
  const rank = ({ version_name, is_update }: VersionReport) =>
    alarming.has(version_name) ? 2 : Number(is_update);
  const dayOf = (time: number) => Math.floor(time / DAY_MILLISECONDS);
  const versions = shown.map((version) => reportVersion(version, platform, days));
  versions.sort(
    (a, b) =>
      rank(b) - rank(a) ||
      dayOf(b.updated_at) - dayOf(a.updated_at) ||
      dayOf(b.created_at) - dayOf(a.created_at) ||
      compareVersions(b.version_name, a.version_name),
  );
  return {
    app_id,
    platform,
    platforms: platformsOf(counters),
    days,
    alarms: groupAlarms(alarms),
    versions,
    versions_left_out: countersOn(counters, platform).length - versions.length,
  };
}

function reportVersion(version: ReadVersion, platform: Scope, days: readonly string[]): VersionReport {
  const { counter, days: read } = version;
  const measures = measuresIn(counter, platform);
  return {
    version_name: counter.version_name,
    is_update: isUpdateCounter(counter),
    created_at: counter.created_at,
    updated_at: counter.updated_at,
    released_at: read ? releasedAt(counter, releaseOf(historyIn(counter, read))) : null,
    measures,
    rates: ratesOf(
      read ? addMeasures([...read.values()].map((day) => comparableOn(day, platform))) : measures,
    ),
    reasons: reasonsIn(counter, platform).slice(0, MAX_REASONS),
    ...(read && { daily: dailyOf(read, platform, days) }),
  };
}

function dailyOf(read: Days, platform: Scope, days: readonly string[]): NonNullable<VersionReport["daily"]> {
  const ofDays = days.map((day) => read.get(day) ?? { platforms: {}, hours: new Map(), opened: {} });
  const rates = ofDays.map((day) => comparableOn(day, platform));
  return {
    opened: ofDays.map((day) => openedOn(day, platform)),
    installed: ofDays.map((day) => installedOn(day, platform)),
    begun: rates.map(({ begun }) => begun),
    downloaded: rates.map(({ downloaded }) => downloaded),
  };
}

/** The actions that say why updates failed, the most frequent first; those of single files last, since one attempt reports many. */
function reasonsIn(counter: Counter, platform: Scope): Reason[] {
  const counts = Object.entries(actionsIn(counter, platform)).filter(([, count]) => count > 0);
  return (["failure", "file_failure"] as const).flatMap((kind) =>
    counts
      .filter(([action]) => actions.get(action)?.kind === kind)
      .map(([action, count]) => ({ action, count }))
      .sort((a, b) => b.count - a.count),
  );
}

function partition<T>(items: readonly T[], isIn: (item: T) => boolean): [T[], T[]] {
  return [items.filter(isIn), items.filter((item) => !isIn(item))];
}
