/** Reads events as far as they tell what became of devices: of a random sample that reported about a version, or of one device. */

import type { DocumentSnapshot, Firestore, Query } from "firebase-admin/firestore";
import * as z from "zod";
import {
  type CounterIdentity,
  countedFields,
  EVENTS,
  eventDocument,
  eventsOfCounter,
  isProduction,
} from "../counting/documents.ts";
import { pages } from "../firestore/pages.ts";
import type { StoryEvent } from "./stories.ts";

const text = z.string().optional().catch(undefined);

/** What sets devices apart, by the names of the plugin. */
const facts = z.object({
  version_build: text,
  version_os: text,
  plugin_version: text,
  channel: text,
  defaultChannel: text,
  install_source: text,
  message: text,
});
export const factFields = facts.keyof().options;

const storedEvent = z.object({
  ...countedFields.shape,
  /** As it was sent. */
  version_name: z.string(),
  device_id: z.string(),
  received_at: eventDocument.shape.received_at,
  occurred_at: eventDocument.shape.occurred_at,
});

/** An event of a production device, with what it says of the device. */
export interface StoredEvent extends StoryEvent {
  id: string;
  version_name: string;
  facts: z.output<typeof facts>;
}

/** A query for as much of the events as `readEvent` needs. */
export function selectEvents(query: Query): Query {
  return query.select(...Object.keys(storedEvent.shape), ...factFields);
}

/** The event in a document; nothing where it is not of a production device, or somebody has edited it so that it is none. */
export function readEvent(snapshot: DocumentSnapshot): StoredEvent | undefined {
  const { data } = storedEvent.safeParse(snapshot.data());
  if (!data || !isProduction(data)) return undefined;
  const { device_id, platform, action, version_name, plugin_version, received_at, occurred_at } = data;
  return {
    id: snapshot.id,
    ...{ device_id, platform, action, version_name, plugin_version },
    received_at: received_at.toMillis(),
    ...(occurred_at && { occurred_at: occurred_at.toMillis() }),
    facts: facts.parse(snapshot.data()),
  };
}

/** All events of a device, of whatever app, in no order. */
export function eventsOfDevice(db: Firestore, device_id: string): Query {
  return db.collection(EVENTS).where("device_id", "==", device_id);
}

/** From the one id, or the first of all, up to the other, which is not in it, or to the last of all. */
export interface IdRange {
  from?: string;
  to?: string;
}

/** Device ids are random hexadecimal digits, so a range of them is a random sample of devices. */
const ID_DIGITS = 8;
const IDS = 16 ** ID_DIGITS;

/** The ranges of ids that hold this share of all, up to 1, from a random place on. At the end of all ids, it begins again. */
export function rangesOf(share: number, random: number): IdRange[] {
  const from = Math.floor(random * IDS);
  const to = from + Math.ceil(share * IDS);
  if (to < IDS) return [{ from: hex(from), to: hex(to) }];
  return [{ from: hex(from) }, { to: hex(to - IDS) }];
}

function hex(number: number): string {
  return number.toString(16).padStart(ID_DIGITS, "0");
}

export interface SampledEvents {
  events: StoredEvent[];
  /** How many documents were read. */
  reads: number;
}

/**
 * Reads the events about a version of the production devices whose ids lie in some ranges, one range after the other: `most`
 * documents at most. A device of which not all could be read is left out, and so are those after it. Rejects with Firestore's
 * error.
 */
export async function readSample(
  db: Firestore,
  counter: CounterIdentity,
  ranges: readonly IdRange[],
  most: number,
): Promise<SampledEvents> {
  const query = selectEvents(eventsOfCounter(db, counter));
  const events: StoredEvent[] = [];
  let reads = 0;
  for (const { from, to } of ranges) {
    const above = from === undefined ? query : query.where("device_id", ">=", from);
    const range = to === undefined ? above : above.where("device_id", "<", to);
    for await (const page of pages(range, { most: most - reads })) {
      events.push(...page.flatMap((snapshot) => readEvent(snapshot) ?? []));
      reads += page.length;
      if (reads === most) {
        const last = page.at(-1)?.get("device_id"); // Its story is not complete.
        return { events: events.filter(({ device_id }) => device_id !== last), reads };
      }
    }
  }
  return { events, reads };
}
