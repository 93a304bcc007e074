/** Judges versions by their devices: which fail, and where. Pure. */

import type { AlarmMeasure } from "./alarm-documents.ts";
import type { Finding } from "./alarm-life.ts";
import { type DeviceCounts, proportionIn } from "./device-counts.ts";
import { LEAST_BEFORE, LEAST_DEVICES, type Question } from "./questions.ts";
import { binomialTail, excessOf, isWorse, type Proportion, rateOf, sumProportions } from "./statistics.ts";
import { countDevices, type Story, settledBy, UNDER_WAY_MILLISECONDS } from "./stories.ts";

/**
 * The questions of an app about one measure share its level. They are strict, since a release is looked at dozens of times. Most
 * is left for downloads, where it matters to be fast: later measures have more devices to go by.
 */
export const alarmLevels: Readonly<Record<AlarmMeasure, number>> = {
  not_downloaded: 0.001,
  rolled_back: 0.00005,
  crashed: 0.00005,
};

/**
 * A release is looked at most often while few devices have it, so each of these looks has a part of the level: all of it from so many
 * devices on. Of it, samples of earlier versions have a part, since they are compared besides their counts.
 */
const FULL_LEVEL_DEVICES = 200;
const SAMPLED_SHARE = 0.25;

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
      const strict = level * Math.min(1, devices.of / FULL_LEVEL_DEVICES);
      // A failing device is one here, however often it reports, and the counts are of reports: so they are no fewer. But of starts,
      // a device has many.
      if (measure !== "crashed" && isWorse(devices, question.before, strict)) return verdict(question.before);
      if (!sample.earlier) return undefined;
      const before = proportionIn(sample.earlier, question);
      return isWorse(devices, before, strict * SAMPLED_SHARE) ? verdict(before) : undefined;
    }
  }
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
    const parts = [first, ...others].map(({ question: { scope }, now, before }) => ({ scope, now, before }));
    const sumOfParts = (side: "now" | "before") => sumProportions(parts.map((part) => part[side]));
    const before = rule === "threshold" ? first.before : sumOfParts("before");
    return [{ version_name, measure, scopes, rule, now: sumOfParts("now"), before, parts }];
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
