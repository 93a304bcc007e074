/** Judges one app: by its counts, and where these are suspicious, by its devices. */

import { type Counter, DAY_MILLISECONDS } from "../counting/documents.ts";
import type { Alarm } from "./alarm-documents.ts";
import type { Finding, Look } from "./alarm-life.ts";
import {
  answer,
  comparableOf,
  findingsOf,
  inOrderOfRelease,
  isGoodAgain,
  isSuspicious,
  type Question,
  questionsOf,
  supersededOf,
} from "./alarms.ts";
import { causesOf } from "./causes.ts";
import type { Evidence } from "./evidence.ts";
import { type History, HOUR_MILLISECONDS } from "./history.ts";
import { createInvestigator, type ReleasedCounter } from "./sampling.ts";
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
 * A version is read again when so many times as many attempts at it are known to have settled: sooner while they are few, later
 * when it alarms already. Suspicion can last for weeks, and reads cost. Its last day is another matter: there, the failures count.
 */
function growthOf({ rule, weight, alarms }: Reason): number {
  if (alarms) return 2;
  if (rule === "own_past") return 1.5;
  if (weight < 100) return 1.1;
  return weight < 1_500 ? 1.25 : 1.6;
}

/** After a day, less is enough. */
const DAILY_GROWTH = 1.05;

/** Makes a judge. It remembers what it has read, so use it again for the next look. */
export function createJudge({ evidence, alarmThresholdPercent }: JudgeOptions): Judge {
  const investigate = createInvestigator(evidence);
  const lastReads = new Map<string, { settled: number; at: number }>();

  /** Whether so much is new about a version that its devices are worth reading. The last day is new every day. */
  const isDue = (reason: Reason, now: number) => {
    const last = lastReads.get(reason.key);
    if (!last) return true;
    const isOld = now - last.at >= DAY_MILLISECONDS;
    if (isOld && reason.rule === "own_past") return true;
    return reason.weight > last.settled * (isOld && !reason.alarms ? DAILY_GROWTH : growthOf(reason));
  };

  return async ({ app_id, versions, alarms }, now) => {
    const histories = versions.map(({ history }) => history);
    const open = alarms.filter((alarm) => alarm.open);
    const bad = badOf(alarms);
    const asked = questionsOf({ histories, bad, threshold: alarmThresholdPercent / 100 }, now);
    const isGood = (alarm: Omit<Finding, "causes">) => {
      const history = histories.find(({ version_name }) => version_name === alarm.version_name);
      return history !== undefined && isGoodAgain(history, alarm, now);
    };
    const released = releasedCounters(versions);
    const comparable = new Set(
      comparableOf(inOrderOfRelease(histories), bad, now).map(({ version_name }) => version_name),
    );

    const superseded = new Set([...supersededOf(histories, now), ...goneOf(open, histories)]);

    const findings: Finding[] = [];
    for (const [place, version] of released.entries()) {
      const { counter } = version;
      if (superseded.has(counter.version_name)) continue; // Nobody would be told of it.
      const suspicions = asked.filter(
        (question) => question.version_name === counter.version_name && isSuspicious(question),
      );
      const reasons = reasonsToRead(counter, suspicions, open);
      if (!reasons.some((reason) => isDue(reason, now))) continue;
      const earlier = released.slice(0, place).filter(({ counter }) => comparable.has(counter.version_name));
      const { verdicts, sample, settledShare } = await investigate(
        {
          version,
          earlier,
          suspicions,
          answers: (sample) => suspicions.flatMap((question) => answer(question, sample, asked, now) ?? []),
        },
        now,
      );
      const failures = findingsOf(verdicts, sample, asked, now).filter((finding) => !isGood(finding));
      for (const finding of failures) {
        const known = openAlarm(open, finding)?.causes ?? [];
        const causes =
          known.length > 0 ? known : await findCauses(evidence, app_id, finding, sample.stories, now);
        findings.push({ ...finding, causes });
      }
      // What is not an alarm yet may fail to be kept as one: then it must be found again.
      if (failures.some((finding) => !openAlarm(open, finding))) continue;
      for (const { key, weight } of reasons) lastReads.set(key, { settled: weight * settledShare, at: now });
    }
    return {
      app_id,
      findings,
      good: open.filter(isGood),
      superseded: [...superseded].map((version_name) => ({ version_name })),
    };
  };
}

/** The versions that have an alarm and no counter any more: somebody has deleted it. */
function goneOf(open: readonly Alarm[], histories: readonly History[]): string[] {
  const known = new Set(histories.map(({ version_name }) => version_name));
  return open.map(({ version_name }) => version_name).filter((version_name) => !known.has(version_name));
}

/** A version whose alarm is open, or ended only because devices got another one, stays bad. */
export function badOf(alarms: readonly Alarm[]): Set<string> {
  return new Set(
    alarms.filter(({ open, end }) => open || end === "superseded").map(({ version_name }) => version_name),
  );
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
  rule: Question["rule"];
  weight: number;
  /** Whether it alarms already. */
  alarms: boolean;
}

function reasonsToRead(
  { id, version_name }: Counter,
  suspicions: readonly Question[],
  open: readonly Alarm[],
): Reason[] {
  const ofReason = Map.groupBy(suspicions, ({ rule, measure }) => `${id} ${rule} ${measure}`);
  return [...ofReason].flatMap(([key, same]) => {
    const [first] = same;
    if (!first) return [];
    const { rule, measure } = first;
    const weight = Math.max(...same.map(({ now }) => (rule === "own_past" ? now.count : now.of)));
    return [{ key, rule, weight, alarms: openAlarm(open, { version_name, measure }) !== undefined }];
  });
}

/** The open alarm of a version and measure, if there is one. */
function openAlarm(
  open: readonly Alarm[],
  { version_name, measure }: Pick<Alarm, "version_name" | "measure">,
) {
  return open.find((alarm) => alarm.version_name === version_name && alarm.measure === measure);
}

/** Finds in what the devices that fail differ from those that do not. */
async function findCauses(
  evidence: Evidence,
  app_id: string,
  { measure, scopes }: Pick<Finding, "measure" | "scopes">,
  stories: readonly Story[],
  now: number,
): Promise<Finding["causes"]> {
  const until = now - UNDER_WAY_MILLISECONDS;
  const meant = stories.filter((story) => scopes.some((scope) => isIn(story, { measure, scope, until })));
  const groups = [true, false].map((fails) =>
    meant.filter((story) => hasFailed(story, { measure }) === fails),
  );
  const [failing = [], others = []] = await Promise.all(
    groups.map((group) => evidence.factsOf(app_id, group)),
  );
  return causesOf(failing, others);
}
