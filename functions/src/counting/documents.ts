/** Describes the documents in Firestore: their paths, their ids, a schema for each, and the sum of counts. */

import { createHash } from "node:crypto";
import {
  type CollectionReference,
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type Query,
  Timestamp,
  type WriteBatch,
} from "firebase-admin/firestore";
import * as z from "zod"; // `{ z }` would bring the messages of all languages into the bundle.
import { measuresOfEvent } from "../health/measures.ts";

export const EVENTS = "events";
export const COUNTERS = "counters";
export const DAYS = "days";
export const DELTAS = "deltas";

export const platforms = ["android", "ios", "electron", "other"] as const;
export type Platform = (typeof platforms)[number];

const timestamp = z.instanceof(Timestamp);

/** Absent where a plugin does not tell: before 4.14. */
const flag = z.boolean().optional().catch(undefined);

/** The fields of an event that decide where it is counted. The input is as the plugin sends it, the output as counted. */
export const countedFields = z.object({
  app_id: z.string(),
  version_name: z.string().transform(countedVersion),
  action: z.string(),
  platform: z.string().transform(countedPlatform),
  plugin_version: z.string().catch(""),
  is_prod: flag,
  is_emulator: flag,
});
export type CountedFields = z.output<typeof countedFields>;

/** `events/{event_id}`: the fields of an event that the backend itself needs, beside the plugin's other fields. */
export const eventDocument = countedFields.extend({
  /** The id of its counter, for queries. Counting does without, so events from before this field are counted too. */
  counter: z.string().optional(),
  /** The time of its receipt, by the clock of the function. */
  received_at: timestamp,
  /** The time at which it happened, by the clock of the device, where the plugin says so. */
  occurred_at: timestamp.optional(),
  /** The time after which Firestore's TTL policy deletes it; absent where events are kept for ever. */
  expire_at: timestamp.optional(),
  /** Whether a counter or a delta holds it. */
  counted: z.boolean(),
});
export type EventDocument = z.input<typeof eventDocument>;

/** What an event that can never be counted has instead of `counted`, so that it is not tried again. */
export const parked = { counted: FieldValue.delete(), uncountable: true };

/** Whether an event is parked. */
export function isParked(snapshot: DocumentSnapshot): boolean {
  return snapshot.get("uncountable") === true;
}

/** How often each action was reported. */
const actionCounts = z.record(z.string(), z.number());
export type ActionCounts = z.output<typeof actionCounts>;

/** Counts of a part, by its name. */
const partCounts = z.record(z.string(), actionCounts).default(() => ({}));

/** The counts of a counter. A new dimension begins here, in `countsOf` and in `countedFields`. */
const counts = z.object({
  /** Of all events. */
  actions: actionCounts.default(() => ({})),
  /** Of production builds on real devices, by platform. */
  platforms: partCounts,
  /** Of the rest: debug and test builds, and emulators. */
  development: actionCounts.default(() => ({})),
});
export type Counts = z.output<typeof counts>;

/**
 * `counters/{app_id}@{version}/days/{YYYY-MM-DD}`: counts of the events that were received on that day, in UTC. `hours` has
 * the measures of `platforms` by hour (`00` to `23`), platform and name.
 */
export const dayDocument = counts.extend({
  hours: z.record(z.string(), partCounts).default(() => ({})),
});
export type Day = z.output<typeof dayDocument>;

/** The app and the version that a counter is for. */
const counterIdentity = z.object({ app_id: z.string(), version_name: z.string() });
export type CounterIdentity = z.output<typeof counterIdentity>;

/** `counters/{app_id}@{version}`: counts of all events, ever. `updated_at` becomes milliseconds since 1970. */
export const counterDocument = counts.extend({
  ...counterIdentity.shape,
  updated_at: timestamp.transform((time) => time.toMillis()),
});
export type Counter = z.output<typeof counterDocument> & {
  id: string;
  /** When it was created: the first event of the version was counted then. Milliseconds since 1970. */
  created_at: number;
};

/** `deltas/{id}`: counts, by day, that are not yet in their counter. It is created, never changed, and then deleted. */
export const deltaDocument = counterIdentity.extend({ days: z.record(z.string(), dayDocument) });
export type DeltaDocument = z.output<typeof deltaDocument>;

/** The platform that an event is counted under; one that the plugin does not run on is `other`. */
export function countedPlatform(platform: string): Platform {
  return platforms.find((known) => known === platform) ?? "other";
}

/**
 * The version that an event is counted under: `version_name` up to its first `:` (the plugin reports the
 * failure of one file as `1.2.3:assets/main.js`), and `unknown` where nothing is left.
 */
export function countedVersion(versionName: string): string {
  return versionName.split(":", 1)[0] || "unknown";
}

/** Firestore takes document ids of at most 1,500 bytes; the rest is left for the app id and a hash. */
const MAX_VERSION_ID_BYTES = 1_200;

/**
 * The document id of a counter, `{app_id}@{version}`. Different versions get different ids: what an id
 * cannot hold (`/`, control characters) and `%` itself are percent-encoded, and a version that is too long
 * for an id ends in its hash. An `app_id` begins with a letter or digit, so the id is never a reserved one.
 */
export function counterId({ app_id, version_name }: CounterIdentity): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not pass
  const encoded = version_name.replace(/[%/\u0000-\u001f\u007f-\u009f]/g, encodeURIComponent);
  if (Buffer.byteLength(encoded) <= MAX_VERSION_ID_BYTES) return `${app_id}@${encoded}`;
  const hash = createHash("sha256").update(version_name).digest("hex").slice(0, 32);
  return `${app_id}@${truncateBytes(encoded, MAX_VERSION_ID_BYTES)}~${hash}`;
}

function truncateBytes(text: string, bytes: number): string {
  return new TextDecoder().decode(Buffer.from(text).subarray(0, bytes), { stream: true });
}

export function counterRef(db: Firestore, counter: CounterIdentity): DocumentReference {
  return db.collection(COUNTERS).doc(counterId(counter));
}

/** The document of an event: `events/{event_id}`. */
export function eventRef(db: Firestore, id: string): DocumentReference {
  return db.collection(EVENTS).doc(id);
}

/** The events that neither a counter nor a delta holds yet. */
export function uncountedEvents(db: Firestore): Query {
  return db.collection(EVENTS).where("counted", "==", false);
}

/** The events of a counter, whether they are counted or not, in the order of devices: that is the index. */
export function eventsOfCounter(db: Firestore, counter: CounterIdentity): Query {
  return db.collection(EVENTS).where("counter", "==", counterId(counter)).orderBy("device_id");
}

export function daysOf(counter: DocumentReference): CollectionReference {
  return counter.collection(DAYS);
}

export const DAY_MILLISECONDS = 86_400_000;

/** The document id of the day that was `daysAgo` before a time in milliseconds since 1970: `YYYY-MM-DD` in UTC. */
export function dayId(time: number, daysAgo = 0): string {
  return new Date(time - daysAgo * DAY_MILLISECONDS).toISOString().slice(0, 10);
}

/** The hour of a day in UTC, `00` to `23`, of a time in milliseconds since 1970. */
export function hourId(time: number): string {
  return new Date(time).toISOString().slice(11, 13);
}

/** Whether an event comes from a production build on a real device. One that does not tell does. */
export function isProduction({ is_prod, is_emulator }: Pick<CountedFields, "is_prod" | "is_emulator">) {
  return is_prod !== false && is_emulator !== true;
}

/** The counts of one event, which was received at a time in milliseconds since 1970. */
export function countsOf(event: CountedFields, receivedAt: number): Day {
  const { action, platform } = event;
  const actions = { [action]: 1 };
  if (!isProduction(event)) return { actions, platforms: {}, development: { [action]: 1 }, hours: {} };
  const platforms = { [platform]: { [action]: 1 } };
  const measures: ActionCounts = { ...measuresOfEvent(event) };
  const hours = Object.keys(measures).length > 0 ? { [hourId(receivedAt)]: { [platform]: measures } } : {};
  return { actions, platforms, development: {}, hours };
}

/** Adds counts up, figure by figure. Pure. */
export function addCounts(parts: Iterable<Partial<Day>>): Day {
  const sum = dayDocument.parse({});
  for (const part of parts) addNested(sum, part);
  return sum;
}

interface NestedFigures {
  [name: string]: number | NestedFigures;
}

function addNested(sum: NestedFigures, part: NestedFigures): void {
  for (const [name, value] of Object.entries(part)) {
    const before = Object.hasOwn(sum, name) ? sum[name] : undefined;
    if (typeof value === "number") {
      sum[name] = (typeof before === "number" ? before : 0) + value;
    } else {
      const inner = typeof before === "object" ? before : {};
      addNested(inner, value);
      sum[name] = inner;
    }
  }
}

/** Counts of events that were received on one day. */
export interface DayCounts {
  day: string;
  counts: Day;
}

/** Adds counts up, day by day. Pure. */
export function addCountsByDay(parts: readonly DayCounts[]): Map<string, Day> {
  const byDay = Map.groupBy(parts, ({ day }) => day);
  return new Map([...byDay].map(([day, same]) => [day, addCounts(same.map(({ counts }) => counts))]));
}

/** Makes the delta of some counts. */
export function deltaOf(
  { app_id, version_name }: CounterIdentity,
  parts: readonly DayCounts[],
): DeltaDocument {
  return { app_id, version_name, days: Object.fromEntries(addCountsByDay(parts)) };
}

/** The counts of a delta, by day. */
export function partsOf({ days }: DeltaDocument): DayCounts[] {
  return Object.entries(days).map(([day, counts]) => ({ day, counts }));
}

/** Adds counts to a counter and its days, as part of a commit. */
export function addToCounter(
  batch: WriteBatch,
  db: Firestore,
  { app_id, version_name }: CounterIdentity,
  parts: readonly DayCounts[],
): void {
  const counter = counterRef(db, { app_id, version_name });
  const days = addCountsByDay(parts);
  const { hours, ...total } = addCounts(days.values());
  const updated_at = FieldValue.serverTimestamp();
  batch.set(counter, { app_id, version_name, updated_at, ...increments(total) }, { merge: true });
  for (const [day, counts] of [...days].sort()) {
    batch.set(daysOf(counter).doc(day), increments(counts), { merge: true });
  }
}

/** The same figures as increments, for a write that merges: there, an empty map would replace the one that is stored. */
function increments(figures: NestedFigures): Record<string, unknown> {
  const entries = Object.entries(figures).filter(
    ([, value]) => typeof value === "number" || figuresIn(value),
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [
      name,
      typeof value === "number" ? FieldValue.increment(value) : increments(value),
    ]),
  );
}

/** The number of figures in counts: each becomes a transform of the document that it is added to. */
export function figuresIn(figures: NestedFigures): number {
  return Object.values(figures).reduce<number>(
    (sum, value) => sum + (typeof value === "number" ? 1 : figuresIn(value)),
    0,
  );
}
