/** How events are stored, and why twice is once. */

import { createHash } from "node:crypto";
import { type DocumentReference, type Firestore, Timestamp } from "firebase-admin/firestore";
import { type Clock, inTime } from "./clock.ts";
import type { PluginEvent } from "./event.ts";
import { EVENTS, type EventDocument, isTransient, Status, statusOf } from "./firestore.ts";
import { groupCommit } from "./group-commit.ts";

/** What became of one event. A `duplicate` was stored before; a `refused` one Firestore will never take. */
export type StoreResult = "stored" | "duplicate" | "refused";

/** Stores events and answers for each, in order. Rejects with Firestore's error where it could not tell. */
export type StoreEvents = (events: readonly PluginEvent[]) => Promise<StoreResult[]>;

/** How many documents go to Firestore together; BulkWriter makes requests of 20 of them, all at once. */
const MAX_GROUP_EVENTS = 500;

/** How often a document is tried, besides what the Admin SDK does. Old plugins do not send an event again, so this does. */
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
}

/**
 * A way to store events in `db`: in one round trip, each with a status of its own. Calls that come while a round trip
 * is under way share the next one.
 */
export function eventStore(db: Firestore, options: EventStoreOptions): StoreEvents {
  const { clock } = options;
  const create = groupCommit<NewEvent, StoreResult>({
    commit: (events) => inTime(createAll(db, events), clock),
    maxItems: MAX_GROUP_EVENTS,
    interval: () => 0,
    clock,
  });
  const createPatiently = async (event: NewEvent): Promise<StoreResult> => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await create(event);
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isTransient(error)) throw error;
        await clock.sleep(RETRY_MILLISECONDS);
      }
    }
  };
  return (events) => {
    const receivedAt = Timestamp.now();
    return Promise.all(events.map((event) => createPatiently(newEvent(db, event, receivedAt, options))));
  };
}

interface NewEvent {
  ref: DocumentReference;
  document: EventDocument;
}

/** Creates documents by `BatchWrite`, which is not atomic: a result or Firestore's error for each. */
async function createAll(db: Firestore, events: readonly NewEvent[]): Promise<(StoreResult | Error)[]> {
  const first = new Map<string, Promise<StoreResult | Error>>();
  const writer = db.bulkWriter({ throttling: false });
  writer.onWriteError(() => false);
  const results = events.map(async ({ ref, document }) => {
    const copied = first.get(ref.path);
    if (copied) return duplicateOf(await copied);
    const created = writer.create(ref, document).then(stored, resultOf);
    first.set(ref.path, created);
    return created;
  });
  await writer.close();
  return Promise.all(
    results.map(async (result, index) => {
      // Firestore may refuse a whole request for one document in it: alone, each shows whether it was the one.
      const alone = (await result) === "refused" ? events[index] : undefined;
      return alone ? alone.ref.create(alone.document).then(stored, resultOf) : result;
    }),
  );
}

/** What becomes of a copy of an event in the same group. */
function duplicateOf(first: StoreResult | Error): StoreResult | Error {
  return first === "stored" ? "duplicate" : first;
}

const stored = (): StoreResult => "stored";

function resultOf(error: Error): StoreResult | Error {
  if (statusOf(error) === Status.ALREADY_EXISTS) return "duplicate";
  if (statusOf(error) === Status.INVALID_ARGUMENT) return "refused";
  return error;
}

/**
 * The idempotency key of an event: the same for a batch that comes again, `undefined` for an event without
 * `timestamp`, since two of those cannot be told apart. Keys of `metadata` count in any order: the plugin
 * writes its queue to disk and back.
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

const DAY_IN_MILLISECONDS = 86_400_000;

function newEvent(
  db: Firestore,
  event: PluginEvent,
  receivedAt: Timestamp,
  options: EventStoreOptions,
): NewEvent {
  const { custom_id, message, metadata, timestamp, ...rest } = event;
  const { eventRetentionDays, storeCustomId, storeMetadata } = options;
  const expireAt = receivedAt.toMillis() + eventRetentionDays * DAY_IN_MILLISECONDS;
  const document: EventDocument = {
    ...rest,
    ...(custom_id !== undefined && storeCustomId && { custom_id }),
    ...(message !== undefined && storeMetadata && { message }),
    ...(metadata !== undefined && storeMetadata && { metadata }),
    ...(timestamp !== undefined && { timestamp, occurred_at: Timestamp.fromMillis(timestamp) }),
    received_at: receivedAt,
    ...(eventRetentionDays > 0 && { expire_at: Timestamp.fromMillis(expireAt) }),
    counted: false,
  };
  return { ref: db.collection(EVENTS).doc(eventId(event) ?? db.collection(EVENTS).doc().id), document };
}
