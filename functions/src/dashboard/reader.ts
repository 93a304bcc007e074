/** Reads what the dashboard shows, with few reads for all who look. */

import type { Firestore } from "firebase-admin/firestore";
import { type Counter, counterId } from "../counting/documents.ts";
import { shareReads } from "../firestore/shared-read.ts";
import { ALARMS, type Alarm, alarmIn } from "../health/alarm-documents.ts";
import {
  type CounterReader,
  type CounterReaderOptions,
  createCounterReader,
  type DayOfVersion,
  type Days,
} from "../health/counter-reader.ts";
import { WATCH_MINUTES } from "../health/watch.ts";
import { watchState, watchStateRef } from "../health/watch-state.ts";
import { SHOWN_DAYS } from "./data.ts";
import { createOldDaysReader, createTodayReader } from "./more-days.ts";

/** The pages ask every ten seconds, for the counters above all; the watch changes alarms every five minutes at most. */
const ALARMS_FRESH = 30_000;

/** So many open alarms are read. */
const MOST_ALARMS = 200;

/** What is read of counters, so that ten pages, open on busy versions, read at most 3,000 documents an hour. */
const shownReads: CounterReaderOptions = { lastDays: SHOWN_DAYS, daysFresh: 90_000, mostChanged: 200 };

export interface ReadApps {
  counters: Counter[];
  /** The open ones. */
  alarms: Alarm[];
  /** When the watch last looked: milliseconds since 1970, or `null` before its first look. */
  watched_at: number | null;
  /** Whether there are more counters. */
  incomplete: boolean;
  /** Whether there are more open alarms, or some that cannot be read. */
  alarms_incomplete: boolean;
}

/** Each rejects with Firestore's error. */
export interface DashboardReader {
  /** Reads the counters and the open alarms. */
  read(): Promise<ReadApps>;
  /** Reads the first and the last days of a counter that has just been read. */
  daysOf(counter: Counter): Promise<Days>;
  /** Reads the days between these, for the longest range. */
  oldDaysOf(counter: Counter): Promise<Days>;
  /** Reads today of the counters that are active today, by their ids. */
  today(): Promise<ReadonlyMap<string, DayOfVersion>>;
}

/**
 * Makes a reader of the counters and the open alarms in `db`. Where there are more counters than are read, those of the alarms
 * are among them. `now` is the time in milliseconds since 1970.
 */
export function createDashboardReader(db: Firestore, now: () => number): DashboardReader {
  const counterReader: CounterReader = createCounterReader(db, now, shownReads);

  let watched_at: number | null = null;

  /** The watch says nothing new before it is due again. */
  const readWatchedAt = async () => {
    if (watched_at === null || now() - watched_at >= WATCH_MINUTES * 60_000) {
      const state = watchState.safeParse((await watchStateRef(db).get()).data());
      watched_at = state.data?.looked_at ?? null;
    }
    return watched_at;
  };

  const readAlarms = shareReads(ALARMS_FRESH, now, async () => {
    const [{ counters }, open, watchedAt] = await Promise.all([
      counterReader.counters(),
      db.collection(ALARMS).where("open", "==", true).limit(MOST_ALARMS).get(),
      readWatchedAt(),
    ]);
    const alarms = open.docs.flatMap((snapshot) => alarmIn(snapshot) ?? []);
    const known = new Set(counters.map(({ id }) => id));
    return {
      alarms,
      counters: await counterReader.find(alarms.filter((alarm) => !known.has(counterId(alarm)))),
      watched_at: watchedAt,
      alarms_incomplete: open.size === MOST_ALARMS || alarms.length < open.size,
    };
  });

  const read = async (): Promise<ReadApps> => {
    const [{ counters, incomplete }, open] = await Promise.all([counterReader.counters(), readAlarms()]);
    const known = new Set(counters.map(({ id }) => id));
    return {
      ...open,
      counters: [...counters, ...open.counters.filter(({ id }) => !known.has(id))],
      incomplete,
    };
  };

  const readToday = createTodayReader(db, now);

  return {
    read,
    daysOf: counterReader.daysOf,
    oldDaysOf: createOldDaysReader(db, now),
    today: shareReads(0, now, async () => readToday((await read()).counters)),
  };
}
