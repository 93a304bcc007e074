/** Judges one app: by its counts, and where these are suspicious, by its devices. */

import { type Counter, type CounterIdentity, DAY_MILLISECONDS } from "../counting/documents.ts";
import type { Alarm } from "./alarm-documents.ts";
import type { Finding, Look } from "./alarm-life.ts";
import {
  type AppView,
  answer,
  findingsOf,
  isGoodAgain,
  isSuspicious,
  LEAST_DEVICES,
  type Question,
  questionsOf,
  type Sample,
  supersededOf,
  type Verdict,
} from "./alarms.ts";
import { causesOf } from "./causes.ts";
import { attemptsOf } from "./counter-reader.ts";
import { type Evidence, MOST_EVENTS } from "./evidence.ts";
import { type History, releaseOf } from "./history.ts";
import { rateOf } from "./statistics.ts";
import { countDevices, hasFailed, isIn, type Story, UNDER_WAY_MILLISECONDS } from "./stories.ts";

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
  /** In percent: see `AppView`. */
  thresholdPercent: number;
}

/** A sample is read so that so many failing reports are expected among its devices, within these bounds. */
const WANTED_FAILURES = 25;
const LEAST_SAMPLE = 300;
const MOST_SAMPLE = 4_000;

/** A sample that looks bad, but not bad enough, is enlarged so many times. */
const ENLARGEMENT = 4;

/** Of a version that is compared with its own past, so many devices of the last day are wanted, for so many events at most. */
const WANTED_LATELY = 60;
const MOST_EVENTS_OF_PAST = 20_000;

/** Earlier versions are sampled where counts of reports hide how many devices they are of: the latest ones, so many devices. */
const EARLIER_VERSIONS = 3;
const EARLIER_SAMPLE = 2_000;
const LEAST_RATE = 0.01;

/**
 * A version is read again when so many more of its devices are known to have settled; a hardly known one sooner. Suspicion can
 * last for days, and reads cost.
 */
const GROWTH = 1.25;
const EARLY_GROWTH = 1.05;
const EARLY_DEVICES = 200;
const AGAIN_MILLISECONDS = DAY_MILLISECONDS / 4;

/** Makes a judge. It remembers of which versions it has read devices, so use it again for the next look. */
export function createJudge({ evidence, thresholdPercent }: JudgeOptions): Judge {
  const lastReads = new Map<string, { settled: number; at: number }>();

  const mayRead = (id: string, attempts: number, now: number) => {
    const last = lastReads.get(id);
    if (!last || now - last.at >= AGAIN_MILLISECONDS) return true;
    return attempts > last.settled * (attempts < EARLY_DEVICES ? EARLY_GROWTH : GROWTH);
  };

  return async (app, now) => {
    const { app_id, versions, alarms } = app;
    const histories = versions.map(({ history }) => history);
    const open = alarms.filter((alarm) => alarm.open);
    const view: AppView = { histories, bad: badOf(alarms), threshold: thresholdPercent / 100 };
    const questions = questionsOf(view, now);
    const good = open.filter((alarm) => {
      const history = histories.find(({ version_name }) => version_name === alarm.version_name);
      return history && isGoodAgain(history, alarm, now);
    });
    const isGood = (finding: Omit<Finding, "causes">) => {
      const history = histories.find(({ version_name }) => version_name === finding.version_name);
      return history !== undefined && isGoodAgain(history, finding, now);
    };

    const findings: Finding[] = [];
    for (const { counter } of versions) {
      const suspicions = questions.filter(
        (question) => question.version_name === counter.version_name && isSuspicious(question),
      );
      const attempts = attemptsOf(counter);
      if (suspicions.length === 0 || !mayRead(counter.id, attempts, now)) continue;
      const read = await readSample(evidence, counter, suspicions, app, histories, questions.length, now);
      if (process.env.D) console.log("read", counter.version_name, ((now - counter.created_at) / 3.6e6).toFixed(2), "attempts", attempts, "q", questions.length, suspicions.map((q) => `${q.measure}/${q.scope}/${q.rule} ${q.now.count}/${q.now.of} vs ${q.before.count}/${q.before.of} dev ${JSON.stringify(devicesOf(q, read.sample.stories, now))}`).join("; "), "stories", read.sample.stories.length, "settled", read.settledShare.toFixed(2), "verdicts", read.verdicts.length);
      lastReads.set(counter.id, { settled: attempts * read.settledShare, at: now });
      for (const finding of findingsOf(read.verdicts)) {
        if (isGood(finding)) continue;
        const known = open.find(
          ({ version_name, measure }) => version_name === finding.version_name && measure === finding.measure,
        );
        const causes = known?.causes ?? (await findCauses(evidence, app_id, finding, read.sample, now));
        findings.push({ ...finding, causes });
      }
    }
    return {
      app_id,
      findings,
      good,
      superseded: supersededOf(histories, now).map((version_name) => ({ version_name })),
    };
  };
}

/** A version whose alarm is open, or ended only because devices got another one, stays bad. */
function badOf(alarms: readonly Alarm[]): Set<string> {
  return new Set(
    alarms.filter(({ open, end }) => open || end === "superseded").map(({ version_name }) => version_name),
  );
}

interface Read {
  verdicts: Verdict[];
  sample: Sample;
  /** The share of the devices that began whose outcome is known. */
  settledShare: number;
}

/** Reads as many devices as it takes to answer what is suspicious about a version. */
async function readSample(
  evidence: Evidence,
  counter: Counter,
  suspicions: readonly Question[],
  app: WatchedApp,
  histories: readonly History[],
  comparisons: number,
  now: number,
): Promise<Read> {
  const devices = Math.max(1, attemptsOf(counter));
  const answers = (sample: Sample) =>
    suspicions.flatMap((question) => answer(question, sample, comparisons, now) ?? []);
  let share = shareToRead(counter, suspicions, devices);
  for (;;) {
    const stories = await evidence.storiesOf(counter, share);
    let sample: Sample = { stories };
    let verdicts = answers(sample);
    if (verdicts.length === 0 && suspicions.some((question) => isHidden(question, stories, now))) {
      const earlier = await readEarlier(evidence, counter, app, histories, now);
      if (earlier) {
        sample = { stories, earlier };
        verdicts = answers(sample);
      }
    }
    const isPromising = suspicions.some((question) => looksBad(question, stories, now));
    const larger = Math.min(1, share * ENLARGEMENT, MOST_SAMPLE / devices, MOST_EVENTS / eventsOf(counter));
    if (verdicts.length > 0 || !isPromising || larger < share * 1.5) {
      return { verdicts, sample, settledShare: settledShareOf(stories, now) };
    }
    share = larger;
  }
}

function shareToRead(counter: Counter, suspicions: readonly Question[], devices: number): number {
  const shares = suspicions.map(({ rule, now }) => {
    if (rule === "own_past") {
      return Math.min(WANTED_LATELY / now.of, MOST_EVENTS_OF_PAST / eventsOf(counter));
    }
    const wanted = WANTED_FAILURES / rateOf(now);
    return Math.min(Math.max(wanted, LEAST_SAMPLE), MOST_SAMPLE) / devices;
  });
  return Math.min(1, Math.max(...shares), MOST_EVENTS / eventsOf(counter));
}

function eventsOf({ actions }: Counter): number {
  return Math.max(
    1,
    Object.values(actions).reduce((sum, count) => sum + count, 0),
  );
}

/** Counts the devices that a question is about, as far as their outcome is known. */
function devicesOf({ measure, scope, from }: Question, stories: readonly Story[], now: number) {
  return countDevices(stories, { measure, scope, until: now - UNDER_WAY_MILLISECONDS, ...(from && { from }) });
}

/** Whether devices fail, and the counts of earlier versions may be too high to show it: one device can report often. */
function isHidden(question: Question, stories: readonly Story[], now: number): boolean {
  const devices = devicesOf(question, stories, now);
  return (
    question.rule === "earlier_versions" &&
    devices.count >= LEAST_DEVICES &&
    rateOf(devices) >= LEAST_RATE &&
    rateOf(question.before) >= rateOf(devices) / 10
  );
}

/** Whether more devices may show what these only suggest. */
function looksBad(question: Question, stories: readonly Story[], now: number): boolean {
  const devices = devicesOf(question, stories, now);
  return devices.count >= LEAST_DEVICES / 2 && rateOf(devices) >= 1.5 * rateOf(question.before);
}

function settledShareOf(stories: readonly Story[], now: number): number {
  const begun = stories.filter(({ begun_at }) => begun_at !== undefined);
  if (begun.length === 0) return 1;
  return begun.filter(({ begun_at = 0 }) => begun_at < now - UNDER_WAY_MILLISECONDS).length / begun.length;
}

/** Reads devices of the latest earlier versions, as they were when these had the age that the version has now. */
async function readEarlier(
  evidence: Evidence,
  counter: CounterIdentity,
  { versions, alarms }: WatchedApp,
  histories: readonly History[],
  now: number,
): Promise<Sample["earlier"]> {
  const bad = badOf(alarms);
  const releases = new Map(histories.map((history) => [history.version_name, releaseOf(history)]));
  const release = releases.get(counter.version_name);
  if (release === undefined) return undefined;
  const age = now - release * 3_600_000;
  const earlier = versions
    .flatMap(({ counter }) => {
      const at = releases.get(counter.version_name);
      return at !== undefined && at < release && !bad.has(counter.version_name) ? [{ counter, at }] : [];
    })
    .sort((a, b) => b.at - a.at)
    .slice(0, EARLIER_VERSIONS);
  const samples = await Promise.all(
    earlier.map(async ({ counter, at }) => {
      const wanted = EARLIER_SAMPLE / earlier.length / Math.max(1, attemptsOf(counter));
      const share = Math.min(1, wanted, MOST_EVENTS / earlier.length / eventsOf(counter));
      const until = at * 3_600_000 + age;
      return { stories: await evidence.storiesOf(counter, share, until), until };
    }),
  );
  return { samples };
}

/** Finds in what the devices of a finding that fail differ from those that do not. */
async function findCauses(
  evidence: Evidence,
  app_id: string,
  { measure, scopes }: Omit<Finding, "causes">,
  { stories }: Sample,
  now: number,
): Promise<Finding["causes"]> {
  const until = now - UNDER_WAY_MILLISECONDS;
  const meant = stories.filter((story) => scopes.some((scope) => isIn(story, { measure, scope, until })));
  const [failing, others] = [true, false].map((fails) =>
    meant.filter((story) => hasFailed(story, { measure }) === fails),
  );
  const facts = await Promise.all([failing, others].map((group) => evidence.factsOf(app_id, group ?? [])));
  return causesOf(facts[0] ?? [], facts[1] ?? []);
}
