/** Judges one app: by its counts, and where these are suspicious, by its devices. */

import { type Counter, DAY_MILLISECONDS } from "../counting/documents.ts";
import { type Alarm, alarmId } from "./alarm-documents.ts";
import type { Finding, Look } from "./alarm-life.ts";
import { answer, findingsOf, isStrongSuspicion } from "./alarms.ts";
import { causesOf } from "./causes.ts";
import { goodHoursOf, isGoodAgain, supersededOf } from "./endings.ts";
import type { Evidence } from "./evidence.ts";
import { attemptsIn, type History, HOUR_MILLISECONDS, hourOf } from "./history.ts";
import { comparableOf, inOrderOfRelease, isSuspicious, type Question, questionsOf } from "./questions.ts";
import { createInvestigator, type ReleasedCounter, shareWithin } from "./sampling.ts";
import { hasFailed, isIn, type Story, UNDER_WAY_MILLISECONDS } from "./stories.ts";

/** An app as it was read. */
export interface WatchedApp {
  app_id: string;
  versions: readonly { counter: Counter; history: History }[];
  /** All alarms that it has or had. */
  alarms: readonly Alarm[];
}

/** Judges an app at a time in milliseconds since 1970. Rejects with Firestore's error. */
export type Judge = (app: WatchedApp, now: number) => Promise<Look>;

export interface JudgeOptions {
  evidence: Evidence;
  /** The rate, in percent, above which a version fails where there is nothing to compare it with. */
  alarmThresholdPercent: number;
}

/**
 * A version is read again when so many times as many attempts at it are known to have settled: sooner while they are few, or where
 * its counts alone would be an alarm; later when it alarms already. Suspicion can last for weeks, and reads cost. Its last day is
 * another matter: there, the failures count.
 */
function growthOf({ rule, weight, isAlarm, isStrong }: Reason): number {
  if (isAlarm) return 2;
  if (rule === "routine") return 1.6;
  if (rule === "own_past") return 1.25;
  if (weight < 100 || (isStrong && weight < 700)) return 1.1;
  if (weight < 1_000) return 1.25;
  return weight < 5_000 ? 1.5 : 2;
}

/** After a day, less is enough. */
const DAILY_GROWTH = 1.05;

/**
 * From so many attempts on, a young version is read without suspicion, too: strangers can make its counts look good, and a few
 * devices that fail for ever make those of all versions look alike.
 */
const ROUTINE_ATTEMPTS = 50;

/** Whether a version is good again is asked of so many devices, and where they say no, not again for half an hour. */
const WANTED_GOOD = 500;
const PAUSE_MILLISECONDS = 1_800_000;

/** Makes a judge. It remembers what it has read, so use it again for the next look. */
export function createJudge({ evidence, alarmThresholdPercent }: JudgeOptions): Judge {
  const investigate = createInvestigator(evidence);
  const lastReads = new Map<string, { settled: number; at: number }>();
  const notGood = new Map<string, number>();

  /** Whether so much is new about a version that its devices are worth reading. The last day is new every day. */
  const isDue = (reason: Reason, now: number) => {
    const last = lastReads.get(reason.key);
    if (!last) return true;
    const isOld = now - last.at >= DAY_MILLISECONDS;
    if (isOld && reason.rule === "own_past") return true;
    const isEnough = isOld && !reason.isAlarm && reason.rule !== "routine";
    return reason.weight > last.settled * (isEnough ? DAILY_GROWTH : growthOf(reason));
  };

  /** Whether an open alarm's version is good again: its counts say so, and then its devices. */
  const isOver = async (alarm: Alarm, versions: WatchedApp["versions"], now: number) => {
    const version = versions.find(({ counter }) => counter.version_name === alarm.version_name);
    const hours = version && goodHoursOf(version.history, alarm, now);
    const id = alarmId(alarm);
    if (!version || hours === undefined || now - (notGood.get(id) ?? 0) < PAUSE_MILLISECONDS) return false;
    const until = hourOf(now) + 1;
    const attempts = Math.max(1, attemptsIn(version.history, until - hours, until));
    const stories = await evidence.storiesOf(
      version.counter,
      shareWithin(WANTED_GOOD / attempts, version.counter),
    );
    const isOver = isGoodAgain(stories, alarm, hours, now);
    if (!isOver) notGood.set(id, now);
    return isOver;
  };

  return async ({ app_id, versions, alarms }, now) => {
    const histories = versions.map(({ history }) => history);
    const open = alarms.filter((alarm) => alarm.open);
    const bad = badOf(alarms);
    const asked = questionsOf({ histories, bad, threshold: alarmThresholdPercent / 100 }, now);
    const released = releasedCounters(versions);
    const comparable = new Set(
      comparableOf(inOrderOfRelease(histories), bad, now).map(({ version_name }) => version_name),
    );
    const superseded = new Set([...supersededOf(histories, now), ...goneOf(open, histories)]);

    const findings: Finding[] = [];
    for (const [place, version] of released.entries()) {
      const { counter } = version;
      if (superseded.has(counter.version_name)) continue; // Nobody would be told of it.
      const questions = asked.filter(({ version_name }) => version_name === counter.version_name);
      const reasons = reasonsToRead(counter, questions, open);
      if (!reasons.some((reason) => isDue(reason, now))) continue;
      const earlier = released.slice(0, place).filter(({ counter }) => comparable.has(counter.version_name));
      const { verdicts, sample, settledShare } = await investigate(
        {
          version,
          earlier,
          questions,
          answers: (sample) => questions.flatMap((question) => answer(question, sample, asked, now) ?? []),
        },
        now,
      );
      const history = histories.find(({ version_name }) => version_name === counter.version_name);
      const failures = findingsOf(verdicts, sample, asked, now).filter((finding) => {
        const hours = history && goodHoursOf(history, finding, now);
        return hours === undefined || !isGoodAgain(sample.stories, finding, hours, now);
      });
      for (const finding of failures) {
        const known = openAlarm(open, finding)?.causes ?? [];
        const from = questions.find(({ rule }) => rule === finding.rule)?.from;
        const causes =
          known.length > 0 ? known : await findCauses(evidence, app_id, finding, sample.stories, now, from);
        findings.push({ ...finding, causes });
      }
      // What is not an alarm yet may fail to be kept as one: then it must be found again.
      if (failures.some((finding) => !openAlarm(open, finding))) continue;
      for (const { key, weight } of reasons) lastReads.set(key, { settled: weight * settledShare, at: now });
    }
    const good: Alarm[] = [];
    for (const alarm of open) {
      const isFailing = openAlarm(findings, alarm) !== undefined;
      if (!isFailing && (await isOver(alarm, versions, now))) good.push(alarm);
    }
    const gone = [...superseded].map((version_name) => ({ version_name }));
    return { app_id, findings, good, superseded: gone };
  };
}

/** The versions that have an alarm and no counter any more: somebody has deleted it. */
function goneOf(open: readonly Alarm[], histories: readonly History[]): string[] {
  const known = new Set(histories.map(({ version_name }) => version_name));
  return open.map(({ version_name }) => version_name).filter((version_name) => !known.has(version_name));
}

/** A version that has ever alarmed stays bad, even if it is good again: its bad hours would make the next fault look usual. */
export function badOf(alarms: readonly Alarm[]): Set<string> {
  return new Set(alarms.map(({ version_name }) => version_name));
}

function releasedCounters(versions: WatchedApp["versions"]): ReleasedCounter[] {
  const counters = new Map(versions.map(({ counter }) => [counter.version_name, counter]));
  return inOrderOfRelease(versions.map(({ history }) => history)).flatMap(({ version_name, release }) => {
    const counter = counters.get(version_name);
    return counter ? [{ counter, released_at: release * HOUR_MILLISECONDS }] : [];
  });
}

/** Why the devices of a version may be worth reading: a measure by a rule, and how many attempts or failures it is about. */
interface Reason {
  key: string;
  rule: Question["rule"] | "routine";
  weight: number;
  /** Whether it alarms already. */
  isAlarm: boolean;
  /** Whether the counts alone would be an alarm. */
  isStrong: boolean;
}

function reasonsToRead(
  { id, version_name }: Counter,
  questions: readonly Question[],
  open: readonly Alarm[],
): Reason[] {
  const ofReason = Map.groupBy(
    questions.filter(isSuspicious),
    ({ rule, measure }) => `${id} ${rule} ${measure}`,
  );
  const suspicions = [...ofReason].flatMap(([key, same]): Reason[] => {
    const [first] = same;
    if (!first) return [];
    const { rule, measure } = first;
    const weight = Math.max(...same.map(({ now }) => (rule === "own_past" ? now.count : now.of)));
    const isAlarm = openAlarm(open, { version_name, measure }) !== undefined;
    const isStrong = same.some(isStrongSuspicion);
    return [{ key, rule, weight, isAlarm, isStrong }];
  });
  const ofRelease = questions.filter(({ rule, measure }) => rule !== "own_past" && measure !== "crashed");
  const weight = Math.max(0, ...ofRelease.map(({ now }) => now.of));
  const routine = { key: `${id} routine`, rule: "routine", weight, isAlarm: false, isStrong: false } as const;
  return weight < ROUTINE_ATTEMPTS ? suspicions : [...suspicions, routine];
}

/** The open alarm of a version and measure, if there is one; or the finding among findings. */
function openAlarm<Found extends Finding>(
  open: readonly Found[],
  { version_name, measure }: Pick<Alarm, "version_name" | "measure">,
): Found | undefined {
  return open.find((alarm) => alarm.version_name === version_name && alarm.measure === measure);
}

/** Finds in what the devices that fail differ from those that do not. */
async function findCauses(
  evidence: Evidence,
  app_id: string,
  { measure, scopes }: Pick<Finding, "measure" | "scopes">,
  stories: readonly Story[],
  now: number,
  from = 0,
): Promise<Finding["causes"]> {
  const until = now - UNDER_WAY_MILLISECONDS;
  const meant = stories.filter((story) =>
    scopes.some((scope) => isIn(story, { measure, scope, from, until })),
  );
  const groups = [true, false].map((fails) =>
    meant.filter((story) => hasFailed(story, { measure }) === fails),
  );
  const [failing = [], others = []] = await Promise.all(
    groups.map((group) => evidence.factsOf(app_id, group)),
  );
  return causesOf(failing, others);
}
