/** Counts stored events in counters, each of them once. */

import type { DocumentSnapshot, Firestore, Timestamp } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import type { Clock } from "../clock.ts";
import { inTime, type Timers } from "../firestore/deadline.ts";
import { classify, type Failure } from "../firestore/errors.ts";
import { createGroupCommit } from "../group-commit.ts";
import {
  addToCounter,
  type CounterIdentity,
  counterId,
  counterRef,
  countsOf,
  type DayCounts,
  dayId,
  eventDocument,
  eventRef,
} from "./documents.ts";
import { addToShard, createShardPicker, type ShardPicker } from "./shards.ts";

/**
 * Counts one event, given as its trigger or a query delivered it. Resolves when the event is counted for good, by this
 * call or an earlier one, or when there is nothing to count: it is deleted, or was not written by this backend.
 * Rejects with Firestore's error if it could not be counted.
 */
export type CountEvent = (snapshot: DocumentSnapshot) => Promise<void>;

/**
 * Firestore takes requests of up to 10 MiB with any number of writes, and the write of an event has about 250 bytes, so
 * this many events fill a quarter of a request. A commit that is too big all the same is halved.
 */
const MAX_COMMIT_EVENTS = 10_000;

/** The timeout of the function covers two commits, the one before an event's own and its own, so each is tried this long. */
const RETRY_MILLISECONDS = 25_000;

/**
 * An instance that retries exactly when the document takes a write again would win every time, so jitter adds up to 20 %
 * to each interval.
 */
const INTERVAL_JITTER = 0.2;

/**
 * The Admin SDK backs off by itself while a call is in time; this comes on top. It stays short: an instance that waits longer
 * for a contended document loses it to instances that have just come.
 */
const FIRST_BACKOFF_MILLISECONDS = 100;
const LONGEST_BACKOFF_MILLISECONDS = 400;

export interface EventCounterOptions {
  /** The least time between the beginnings of two commits on one counter, in milliseconds. */
  interval: number;
  /** The number of shards over which a counter is spread; 1 for none. */
  shards: number;
  clock: Clock;
  timers: Timers;
}

/**
 * Makes a way to count the events of `db`. Calls for the same counter share commits, one each `interval`. Calls for different
 * counters do not, so that a counter that cannot be written holds up no other.
 */
export function createEventCounter(db: Firestore, options: EventCounterOptions): CountEvent {
  const { interval, shards, clock, timers } = options;
  const lanes = new Map<string, (event: UncountedEvent) => Promise<void>>();
  const shard = createShardPicker(shards);
  const laneOf = (counter: CounterIdentity) => {
    const id = counterId(counter);
    const open = lanes.get(id);
    if (open) return open;
    const lane = createGroupCommit<UncountedEvent, void>({
      commit: (events) => {
        const deadline = clock.now() + RETRY_MILLISECONDS;
        return countTogether({ db, counter, shard, clock, timers, deadline }, events);
      },
      maxItems: MAX_COMMIT_EVENTS,
      interval: () => interval * (1 + Math.random() * INTERVAL_JITTER),
      clock,
      onIdle: () => lanes.delete(id),
    });
    lanes.set(id, lane);
    return lane;
  };
  return async (snapshot) => {
    const event = uncountedEvent(snapshot);
    if (event) await laneOf(event.counter)(event);
  };
}

/** The context of a commit and its repetitions. After `deadline`, by `clock`, nothing is tried again. */
interface CommitContext {
  db: Firestore;
  counter: CounterIdentity;
  shard: ShardPicker;
  clock: Clock;
  timers: Timers;
  deadline: number;
}

/** Counts events together; an outcome for each, in order: nothing, or why it is not counted. */
async function countTogether(context: CommitContext, events: readonly UncountedEvent[]) {
  const distinct = new Map(events.map((event) => [event.id, event]));
  const uncounted = await commitUntilCounted(context, [...distinct.values()]);
  return events.map(({ id }) => uncounted.get(id));
}

/** Why events could not be counted, by their ids. */
type Uncounted = Map<string, Error>;

/**
 * Commits until nothing is left to count, the deadline has passed, or Firestore refuses for good. After a failed
 * precondition it reads the events, and what is left goes again. A commit with an unknown outcome goes again as it is: if
 * it was applied, its preconditions fail.
 */
async function commitUntilCounted(
  context: CommitContext,
  delivered: readonly UncountedEvent[],
): Promise<Uncounted> {
  const { db, shard, clock, timers, deadline } = context;
  let events = delivered;
  let failure: Failure | undefined;
  for (let attempt = 0; ; attempt++) {
    try {
      if (failure === "stale") events = await inTime(readUncounted(db, events), timers);
      if (events.length > 0) await inTime(commitCounts(context, events), timers);
      return new Map();
    } catch (error) {
      failure = classify(error);
      if (failure === "poisoned" && events.length > 1) return countHalves(context, events);
      const canSucceed = failure === "transient" || failure === "stale";
      if (!canSucceed || clock.now() >= deadline) return noneCounted(events, error);
      if (failure === "transient") shard.change();
      const goesAtOnce = failure === "stale" && attempt === 0; // The events are read first, which takes a while.
      if (!goesAtOnce) await clock.sleep(backoff(attempt));
    }
  }
}

/** Counts each half by itself: Firestore refused the commit and does not say for which document. */
async function countHalves(context: CommitContext, events: readonly UncountedEvent[]): Promise<Uncounted> {
  const middle = events.length >> 1;
  const first = await commitUntilCounted(context, events.slice(0, middle));
  const second = await commitUntilCounted(context, events.slice(middle));
  return new Map([...first, ...second]);
}

function noneCounted(events: readonly UncountedEvent[], error: unknown): Uncounted {
  const reason = error instanceof Error ? error : new Error(String(error));
  return new Map(events.map(({ id }) => [id, reason]));
}

/** Exponential with full jitter, so that instances that collided do not collide again. */
function backoff(attempt: number): number {
  return Math.random() * Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** attempt, LONGEST_BACKOFF_MILLISECONDS);
}

/** Reads the events again. Keeps those that are neither counted nor deleted by now, with their new update times. */
async function readUncounted(db: Firestore, events: readonly UncountedEvent[]): Promise<UncountedEvent[]> {
  const refs = events.map(({ id }) => eventRef(db, id));
  const snapshots = await db.getAll(...refs, { fieldMask: ["counted"] });
  return events.flatMap((event, index) => {
    const now = snapshots[index];
    return now?.updateTime && now.get("counted") !== true ? { ...event, updateTime: now.updateTime } : [];
  });
}

/**
 * Commits atomically: marks each event counted, on condition that it is as it was read, and adds to the counter. If one
 * of the events was counted before, its condition fails and nothing is applied.
 */
async function commitCounts(
  { db, counter, shard }: CommitContext,
  events: readonly UncountedEvent[],
): Promise<void> {
  const batch = db.batch();
  for (const { id, updateTime } of events) {
    batch.update(eventRef(db, id), { counted: true }, { lastUpdateTime: updateTime });
  }
  const ref = counterRef(db, counter);
  const n = shard.current();
  if (n === undefined) addToCounter(batch, ref, counter, events);
  else addToShard(batch, ref, n, counter, events);
  await batch.commit();
}

/** An event that is not counted yet, as far as counting needs it. */
interface UncountedEvent extends DayCounts {
  id: string;
  updateTime: Timestamp;
  counter: CounterIdentity;
}

/** Reads an event document; nothing if there is nothing to count. */
function uncountedEvent(snapshot: DocumentSnapshot): UncountedEvent | undefined {
  if (!snapshot.updateTime || snapshot.get("counted") === true) return undefined;
  const document = eventDocument.safeParse(snapshot.data());
  if (!document.success) {
    logger.error("A document in `events` is no event and cannot be counted.", { id: snapshot.id });
    return undefined;
  }
  const { app_id, version_name, received_at } = document.data;
  return {
    id: snapshot.id,
    updateTime: snapshot.updateTime,
    counter: { app_id, version_name },
    day: dayId(received_at.toMillis()),
    counts: countsOf(document.data),
  };
}
