/** Reads as many devices of a version as it takes to answer what is suspicious about it. */

import type { Counter } from "../counting/documents.ts";
import { isStrongSuspicion, type Sample, type Verdict } from "./alarms.ts";
import { attemptsOf } from "./counter-reader.ts";
import { countAll, type DeviceCounts, proportionIn, sumCounts } from "./device-counts.ts";
import { type Evidence, MOST_EVENTS } from "./evidence.ts";
import { isSuspicious, type Question } from "./questions.ts";
import { isWorse, type Proportion, rateOf } from "./statistics.ts";
import { countDevices, type Story, UNDER_WAY_MILLISECONDS } from "./stories.ts";

/** A version with the time of its release, in milliseconds since 1970. */
export interface ReleasedCounter {
  counter: Counter;
  released_at: number;
}

/** What is to be answered, and by what. */
export interface Case {
  version: ReleasedCounter;
  /** Good versions that were released before it, the latest last. */
  earlier: readonly ReleasedCounter[];
  /** The questions about it. */
  questions: readonly Question[];
  answers(sample: Sample): Verdict[];
}

export interface Answered {
  verdicts: Verdict[];
  sample: Sample;
  /** The share of the devices that began whose outcome is known. */
  settledShare: number;
}

/** Answers a case at a time in milliseconds since 1970. Rejects with Firestore's error. */
export type Investigate = (question: Case, now: number) => Promise<Answered>;

/** A sample is read so that so many failing reports are expected among its devices on a platform, within these bounds. */
const WANTED_FAILURES = 20;
const LEAST_SAMPLE = 200;
const FIRST_SAMPLE = 600;
const STRONG_SAMPLE = 1_500;

/** Without suspicion, so many devices are read. */
const ROUTINE_SAMPLE = 300;

/** A sample that looks bad, but not bad enough, is enlarged so many times, up to so many devices. */
const ENLARGEMENT = 4;
const MOST_SAMPLE = 4_000;

/** Of a version that is compared with its own past, so many devices of the last day are wanted. */
const WANTED_LATELY = 60;

/**
 * Counts of reports may hide how few devices they are of. Then the devices of so many earlier versions are counted, the latest.
 * Where a version has not been sampled when it was about as old, so many of its devices are read.
 */
const EARLIER_VERSIONS = 8;
const EARLIER_SAMPLE = 400;

/** A sample of a version when it was younger serves, if it was at least so old and has so many devices: it looked no better then. */
const YOUNGEST = 0.5;
const LEAST_KEPT = 200;

/** Fewer devices than these, and a lower rate, are not worth it. */
const LEAST_HIDDEN = 5;
const LEAST_RATE = 0.01;

/** At this level, devices suggest that more of them would show something. */
const PROMISING_LEVEL = 0.01;

/** Makes an investigator. Samples are kept in `evidence`: those of one version serve the judgement of the next. */
export function createInvestigator(evidence: Evidence): Investigate {
  const countEarlier = async ({ version, earlier }: Case, now: number): Promise<DeviceCounts> => {
    const age = now - version.released_at;
    const latest = earlier.slice(-EARLIER_VERSIONS);
    return sumCounts(await Promise.all(latest.map((other) => countsAtAge(evidence, other, age))));
  };

  return async (given, now) => {
    const { questions, answers } = given;
    const { counter, released_at } = given.version;
    let share = shareWithin(shareToRead(counter, questions), counter);
    let earlier: DeviceCounts | undefined;
    for (;;) {
      const stories = await evidence.storiesOf(counter, share);
      const counts = questions.map((question) => [question, settledDevices(question, stories, now)] as const);
      if (!earlier && given.earlier.length > 0 && counts.some((each) => mayBeHidden(...each))) {
        earlier = await countEarlier(given, now);
      }
      const sample: Sample = { stories, ...(earlier && { earlier }) };
      const verdicts = answers(sample);
      const isPromising = counts.some(([question, devices]) => mayShowMore(question, devices, earlier));
      const larger = shareWithin(Math.min(share * ENLARGEMENT, MOST_SAMPLE / devicesOf(counter)), counter);
      if (verdicts.length > 0 || !isPromising || larger <= share) {
        await evidence.keep(counter, { age: now - released_at, devices: countAll(stories, now) });
        return { verdicts, sample, settledShare: settledShareOf(stories, now) };
      }
      share = larger;
    }
  };
}

/** Counts the devices of a version as they were when it had an age, in milliseconds. */
async function countsAtAge(
  evidence: Evidence,
  { counter, released_at }: ReleasedCounter,
  age: number,
): Promise<DeviceCounts> {
  const kept = (await evidence.kept(counter)).filter(
    (sample) =>
      sample.age <= age &&
      sample.age >= age * YOUNGEST &&
      proportionIn(sample.devices, { measure: "not_downloaded", scope: "all" }).of >= LEAST_KEPT,
  );
  const [oldest] = kept.sort((a, b) => b.age - a.age);
  if (oldest) return oldest.devices;
  const until = released_at + age;
  const stories = await evidence.storiesOf(
    counter,
    shareWithin(EARLIER_SAMPLE / devicesOf(counter), counter),
    until,
  );
  const devices = countAll(stories, until);
  await evidence.keep(counter, { age, devices });
  return devices;
}

/** A share of a version's devices that costs no more than one look may read. */
export function shareWithin(share: number, counter: Counter): number {
  return Math.min(1, share, MOST_EVENTS / eventsOf(counter));
}

function shareToRead(counter: Counter, questions: readonly Question[]): number {
  const shares = questions.filter(isSuspicious).map((question) => {
    const { rule, now } = question;
    if (rule === "own_past") return WANTED_LATELY / now.of;
    const share = Math.max(WANTED_FAILURES / rateOf(now), LEAST_SAMPLE) / now.of;
    const most = isStrongSuspicion(question) ? STRONG_SAMPLE : FIRST_SAMPLE;
    return Math.min(share, most / devicesOf(counter));
  });
  return Math.max(ROUTINE_SAMPLE / devicesOf(counter), ...shares);
}

/** At most as many devices have tried to install it. */
function devicesOf(counter: Counter): number {
  return Math.max(1, attemptsOf(counter));
}

function eventsOf({ actions }: Counter): number {
  return Math.max(
    1,
    Object.values(actions).reduce((sum, count) => sum + count, 0),
  );
}

/** Counts the devices that a question is about, as far as their outcome is known. */
function settledDevices(
  { measure, scope, from }: Question,
  stories: readonly Story[],
  now: number,
): Proportion {
  const until = now - UNDER_WAY_MILLISECONDS;
  return countDevices(stories, { measure, scope, until, ...(from !== undefined && { from }) });
}

/** Whether the counts of earlier versions may be too high to show that devices fail: one device can report often. */
function mayBeHidden({ rule, measure, before }: Question, devices: Proportion): boolean {
  return (
    rule === "earlier_versions" &&
    devices.count >= LEAST_HIDDEN &&
    rateOf(devices) >= LEAST_RATE &&
    (measure === "crashed" || rateOf(before) >= rateOf(devices) / 10)
  );
}

/** Whether more devices may show what these only suggest. Crashes are compared by devices only: see `answer`. */
function mayShowMore(question: Question, devices: Proportion, earlier?: DeviceCounts): boolean {
  if (earlier && isWorse(devices, proportionIn(earlier, question), PROMISING_LEVEL)) return true;
  return question.measure !== "crashed" && isWorse(devices, question.before, PROMISING_LEVEL);
}

function settledShareOf(stories: readonly Story[], now: number): number {
  const begun = stories.flatMap(({ begun_at }) => begun_at ?? []);
  if (begun.length === 0) return 1;
  return begun.filter((time) => time < now - UNDER_WAY_MILLISECONDS).length / begun.length;
}
