/** Reads as many devices of a version as it takes to answer what is suspicious about it. */

import type { Counter } from "../counting/documents.ts";
import { countEarlier, isWorse, type Question, type Sample, type Verdict } from "./alarms.ts";
import { attemptsOf } from "./counter-reader.ts";
import { type Evidence, MOST_EVENTS } from "./evidence.ts";
import { type Proportion, rateOf } from "./statistics.ts";
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
  suspicions: readonly Question[];
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

/** A sample is read so that so many failing reports are expected among its devices, within these bounds. */
const WANTED_FAILURES = 25;
const LEAST_SAMPLE = 300;
const MOST_SAMPLE = 4_000;

/** A sample that looks bad, but not bad enough, is enlarged so many times. */
const ENLARGEMENT = 4;

/** Of a version that is compared with its own past, so many devices of the last day are wanted, for so many events at most. */
const WANTED_LATELY = 60;
const MOST_EVENTS_OF_PAST = 20_000;

/** Earlier versions are sampled where counts of reports may hide how few devices they are of: the latest, so many devices. */
const EARLIER_VERSIONS = 5;
const EARLIER_SAMPLE = 2_000;

/** They are read again when the version is so many times as old: what they were like when they were younger is no better. */
const AGEING = 2;

/** Fewer devices than these, and a lower rate, are not worth it. */
const LEAST_HIDDEN = 6;
const LEAST_RATE = 0.01;

/** At this level, devices suggest that more of them would show something. */
const PROMISING_LEVEL = 0.05;

/** Makes an investigator. It keeps the samples of earlier versions for the next look. */
export function createInvestigator(evidence: Evidence): Investigate {
  const kept = new Map<string, { age: number; earlier: NonNullable<Sample["earlier"]> }>();

  const readEarlier = async ({ version, earlier }: Case, now: number) => {
    const age = now - version.released_at;
    const before = kept.get(version.counter.id);
    if (before && age < before.age * AGEING) return before.earlier;
    const latest = earlier.slice(-EARLIER_VERSIONS);
    const read = await Promise.all(
      latest.map(async ({ counter, released_at }) => {
        const until = released_at + age;
        const share = EARLIER_SAMPLE / latest.length / devicesOf(counter);
        return {
          stories: await evidence.storiesOf(counter, within(share, counter, latest.length), until),
          until,
        };
      }),
    );
    kept.set(version.counter.id, { age, earlier: read });
    return read;
  };

  return async (question, now) => {
    const { version, suspicions, answers } = question;
    const { counter } = version;
    let share = within(shareToRead(counter, suspicions), counter);
    let earlier: Sample["earlier"];
    for (;;) {
      const stories = await evidence.storiesOf(counter, share);
      const counts = suspicions.map(
        (suspicion) => [suspicion, settledDevices(suspicion, stories, now)] as const,
      );
      if (!earlier && question.earlier.length > 0 && counts.some((each) => mayBeHidden(...each))) {
        earlier = await readEarlier(question, now);
      }
      const sample: Sample = { stories, ...(earlier && { earlier }) };
      const verdicts = answers(sample);
      const isPromising = counts.some(
        ([suspicion, devices]) =>
          looksWorse(devices, suspicion.before) ||
          (earlier !== undefined && looksWorse(devices, countEarlier(suspicion, earlier))),
      );
      const larger = within(Math.min(share * ENLARGEMENT, MOST_SAMPLE / devicesOf(counter)), counter);
      if (verdicts.length > 0 || !isPromising || larger <= share) {
        return { verdicts, sample, settledShare: settledShareOf(stories, now) };
      }
      share = larger;
    }
  };
}

/** A share of a version's devices that costs no more than one look may read. */
function within(share: number, counter: Counter, parts = 1): number {
  return Math.min(1, share, MOST_EVENTS / parts / eventsOf(counter));
}

function shareToRead(counter: Counter, suspicions: readonly Question[]): number {
  const shares = suspicions.map(({ rule, now }) => {
    if (rule === "own_past") return Math.min(WANTED_LATELY / now.of, MOST_EVENTS_OF_PAST / eventsOf(counter));
    const wanted = WANTED_FAILURES / rateOf(now);
    return Math.min(Math.max(wanted, LEAST_SAMPLE), MOST_SAMPLE) / devicesOf(counter);
  });
  return Math.max(...shares);
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
function mayBeHidden({ rule, before }: Question, devices: Proportion): boolean {
  return (
    rule === "earlier_versions" &&
    devices.count >= LEAST_HIDDEN &&
    rateOf(devices) >= LEAST_RATE &&
    rateOf(before) >= rateOf(devices) / 10
  );
}

/** Whether more devices may show what these only suggest. */
function looksWorse(devices: Proportion, before: Proportion): boolean {
  return isWorse(devices, before, PROMISING_LEVEL);
}

function settledShareOf(stories: readonly Story[], now: number): number {
  const begun = stories.flatMap(({ begun_at }) => begun_at ?? []);
  if (begun.length === 0) return 1;
  return begun.filter((time) => time < now - UNDER_WAY_MILLISECONDS).length / begun.length;
}
