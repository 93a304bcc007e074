/** Counts the devices of a version that fail, in every way and part of the app. Pure. */

import * as z from "zod";
import { type AlarmMeasure, alarmMeasures, alarmScopes, proportion, type Scope } from "./alarm-documents.ts";
import type { Proportion } from "./statistics.ts";
import { countDevices, type Story, settledBy } from "./stories.ts";

/** By measure and scope; what no device has is left out. */
export const deviceCounts = z.partialRecord(
  z.enum(alarmMeasures),
  z.partialRecord(z.enum(alarmScopes), proportion),
);
export type DeviceCounts = z.output<typeof deviceCounts>;

/** Counts devices as far as their outcome is known at a time in milliseconds since 1970. */
export function countAll(stories: readonly Story[], now: number): DeviceCounts {
  return countEach((measure, scope) =>
    countDevices(stories, { measure, scope, until: settledBy(measure, now) }),
  );
}

/** Adds up the counts of several versions. */
export function sumCounts(parts: readonly DeviceCounts[]): DeviceCounts {
  return countEach((measure, scope) => {
    const sum = { count: 0, of: 0 };
    for (const part of parts) {
      const { count, of } = proportionIn(part, { measure, scope });
      sum.count += count;
      sum.of += of;
    }
    return sum;
  });
}

/** One of the counts; none of none where there is none. */
export function proportionIn(
  counts: DeviceCounts,
  { measure, scope }: { measure: AlarmMeasure; scope: Scope },
): Proportion {
  return counts[measure]?.[scope] ?? { count: 0, of: 0 };
}

function countEach(count: (measure: AlarmMeasure, scope: Scope) => Proportion): DeviceCounts {
  return Object.fromEntries(
    alarmMeasures.map((measure) => {
      const scopes = alarmScopes.map((scope) => [scope, count(measure, scope)] as const);
      return [measure, Object.fromEntries(scopes.filter(([, { of }]) => of > 0))];
    }),
  );
}
