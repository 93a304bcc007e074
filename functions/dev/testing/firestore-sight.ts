/** Sees all that the functions and tools could see of a few documents, in values that can be compared between two Firestores. */

import {
  type DocumentReference,
  type DocumentSnapshot,
  FieldPath,
  type Firestore,
  type Query,
  Timestamp,
} from "firebase-admin/firestore";
import { pages } from "../../src/firestore/pages.ts";

/** Few, so that writes meet. */
export const events = ["events/a", "events/b", "events/c", "events/d"];
export const counters = [
  ...["counters/a", "counters/b"],
  ...["counters/a/days/2026-11-22", "counters/a/days/2026-11-23"],
];

/** The field that holds a server timestamp. */
export const SERVER_TIMESTAMP = "updated_at";

const MASK = ["counted", "uncountable"];

/** Smaller than most results, so that a second page begins behind a document of the first. */
const PAGE = 2;

/** What is seen at one time. */
export interface Sight {
  /** The documents as they are read by their ids. */
  documents: readonly DocumentSnapshot[];
  /** What each query finds, in order. */
  found: Record<string, readonly DocumentSnapshot[]>;
  /** The documents as they are read with some fields alone. The Firestore in memory gives the others, too. */
  masked: readonly DocumentSnapshot[];
  counts: Record<string, number>;
  readTime: Timestamp;
}

/** Looks at the documents below `place`, and at the events as they were at the time `past`. */
export async function look(place: DocumentReference, past: Timestamp | undefined): Promise<Sight> {
  const db = place.firestore;
  const refs = [...events, ...counters].map((path) => db.doc(`${place.path}/${path}`));
  const stored = place.collection("events");
  const [documents, masked, { readTime }, before, found, paged, counts] = await Promise.all([
    db.getAll(...refs),
    db.getAll(...refs, { fieldMask: MASK }),
    stored.count().get(),
    past ? eventsAt(db, stored, past) : [],
    eachOf(queries(place), async (query) => (await query.get()).docs),
    eachOf(pagedQueries(place), allPages),
    eachOf(countedQueries(place), async (query) => (await query.count().get()).data().count),
  ]);
  return { documents, masked, found: { ...found, ...paged, before }, counts, readTime };
}

/** As `verify` reads the past. */
async function eventsAt(db: Firestore, query: Query, readTime: Timestamp) {
  const ordered = query.orderBy(FieldPath.documentId());
  const { docs } = await db.runTransaction((then) => then.get(ordered), { readOnly: true, readTime });
  return docs;
}

function queries(place: DocumentReference): Record<string, Query> {
  const stored = place.collection("events");
  const counted = place.collection("counters");
  const days = counted.doc("a").collection("days");
  const set = new FieldPath("actions", "set");
  const day = FieldPath.documentId();
  return {
    "uncounted events, some fields": stored.where("counted", "==", false).select("counter"),
    "events of a device": stored.where("device_id", "==", "x").limit(PAGE),
    "events of some devices": stored.where("device_id", ">=", "x").where("device_id", "<", "z"),
    "counted events of a counter": stored.where("counter", "==", "a").where("counted", "==", true),
    "latest counters": counted.orderBy(SERVER_TIMESTAMP, "desc").limit(PAGE),
    "most installed": counted.where(set, ">", 0).orderBy(set, "desc").limit(PAGE),
    "days without their fields": days.select(),
    "days from one on": days.where(day, ">=", "2026-11-23"),
    "days until one": days.where(day, "<", "2026-11-23"),
  };
}

function pagedQueries(place: DocumentReference): Record<string, Query> {
  const stored = place.collection("events");
  return {
    "pages of events": stored,
    "pages of uncounted events": stored.where("counted", "==", false),
    "pages of the events of a counter": stored.where("counter", "==", "a").orderBy("device_id"),
  };
}

function countedQueries(place: DocumentReference): Record<string, Query> {
  const stored = place.collection("events");
  return {
    "all events": stored,
    "uncounted events": stored.where("counted", "==", false),
    "events of a counter": stored.where("counter", "==", "b"),
  };
}

async function allPages(query: Query): Promise<DocumentSnapshot[]> {
  const all: DocumentSnapshot[] = [];
  for await (const page of pages(query, { size: PAGE })) all.push(...page);
  return all;
}

async function eachOf<T>(queries: Record<string, Query>, read: (query: Query) => Promise<T>) {
  const results = Object.entries(queries).map(async ([name, query]) => [name, await read(query)] as const);
  return Object.fromEntries(await Promise.all(results));
}

/**
 * Tells of a sight in values that can be compared. A server timestamp becomes its place among all; an update time, whether it is
 * that of the document as it was read by its id.
 */
export function tell({ documents, masked, found, counts }: Sight) {
  const timestamps = documents.map((document) => timestampOf(document)?.valueOf());
  const inOrder = [...new Set(timestamps)].sort();
  const current = new Map(documents.map(({ ref, updateTime }) => [ref.path, updateTime]));
  const tellOne = (snapshot: DocumentSnapshot) => {
    const { [SERVER_TIMESTAMP]: _, ...data } = snapshot.data() ?? {};
    const timestamp = timestampOf(snapshot);
    const updateTime = current.get(snapshot.ref.path);
    return {
      path: snapshot.ref.path,
      exists: snapshot.exists,
      data,
      timestamp: timestamp && inOrder.indexOf(timestamp.valueOf()),
      isCurrent: updateTime && snapshot.updateTime?.isEqual(updateTime),
    };
  };
  return {
    documents: documents.map(tellOne),
    masked: masked.map((snapshot) => ({
      ...tellOne(snapshot),
      data: MASK.map((field) => snapshot.get(field)),
      timestamp: undefined,
    })),
    found: Object.fromEntries(Object.entries(found).map(([name, docs]) => [name, docs.map(tellOne)])),
    counts,
  };
}

function timestampOf(snapshot: DocumentSnapshot): Timestamp | undefined {
  const timestamp: unknown = snapshot.get(SERVER_TIMESTAMP);
  return timestamp instanceof Timestamp ? timestamp : undefined;
}
