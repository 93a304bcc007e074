/** Reads counters for the dashboard, and no more of them than have changed. */

import { FieldPath, type Firestore, type QuerySnapshot, Timestamp } from "firebase-admin/firestore";
import {
  COUNTERS,
  type Counter,
  counterDocument,
  dayDocument,
  dayId,
  daysOf,
  type Platform,
} from "../counting/documents.ts";
import { attemptsOf, type Measures, measuresOf } from "../health/measures.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** The counters are read once in this time, however many people watch. */
const COUNTERS_FRESH = 8 * SECOND;

/** The days of a version that changes are read once in this time. */
const DAYS_FRESH = 30 * SECOND;

/** A full read finds what the reads of changes cannot: counters that were deleted. */
const FULL_READ_EVERY = HOUR;

/** The day before may still change for so long after midnight: an event counts for the day on which it was received. */
const LATE = HOUR;

/** Past days change only when `catch-up` counts old events. */
const PAST_DAYS_FRESH = 6 * HOUR;

/**
 * A full read takes the counters with the most installs and those that changed last. A stranger can fill the second
 * share with new counters at will, but the first only with as many installs.
 */
const MOST_INSTALLED = 200;
const MOST_RECENT = 300;

/** One read of changes takes so many counters, the latest first. This bounds the cost of a flood of new ones. */
const MOST_CHANGED = 200;

/** Memory keeps so many counters between full reads, those with the most attempts first. */
const MOST_KEPT = 1_000;

/** Reads overlap by this much, since a commit may be seen a little after its `updated_at`. */
const OVERLAP = 10 * SECOND;

/** The page shows so many days, today included. */
export const SHOWN_DAYS = 30;

/** The measures of a version by day (`YYYY-MM-DD`) and platform, for its last days. */
export type Days = ReadonlyMap<string, Partial<Record<Platform, Measures>>>;

export interface CounterReader {
  /** Reads the counters, and says whether there are more. Rejects with Firestore's error. */
  counters(): Promise<{ counters: Counter[]; incomplete: boolean }>;
  /** Reads the days of a counter that has just been read. Rejects with Firestore's error. */
  daysOf(counter: Counter): Promise<Days>;
}

/**
 * Makes a reader that keeps the counters of `db` in memory. `now` is the time in milliseconds since 1970.
 *
 * The first read takes up to 500 counters; later ones take those that have changed since (`updated_at`). Of a
 * version, the first read takes 30 days; later ones take the days since the last, at most every 30 seconds and only
 * if its counter has changed.
 */
export function createCounterReader(db: Firestore, now: () => number): CounterReader {
  const collection = db.collection(COUNTERS);
  let known = new Map<string, Counter>();
  let incomplete = false;
  let fullReadAt = Number.NEGATIVE_INFINITY;
  let changesSince = Timestamp.fromMillis(0);
  const daysRead = new Map<string, DaysRead>();
  const underWay = new Map<string, Promise<Days>>();

  const readAll = async () => {
    const startedAt = now();
    const [installed, recent] = await Promise.all([
      collection.where("actions.set", ">", 0).orderBy("actions.set", "desc").limit(MOST_INSTALLED).get(),
      collection.orderBy("updated_at", "desc").limit(MOST_RECENT).get(),
    ]);
    known = new Map();
    keep(installed);
    keep(recent);
    incomplete = installed.size === MOST_INSTALLED || recent.size === MOST_RECENT;
    changesSince = overlapping(recent.readTime);
    fullReadAt = startedAt;
    for (const id of daysRead.keys()) if (!known.has(id)) daysRead.delete(id);
  };

  const readChanges = async () => {
    const changed = await collection
      .where("updated_at", ">", changesSince)
      .orderBy("updated_at", "desc")
      .limit(MOST_CHANGED)
      .get();
    keep(changed);
    incomplete ||= changed.size === MOST_CHANGED;
    changesSince = overlapping(changed.readTime);
  };

  const keep = (read: QuerySnapshot) => {
    for (const snapshot of read.docs) {
      const counter = counterDocument.safeParse(snapshot.data());
      if (counter.success) known.set(snapshot.id, { id: snapshot.id, ...counter.data });
    }
    if (known.size > MOST_KEPT) {
      const byAttempts = [...known.values()].sort(
        (a, b) => attemptsOf(b.actions) - attemptsOf(a.actions) || b.updated_at - a.updated_at,
      );
      known = new Map(byAttempts.slice(0, MOST_KEPT).map((counter) => [counter.id, counter]));
      incomplete = true;
    }
  };

  const counters = shared(COUNTERS_FRESH, now, async () => {
    await (now() - fullReadAt >= FULL_READ_EVERY ? readAll() : readChanges());
    return { counters: [...known.values()], incomplete };
  });

  const readDays = async (counter: Counter): Promise<Days> => {
    const before = daysRead.get(counter.id);
    const time = now();
    const first = dayId(time, SHOWN_DAYS - 1);
    if (!before && dayId(counter.updated_at) < first) return new Map();
    if (before?.updated_at === counter.updated_at || (before && time - before.readAt < DAYS_FRESH)) {
      return before.days;
    }
    const again = !before || time - before.allReadAt >= PAST_DAYS_FRESH;
    const from = again ? first : dayId(before.readAt - LATE);
    const read = await daysOf(collection.doc(counter.id)).where(FieldPath.documentId(), ">=", from).get();
    const kept = again ? [] : [...before.days].filter(([day]) => day >= first);
    const days = new Map([
      ...kept,
      ...read.docs.map((snapshot) => [snapshot.id, measuresOfDay(snapshot.data())] as const),
    ]);
    daysRead.set(counter.id, {
      days,
      updated_at: counter.updated_at,
      readAt: time,
      allReadAt: again ? time : before.allReadAt,
    });
    return days;
  };

  return {
    counters,
    daysOf(counter) {
      const running = underWay.get(counter.id);
      if (running) return running;
      const days = readDays(counter).finally(() => underWay.delete(counter.id));
      underWay.set(counter.id, days);
      return days;
    },
  };
}

interface DaysRead {
  days: Days;
  /** The `updated_at` that the counter had when its days were read. */
  updated_at: number;
  readAt: number;
  allReadAt: number;
}

/** Calls `read` at most once in `milliseconds`, for all who ask. A failure is not kept. */
function shared<T>(milliseconds: number, now: () => number, read: () => Promise<T>): () => Promise<T> {
  let last: { startedAt: number; result: Promise<T> } | undefined;
  let running = false;
  return () => {
    if (last && (running || now() - last.startedAt < milliseconds)) return last.result;
    running = true;
    const result = read().finally(() => {
      running = false;
    });
    last = { startedAt: now(), result };
    result.catch(() => {
      last = undefined;
    });
    return result;
  };
}

function overlapping(readTime: Timestamp): Timestamp {
  return Timestamp.fromMillis(readTime.toMillis() - OVERLAP);
}

function measuresOfDay(data: unknown): Partial<Record<Platform, Measures>> {
  const day = dayDocument.safeParse(data);
  if (!day.success) return {};
  return Object.fromEntries(
    Object.entries(day.data.platforms).map(([platform, actions]) => [platform, measuresOf(actions)]),
  );
}
