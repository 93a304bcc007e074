/** Judges the versions of an app: counts raise a suspicion, and devices decide. Pure. */

import { type Alarm, type AlarmMeasure, alarmMeasures, alarmScopes, type Scope } from "./alarm-documents.ts";
import type { Finding } from "./alarm-life.ts";
import { type DeviceCounts, proportionIn } from "./device-counts.ts";
import {
  attemptsIn,
  type History,
  HOUR_MILLISECONDS,
  type Hour,
  hourOf,
  releaseOf,
  sumOf,
} from "./history.ts";
import { crashed, type Measures, notDownloaded, rolledBack } from "./measures.ts";
import { binomialTail, fisherExact, type Proportion, rateOf } from "./statistics.ts";
import { countDevices, type Story, settledBy, UNDER_WAY_MILLISECONDS } from "./stories.ts";

const proportionOf: Record<AlarmMeasure, (measures: Measures) => Proportion> = {
  // In hours, more downloaded than begun are those that began in the hour before.
  not_downloaded: ({ begun, downloaded, ...rest }) =>
    notDownloaded({ ...rest, begun, downloaded: Math.min(begun, downloaded) }),
  rolled_back: rolledBack,
  crashed,
};

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
const RELEASE_HOURS = 7 * 24;

/** The own past ends a day ago, and has a day at least. */
const DAY_HOURS = 24;

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

/** The rate is so many times as high as before at least, and higher by so much: less is no alarm, even where it is real. */
const LEAST_FACTOR = 1.5;
const LEAST_DIFFERENCE = 0.003;

/**
 * The questions of an app about one measure share its level. They are strict, since a release is looked at dozens of times. Most
 * is left for downloads, where it matters to be fast: later measures have more devices to go by.
 */
export const alarmLevels: Readonly<Record<AlarmMeasure, number>> = {
  not_downloaded: 0.001,
  rolled_back: 0.00005,
  crashed: 0.00005,
};

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
    const now = proportionOf[measure](measures);
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
        proportionOf[measure](sumOf(version, version.release, version.release + hours, scope)),
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
  return sum(
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
    const [now, before] = [proportionOf[measure](measures), proportionOf[measure](past)];
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
    days.push(proportionOf[measure](sumOf(version, from, from + DAY_HOURS, scope)).count);
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

/** Whether the counts of a young version would be an alarm, if each report were of another device. */
export function isStrongSuspicion({ measure, rule, now, before }: Question): boolean {
  return rule === "earlier_versions" && isWorse(now, before, alarmLevels[measure]);
}

/** The devices of a version, and where they have been counted, those of earlier ones when these had the age that it has now. */
export interface Sample {
  stories: readonly Story[];
  earlier?: DeviceCounts;
}

/** The answer to a question: devices, and what they are compared with. */
export interface Verdict {
  question: Question;
  now: Proportion;
  before: Proportion;
}

/**
 * Answers a question by devices, where they fail; `undefined` where they do not, or it cannot be told yet. `asked` are all
 * questions that are asked of the app now.
 */
export function answer(
  question: Question,
  sample: Sample,
  asked: readonly Question[],
  now: number,
): Verdict | undefined {
  const comparisons = asked.filter(({ measure }) => measure === question.measure).length;
  return answerAt(alarmLevels[question.measure] / Math.max(1, comparisons), question, sample, now);
}

function answerAt(level: number, question: Question, sample: Sample, now: number): Verdict | undefined {
  const { measure, scope, rule, from } = question;
  const until = settledBy(measure, now);
  const devices = countDevices(sample.stories, {
    measure,
    scope,
    until,
    ...(from !== undefined && { from }),
  });
  if (devices.count < LEAST_DEVICES) return undefined;
  const verdict = (before: Proportion) => ({ question, now: devices, before });
  switch (rule) {
    case "threshold": {
      const rate = rateOf(question.before);
      return binomialTail(devices, rate) < level ? verdict(question.before) : undefined;
    }
    case "own_past": {
      // At most as much is made up for in five minutes as until now, so the past looks no better than it was.
      const within = UNDER_WAY_MILLISECONDS;
      const past = countDevices(sample.stories, { measure, scope, until: from ?? 0, within });
      return past.of >= LEAST_BEFORE && isWorse(devices, past, level) ? verdict(past) : undefined;
    }
    case "earlier_versions": {
      // A failing device is one here, however often it reports, and the counts are of reports: so they are no fewer. But of starts,
      // a device has many.
      if (measure !== "crashed" && isWorse(devices, question.before, level)) return verdict(question.before);
      if (!sample.earlier) return undefined;
      const before = proportionIn(sample.earlier, question);
      return isWorse(devices, before, level) ? verdict(before) : undefined;
    }
  }
}

/** Whether a rate is alarmingly higher than another, at a level. */
export function isWorse(now: Proportion, before: Proportion, level: number): boolean {
  return (
    before.of > 0 &&
    rateOf(now) >= rateOf(before) * LEAST_FACTOR &&
    rateOf(now) >= rateOf(before) + LEAST_DIFFERENCE &&
    fisherExact(now, before) < level
  );
}

/**
 * Sums up the answers: one finding for each version and measure. The platforms that fail by themselves say it all. Where none
 * does, but all of them together do, it is those that can be told from chance at all.
 */
export function findingsOf(
  verdicts: readonly Verdict[],
  sample: Sample,
  asked: readonly Question[],
  now: number,
): Omit<Finding, "causes">[] {
  const ofAlarm = Map.groupBy(verdicts, ({ question }) => `${question.measure} ${question.version_name}`);
  return [...ofAlarm.values()].flatMap((same) => {
    const [worst] = same.sort((a, b) => excessOf(b) - excessOf(a));
    if (!worst) return [];
    const { version_name, measure, rule } = worst.question;
    const onPlatforms = same.filter(({ question }) => question.rule === rule && question.scope !== "all");
    const located = onPlatforms.length > 0 ? onPlatforms : locate(worst.question, sample, asked, now);
    const [first = worst, ...others] = located;
    const scopes: Finding["scopes"] = [first.question.scope, ...others.map(({ question }) => question.scope)];
    const total = sum([first, ...others].map(({ now }) => now));
    return [{ version_name, measure, scopes, rule, now: total, before: first.before }];
  });
}

/** That a version fails is known by then, so that where needs no more than the usual confidence. */
const LOCATION_LEVEL = 0.01;

/** The platforms on which a version fails, where it is known that it does; none where that is all of them. */
function locate(
  { version_name, measure, rule }: Question,
  sample: Sample,
  asked: readonly Question[],
  now: number,
) {
  const onPlatforms = asked.filter(
    (question) =>
      question.version_name === version_name &&
      question.measure === measure &&
      question.rule === rule &&
      question.scope !== "all",
  );
  const found = onPlatforms.flatMap((question) => answerAt(LOCATION_LEVEL, question, sample, now) ?? []);
  return found.length < onPlatforms.length ? found.sort((a, b) => excessOf(b) - excessOf(a)) : [];
}

function sum(parts: readonly Proportion[]): Proportion {
  return parts.reduce((total, { count, of }) => ({ count: total.count + count, of: total.of + of }), {
    count: 0,
    of: 0,
  });
}

function excessOf({ now, before }: Verdict): number {
  return rateOf(now) - rateOf(before);
}

/** The times over which a version must have been good again, the shortest in which enough happened decides. */
const GOOD_HOURS = [2, DAY_HOURS];
const LEAST_GOOD = 30;
const GOOD_LEVEL = 0.001;

/** What an alarm, or what would be one, says: how often a version failed, and what that was compared with. */
type Failing = Pick<Finding, "measure" | "scopes" | "now" | "before">;

/**
 * Whether a version that has failed may be good again: the hours over which clearly fewer reports are of failures, or `undefined`.
 * Reports are easily made up, so it is for `isGoodAgain` to decide.
 */
export function goodHoursOf(history: History, failing: Failing, now: number): number | undefined {
  const { measure, scopes } = failing;
  const until = hourOf(now) + 1;
  const reportsOf = (from: Hour, before: Hour) =>
    sum(scopes.map((scope) => proportionOf[measure](sumOf(history, from, before, scope))));
  return GOOD_HOURS.find((hours) => {
    const from = until - hours;
    // A device starts often: the share of devices that crash says nothing of the share of starts.
    const bad = measure === "crashed" ? reportsOf(Number.NEGATIVE_INFINITY, from) : failing.now;
    return isClearlyBetter(reportsOf(from, until), { ...failing, now: bad });
  });
}

/** Whether a version is good again, by the devices that have begun with it in the last hours. */
export function isGoodAgain(
  stories: readonly Story[],
  failing: Failing,
  hours: number,
  now: number,
): boolean {
  const { measure, scopes } = failing;
  const from = now - hours * HOUR_MILLISECONDS;
  const until = settledBy(measure, now);
  return isClearlyBetter(
    sum(scopes.map((scope) => countDevices(stories, { measure, scope, from, until }))),
    failing,
  );
}

function isClearlyBetter(lately: Proportion, { now, before }: Pick<Failing, "now" | "before">): boolean {
  const limit = rateOf(before) + (rateOf(now) - rateOf(before)) / 3;
  return lately.of >= LEAST_GOOD && rateOf(lately) < limit && fisherExact(now, lately) < GOOD_LEVEL;
}

/**
 * A version has been superseded when, over some hours, later ones have nearly all of the attempts, and its own are a small part of
 * what they were. Strangers can make up the former, but not the latter.
 */
const SUPERSEDED_HOURS = 3;
const SUPERSEDED_SHARE = 0.05;
const LEAST_SUPERSEDING = 20;
const SUPERSEDED_REST = 0.2;

/** The versions that devices no longer get: they get later ones, or nothing for a day. */
export function supersededOf(histories: readonly History[], now: number): string[] {
  const until = hourOf(now) + 1;
  const released = inOrderOfRelease(histories);
  const isSuperseded = (history: History) => {
    if (attemptsIn(history, until - DAY_HOURS, until) === 0) return true;
    const lately = (of: History) => attemptsIn(of, until - SUPERSEDED_HOURS, until);
    const place = released.findIndex(({ version_name }) => version_name === history.version_name);
    const later = released.slice(place + 1).reduce((sum, other) => sum + lately(other), 0);
    const own = lately(history);
    return (
      later >= LEAST_SUPERSEDING &&
      own < (own + later) * SUPERSEDED_SHARE &&
      own < mostOf(history, until) * SUPERSEDED_REST
    );
  };
  return histories.filter(isSuperseded).map(({ version_name }) => version_name);
}

/** The most attempts that a version had in as many hours on one of its last days. */
function mostOf(history: History, until: Hour): number {
  const ends = Array.from({ length: RELEASE_HOURS }, (_, hours) => until - hours);
  return Math.max(...ends.map((end) => attemptsIn(history, end - SUPERSEDED_HOURS, end)));
}

/** Describes the judgement, for the page. */
export const alarmTest =
  "A version is compared with all earlier good versions together, at the same age, on each platform and on all of them: how many " +
  "of its devices did not get it after the download began, rolled it back, or crashed. Where there is no earlier version, the " +
  "rate is compared with the most that the settings allow, and a version that has been out for long with its own past. Counters " +
  "raise a suspicion, and a random sample of devices decides: a device that fails ten times is one device, and a download that " +
  "began less than five minutes ago is under way, not lost. Only production builds on real devices count.";
