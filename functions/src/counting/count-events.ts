/** Counts stored events, each of them once: in their counter, or in deltas where many would write it. */

import type { DocumentSnapshot, Firestore, Timestamp, WriteBatch } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import type { Clock } from "../clock.ts";
import { type Timers, timeFor, within } from "../firestore/deadline.ts";
import { classify } from "../firestore/errors.ts";
import { createGroupCommits } from "../group-commit.ts";
import { commitTogether, inOrder, type Version } from "./commit-together.ts";
import {
  addToCounter,
  type CounterIdentity,
  counterId,
  countsOf,
  type DayCounts,
  DELTAS,
  dayId,
  deltaOf,
  eventDocument,
  eventRef,
  isParked,
  parked,
} from "./documents.ts";

/**
 * Counts one event, given as its trigger or a query delivered it. Resolves with `counted` when it is counted for good, by
 * this call or an earlier one, or is deleted by now; with `uncountable` when it can never be counted: then it is parked, and the
 * log says so once. Rejects with Firestore's error if it could not be counted now.
 */
export type CountEvent = (snapshot: DocumentSnapshot) => Promise<"counted" | "uncountable">;

/**
 * A commit takes about 2 ms for each event, and its documents are locked meanwhile. So many events are back in 0.2 s, which
 * lets 3,000 of them at once be 15,000 a second: Pub/Sub may not deliver more. Each has at most five figures of its day (its action
 * in `actions` and on its platform, and three in `hours`), so they have 375, where a document takes 500 in a commit.
 */
const MAX_COMMIT_EVENTS = 75;

/**
 * The least time between the beginnings of two commits on one counter, by one instance, where events come close together: after
 * a commit of one event, the next waits only for its end. Less is more writes, more is more time that is billed for waiting.
 * Dollars for a million events in the model, with 100, 250, 500 and 1,000 ms:
 *
 * | events/s | one by one                 | in arrays of 15        |
 * |----------|----------------------------|------------------------|
 * | 0.38     | 11.09, 11.09, 11.09, 11.09 | 3.88, 3.89, 3.90, 3.93 |
 * | 1        | 11.03, 11.03, 11.03, 11.01 | 3.88, 3.88, 3.90, 3.94 |
 * | 10       | 9.66, 9.41, 9.01, 8.78     | 3.87, 3.89, 3.97, 4.19 |
 * | 100      | 5.99, 5.90, 6.15, 6.15     | 3.75, 3.82, 3.85, 4.03 |
 * | 1,000    | 4.71, 4.67, 4.66, 4.66     | 3.55, 3.53, 3.52, 3.52 |
 */
const COMMIT_MILLISECONDS = 250;

/** A commit that writes a counter and takes longer has met others. */
const CONTENTION_MILLISECONDS = 500;

/** After contention, a counter is left to `add-deltas.ts` for so long, and longer while this many events come in that time. */
const CONTENDED_MILLISECONDS = 10_000;
const CONTENDED_EVENTS = 2_000;

/** Adds up to 20 % to each interval. Instances that write a counter in step would collide every time. */
const INTERVAL_JITTER = 0.2;

/** The timeout of the function covers this, and a last attempt. */
const RETRY_MILLISECONDS = 25_000;

/**
 * A copy of a commit that is still under way would contend with it. So it is waited for until a connection that has gone silent
 * would have been given up (`connection.ts`).
 */
const LANDING_MILLISECONDS = 15_000;

export interface CountingTime {
  clock: Clock;
  timers: Timers;
}

/**
 * Makes a way to count the events of `db`. Calls for the same counter share commits. Calls for different counters do not, so
 * that a counter that cannot be written holds up no other.
 *
 * One commit marks the events of a quiet counter and adds them to it, which costs the least. Where a commit is full, or the
 * counter is contended, the commit that marks the events creates a delta of them instead: nobody else writes that, and
 * `add-deltas.ts` adds it to the counter. A counter is contended when a commit on it has failed or takes long, and when two full
 * commits follow one another.
 */
export function createEventCounter(db: Firestore, { clock, timers }: CountingTime): CountEvent {
  const contended = createContendedCounters(clock);
  const time = { clock, timers, retryFor: RETRY_MILLISECONDS, landsWithin: LANDING_MILLISECONDS };
  const refresh = (events: readonly UncountedEvent[]) => readUncounted(db, events);

  const count = createGroupCommits<UncountedEvent, void>(
    ({ counter }) => counterId(counter),
    ({ counter }) => {
      const id = counterId(counter);
      let fullInARow = 0;
      const commit = async (events: readonly UncountedEvent[], hadTrouble: boolean) => {
        if (hadTrouble) contended.add(id);
        if (contended.has(id, events.length)) return commitDelta(db, counter, events);
        const alarm = timers.setTimeout(() => contended.add(id), CONTENTION_MILLISECONDS);
        return commitDirectly(db, counter, events).finally(() => timers.clearTimeout(alarm));
      };
      const commitFull = (events: readonly UncountedEvent[]) => commitDelta(db, counter, events);
      return {
        async commit(events) {
          const isFull = events.length === MAX_COMMIT_EVENTS;
          fullInARow = isFull ? fullInARow + 1 : 0;
          if (fullInARow > 1) contended.add(id);
          const work = { ...time, refresh, commit: isFull ? commitFull : commit };
          const undone = await commitTogether(work, inOrder(events));
          return events.map((event) => undone.get(event.id));
        },
        maxItems: MAX_COMMIT_EVENTS,
        next(done, { length }) {
          const interval = clock.sleep(COMMIT_MILLISECONDS * (1 + Math.random() * INTERVAL_JITTER));
          return length > 1 ? interval : Promise.race([done, interval]);
        },
      };
    },
  );

  return async (snapshot) => {
    if (isParked(snapshot)) return "uncountable";
    if (!snapshot.updateTime || snapshot.get("counted") === true) return "counted";
    const event = uncountedEvent(snapshot, snapshot.updateTime);
    if (!event) return park(db, snapshot, snapshot.updateTime, timers);
    try {
      await count(event);
      return "counted";
    } catch (error) {
      if (classify(error) !== "poisoned") throw error;
      return park(db, snapshot, snapshot.updateTime, timers);
    }
  };
}

/** Remembers which counters are contended, by their ids. */
function createContendedCounters(clock: Clock) {
  const contended = new Map<string, { until: number; events: number }>();
  const add = (id: string) => {
    contended.delete(id); // So that the latest stand at the end.
    contended.set(id, { until: clock.now() + CONTENDED_MILLISECONDS, events: 0 });
  };
  return {
    add,
    /** Whether a counter is contended, as events for it are about to be committed. */
    has(id: string, events: number): boolean {
      for (const [other, { until, events }] of contended) {
        if (until > clock.now()) break;
        if (events >= CONTENDED_EVENTS) add(other);
        else contended.delete(other);
      }
      const found = contended.get(id);
      if (found) found.events += events;
      return found !== undefined;
    },
  };
}

/** An event that is not counted yet, as far as counting needs it. */
interface UncountedEvent extends Version, DayCounts {
  counter: CounterIdentity;
}

/** Reads an event document; nothing if it is no event. */
function uncountedEvent(snapshot: DocumentSnapshot, updateTime: Timestamp): UncountedEvent | undefined {
  const document = eventDocument.safeParse(snapshot.data());
  if (!document.success) return undefined;
  const { app_id, version_name, received_at } = document.data;
  return {
    id: snapshot.id,
    updateTime,
    counter: { app_id, version_name },
    day: dayId(received_at.toMillis()),
    counts: countsOf(document.data, received_at.toMillis()),
  };
}

/** Adds events to their counter. */
function commitDirectly(db: Firestore, counter: CounterIdentity, events: readonly UncountedEvent[]) {
  const batch = markCounted(db, events);
  addToCounter(batch, db, counter, events);
  return batch.commit();
}

/** Adds events to a delta of their own. */
function commitDelta(db: Firestore, counter: CounterIdentity, events: readonly UncountedEvent[]) {
  const batch = markCounted(db, events);
  batch.create(db.collection(DELTAS).doc(), deltaOf(counter, events));
  return batch.commit();
}

/**
 * Begins a commit that marks each event counted, on condition that it is as it was read. If one of the events was counted
 * before, its condition fails and nothing of the commit is applied.
 */
function markCounted(db: Firestore, events: readonly UncountedEvent[]): WriteBatch {
  const batch = db.batch();
  for (const { id, updateTime } of events) {
    batch.update(eventRef(db, id), { counted: true }, { lastUpdateTime: updateTime });
  }
  return batch;
}

/** Reads the events again. Keeps those that are neither counted nor parked nor deleted by now, with their new update times. */
async function readUncounted(db: Firestore, events: readonly UncountedEvent[]): Promise<UncountedEvent[]> {
  const refs = events.map(({ id }) => eventRef(db, id));
  const snapshots = await db.getAll(...refs, { fieldMask: ["counted", "uncountable"] });
  return events.flatMap((event, index) => {
    const now = snapshots[index];
    const isLeft = now?.updateTime && now.get("counted") !== true && !isParked(now);
    return isLeft ? { ...event, updateTime: now.updateTime } : [];
  });
}

/**
 * Parks an event that can never be counted, on condition that it is as it was read, and says so in the log. A document that this
 * backend did not write is left as it is.
 */
async function park(db: Firestore, snapshot: DocumentSnapshot, lastUpdateTime: Timestamp, timers: Timers) {
  const isOurs = snapshot.get("counted") === false;
  const complain = (parked: boolean) =>
    logger.error("A document in `events` can never be counted.", { id: snapshot.id, parked });
  try {
    if (isOurs) {
      await within(timeFor(1), eventRef(db, snapshot.id).update(parked, { lastUpdateTime }), timers);
    }
    complain(isOurs);
  } catch (error) {
    const failure = classify(error);
    if (failure === "poisoned") complain(false);
    // Where it has changed meanwhile, whoever changed it or the sweep sees to it.
    else if (failure !== "stale") throw error;
  }
  return "uncountable" as const;
}
