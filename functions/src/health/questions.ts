/** Asks of the versions of an app all that their counts can answer, and says which answers are suspicious. Pure. */

import { type Alarm, type AlarmMeasure, alarmMeasures, alarmScopes, type Scope } from "./alarm-documents.ts";
import {
  attemptsIn,
  DAY_HOURS,
  type History,
  HOUR_MILLISECONDS,
  type Hour,
  hourOf,
  releaseOf,
  reportedProportions,
  sumOf,
} from "./history.ts";
import { fisherExact, isWorse, type Proportion, rateOf, sumProportions } from "./statistics.ts";

/** Whether one version fails, in one way, in one part of the app, by one rule. */
export interface Question {
  version_name: string;
  measure: AlarmMeasure;
  scope: Scope;
  rule: Alarm["rule"];
  /** What its counts say. */
  now: Proportion;
  /** What they are compared with. */
  before: Proportion;
  /** Only devices for which it began from here on are meant, in milliseconds since 1970. */
  from?: number;
}

/** The versions of an app, as their counts show them. */
export interface AppView {
  histories: readonly History[];
  /** The versions that are known to be bad, by their names: none is compared with them. */
  bad: ReadonlySet<string>;
  /** The rate, from 0 to 1, above which a version fails where there is nothing to compare it with. */
  threshold: number;
}

/** A version is compared with the others for so long after its release, and with its own past after that. */
export const RELEASE_HOURS = 7 * 24;

/** A version with a smaller share of the app's attempts since its release counts for nothing. */
const LEAST_SHARE = 0.02;

/** With so many attempts it is judged whatever its share: a rollout to a few devices of many, or one that strangers want to hide. */
const ENOUGH_ALONE = 300;

/** So many attempts are enough to compare with. Where a young version had fewer at the same age, it is compared later. */
export const LEAST_BEFORE = 50;
const ENOUGH_BEFORE = 3_000;

/** At this level, one of the earlier versions is not like the others. */
const OUTLIER_LEVEL = 0.001;

/** So many versions are compared with, the latest. */
const MOST_BEFORE = 10;

/** Fewer devices than this are nobody's alarm. */
export const LEAST_DEVICES = 4;

/** A suspicion costs reads, so it is raised more easily than an alarm. Counts of reports vary more than chance would have it. */
const SUSPICION_LEVEL = 0.02;
const SUSPICION_FACTOR = 1.15;

/** Asks of every version that is installed now all that its counts can answer. `now` is in milliseconds since 1970. */
export function questionsOf(app: AppView, now: number): Question[] {
  const until = hourOf(now) + 1;
  return [...comparisonsOf(app, now)].flatMap(([version, comparisons]) =>
    comparisons.filter(
      (comparison) => comparison.rule !== "own_past" || exceedsItsDays(version, comparison, until),
    ),
  );
}

/** Compares the counts of every version that is installed now, in the order of release, with all that they can be. */
export function comparisonsOf(app: AppView, now: number): Map<Released, Question[]> {
  const released = inOrderOfRelease(app.histories);
  const until = hourOf(now) + 1;
  const live = released.filter(
    (version) =>
      attemptsIn(version, until - DAY_HOURS, until) > 0 &&
      (hasShare(version, released, until) || attemptsIn(version, version.release, until) >= ENOUGH_ALONE),
  );
  const comparable = comparableOf(released, app.bad, now);
  return new Map(
    live.map((version) => {
      const earlier = earlierOf(version, comparable);
      const comparisons = alarmScopes.flatMap((scope) => [
        ...questionsOfRelease(version, earlier, scope, until, app.threshold),
        ...questionsOfPast(version, scope, until),
      ]);
      return [version, comparisons];
    }),
  );
}

/** A version that somebody has tried to install. */
export interface Released extends History {
  release: Hour;
}

/** Leaves out what was never released, and puts the rest in order: names order nothing. */
export function inOrderOfRelease(histories: readonly History[]): Released[] {
  return histories
    .flatMap((history) => {
      const release = releaseOf(history);
      return release === undefined ? [] : [{ ...history, release }];
    })
    .sort((a, b) => a.release - b.release || a.created_at - b.created_at);
}

/** Whether a version has its share of the app's attempts, from its release on or in its last week. */
function hasShare(version: Released, all: readonly Released[], until: Hour, from = version.release): boolean {
  const since = Math.max(from, until - RELEASE_HOURS);
  const ofApp = all.reduce((sum, other) => sum + attemptsIn(other, since, until), 0);
  return attemptsIn(version, since, until) >= ofApp * LEAST_SHARE;
}

/**
 * The good versions that others can be compared with, in the order of release: those that had their share of a whole week. In a
 * quiet hour, a few made-up events are a share of it.
 */
export function comparableOf(
  released: readonly Released[],
  bad: ReadonlySet<string>,
  now: number,
): Released[] {
  const until = hourOf(now) + 1;
  return released.filter((version) => {
    const end = Math.min(until, version.release + RELEASE_HOURS);
    return !bad.has(version.version_name) && hasShare(version, released, end, end - RELEASE_HOURS);
  });
}

/** The latest of those that were released before a version. */
export function earlierOf(version: Released, comparable: readonly Released[]): Released[] {
  const isEarlier = ({ release, created_at }: Released) =>
    release < version.release || (release === version.release && created_at < version.created_at);
  return comparable.filter(isEarlier).slice(-MOST_BEFORE);
}

/** Compares a young version with all earlier good ones together, at the same age; with a threshold where there are none. */
function questionsOfRelease(
  version: Released,
  earlier: readonly Released[],
  scope: Scope,
  until: Hour,
  threshold: number,
): Question[] {
  const age = until - version.release;
  if (age > RELEASE_HOURS) return [];
  const { version_name } = version;
  const measures = sumOf(version, version.release, until, scope);
  return alarmMeasures.flatMap((measure): Question[] => {
    const now = reportedProportions[measure](measures);
    if (now.of === 0) return [];
    const before = baselineOf(earlier, measure, scope, age);
    if (before) return [{ version_name, measure, scope, rule: "earlier_versions", now, before }];
    if (measure === "crashed") return []; // How many devices crash some day, depends on how long they are used.
    return [
      { version_name, measure, scope, rule: "threshold", now, before: { count: threshold * 100, of: 100 } },
    ];
  });
}

/** Pools the earlier versions at the same age. Where all of them are younger than that, or were hardly used, they tell nothing. */
function baselineOf(
  earlier: readonly Released[],
  measure: AlarmMeasure,
  scope: Scope,
  age: number,
): Proportion | undefined {
  for (let hours = age; ; hours = Math.min(hours * 2, RELEASE_HOURS)) {
    const before = pool(
      earlier.map((version) =>
        reportedProportions[measure](sumOf(version, version.release, version.release + hours, scope)),
      ),
    );
    if (before.of >= ENOUGH_BEFORE) return before;
    if (hours === RELEASE_HOURS) return before.of < LEAST_BEFORE ? undefined : before;
  }
}

/**
 * Adds up what is like the middle one. A version that fails more often is left out, whether it was never judged or was made up:
 * it would hide the next bad one.
 */
function pool(parts: readonly Proportion[]): Proportion {
  const used = parts.filter(({ of }) => of > 0).sort((a, b) => rateOf(a) - rateOf(b));
  const total = used.reduce((sum, { of }) => sum + of, 0);
  let below = 0;
  const middle = used.find(({ of }) => {
    below += of;
    return below >= total / 2;
  });
  return sumProportions(
    used.filter(
      (part) => !middle || rateOf(part) <= 2 * rateOf(middle) || !isWorse(part, middle, OUTLIER_LEVEL),
    ),
  );
}

/** Compares a version's last day with its days before: an update server may break at any time. Crashes are not its fault. */
function questionsOfPast(version: Released, scope: Scope, until: Hour): Question[] {
  const { version_name, release } = version;
  const from = until - DAY_HOURS;
  if (from - release < DAY_HOURS) return [];
  const measures = sumOf(version, from, until, scope);
  const past = sumOf(version, release, from, scope);
  return (["not_downloaded", "rolled_back"] as const).flatMap((measure): Question[] => {
    const [now, before] = [reportedProportions[measure](measures), reportedProportions[measure](past)];
    if (now.of === 0 || before.of < LEAST_BEFORE) return [];
    return [{ version_name, measure, scope, rule: "own_past", now, before, from: from * HOUR_MILLISECONDS }];
  });
}

/**
 * Whether more failed in the last day than in each day before it: where the same few devices fail again and again, their share
 * grows as the others are done, but not their number.
 */
function exceedsItsDays(version: Released, { measure, scope, now }: Question, until: Hour): boolean {
  const days: number[] = [];
  for (let day = 1; day <= 7 && until - (day + 1) * DAY_HOURS >= version.release; day++) {
    const from = until - (day + 1) * DAY_HOURS;
    days.push(reportedProportions[measure](sumOf(version, from, from + DAY_HOURS, scope)).count);
  }
  const most = Math.max(0, ...days);
  return now.count > most + 3 * Math.sqrt(most);
}

/** Whether the counts alone make a version suspicious, so that its devices are worth reading. */
export function isSuspicious({ rule, now, before }: Question): boolean {
  if (now.count < LEAST_DEVICES) return false;
  if (rule === "threshold") return rateOf(now) > rateOf(before);
  return rateOf(now) >= rateOf(before) * SUSPICION_FACTOR && fisherExact(now, before) < SUSPICION_LEVEL;
}
