/** Makes events, as devices send them and as they are stored. */

import { readFileSync } from "node:fs";
import { type DocumentSnapshot, type Firestore, Timestamp } from "firebase-admin/firestore";
import {
  countedFields,
  counterId,
  DAY_MILLISECONDS,
  EVENTS,
  eventRef,
} from "../../src/counting/documents.ts";
import { createEventParser, type PluginEvent } from "../../src/ingest/event.ts";
import { createEventStore, eventId } from "../../src/ingest/event-store.ts";
import { systemTime } from "./clocks.ts";

/** A valid event as plugin 8.51 sends it. */
export function anEvent(fields: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    platform: "android",
    device_id: "4b7c9f0e-7d0b-4a57-9a3c-2f1c5f6f2a10",
    app_id: "com.example.shop",
    version_build: "2.4.0",
    version_code: "240",
    version_os: "14",
    version_name: "2.5.1",
    plugin_version: "8.51.23",
    action: "set",
    ...fields,
  };
}

/** An app id that no other test has, so that no test sees another's counters. */
export function newApp(): string {
  return `com.example.test${process.pid}-${nextApp++}`;
}
let nextApp = 1;

/** The body of a request in `payloads/`, as a real plugin sends it. */
export function payload(name: string) {
  return JSON.parse(readFileSync(new URL(`payloads/${name}.json`, import.meta.url), "utf8"));
}

const parseEvent = createEventParser(new Set());

/** An event as `stats` takes it, each at a time of its own. */
export function parsedEvent(fields: Record<string, unknown> = {}): PluginEvent {
  const parsed = parseEvent(anEvent({ timestamp: nextTimestamp++, ...fields }));
  if (!parsed.ok) throw new Error(parsed.message);
  return parsed.event;
}
let nextTimestamp = 1_795_392_000_000;

/** Stores events as `stats` does, and gives them as their triggers deliver them. */
export async function store<Events extends Record<string, unknown>[]>(db: Firestore, ...fields: Events) {
  const events = fields.map(parsedEvent);
  await createEventStore(db, {
    eventRetentionDays: 90,
    storeCustomId: true,
    storeMetadata: true,
    ...systemTime,
  })(events);
  const refs = events.map((event) => db.doc(`${EVENTS}/${eventId(event)}`));
  return (await db.getAll(...refs)) as { [Key in keyof Events]: DocumentSnapshot };
}

/** The number of events that `storeEvent` has stored in each Firestore. */
const stored = new WeakMap<Firestore, number>();

/**
 * Stores an event that was received `ago` days ago and expires `retention` days after that. Ids are numbers, so that they are
 * the same in every run.
 */
export async function storeEvent(
  db: Firestore,
  fields: Record<string, unknown> = {},
  ago = 0,
  retention = 90,
): Promise<DocumentSnapshot> {
  const received = Date.now() - ago * DAY_MILLISECONDS;
  const number = (stored.get(db) ?? 0) + 1;
  stored.set(db, number);
  const ref = eventRef(db, `event${String(number).padStart(3, "0")}`);
  const event = anEvent(fields);
  await ref.set({
    ...event,
    counter: counterId(countedFields.parse(event)),
    received_at: Timestamp.fromMillis(received),
    expire_at: Timestamp.fromMillis(received + retention * DAY_MILLISECONDS),
    counted: false,
  });
  return ref.get();
}
