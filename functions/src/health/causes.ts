/** Tells in what the failing devices differ most from the others. Pure. */

import type { Alarm } from "./alarm-documents.ts";
import { fisherExact, rateOf } from "./statistics.ts";

/** What is known of a device, by the plugin's names: its native build, its system, and so on. What is absent is not known. */
export type Facts = Readonly<Record<string, readonly string[]>>;

type Cause = Alarm["causes"][number];

const MOST_CAUSES = 3;

/** A value that fewer failing devices share, or that is hardly more frequent among them, explains nothing. */
const LEAST_DEVICES = 3;
const LEAST_DIFFERENCE = 0.2;

/** All values together are taken for a cause by chance one time in a hundred. */
const CAUSE_LEVEL = 0.01;

/** The values that set the failing devices apart, the most telling first. Shares are of the devices of which the field is known. */
export function causesOf(failing: readonly Facts[], others: readonly Facts[]): Cause[] {
  const candidates = countValues(failing).filter(({ count }) => count >= LEAST_DEVICES);
  return candidates
    .map(({ field, value, count }): Cause => {
      const known = others.flatMap((facts) => facts[field] ?? []);
      return {
        field,
        value,
        failing: { count, of: knownOf(failing, field) },
        others: { count: known.filter((other) => other === value).length, of: knownOf(others, field) },
      };
    })
    .filter(
      (cause) =>
        differenceOf(cause) >= LEAST_DIFFERENCE &&
        fisherExact(cause.failing, cause.others) < CAUSE_LEVEL / candidates.length,
    )
    .sort((a, b) => differenceOf(b) - differenceOf(a))
    .slice(0, MOST_CAUSES);
}

function knownOf(devices: readonly Facts[], field: string): number {
  return devices.filter((facts) => facts[field] !== undefined).length;
}

function differenceOf({ failing, others }: Cause): number {
  return rateOf(failing) - rateOf(others);
}

/** How many devices have each value. */
function countValues(devices: readonly Facts[]): { field: string; value: string; count: number }[] {
  const counts = new Map<string, { field: string; value: string; count: number }>();
  for (const [field, values] of devices.flatMap((facts) => Object.entries(facts))) {
    for (const value of values) {
      const key = `${field} ${value}`;
      const known = counts.get(key) ?? { field, value, count: 0 };
      counts.set(key, { ...known, count: known.count + 1 });
    }
  }
  return [...counts.values()];
}
