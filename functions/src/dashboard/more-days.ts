/** Reads the days that few ask for: today's of all apps, and those that are more than a month old. */

import { FieldPath, type Firestore } from "firebase-admin/firestore";
import { COUNTERS, type Counter, DAY_MILLISECONDS, dayId, daysOf } from "../counting/documents.ts";
import { shareReadsOf } from "../firestore/shared-read.ts";
import { attemptsOf, type DayOfVersion, type Days, FIRST_DAYS, readDay } from "../health/counter-reader.ts";
import { SHOWN_DAYS } from "./data.ts";
import { spans } from "./detail.ts";

const TODAY_FRESH = 5 * 60_000;

/** Today is read of so many versions, of all apps together. */
const MOST_ACTIVE = 100;

/** Old days change only when `catch-up` counts old events. */
const OLD_DAYS_FRESH = 6 * 3_600_000;

/**
 * Makes a function that reads today of those of some counters that are active today, by their ids: of those with the most attempts,
 * each at most every five minutes. `now` is the time in milliseconds since 1970. It rejects with Firestore's error.
 */
export function createTodayReader(db: Firestore, now: () => number) {
  let read = new Map<string, { day: string; readAt: number; updated_at: number; figures: DayOfVersion }>();

  return async (counters: readonly Counter[]): Promise<ReadonlyMap<string, DayOfVersion>> => {
    const time = now();
    const day = dayId(time);
    const active = counters
      .filter(({ updated_at }) => dayId(updated_at) === day)
      .map((counter) => ({ counter, attempts: attemptsOf(counter) }))
      .sort((a, b) => b.attempts - a.attempts || b.counter.updated_at - a.counter.updated_at)
      .slice(0, MOST_ACTIVE)
      .map(({ counter }) => counter);
    const stale = active.filter(({ id, updated_at }) => {
      const known = read.get(id);
      return known?.day !== day || (known.updated_at !== updated_at && time - known.readAt >= TODAY_FRESH);
    });
    const found =
      stale.length > 0
        ? await db.getAll(...stale.map(({ id }) => daysOf(db.collection(COUNTERS).doc(id)).doc(day)))
        : [];
    const fresh = stale.map(({ id, updated_at }, place) => {
      const figures = readDay(found[place]?.data() ?? {});
      return [id, { day, readAt: time, updated_at, figures }] as const;
    });
    read = new Map([...[...read].filter(([, known]) => known.day === day), ...fresh]);
    return new Map(
      active.flatMap(({ id }) => {
        const known = read.get(id);
        return known ? [[id, known.figures] as const] : [];
      }),
    );
  };
}

/**
 * Makes a function that reads the days of a counter between its first ones and the last month, for the longest range: once in six
 * hours. A counter that is younger has none. `now` is the time in milliseconds since 1970. It rejects with Firestore's error.
 */
export function createOldDaysReader(db: Firestore, now: () => number): (counter: Counter) => Promise<Days> {
  return shareReadsOf(
    OLD_DAYS_FRESH,
    now,
    ({ id }) => `${dayId(now())}/${id}`,
    async ({ id, created_at, updated_at }) => {
      const time = now();
      const afterFirst = dayId(created_at + FIRST_DAYS * DAY_MILLISECONDS);
      const oldest = dayId(time, spans["90d"].steps - 1);
      const from = afterFirst > oldest ? afterFirst : oldest;
      const until = dayId(time, SHOWN_DAYS - 1); // Not read itself.
      if (from >= until || dayId(updated_at) < from) return new Map();
      const day = FieldPath.documentId();
      const { docs } = await daysOf(db.collection(COUNTERS).doc(id))
        .where(day, ">=", from)
        .where(day, "<", until)
        .get();
      return new Map(docs.map((old) => [old.id, readDay(old.data())]));
    },
  );
}
