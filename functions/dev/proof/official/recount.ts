/** Counts by plain loops what should be counted, and compares it with what is. */

import type { Firestore, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { addTo } from "../../../tools/lib/tally.ts";
import { type Figure, figuresByHand, hoursByHand } from "../by-hand.ts";
import type { SentEvent } from "./load.ts";

/** Not more differences than this are told one by one. */
const MOST_TOLD = 20;

/** Figures by where they stand: `counters/com.example.shop@2.5.1 actions.set`. */
type Figures = Map<string, number>;

export interface Recount {
  counters: number;
  days: number;
  /** What is not as it should be, in words; empty if all is. */
  differences: string[];
}

/** Compares what is stored with the events that were answered 200, which were received between two times. */
export async function recount(
  db: Firestore,
  answered: readonly SentEvent[],
  between: readonly [from: Date, to: Date],
): Promise<Recount> {
  const [events, counters, days, deltas] = await Promise.all([
    db.collection("events").get(),
    db.collection("counters").get(),
    db.collectionGroup("days").get(),
    db.collection("deltas").get(),
  ]);
  const differences: string[] = [];
  if (deltas.size > 0) differences.push(`${deltas.size} deltas are left`);
  if (events.size !== answered.length) {
    differences.push(`${answered.length} events were answered 200, and ${events.size} are stored`);
  }
  const stored = new Map(events.docs.map((event) => [event.get("timestamp"), event]));
  const expected: Figures = new Map();
  for (const event of answered) {
    const { app_id, version_name, timestamp } = event;
    const document = stored.get(timestamp);
    if (!document) {
      differences.push(`the event of ${timestamp} is not stored`);
      continue;
    }
    const fault = faultOf(document, between);
    if (fault) differences.push(`${document.ref.path} ${fault}`);
    const [day = "", time = ""] = receiptOf(document).toISOString().split("T");
    const version = version_name.split(":")[0]?.replace("/", "%2F");
    const counter = `counters/${app_id}@${version}`;
    add(expected, counter, figuresByHand(event));
    add(expected, `${counter}/days/${day}`, figuresByHand(event));
    add(expected, `${counter}/days/${day}`, hoursByHand(event, time.slice(0, 2)));
  }
  differences.push(...compare(expected, figuresOf([...counters.docs, ...days.docs])));
  const more = differences.length - MOST_TOLD;
  if (more > 0) differences.splice(MOST_TOLD, more, `and ${more} more differences`);
  return { counters: counters.size, days: days.size, differences };
}

function faultOf(event: QueryDocumentSnapshot, [from, to]: readonly [Date, Date]): string | undefined {
  if (event.get("counted") !== true) return "is not marked counted";
  const received = receiptOf(event);
  if (received < from || received > to) return `was received at ${received.toISOString()}`;
  return undefined;
}

function receiptOf(event: QueryDocumentSnapshot): Date {
  return event.get("received_at").toDate();
}

function add(sum: Figures, document: string, figures: readonly Figure[]): void {
  for (const [path, figure] of figures) addTo(sum, `${document} ${path.join(".")}`, figure);
}

/** All figures of counters and days. */
function figuresOf(documents: readonly QueryDocumentSnapshot[]): Figures {
  const figures: Figures = new Map();
  for (const document of documents) {
    const { app_id, version_name, updated_at, ...counts } = document.data();
    add(figures, document.ref.path, [...figuresIn(counts)]);
  }
  return figures;
}

function* figuresIn(counts: object, path: readonly string[] = []): Generator<Figure> {
  for (const [name, value] of Object.entries(counts)) {
    if (typeof value === "number") yield [[...path, name], value];
    else yield* figuresIn(value, [...path, name]);
  }
}

function compare(expected: Figures, found: Figures): string[] {
  return [...new Set([...expected.keys(), ...found.keys()])]
    .filter((place) => expected.get(place) !== found.get(place))
    .map(
      (place) =>
        `${place}: expected ${expected.get(place) ?? "nothing"}, got ${found.get(place) ?? "nothing"}`,
    );
}
