/** How events are stored, and why twice is once. */

import { createHash } from "node:crypto";
import { type Firestore, Timestamp } from "firebase-admin/firestore";
import { eventRetentionDays } from "./config.ts";
import type { PluginEvent } from "./event.ts";
import { EVENTS, type EventDocument, isTransient, Status, statusOf } from "./firestore.ts";

/** What became of one event. A `duplicate` was stored before; a `refused` one Firestore will never take. */
export type StoreResult = "stored" | "duplicate" | "refused";

/** Stores events and answers for each, in order. Rejects with Firestore's error where it could not tell. */
export type StoreEvents = (events: readonly PluginEvent[]) => Promise<StoreResult[]>;

/** How often a document is tried. BulkWriter waits about a second in between. */
const MAX_ATTEMPTS = 2;

/** A way to store events in `db`: all in one round trip (`BatchWrite`), each with a status of its own. */
export function eventStore(db: Firestore): StoreEvents {
  return async (events) => {
    const writer = db.bulkWriter({ throttling: false });
    writer.onWriteError((error) => error.failedAttempts < MAX_ATTEMPTS && isWorthWaitingFor(error));
    const receivedAt = Timestamp.now();
    const results = events.map(async (event) => {
      const ref = db.collection(EVENTS).doc(eventId(event) ?? db.collection(EVENTS).doc().id);
      const document = eventDocument(event, receivedAt);
      return writer.create(ref, document).then(stored, (error) => {
        // A whole BatchWrite is refused for one document, so that document has to be found.
        if (statusOf(error) === Status.INVALID_ARGUMENT) return ref.create(document).then(stored, resultOf);
        return resultOf(error);
      });
    });
    const settled = Promise.all(results);
    await Promise.all([settled, writer.close()]);
    return settled;
  };
}

const stored = (): StoreResult => "stored";

function resultOf(error: unknown): StoreResult {
  if (statusOf(error) === Status.ALREADY_EXISTS) return "duplicate";
  if (statusOf(error) === Status.INVALID_ARGUMENT) return "refused";
  throw error;
}

/** BulkWriter waits a minute after `RESOURCE_EXHAUSTED`, which is longer than a device does. */
function isWorthWaitingFor(error: unknown): boolean {
  return isTransient(error) && statusOf(error) !== Status.RESOURCE_EXHAUSTED;
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

function eventDocument(event: PluginEvent, receivedAt: Timestamp): EventDocument {
  const lifetime = eventRetentionDays() * DAY_IN_MILLISECONDS;
  return {
    ...event,
    received_at: receivedAt,
    expire_at: Timestamp.fromMillis(receivedAt.toMillis() + lifetime),
    ...(event.timestamp !== undefined && { occurred_at: Timestamp.fromMillis(event.timestamp) }),
    counted: false,
  };
}
