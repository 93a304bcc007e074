/** Tells in what the failing devices differ most from the others. Pure. */

import type { Alarm } from "./alarm-documents.ts";
import { fisherExact, rateOf } from "./statistics.ts";

/** What is known of a device: its native build, its system, and so on, by the plugin's names. */
export type Facts = Readonly<Record<string, readonly string[]>>;

type Cause = Alarm["causes"][number];

const MOST_CAUSES = 3;

/** A value that fewer failing devices share, or that is hardly more frequent among them, explains nothing. */
const LEAST_DEVICES = 3;
const LEAST_DIFFERENCE = 0.2;

/** All values together are taken for a cause by chance one time in a hundred. */
const CAUSE_LEVEL = 0.01;

/** The values that set the failing devices apart, the most telling first. */
export function causesOf(failing: readonly Facts[], others: readonly Facts[]): Cause[] {
  const candidates = countValues(failing).filter(({ count }) => count >= LEAST_DEVICES);
  const amongOthers = new Map(countValues(others).map((value) => [keyOf(value), value.count]));
  return candidates
    .map((candidate) => ({
      field: candidate.field,
      value: candidate.value,
      failing: { count: candidate.count, of: failing.length },
      others: { count: amongOthers.get(keyOf(candidate)) ?? 0, of: others.length },
    }))
    .filter(
      (cause) =>
        differenceOf(cause) >= LEAST_DIFFERENCE &&
        fisherExact(cause.failing, cause.others) < CAUSE_LEVEL / candidates.length,
    )
    .sort((a, b) => differenceOf(b) - differenceOf(a))
    .slice(0, MOST_CAUSES);
}

function differenceOf({ failing, others }: Cause): number {
  return rateOf(failing) - rateOf(others);
}

function countValues(devices: readonly Facts[]): { field: string; value: string; count: number }[] {
  const counts = new Map<string, { field: string; value: string; count: number }>();
  for (const facts of devices) {
    for (const [field, values] of Object.entries(facts)) {
      for (const value of new Set(values)) {
        const key = keyOf({ field, value });
        const counted = counts.get(key) ?? { field, value, count: 0 };
        counted.count++;
        counts.set(key, counted);
      }
    }
  }
  return [...counts.values()];
}

function keyOf({ field, value }: { field: string; value: string }): string {
  return `${field} ${value}`;
}
