/** When a version is alarmingly worse than another. Pure. */

import { fisherExact, type Proportion } from "./statistics.ts";

/** Fewer attempts than these say too little: the rate is shown in grey, and no version is compared with it. */
export const MIN_ATTEMPTS = 50;

/**
 * How often all comparisons of an app together may raise a false alarm: one time in a thousand. It is shared out evenly
 * (Bonferroni), and strict because the page looks again every few seconds.
 */
export const ALARM_LEVEL = 0.001;

/** A difference that is real but this small is no alarm. */
const LEAST_FACTOR = 1.5;
const LEAST_DIFFERENCE = 0.002;

/** Whether `suspect` is alarmingly worse than `before`, given how many comparisons are made together. */
export function isAlarming(suspect: Proportion, before: Proportion, comparisons: number): boolean {
  const rate = suspect.count / suspect.of;
  const rateBefore = before.count / before.of;
  return (
    rate >= rateBefore * LEAST_FACTOR &&
    rate >= rateBefore + LEAST_DIFFERENCE &&
    fisherExact(suspect, before) < ALARM_LEVEL / comparisons
  );
}

/** The test in words, for the page. */
export const alarmTest =
  `Alarm: the rate of the last 7 days is above that of the nearest earlier version that has at least ${MIN_ATTEMPTS} ` +
  `attempts and no alarm itself. One-sided Fisher exact test, level ${ALARM_LEVEL} shared out over all comparisons of ` +
  `the app (Bonferroni), and at least ${LEAST_FACTOR} times the rate before and ${LEAST_DIFFERENCE * 100} points more.`;
