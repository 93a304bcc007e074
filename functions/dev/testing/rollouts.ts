/** Writes the counters of apps whose devices take one release after the other, hour by hour, and the alarms that this brings. */

import { Timestamp } from "firebase-admin/firestore";
import {
  addCounts,
  addCountsByDay,
  type CounterIdentity,
  counterRef,
  type DayCounts,
  dayId,
  daysOf,
  hourId,
  type Platform,
  platforms,
} from "../../src/counting/documents.ts";
import type { Alarm, AlarmMeasure } from "../../src/health/alarm-documents.ts";
import { HOUR_MILLISECONDS, type Hour, hourOf } from "../../src/health/history.ts";
import { watchStateRef } from "../../src/health/watch-state.ts";
import { dayOf, type Report, writeAlarm } from "./counters.ts";
import { createTimedFirestore, type TimedFirestore } from "./firestores.ts";

/** An app, whose devices begin with the version of the store. */
export interface Rollout {
  app_id: string;
  /** How many production devices it has on each platform. */
  devices: { [Name in Platform]?: number };
  /** From the oldest to the newest. */
  releases: readonly Release[];
}

export interface Release {
  version_name: string;
  hoursAgo: number;
  /** The share of devices that it is offered to: without it, all. */
  share?: number;
  faults?: readonly Fault[];
}

/** What fails more than it should, and that there is an alarm of it. */
export interface Fault {
  measure: AlarmMeasure;
  /** The share that fails, by platform. */
  rates: { [Name in Platform]?: number };
  /** How many hours ago it began: without it, with the release. */
  hoursAgo?: number;
  rule?: Alarm["rule"];
  causes?: Alarm["causes"];
  /** How the alarm ended, and how many hours ago. */
  ended?: { end: NonNullable<Alarm["end"]>; hoursAgo: number };
}

/** The version that is in the store, and in no release. */
const STORE = "builtin";

/** Most devices take a release within two days. The others are opened seldom: two thirds of them take it within eight. */
const pace = [
  { part: 0.85, hours: 16 },
  { part: 0.15, hours: 192 },
];

/** This share of devices is always new: the app has been installed, and no release yet. */
const AT_STORE = 0.03;

/** How often a device opens the app in an hour. */
const OPENED_PER_HOUR = 0.08;

const usualRates: Readonly<Record<AlarmMeasure, number>> = {
  not_downloaded: 0.004,
  rolled_back: 0.002,
  crashed: 0.003,
};

/** The actions that say why a download failed, with their shares. The plugin reports them under the version that was running. */
const reasons: Readonly<Record<string, number>> = {
  download_fail: 1,
  insufficient_disk_space: 0.2,
  unzip_fail: 0.1,
};

/**
 * Makes a Firestore with the counters and alarms of apps, as the backend would have written them until `time` (milliseconds since
 * 1970): each counter is created when its version is first reported, and the watch has looked two minutes before `time`.
 */
export async function createRolledOut(
  rollouts: readonly Rollout[],
  time = Date.now(),
): Promise<TimedFirestore> {
  const counters = rollouts
    .flatMap((rollout) => countersOf(rollout, time))
    .sort(({ reports: [a] }, { reports: [b] }) => a.at - b.at);
  const [first] = counters;
  const database = createTimedFirestore(first ? createdAt(first) : time);
  for (const counter of counters) {
    database.pass(createdAt(counter) - database.now());
    await write(database, counter);
  }
  database.pass(time - database.now());
  for (const rollout of rollouts) await writeAlarms(database, rollout);
  await watchStateRef(database.firestore).set({ looked_at: Timestamp.fromMillis(time - 120_000) });
  return database;
}

interface Counter extends CounterIdentity {
  /** In their order. */
  reports: [HourReport, ...HourReport[]];
}

/** What the devices of one platform report about a version in one hour. */
interface HourReport {
  version_name: string;
  /** Milliseconds since 1970. */
  at: number;
  report: Report;
}

/** The beginning of the hour in which it is first reported. */
function createdAt({ reports: [first] }: Counter): number {
  return hourOf(first.at) * HOUR_MILLISECONDS;
}

async function write({ firestore }: TimedFirestore, { reports, ...identity }: Counter): Promise<void> {
  const parts: DayCounts[] = reports.map(({ at, report }) => ({
    day: dayId(at),
    counts: dayOf(report, hourId(at)),
  }));
  const days = addCountsByDay(parts);
  const { hours: _, ...total } = addCounts(days.values());
  const updated_at = Timestamp.fromMillis((reports.at(-1) ?? reports[0]).at);
  const ref = counterRef(firestore, identity);
  const batch = firestore.batch();
  batch.set(ref, { ...identity, updated_at, ...total });
  for (const [day, counts] of days) batch.set(daysOf(ref).doc(day), counts);
  await batch.commit();
}

function countersOf(rollout: Rollout, time: number): Counter[] {
  const byVersion = Map.groupBy(reportsOf(rollout, time), ({ version_name }) => version_name);
  return [...byVersion].flatMap(([version_name, [first, ...rest]]) =>
    first ? [{ app_id: rollout.app_id, version_name, reports: [first, ...rest] }] : [],
  );
}

/** Lives through the hours from the first release on. */
function* reportsOf({ devices, releases }: Rollout, time: number): Generator<HourReport> {
  const lastHour = hourOf(time);
  const whole = createRounding();
  for (let hoursAgo = Math.max(0, ...releases.map((each) => each.hoursAgo)); hoursAgo >= 0; hoursAgo--) {
    const hour = lastHour - hoursAgo;
    const at = hoursAgo === 0 ? time : (hour + 1) * HOUR_MILLISECONDS - 1;
    const elapsed = (at % HOUR_MILLISECONDS) / HOUR_MILLISECONDS;
    const shares = sharesOf(releases, hoursAgo);
    for (const platform of platforms) {
      const awake = (devices[platform] ?? 0) * elapsed * rhythmOf(hour);
      const report = (version_name: string, actions: Record<string, number>) => {
        const counts = Object.fromEntries(Object.entries(actions).filter(([, count]) => count > 0));
        const isEmpty = Object.keys(counts).length === 0;
        return isEmpty ? [] : [{ version_name, at, report: { [platform]: counts } }];
      };
      for (const { release, before, running, taking } of shares) {
        const { version_name } = release;
        const rate = (measure: AlarmMeasure) => rateOf(release, measure, platform, hoursAgo);
        const part = (figure: string, value: number) => whole(`${version_name} ${platform} ${figure}`, value);
        const begun = part("begun", awake * taking);
        const failed = Math.min(begun, part("failed", begun * rate("not_downloaded")));
        const rolledBack = part("rolled back", (begun - failed) * rate("rolled_back"));
        const opened = begun - failed + part("opened", awake * running * OPENED_PER_HOUR);
        const crashed = Math.min(opened, part("crashed", opened * rate("crashed")));
        yield* report(version_name, actionsOf(platform, { begun, failed, rolledBack, opened, crashed }));
        if (platform === "electron") continue;
        const why = Object.entries(reasons).map(([action, share]) => [action, part(action, failed * share)]);
        yield* report(before, Object.fromEntries(why));
      }
      const atStore = 1 - shares.reduce((sum, { running }) => sum + running, 0);
      const opened = whole(`${STORE} ${platform}`, awake * Math.max(AT_STORE, atStore) * OPENED_PER_HOUR);
      const figures = { begun: 0, failed: 0, rolledBack: 0, opened, crashed: 0 };
      yield* report(STORE, actionsOf(platform, figures));
    }
  }
}

interface Share {
  release: Release;
  /** The version that its devices had. */
  before: string;
  /** The share of all devices that have it. */
  running: number;
  /** The share of all devices that begin to take it within an hour. */
  taking: number;
}

/** The shares of devices that each release has at a time. Each takes its devices from all before it. */
function sharesOf(releases: readonly Release[], hoursAgo: number): Share[] {
  const offered = (release: Release, age: number) =>
    (release.share ?? 1) *
    pace.reduce((sum, { part, hours }) => sum + part * (1 - Math.exp(-Math.max(0, age) / hours)), 0);
  const shares: Share[] = [];
  let left = 1;
  for (const [index, release] of [...releases.entries()].reverse()) {
    const age = release.hoursAgo - hoursAgo;
    shares.unshift({
      release,
      before: releases[index - 1]?.version_name ?? STORE,
      running: left * offered(release, age),
      taking: left * (offered(release, age + 1) - offered(release, age)),
    });
    left *= 1 - offered(release, age);
  }
  return shares;
}

function rateOf(release: Release, measure: AlarmMeasure, platform: Platform, hoursAgo: number): number {
  const fault = release.faults?.find(
    (fault) =>
      fault.measure === measure &&
      fault.rates[platform] !== undefined &&
      hoursAgo <= (fault.hoursAgo ?? release.hoursAgo) &&
      hoursAgo >= (fault.ended?.hoursAgo ?? 0),
  );
  return fault?.rates[platform] ?? usualRates[measure];
}

/** People sleep: an hour has between 0.3 and 1.7 times the reports of a mean one. */
function rhythmOf(hour: Hour): number {
  return 1 + 0.7 * Math.sin((2 * Math.PI * ((hour % 24) - 9)) / 24);
}

/** Makes whole numbers of what is none, so that each figure's sum over the hours is right. */
function createRounding(): (figure: string, value: number) => number {
  const rests = new Map<string, number>();
  return (figure, value) => {
    const sum = (rests.get(figure) ?? 0) + value;
    rests.set(figure, sum - Math.floor(sum));
    return Math.floor(sum);
  };
}

interface Figures {
  begun: number;
  failed: number;
  rolledBack: number;
  opened: number;
  crashed: number;
}

/** What the plugin of a platform reports: Electron's knows four actions, and each start is a `set` there. */
function actionsOf(platform: Platform, { begun, failed, rolledBack, opened, crashed }: Figures) {
  const installed = begun - failed;
  if (platform === "electron") {
    return { download_complete: installed, download_fail: failed, set_fail: rolledBack, set: opened };
  }
  return {
    get: begun,
    download_zip_start: begun,
    download_zip_complete: installed,
    download_complete: installed,
    set_next: installed,
    set: installed,
    update_fail: rolledBack,
    app_launch_start: opened,
    app_launch_ready: opened - crashed,
    app_moved_to_foreground: opened,
    app_crash: crashed,
  };
}

/** An alarm tells of devices in a sample, and compares them with what is usual. */
const SAMPLE = 300;
const COMPARED = 1_000;

/** The watch has to see enough of a fault before it alarms. */
const SUSPICION = HOUR_MILLISECONDS / 2;

async function writeAlarms(database: TimedFirestore, { app_id, releases }: Rollout): Promise<void> {
  for (const { version_name, hoursAgo, faults = [] } of releases) {
    for (const { measure, rates, rule = "earlier_versions", causes = [], ended, ...fault } of faults) {
      const allowed = rule === "threshold" ? { count: 10, of: 100 } : undefined;
      const parts = Object.entries(rates)
        .sort(([, a], [, b]) => b - a)
        .map(([platform, rate]) => ({
          scope: platform as Platform,
          now: { count: Math.round(rate * SAMPLE), of: SAMPLE },
          before: allowed ?? { count: Math.round(usualRates[measure] * COMPARED), of: COMPARED },
        }));
      const [first, ...rest] = parts.map(({ scope }) => scope);
      if (!first) continue;
      const sum = (side: "now" | "before") => ({
        count: parts.reduce((total, part) => total + part[side].count, 0),
        of: parts.reduce((total, part) => total + part[side].of, 0),
      });
      const began_at = database.now() - (fault.hoursAgo ?? hoursAgo) * HOUR_MILLISECONDS + SUSPICION;
      const ended_at = ended && database.now() - ended.hoursAgo * HOUR_MILLISECONDS;
      await writeAlarm(database.firestore, app_id, {
        version_name,
        measure,
        scopes: [first, ...rest],
        rule,
        now: sum("now"),
        before: allowed ?? sum("before"),
        parts,
        causes,
        began_at,
        ...(ended && { open: false, end: ended.end, ended_at }),
      });
    }
  }
}
