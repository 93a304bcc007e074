/** Stores what many devices reported, as it is once it is counted, but does not count it: for the tests of what reads devices. */

import { type Firestore, Timestamp } from "firebase-admin/firestore";
import { countedFields, counterId, eventRef } from "../../src/counting/documents.ts";
import { anEvent } from "./events.ts";

const BATCH = 5_000;

/** Stores events. `received_at` and `occurred_at` are milliseconds since 1970; `now` is when they were received that do not say. */
export async function storeReports(
  db: Firestore,
  events: readonly Record<string, unknown>[],
  now: number,
): Promise<void> {
  for (let from = 0; from < events.length; from += BATCH) {
    const batch = db.batch();
    for (const [index, report] of events.slice(from, from + BATCH).entries()) {
      const { received_at = now, occurred_at, ...fields } = report;
      const event = anEvent(fields);
      batch.create(eventRef(db, `e${from + index}-${fields.device_id}-${fields.action}`), {
        ...event,
        counter: counterId(countedFields.parse(event)),
        received_at: Timestamp.fromMillis(Number(received_at)),
        ...(occurred_at !== undefined && { occurred_at: Timestamp.fromMillis(Number(occurred_at)) }),
        counted: true,
      });
    }
    await batch.commit();
  }
}

/** A device id in the first of sixteen parts of all ids, and so on. */
export function deviceIn(part: number, number = 0): string {
  return `${part.toString(16)}${number.toString(16).padStart(7, "0")}-7d0b-4a57-9a3c-2f1c5f6f2a10`;
}
