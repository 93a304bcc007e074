/** How stored events become counters, exactly once. */

import { type DocumentSnapshot, type Firestore, Timestamp } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import { z } from "zod";
import type { Clock } from "../clock.ts";
import { inTime } from "../firestore/deadline.ts";
import { isFailedPrecondition, isTransient, Status, statusOf } from "../firestore/errors.ts";
import { groupCommit } from "../group-commit.ts";
import {
  addToCounter,
  COUNTERS,
  type Count,
  type CounterIdentity,
  countedPlatform,
  countedVersion,
  counterId,
  dayId,
  EVENTS,
} from "./documents.ts";
import { addToShard, type ShardPicker, shardPicker } from "./shards.ts";

/**
 * Counts one event, given as its trigger or a query delivered it. Resolves when the event is counted for good, by this
 * call or an earlier one, or when there is nothing to count: it is deleted, or was not written by this backend.
 * Rejects with Firestore's error if it could not be counted.
 */
export type CountEvent = (snapshot: DocumentSnapshot) => Promise<void>;

/**
 * How many events make a commit full. Firestore takes requests of up to 10 MiB and no longer limits the writes in
 * one; an event's write has about 250 bytes, so this is a quarter of that. What it finds too big all the same is halved.
 */
const MAX_COMMIT_EVENTS = 10_000;

/** How long a commit is tried. The timeout of the function has room for two: the one before, and the event's own. */
const RETRY_MILLISECONDS = 25_000;

/**
 * By how much an interval may be longer. A document that takes one write a second would otherwise belong to the instance
 * that wrote it first, which comes back at the very moment it is free again.
 */
const INTERVAL_JITTER = 0.2;

/**
 * On top of the Admin SDK's own, which goes on while a call is in time. Short, also the longest: whoever waits longer for a
 * contended document loses it to those who have just come.
 */
const FIRST_BACKOFF_MILLISECONDS = 100;
const LONGEST_BACKOFF_MILLISECONDS = 400;

export interface CounterOptions {
  /** The least time between the beginnings of two commits on one counter, in milliseconds. */
  interval: number;
  /** Over how many shards a counter is spread; 1 for none. */
  shards: number;
  clock: Clock;
}

/**
 * A way to count the events of `db`. Calls for the same counter share commits, one each `interval`. Calls for different
 * counters do not, so that a counter that cannot be written holds up no other.
 */
export function eventCounter(db: Firestore, { interval, shards, clock }: CounterOptions): CountEvent {
  const lanes = new Map<string, (event: UncountedEvent) => Promise<void>>();
  const shard = shardPicker(shards);
  const laneOf = (counter: Counter) => {
    const open = lanes.get(counter.id);
    if (open) return open;
    const lane = groupCommit<UncountedEvent, void>({
      commit: (events) =>
        countTogether({ db, counter, shard, clock, deadline: clock.now() + RETRY_MILLISECONDS }, events),
      maxItems: MAX_COMMIT_EVENTS,
      interval: () => interval * (1 + Math.random() * INTERVAL_JITTER),
      clock,
      onIdle: () => lanes.delete(counter.id),
    });
    lanes.set(counter.id, lane);
    return lane;
  };
  return async (snapshot) => {
    const event = uncountedEvent(snapshot);
    if (event) await laneOf(event.counter)(event);
  };
}

/** What one commit and its repetitions work with. After `deadline`, by `clock`, nothing is tried again. */
interface CommitContext {
  db: Firestore;
  counter: Counter;
  shard: ShardPicker;
  clock: Clock;
  deadline: number;
}

/** Counts events together; an outcome for each, in order: nothing, or why it is not counted. */
async function countTogether(context: CommitContext, events: readonly UncountedEvent[]) {
  const distinct = new Map(events.map((event) => [event.id, event]));
  const failures = await tryToCount(context, [...distinct.values()]);
  return events.map(({ id }) => failures.get(id));
}

/** Why events could not be counted, by event id. */
type Failures = Map<string, Error>;

/** Commits until nothing is left to count, the deadline has passed, or Firestore refuses for good. */
async function tryToCount(context: CommitContext, delivered: readonly UncountedEvent[]): Promise<Failures> {
  const { db, shard, clock, deadline } = context;
  let events = delivered;
  let someHaveChanged = false;
  for (let attempt = 0; ; attempt++) {
    try {
      if (someHaveChanged) events = await inTime(readUncounted(db, events), clock);
      if (events.length > 0) await inTime(commitCounts(context, events), clock);
      return new Map();
    } catch (error) {
      if (statusOf(error) === Status.INVALID_ARGUMENT && events.length > 1)
        return countHalves(context, events);
      someHaveChanged = isFailedPrecondition(error);
      if (clock.now() >= deadline || !(someHaveChanged || isTransient(error))) return failAll(events, error);
      if (!someHaveChanged) shard.change();
      if (!someHaveChanged || attempt > 0) await clock.sleep(backoff(attempt));
    }
  }
}

/** Firestore refused the commit and does not say for which document: the halves find out. */
async function countHalves(context: CommitContext, events: readonly UncountedEvent[]): Promise<Failures> {
  const middle = events.length >> 1;
  const first = await tryToCount(context, events.slice(0, middle));
  const second = await tryToCount(context, events.slice(middle));
  return new Map([...first, ...second]);
}

function failAll(events: readonly UncountedEvent[], error: unknown): Failures {
  const reason = error instanceof Error ? error : new Error(String(error));
  return new Map(events.map(({ id }) => [id, reason]));
}

/** Exponential with full jitter, so that instances that collided do not collide again. */
function backoff(attempt: number): number {
  return Math.random() * Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** attempt, LONGEST_BACKOFF_MILLISECONDS);
}

/** The events that are neither counted nor deleted by now, with their update times as of now. */
async function readUncounted(db: Firestore, events: readonly UncountedEvent[]): Promise<UncountedEvent[]> {
  const refs = events.map(({ id }) => db.collection(EVENTS).doc(id));
  const snapshots = await db.getAll(...refs, { fieldMask: ["counted"] });
  return events.flatMap((event, index) => {
    const now = snapshots[index];
    return now?.updateTime && now.get("counted") !== true ? { ...event, updateTime: now.updateTime } : [];
  });
}

/**
 * The one atomic commit: marks each event counted on condition that it is as it was read, and adds to the counter. If
 * one of them was counted before, the condition fails and nothing is applied.
 */
async function commitCounts(
  { db, counter, shard }: CommitContext,
  events: readonly UncountedEvent[],
): Promise<void> {
  const batch = db.batch();
  for (const { id, updateTime } of events) {
    batch.update(db.collection(EVENTS).doc(id), { counted: true }, { lastUpdateTime: updateTime });
  }
  const ref = db.collection(COUNTERS).doc(counter.id);
  const n = shard.current();
  if (n === undefined) addToCounter(batch, ref, counter, events);
  else addToShard(batch, ref, n, counter, events);
  await batch.commit();
}

/** What counting needs of an event that is not counted yet. */
interface UncountedEvent extends Count {
  id: string;
  updateTime: Timestamp;
  counter: Counter;
}

interface Counter extends CounterIdentity {
  id: string;
}

/** What counting takes from a document in `events`. */
export const countableDocument = z.object({
  app_id: z.string(),
  version_name: z.string().transform(countedVersion),
  action: z.string(),
  platform: z.string().transform(countedPlatform),
  received_at: z.instanceof(Timestamp),
});

/** Whether a document in `events` is an event: one that is not can never be counted. */
export function isCountable(snapshot: DocumentSnapshot): boolean {
  return countableDocument.safeParse(snapshot.data()).success;
}

/** Reads an event document; nothing if there is nothing to count. */
function uncountedEvent(snapshot: DocumentSnapshot): UncountedEvent | undefined {
  if (!snapshot.updateTime || snapshot.get("counted") === true) return undefined;
  const document = countableDocument.safeParse(snapshot.data());
  if (!document.success) {
    logger.error("A document in `events` is no event and cannot be counted.", { id: snapshot.id });
    return undefined;
  }
  const { app_id, version_name, action, platform, received_at } = document.data;
  return {
    id: snapshot.id,
    updateTime: snapshot.updateTime,
    counter: { id: counterId(app_id, version_name), app_id, version_name },
    day: dayId(received_at),
    action,
    platform,
    count: 1,
  };
}
