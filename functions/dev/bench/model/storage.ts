/** Computes how many bytes a stored event takes with its index entries, by the sizes that Google documents. */

import { readFileSync } from "node:fs";
import { Timestamp } from "firebase-admin/firestore";
import { EVENTS } from "../../../src/counting/documents.ts";
import { createEventParser, type PluginEvent } from "../../../src/ingest/event.ts";
import { createEventStore } from "../../../src/ingest/event-store.ts";
import { systemTime } from "../../testing/clocks.ts";
import { payload } from "../../testing/events.ts";
import { createFirestore } from "../../testing/firestores.ts";
import type { Contender } from "./backend.ts";

/** https://firebase.google.com/docs/firestore/storage-size: what a document, an index entry and a name have besides. */
const OVERHEAD_BYTES = 32;
const NAME_BYTES = 16;

type Fields = Record<string, unknown>;

/** An index: the fields of an entry. A single field has its name in the entry, several have not. */
type Index = readonly string[];

interface IndexFile {
  indexes: { collectionGroup: string; fields: { fieldPath: string }[] }[];
  fieldOverrides: { collectionGroup: string; fieldPath: string; indexes: object[] }[];
}

const { indexes, fieldOverrides }: IndexFile = JSON.parse(
  readFileSync(new URL("../../../../firestore.indexes.json", import.meta.url), "utf8"),
);

/** The bytes that an event of a real batch takes, on average: ours with our indexes, the baseline's with those that are automatic. */
export async function storedBytesOfAnEvent(contender: Contender): Promise<number> {
  const events = realEvents();
  const stored = contender === "ours" ? await storedByUs(events) : events.map(storedByBaseline);
  const sizes = stored.map(({ path, fields }) =>
    contender === "ours"
      ? documentBytes(path, fields) + indexBytes(path, fields, ourIndexes(fields))
      : documentBytes(path, fields) + indexBytes(path, fields, automaticIndexes(fields)) + ledgerBytes(path),
  );
  return sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
}

function realEvents(): PluginEvent[] {
  const parseEvent = createEventParser(new Set());
  return payload("android-8.51.23-batch")
    .map(parseEvent)
    .flatMap((parsed: ReturnType<typeof parseEvent>) => (parsed.ok ? [parsed.event] : []));
}

async function storedByUs(events: readonly PluginEvent[]) {
  const db = createFirestore();
  const options = { eventRetentionDays: 90, storeCustomId: true, storeMetadata: true, ...systemTime };
  await createEventStore(db, options)(events);
  const { docs } = await db.collection(EVENTS).get();
  return docs.map((event) => ({ path: event.ref.path, fields: event.data() }));
}

/** What `add()` stores in `baseline.ts`, under an id of 20 characters. */
function storedByBaseline(event: PluginEvent) {
  return { path: `events/${"x".repeat(20)}`, fields: { ...event, received_at: Timestamp.now() } };
}

/** The document `processed/{event}` with a time, which is indexed twice. */
function ledgerBytes(eventPath: string): number {
  const path = eventPath.replace("events/", "processed/");
  const fields = { processed_at: Timestamp.now() };
  return documentBytes(path, fields) + indexBytes(path, fields, automaticIndexes(fields));
}

function documentBytes(path: string, fields: Fields): number {
  return nameBytes(path) + valueBytes(fields) + OVERHEAD_BYTES;
}

function indexBytes(path: string, fields: Fields, indexes: readonly Index[]): number {
  return indexes.reduce((sum, index) => {
    const values = index.reduce((bytes, field) => bytes + valueBytes(valueAt(fields, field)), 0);
    const name = index.length === 1 ? stringBytes(index[0] ?? "") : 0;
    return sum + nameBytes(path) + name + values + OVERHEAD_BYTES;
  }, 0);
}

/** Those of `firestore.indexes.json` that have an entry for an event. */
function ourIndexes(fields: Fields): Index[] {
  const single = fieldOverrides
    .filter(({ collectionGroup }) => collectionGroup === EVENTS)
    .flatMap(({ fieldPath, indexes }) => indexes.map(() => [fieldPath]));
  const composite = indexes.map((index) => index.fields.map(({ fieldPath }) => fieldPath));
  return [...single, ...composite].filter((index) => index.every((field) => field in fields));
}

/** Two for each field, and for each field of a map. */
function automaticIndexes(fields: Fields, prefix = ""): Index[] {
  return Object.entries(fields).flatMap(([name, value]): Index[] => {
    const path = prefix + name;
    return isMap(value) ? automaticIndexes(value, `${path}.`) : [[path], [path]];
  });
}

function valueAt(fields: Fields, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (isMap(value) ? value[name] : undefined), fields);
}

function nameBytes(path: string): number {
  return path.split("/").reduce((sum, id) => sum + stringBytes(id), NAME_BYTES);
}

function valueBytes(value: unknown): number {
  if (typeof value === "string") return stringBytes(value);
  if (typeof value === "boolean") return 1;
  if (!isMap(value)) return 8;
  return Object.entries(value).reduce((sum, [name, inner]) => sum + stringBytes(name) + valueBytes(inner), 0);
}

function stringBytes(text: string): number {
  return Buffer.byteLength(text) + 1;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !(value instanceof Timestamp);
}
