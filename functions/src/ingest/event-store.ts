/** Stores events, each of them once. */

import { createHash } from "node:crypto";
import DataLoader from "dataloader";
import { type DocumentReference, type Firestore, Timestamp } from "firebase-admin/firestore";
import pLimit from "p-limit";
import type { Clock } from "../clock.ts";
import {
  countedVersion,
  counterId,
  DAY_MILLISECONDS,
  EVENTS,
  type EventDocument,
  eventRef,
} from "../counting/documents.ts";
import { type Timers, timeFor, within } from "../firestore/deadline.ts";
import { classify, Status, statusOf } from "../firestore/errors.ts";
import { createGroupCommit } from "../group-commit.ts";
import type { PluginEvent } from "./event.ts";

/** The outcome for one event. A `duplicate` was stored before; Firestore will never take a `refused` one. */
export type StoreResult = "stored" | "duplicate" | "refused";

/** Stores events and answers for each, in order. Rejects with Firestore's error where the outcome is unknown. */
export type StoreEvents = (events: readonly PluginEvent[]) => Promise<StoreResult[]>;

/** BulkWriter puts 20 documents into a call, so a full group takes 25 calls. */
const MAX_GROUP_EVENTS = 500;
const MAX_CALL_EVENTS = 20;

/** With more calls at once, each would wait for this process, and that would count as Firestore's time. */
const MAX_CALLS_AT_ONCE = 8;

/**
 * Most plugins before 8.51.5 lose an event that is answered 503, so the store tries each document twice, besides the
 * Admin SDK's own attempts.
 */
const MAX_ATTEMPTS = 2;
const RETRY_MILLISECONDS = 1_000;

export interface EventStoreOptions {
  /** After how many days Firestore may delete an event; 0 for never. */
  eventRetentionDays: number;
  /** Whether `custom_id`, which the app gives its user, is stored. */
  storeCustomId: boolean;
  /** Whether `message` and `metadata`, which may hold what a user typed, are stored. */
  storeMetadata: boolean;
  clock: Clock;
  timers: Timers;
}

/**
 * Makes a way to store events in `db` in one round trip, with an outcome for each. Calls that come while a round trip
 * is under way share the next one.
 */
export function createEventStore(db: Firestore, options: EventStoreOptions): StoreEvents {
  const { clock, timers } = options;
  const create = createGroupCommit<NewEvent, StoreResult>({
    commit: (events) => createAll(db, events, timers),
    maxItems: MAX_GROUP_EVENTS,
    next: (done) => done,
  });
  const createPatiently = async (event: NewEvent): Promise<StoreResult> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await create(event);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || classify(error) !== "transient") throw error;
        await clock.sleep(RETRY_MILLISECONDS);
      }
    }
  };
  return (events) => {
    const receivedAt = Timestamp.now();
    return Promise.all(events.map((event) => createPatiently(newEvent(db, event, receivedAt, options))));
  };
}

/** `events/{event_id}`: an event as sent, cleaned, with the backend's own fields. */
export type StoredEvent = PluginEvent & EventDocument;

interface NewEvent {
  ref: DocumentReference;
  document: StoredEvent;
}

/** Creates documents, each path once: a result or Firestore's error for each, in order. */
async function createAll(
  db: Firestore,
  events: readonly NewEvent[],
  timers: Timers,
): Promise<(StoreResult | Error)[]> {
  const atOnce = pLimit(MAX_CALLS_AT_ONCE);
  let failure: Error | undefined;
  const unlessOneFailed = async (some: readonly NewEvent[]) => {
    if (failure) throw failure; // The next calls would wait in vain too, one after another.
    return createTogether(db, some, timers).catch((error) => {
      failure = error;
      throw error;
    });
  };
  const calls = new DataLoader<NewEvent, StoreResult, string>((some) => atOnce(unlessOneFailed, some), {
    maxBatchSize: MAX_CALL_EVENTS,
    cacheKeyFn: ({ ref }) => ref.path,
  });
  const results = await calls.loadMany(events);
  const seen = new Set<string>();
  return results.map((result, index) => {
    const path = events[index]?.ref.path ?? "";
    const isCopy = seen.has(path);
    seen.add(path);
    return isCopy && result === "stored" ? "duplicate" : result;
  });
}

/** Creates documents by one `BatchWrite`, which is not atomic. Rejects if Firestore does not answer in time. */
async function createTogether(
  db: Firestore,
  events: readonly NewEvent[],
  timers: Timers,
): Promise<(StoreResult | Error)[]> {
  const batchWrite = async () => {
    const writer = db.bulkWriter({ throttling: false });
    writer.onWriteError(() => false);
    const created = events.map(({ ref, document }) => writer.create(ref, document).then(stored, resultOf));
    await writer.close();
    return Promise.all(created);
  };
  const results = await within(timeFor(events.length), batchWrite(), timers);
  return Promise.all(
    results.map((result, index) => {
      // Firestore may refuse a whole call for one document in it. Each goes again alone, to find out which.
      const alone = result === "refused" ? events[index] : undefined;
      if (!alone) return result;
      return within(timeFor(1), alone.ref.create(alone.document), timers).then(stored, resultOf);
    }),
  );
}

const stored = (): StoreResult => "stored";

function resultOf(error: Error): StoreResult | Error {
  if (statusOf(error) === Status.ALREADY_EXISTS) return "duplicate";
  return classify(error) === "poisoned" ? "refused" : error;
}

/**
 * The idempotency key of an event: the same whenever its batch comes again. An event without `timestamp` has none,
 * because two of them cannot be told apart; Android's 4.x sends one again after 2.5 s without an answer. Keys of
 * `metadata` count in any order, since the plugin writes its queue to disk and back.
 */
export function eventId(event: PluginEvent): string | undefined {
  if (event.timestamp === undefined) return undefined;
  const identity = [
    event.app_id,
    event.device_id,
    event.action,
    event.version_name,
    event.old_version_name ?? "",
    event.timestamp,
    Object.entries(event.metadata ?? {}).sort(([a], [b]) => (a < b ? -1 : 1)),
  ];
  return createHash("sha256").update(JSON.stringify(identity)).digest("hex").slice(0, 32);
}

function newEvent(
  db: Firestore,
  event: PluginEvent,
  receivedAt: Timestamp,
  options: EventStoreOptions,
): NewEvent {
  const { custom_id, message, metadata, timestamp, ...rest } = event;
  const { eventRetentionDays, storeCustomId, storeMetadata } = options;
  const expireAt = receivedAt.toMillis() + eventRetentionDays * DAY_MILLISECONDS;
  const document: StoredEvent = {
    ...rest,
    ...(custom_id !== undefined && storeCustomId && { custom_id }),
    ...(message !== undefined && storeMetadata && { message }),
    ...(metadata !== undefined && storeMetadata && { metadata }),
    ...(timestamp !== undefined && { timestamp, occurred_at: Timestamp.fromMillis(timestamp) }),
    counter: counterId({ app_id: event.app_id, version_name: countedVersion(event.version_name) }),
    received_at: receivedAt,
    ...(eventRetentionDays > 0 && { expire_at: Timestamp.fromMillis(expireAt) }),
    counted: false,
  };
  const id = eventId(event);
  return { ref: id === undefined ? db.collection(EVENTS).doc() : eventRef(db, id), document };
}
