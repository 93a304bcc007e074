/** Works out what the chart of failures shows: each step's rate and how sure it is, and since when it is higher. Pure. */

import type { AlarmMeasure } from "../../../src/health/alarm-documents.ts";
import {
  isWorse,
  type Proportion,
  rateOf,
  sumProportions,
  wilsonInterval,
} from "../../../src/health/statistics.ts";

/** A step with fewer attempts is drawn quieter: its rate jumps by chance. */
export const FEW_ATTEMPTS = 20;

/** The scale never shows less than this: below it, differences mean nothing. */
const LEAST_TOP = 0.01;

/** How often chance alone may call a rate higher. */
export const LEVEL = 0.001;

export interface FailureStep {
  index: number;
  proportion: Proportion;
  rate: number;
  low: number;
  high: number;
  /** The last step is not over; one with few attempts is not sure. */
  kind: "sure" | "few" | "open";
}

/** A step without attempts is `undefined`. */
export function failureSteps(proportions: readonly Proportion[]): (FailureStep | undefined)[] {
  return proportions.map((proportion, index) => {
    if (proportion.of === 0) return undefined;
    const kind = index === proportions.length - 1 ? "open" : proportion.of < FEW_ATTEMPTS ? "few" : "sure";
    return { index, proportion, rate: rateOf(proportion), ...wilsonInterval(proportion), kind };
  });
}

/** Those whose outcome is known. Downloads of the step that is not over may be under way. */
export function settledSteps(
  steps: readonly (FailureStep | undefined)[],
  measure: AlarmMeasure,
): FailureStep[] {
  const present = steps.filter((step) => step !== undefined);
  return present.filter(({ kind }) => kind !== "open" || measure !== "not_downloaded");
}

/** The most that the scale has to show, from 0 to 1. What stands on few attempts, or is wider than most intervals, may be cut off. */
export function mostShown(
  steps: readonly (FailureStep | undefined)[],
  others: readonly (FailureStep | undefined)[],
): number {
  const present = steps.filter((step) => step !== undefined);
  const known = present.filter(({ proportion }) => proportion.of >= FEW_ATTEMPTS);
  const compared = others.filter((step) => step !== undefined && step.proportion.of >= FEW_ATTEMPTS);
  const rates = [...(known.length > 0 ? known : present), ...compared].map((step) => step?.rate ?? 0);
  const highs = known.map(({ high }) => high).sort((a, b) => a - b);
  const middle = highs[Math.floor(highs.length / 2)] ?? 0;
  return Math.min(1, Math.max(LEAST_TOP, middle, 1.2 * Math.max(0, ...rates)));
}

/** What is reported from a step on, and before it. */
interface Change {
  index: number;
  now: Proportion;
  before: Proportion;
}

/**
 * The step from which on the rate is higher than before by more than chance: of all steps, the one that parts the attempts best.
 * Many steps are tried, so each has to be as much surer.
 */
export function worseSince(steps: readonly FailureStep[]): Change | undefined {
  const parted = steps.slice(1).map(({ index }, place) => ({
    index,
    before: sumProportions(steps.slice(0, place + 1).map(({ proportion }) => proportion)),
    now: sumProportions(steps.slice(place + 1).map(({ proportion }) => proportion)),
  }));
  const higher = parted.filter(({ now, before }) => rateOf(now) > rateOf(before));
  const [best] = higher.toSorted((a, b) => partedBy(b) - partedBy(a));
  return best && isWorse(best.now, best.before, LEVEL / parted.length) ? best : undefined;
}

/** How much better two rates describe the attempts than one: half the statistic of the G-test. */
function partedBy({ now, before }: Change): number {
  return surprise(now) + surprise(before) - surprise(sumProportions([now, before]));
}

/** The logarithm of the likelihood of the attempts at their own rate. */
function surprise({ count, of }: Proportion): number {
  const term = (part: number) => (part === 0 ? 0 : part * Math.log(part / of));
  return term(count) + term(of - count);
}
