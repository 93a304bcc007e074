/** Counts stored events, each of them once: in their counter while it is quiet, and in deltas while it is busy. */

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
 * A commit takes about 2 ms for each event, and its documents are locked meanwhile. So many events are back within a quarter of a
 * second. They have at most 300 figures, and a document takes 500 in a commit.
 */
const MAX_COMMIT_EVENTS = 100;

/** The least time between the beginnings of two commits that write a counter, by one instance. */
const DIRECT_MILLISECONDS = 500;

/** Nobody else writes a delta, so one need not wait for another. */
const DELTA_MILLISECONDS = 100;

/** So many events in a delta are as many as fill a commit that writes the counter. */
const BUSY_DELTA_EVENTS = (MAX_COMMIT_EVENTS * DELTA_MILLISECONDS) / DIRECT_MILLISECONDS;

/** A counter is busy for so long after the last sign of it. */
const BUSY_MILLISECONDS = 10_000;

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
 * One commit marks the events of a quiet counter and adds them to it, which costs the least. Where a counter is busy, the
 * commit that marks its events creates a delta of them instead: nothing contends for that, and `add-deltas.ts` adds it to the counter. A
 * counter is busy when commits are large, and when one has failed or takes longer than the interval: it contends with those of
 * other instances.
 */
export function createEventCounter(db: Firestore, { clock, timers }: CountingTime): CountEvent {
  const busy = createBusyCounters(clock);
  const time = { clock, timers, retryFor: RETRY_MILLISECONDS, landsWithin: LANDING_MILLISECONDS };

  const count = createGroupCommits<UncountedEvent, void>(
    ({ counter }) => counterId(counter),
    ({ counter }) => {
      const id = counterId(counter);
      let underWay = 0;
      const commit = (events: readonly UncountedEvent[], hadTrouble: boolean) => {
        if (hadTrouble) busy.add(id);
        return busy.has(id) ? commitDelta(db, counter, events) : commitDirectly(db, counter, events);
      };
      const refresh = (events: readonly UncountedEvent[]) => readUncounted(db, events);
      return {
        async commit(events) {
          const isBusy = busy.has(id)
            ? events.length >= BUSY_DELTA_EVENTS
            : events.length >= MAX_COMMIT_EVENTS || underWay > 0;
          if (isBusy) busy.add(id);
          underWay++;
          const undone = await commitTogether({ commit, refresh, ...time }, inOrder(events));
          underWay--;
          return events.map((event) => undone.get(event.id));
        },
        maxItems: MAX_COMMIT_EVENTS,
        interval() {
          const least = busy.has(id) ? DELTA_MILLISECONDS : DIRECT_MILLISECONDS;
          return least * (1 + Math.random() * INTERVAL_JITTER);
        },
        sideBySide: true,
        clock,
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

/** Remembers which counters are busy, by their ids. */
function createBusyCounters(clock: Clock) {
  const until = new Map<string, number>();
  return {
    has: (id: string) => clock.now() < (until.get(id) ?? -Infinity),
    add(id: string) {
      until.delete(id); // The latest stand at the end.
      until.set(id, clock.now() + BUSY_MILLISECONDS);
      for (const [other, end] of until) {
        if (end > clock.now()) break;
        until.delete(other);
      }
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
    counts: countsOf(document.data),
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
  try {
    if (isOurs) {
      await within(timeFor(1), eventRef(db, snapshot.id).update(parked, { lastUpdateTime }), timers);
    }
    logger.error("A document in `events` can never be counted.", { id: snapshot.id, parked: isOurs });
  } catch (error) {
    // Where it has changed meanwhile, whoever changed it or the sweep sees to it.
    if (classify(error) !== "stale") throw error;
  }
  return "uncountable" as const;
}
