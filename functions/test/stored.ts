/** Events that are stored as `stats` stores them, where no trigger counts them. */

import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { systemClock } from "../src/clock.ts";
import { eventParser, type PluginEvent } from "../src/event.ts";
import { eventId, eventStore } from "../src/event-store.ts";
import { anEvent } from "./backend.ts";

const parseEvent = eventParser(new Set());

/** An event as `stats` takes it, each at a time of its own. */
export function parsedEvent(fields: Record<string, unknown> = {}): PluginEvent {
  const parsed = parseEvent(anEvent({ timestamp: nextTimestamp++, ...fields }));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.event;
}
let nextTimestamp = 1_795_392_000_000;

/** Stores events and gives them as their triggers deliver them. */
export async function store<Events extends Record<string, unknown>[]>(db: Firestore, ...fields: Events) {
  const events = fields.map(parsedEvent);
  await eventStore(db, {
    eventRetentionDays: 90,
    storeCustomId: true,
    storeMetadata: true,
    clock: systemClock,
  })(events);
  const refs = events.map((event) => db.doc(`events/${eventId(event)}`));
  return (await db.getAll(...refs)) as { [Key in keyof Events]: DocumentSnapshot };
}
