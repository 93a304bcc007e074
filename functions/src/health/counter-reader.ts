/** Reads counters and their days, and no more of them than have changed: for the dashboard and the watch. */

import {
  type DocumentSnapshot,
  FieldPath,
  type Firestore,
  type QuerySnapshot,
  Timestamp,
} from "firebase-admin/firestore";
import {
  COUNTERS,
  type Counter,
  type CounterIdentity,
  counterDocument,
  counterId,
  counterRef,
  DAY_MILLISECONDS,
  dayDocument,
  dayId,
  daysOf,
  type Platform,
  platforms,
} from "../counting/documents.ts";
import { shareReads, shareReadsOf } from "../firestore/shared-read.ts";
import { addMeasures, type Measures, measuresOf, measuresOfCounts } from "./measures.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** The counters are read once in this time, however many people watch. */
const COUNTERS_FRESH = 10 * SECOND;

/** A full read finds what the reads of changes cannot: counters that were deleted. */
const FULL_READ_EVERY = HOUR;

/**
 * The day before may still change for so long after midnight: an event counts for the day on which it was received, and the sweep
 * counts within half an hour what no trigger has.
 */
const LATE = HOUR / 2;

/** In its first hour, when all eyes are on it, a version's days are read so many times as often. */
const YOUNG_TIMES = 3;

/** Past days change only when `catch-up` counts old events. */
const PAST_DAYS_FRESH = 6 * HOUR;

/**
 * A full read takes the counters with the most of each of these, and those that changed last. A stranger can fill the last share
 * with new counters at will, but the others only with as many attempts.
 */
const MOST_OF = ["set", "download_complete", "download_zip_start", "download_manifest_start"];
const MOST_OF_EACH = 100;
const MOST_RECENT = 200;

/** Memory keeps so many counters between full reads, those with the most attempts first. */
const MOST_KEPT = 1_000;

/** Reads overlap by this much, since a commit may be seen a little after its `updated_at`. */
const OVERLAP = 10 * SECOND;

/** The first days of a version are read too: another one is compared with it at the same age. */
export const FIRST_DAYS = 8;

/** What happened on a day to production devices. */
export interface DayOfVersion {
  platforms: Partial<Record<Platform, Measures>>;
  /** The same by hour in UTC, `00` to `23`, and without halves of rates: see `measuresOfEvent`. */
  hours: ReadonlyMap<string, Partial<Record<Platform, Measures>>>;
  /** How often the app was opened with the version. */
  opened: Partial<Record<Platform, number>>;
}

/** The first and the last days of a version, by their ids (`YYYY-MM-DD`), in order. */
export type Days = ReadonlyMap<string, DayOfVersion>;

export interface CounterReader {
  /** Reads the counters, and says whether there are more. Rejects with Firestore's error. */
  counters(): Promise<{ counters: Counter[]; incomplete: boolean }>;
  /** Reads the days of a counter that has just been read. Rejects with Firestore's error. */
  daysOf(counter: Counter): Promise<Days>;
  /** Reads those of some counters that exist, by their ids. Rejects with Firestore's error. */
  find(identities: readonly CounterIdentity[]): Promise<Counter[]>;
}

export interface CounterReaderOptions {
  /** How many of its last days are read of a version, today included. */
  lastDays: number;
  /** The days of a version that changes are read once in this time, in milliseconds; more often in its first hour. */
  daysFresh: number;
  /** One read of changes takes so many counters, the latest first. This bounds the cost of a flood of new ones. */
  mostChanged: number;
}

/**
 * Makes a reader that keeps the counters of `db` in memory. `now` is the time in milliseconds since 1970.
 *
 * The first read takes up to 600 counters; later ones take those that have changed since (`updated_at`). Of a
 * version, the first read takes its first and last days; later ones take the days since the last, at most every `daysFresh` and
 * only if its counter has changed.
 */
export function createCounterReader(
  db: Firestore,
  now: () => number,
  { lastDays, daysFresh, mostChanged }: CounterReaderOptions,
): CounterReader {
  const collection = db.collection(COUNTERS);
  let known = new Map<string, Counter>();
  let incomplete = false;
  let fullReadAt = Number.NEGATIVE_INFINITY;
  let changesSince = Timestamp.fromMillis(0);
  const daysRead = new Map<string, DaysRead>();

  const readAll = async () => {
    const startedAt = now();
    const [recent, ...most] = await Promise.all([
      collection.orderBy("updated_at", "desc").limit(MOST_RECENT).get(),
      ...MOST_OF.map((action) => {
        const field = new FieldPath("actions", action);
        return collection.where(field, ">", 0).orderBy(field, "desc").limit(MOST_OF_EACH).get();
      }),
    ]);
    known = new Map();
    for (const read of [...most, recent]) keep(read);
    incomplete = recent.size === MOST_RECENT || most.some(({ size }) => size === MOST_OF_EACH);
    changesSince = overlapping(recent.readTime);
    fullReadAt = startedAt;
    for (const id of daysRead.keys()) if (!known.has(id)) daysRead.delete(id);
  };

  const readChanges = async () => {
    const changed = await collection
      .where("updated_at", ">", changesSince)
      .orderBy("updated_at", "desc")
      .limit(mostChanged)
      .get();
    keep(changed);
    incomplete ||= changed.size === mostChanged;
    changesSince = overlapping(changed.readTime);
  };

  const keep = (read: QuerySnapshot) => {
    for (const snapshot of read.docs) {
      const counter = counterIn(snapshot);
      if (counter) known.set(counter.id, counter);
    }
    if (known.size > MOST_KEPT) {
      const byAttempts = [...known.values()].sort(
        (a, b) => attemptsOf(b) - attemptsOf(a) || b.updated_at - a.updated_at,
      );
      known = new Map(byAttempts.slice(0, MOST_KEPT).map((counter) => [counter.id, counter]));
      incomplete = true;
    }
  };

  const counters = shareReads(COUNTERS_FRESH, now, async () => {
    await (now() - fullReadAt >= FULL_READ_EVERY ? readAll() : readChanges());
    return { counters: [...known.values()], incomplete };
  });

  const readDays = async (counter: Counter): Promise<Days> => {
    const before = daysRead.get(counter.id);
    const time = now();
    const isYoung = time - counter.created_at < HOUR;
    const isFresh = before && time - before.readAt < (isYoung ? daysFresh / YOUNG_TIMES : daysFresh);
    if (isFresh || before?.updated_at === counter.updated_at) return before.days;
    const again = !before || time - before.allReadAt >= PAST_DAYS_FRESH;
    const firstOfLast = dayId(time, lastDays - 1);
    const afterFirst = dayId(counter.created_at + FIRST_DAYS * DAY_MILLISECONDS); // Not read itself.
    const from = again ? firstOfLast : dayId(before.readAt - LATE);
    const ofVersion = daysOf(collection.doc(counter.id));
    const id = FieldPath.documentId();
    const [first, last] = await Promise.all([
      // They change no more, but by what is counted late.
      before || dayId(counter.created_at) >= firstOfLast
        ? undefined
        : ofVersion.where(id, "<", afterFirst < firstOfLast ? afterFirst : firstOfLast).get(),
      dayId(counter.updated_at) < from ? undefined : ofVersion.where(id, ">=", from).get(),
    ]);
    const kept = [...(before?.days ?? [])].filter(
      ([day]) => day < afterFirst || (!again && day >= firstOfLast),
    );
    const fresh = [...(first?.docs ?? []), ...(last?.docs ?? [])];
    const days = new Map(
      [...kept, ...fresh.map((day) => [day.id, readDay(day.data())] as const)].sort(byDay),
    );
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
    async find(identities) {
      const refs = new Map(identities.map((identity) => [counterId(identity), counterRef(db, identity)]));
      const found = refs.size > 0 ? await db.getAll(...refs.values()) : [];
      return found.flatMap((snapshot) => counterIn(snapshot) ?? []);
    },
    daysOf: shareReadsOf(0, now, ({ id }) => id, readDays),
  };
}

/** The counter in a document; nothing where there is none, or one that cannot be read. */
export function counterIn(snapshot: DocumentSnapshot): Counter | undefined {
  const counter = counterDocument.safeParse(snapshot.data());
  if (!counter.success || !snapshot.createTime) return undefined;
  return { id: snapshot.id, created_at: snapshot.createTime.toMillis(), ...counter.data };
}

interface DaysRead {
  days: Days;
  /** The `updated_at` that the counter had when its days were read. */
  updated_at: number;
  readAt: number;
  allReadAt: number;
}

function overlapping(readTime: Timestamp): Timestamp {
  return Timestamp.fromMillis(readTime.toMillis() - OVERLAP);
}

function byDay([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}

/** What the document of a day says; nothing where somebody has edited it so that it is none. */
export function readDay(data: unknown): DayOfVersion {
  const day = dayDocument.safeParse(data);
  if (!day.success) return { platforms: {}, hours: new Map(), opened: {} };
  return {
    platforms: byPlatform(day.data.platforms, measuresOfCounts),
    hours: new Map(
      Object.entries(day.data.hours).map(([hour, ofHour]) => [
        hour,
        byPlatform(ofHour, (measures) => addMeasures([measures])),
      ]),
    ),
    opened: byPlatform(day.data.platforms, (counts, platform) => counts[openedAction(platform)] ?? 0),
  };
}

/** All plugins report that the app came to the foreground, but Electron's, which reports `set` at every start. */
function openedAction(platform: Platform): string {
  return platform === "electron" ? "set" : "app_moved_to_foreground";
}

function byPlatform<Part, Figures>(
  parts: Readonly<Record<string, Part>>,
  figures: (part: Part, platform: Platform) => Figures,
): Partial<Record<Platform, Figures>> {
  const known = platforms.flatMap((platform) => {
    const part = Object.hasOwn(parts, platform) ? parts[platform] : undefined;
    return part === undefined ? [] : [[platform, figures(part, platform)] as const];
  });
  return Object.fromEntries(known);
}

/** Attempts at a version that are known to have been made, whether or not its plugins report beginnings. */
export function attemptsOf({ platforms }: Pick<Counter, "platforms">): number {
  const { begun, downloaded, installed } = measuresOf(platforms);
  return Math.max(begun, downloaded, installed);
}
