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
import { watchState, watchStateRef } from "../health/watch-state.ts";
import { SHOWN_DAYS } from "./data.ts";
import { createOldDaysReader, createTodayReader } from "./more-days.ts";

/** Only the watch changes alarms, and it says when it has looked: that is read once in this time, and the alarms after a look. */
const WATCHED_FRESH = 30_000;

/** The alarms are read at least so often: a look that fails for one app says nothing, but may change the alarms of others. */
const ALARMS_FRESH = 120_000;

/** So many open alarms are read. */
const MOST_ALARMS = 200;

/** What is read of counters, so that ten pages, open on busy versions, read at most 3,000 documents an hour. */
const shownReads: CounterReaderOptions = { lastDays: SHOWN_DAYS, daysFresh: 90_000, mostChanged: 200 };

interface Alarms {
  /** The open ones. */
  alarms: Alarm[];
  /** Those of the alarms are among them. */
  counters: Counter[];
  /** Whether there are more open alarms, or some that cannot be read. */
  alarms_incomplete: boolean;
}

/** The alarms that are open after a look. Times are milliseconds since 1970. */
interface Open extends Alarms {
  readAt: number;
  /** When the watch last looked; `null` before its first look. */
  watched_at: number | null;
}

export interface ReadApps extends Alarms, Pick<Open, "watched_at"> {
  /** Whether there are more counters. */
  incomplete: boolean;
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

  const readAlarms = async (): Promise<Alarms> => {
    const [{ counters }, open] = await Promise.all([
      counterReader.counters(),
      db.collection(ALARMS).where("open", "==", true).limit(MOST_ALARMS).get(),
    ]);
    const alarms = open.docs.flatMap((snapshot) => alarmIn(snapshot) ?? []);
    const known = new Set(counters.map(({ id }) => id));
    return {
      alarms,
      counters: await counterReader.find(alarms.filter((alarm) => !known.has(counterId(alarm)))),
      alarms_incomplete: open.size === MOST_ALARMS || alarms.length < open.size,
    };
  };

  let last: Open | undefined;

  const readOpen = shareReads(WATCHED_FRESH, now, async (): Promise<Open> => {
    const readAt = now();
    const state = watchState.safeParse((await watchStateRef(db).get()).data());
    const watched_at = state.data?.looked_at ?? null;
    const isSame = last?.watched_at === watched_at && readAt - last.readAt < ALARMS_FRESH;
    last = last && isSame ? last : { readAt, watched_at, ...(await readAlarms()) };
    return last;
  });

  const read = async (): Promise<ReadApps> => {
    const [{ counters, incomplete }, open] = await Promise.all([counterReader.counters(), readOpen()]);
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
