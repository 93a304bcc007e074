/** `npm run verify`: compares the counters with the events that are still retained. */

import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { z } from "zod";
import { readDelta } from "../src/counting/add-deltas.ts";
import {
  type CounterIdentity,
  counterId,
  countsOf,
  type Day,
  type DayCounts,
  DELTAS,
  dayDocument,
  dayId,
  daysOf,
  EVENTS,
  eventDocument,
  isParked,
} from "../src/counting/documents.ts";
import { PAGE_SIZE, type Paging, pages } from "../src/firestore/pages.ts";
import { countersQuery, parseCounter, type Which } from "./counters.ts";
import { app, type Command, ExitCode, flag, main, project, version } from "./lib/command.ts";
import type { Progress } from "./lib/session.ts";
import { amount, table } from "./lib/table.ts";
import { addTo } from "./lib/tally.ts";

/**
 * A fault of a counter. `fewer events than counted` may be none: events were counted twice, or deleted before they
 * expired (`forget`, by hand), and nobody can tell which.
 */
export type Finding =
  | "counted events are missing"
  | "fewer events than counted"
  | "hours are not those of its events"
  | "not the sum of its days"
  | "not the sum of its platforms and development";

/** A place where a counter is not as it should be. */
export interface Difference {
  app_id: string;
  version_name: string;
  /** `YYYY-MM-DD`, or `total`. */
  day: string;
  /** A platform, or `all`. */
  platform: string;
  action: string;
  /** The figure of the counter, and the right one. */
  counter: number;
  expected: number;
  finding: Finding;
}

export interface Verification {
  /** As of when everything was read. */
  time: Date;
  /** The retained events: those that are counted, not yet, and never; and documents that are no events. */
  events: { counted: number; uncounted: number; uncountable: number; invalid: number };
  counters: number;
  /** Days of counters: those of which no event has expired, so that they must match, and the others. */
  days: { exact: number; partial: number };
  differences: Difference[];
}

/**
 * Compares counters with events, by day, platform and action, as of one moment: Firestore reads the past of the last
 * hour, so events that are counted meanwhile do not matter. Memory grows with counters and days, not with events.
 *
 * A day of which no event has expired must equal the sum of its events; any other day must be at least that. Its hours are
 * compared where all else agrees. A total must be the sum of its days, whatever is retained.
 */
export async function verify(
  db: Firestore,
  which: Which = {},
  { pageSize = PAGE_SIZE, progress }: { pageSize?: number; progress?: (total: number) => Progress } = {},
): Promise<Verification> {
  const start = await db.collection(EVENTS).count().get();
  const past: Paging = {
    size: pageSize,
    read: (page) => db.runTransaction((then) => then.get(page), { readOnly: true, readTime: start.readTime }),
  };
  const bar = progress?.(start.data().count);
  const retained = await readRetained(db, which, past, bar?.advance).finally(bar?.stop);

  const time = start.readTime.toDate();
  const days = { exact: 0, partial: 0 };
  const result: Verification = { time, events: retained.events, counters: 0, days, differences: [] };
  const check = (counter: CounterWithDays, retainedDays: RetainedDays = new Map()) => {
    const isExact = (day: string) => {
      const retention = retainedDays.get(day)?.retention ?? retained.shortestRetention ?? 0;
      return Date.parse(day) + retention > time.getTime();
    };
    result.counters++;
    for (const day of counter.days.keys()) days[isExact(day) ? "exact" : "partial"]++;
    const { app_id, version_name } = counter;
    for (const found of differencesOf(counter, retainedDays, isExact)) {
      result.differences.push({ app_id, version_name, ...found });
    }
  };
  for await (const counter of countersWithDays(db, which, past)) {
    const id = counterId(counter);
    check(counter, retained.counters.get(id)?.days);
    retained.counters.delete(id);
  }
  for (const { app_id, version_name, days } of retained.counters.values()) {
    check({ app_id, version_name, total: new Map(), days: new Map() }, days);
  }
  return result;
}

/** Counts, each by where it stands in its document: `actions set`, `platforms ios set`, `hours 14 ios begun`. */
type FlatCounts = Map<string, number>;

/** A counter with its days, and what is in deltas. */
interface CounterWithDays {
  app_id: string;
  version_name: string;
  total: FlatCounts;
  days: Map<string, FlatCounts>;
}

/** The sum of a day's events, and the shortest time for which one of them is kept, in milliseconds. */
type RetainedDays = Map<string, { figures: FlatCounts; retention: number }>;

interface Retained {
  events: Verification["events"];
  /** The right counters, by their ids. */
  counters: Map<string, { app_id: string; version_name: string; days: RetainedDays }>;
  shortestRetention?: number;
}

async function readRetained(
  db: Firestore,
  which: Which,
  paging: Paging,
  onProgress: Progress["advance"] = () => {},
): Promise<Retained> {
  const events = { counted: 0, uncounted: 0, uncountable: 0, invalid: 0 };
  const retained: Retained = { events, counters: new Map() };
  const query = db.collection(EVENTS).select(...Object.keys(eventDocument.shape), "uncountable");
  for await (const page of pages(query, paging)) {
    for (const event of page) tallyEvent(retained, which, event);
    onProgress(page.length);
  }
  return retained;
}

function tallyEvent(retained: Retained, which: Which, snapshot: DocumentSnapshot): void {
  if (isParked(snapshot)) {
    retained.events.uncountable++;
    return;
  }
  const event = eventDocument.safeParse(snapshot.data());
  if (!event.success) {
    retained.events.invalid++;
    return;
  }
  const { app_id, version_name, received_at, expire_at, counted } = event.data;
  if (which.app !== undefined && which.app !== app_id) return;
  if (which.version !== undefined && which.version !== version_name) return;
  if (!counted) {
    retained.events.uncounted++;
    return;
  }
  retained.events.counted++;
  const id = counterId({ app_id, version_name });
  const counter = retained.counters.get(id) ?? { app_id, version_name, days: new Map() };
  retained.counters.set(id, counter);
  const dayName = dayId(received_at.toMillis());
  const day = counter.days.get(dayName) ?? { figures: new Map(), retention: Infinity };
  counter.days.set(dayName, day);
  addFlat(day.figures, countsOf(event.data, received_at.toMillis()));
  const retention = expire_at ? expire_at.toMillis() - received_at.toMillis() : Infinity;
  day.retention = Math.min(day.retention, retention);
  retained.shortestRetention = Math.min(retained.shortestRetention ?? Infinity, retention);
}

async function* countersWithDays(
  db: Firestore,
  which: Which,
  paging: Paging,
): AsyncGenerator<CounterWithDays> {
  const deltas = await readDeltas(db, which, paging);
  for await (const page of pages(countersQuery(db, which), paging)) {
    for (const snapshot of page) {
      const { app_id, version_name, actions, platforms, development } = parseCounter(snapshot);
      const counter = {
        app_id,
        version_name,
        total: flatCountsOf({ actions, platforms, development }),
        days: new Map<string, FlatCounts>(),
      };
      for await (const dayPage of pages(daysOf(snapshot.ref), paging)) {
        for (const day of dayPage) counter.days.set(day.id, flatCountsOf(dayDocument.parse(day.data())));
      }
      addParts(counter, deltas.get(snapshot.id)?.parts);
      deltas.delete(snapshot.id);
      yield counter;
    }
  }
  for (const { counter: identity, parts } of deltas.values()) {
    const counter = { ...identity, total: new Map(), days: new Map() };
    addParts(counter, parts);
    yield counter;
  }
}

/** Reads what is in deltas and not yet in the counters, by the counters' ids. */
async function readDeltas(db: Firestore, { app, version }: Which, paging: Paging) {
  const deltas = new Map<string, { counter: CounterIdentity; parts: DayCounts[] }>();
  for await (const page of pages(db.collection(DELTAS), paging)) {
    for (const { counter, parts } of page.flatMap((delta) => readDelta(delta, delta.updateTime) ?? [])) {
      if ((app ?? counter.app_id) !== counter.app_id) continue;
      if ((version ?? counter.version_name) !== counter.version_name) continue;
      const id = counterId(counter);
      deltas.set(id, { counter, parts: [...(deltas.get(id)?.parts ?? []), ...parts] });
    }
  }
  return deltas;
}

function addParts({ total, days }: CounterWithDays, parts: readonly DayCounts[] = []): void {
  for (const { day, counts } of parts) {
    const ofDay = days.get(day) ?? new Map<string, number>();
    days.set(day, ofDay);
    const { hours, ...ever } = counts;
    addFlat(ofDay, counts);
    addFlat(total, ever);
  }
}

function flatCountsOf(counts: Partial<Day>): FlatCounts {
  const flat = (value: object | number, path: readonly string[]): [string, number][] =>
    typeof value === "number"
      ? [[path.join(" "), value]]
      : Object.entries(value).flatMap(([name, inner]) => flat(inner, [...path, name]));
  return new Map(flat(counts, []));
}

function addFlat(sum: FlatCounts, counts: Partial<Day>): void {
  for (const [key, count] of flatCountsOf(counts)) addTo(sum, key, count);
}

type Found = Omit<Difference, "app_id" | "version_name">;

/** Compares a counter with the events of it that are retained, and with itself. */
function* differencesOf(
  { total, days }: CounterWithDays,
  retained: RetainedDays,
  isExact: (day: string) => boolean,
): Generator<Found> {
  const sum: FlatCounts = new Map();
  for (const day of [...new Set([...days.keys(), ...retained.keys()])].sort()) {
    const counter = parted(days.get(day));
    const events = parted(retained.get(day)?.figures);
    for (const [key, count] of counter.counts) addTo(sum, key, count);
    const found = [
      ...compare(day, counter.counts, events.counts, (counted, expected) =>
        counted < expected ? "counted events are missing" : "fewer events than counted",
      ),
    ];
    yield* found.filter(({ finding }) => finding === "counted events are missing" || isExact(day));
    // An event that is gone does not tell which hour it was in.
    if (found.length === 0) {
      yield* compare(day, counter.hours, events.hours, () => "hours are not those of its events");
    }
    yield* compareParts(day, counter.counts);
  }
  yield* compare("total", total, sum, () => "not the sum of its days");
  yield* compareParts("total", total);
}

/** The figures of a day, those of its hours apart: a measure can also become less. */
function parted(figures: FlatCounts = new Map()): { counts: FlatCounts; hours: FlatCounts } {
  const { counts = [], hours = [] } = Object.groupBy(figures, ([key]) =>
    mapOf(key) === "hours" ? "hours" : "counts",
  );
  return { counts: new Map(counts), hours: new Map(hours) };
}

/** Every event is on one platform, or of a development build: each action is the sum of these. */
function* compareParts(day: string, figures: FlatCounts): Generator<Found> {
  const sum: FlatCounts = new Map();
  for (const [key, count] of figures) {
    if (mapOf(key) === "platforms" || mapOf(key) === "development")
      addTo(sum, `actions ${actionOf(key)}`, count);
  }
  const total = new Map([...figures].filter(([key]) => mapOf(key) === "actions"));
  yield* compare(day, total, sum, () => "not the sum of its platforms and development");
}

function* compare(
  day: string,
  counters: FlatCounts,
  expectations: FlatCounts,
  judge: (counter: number, expected: number) => Finding,
): Generator<Found> {
  for (const key of new Set([...counters.keys(), ...expectations.keys()])) {
    const counter = counters.get(key) ?? 0;
    const expected = expectations.get(key) ?? 0;
    if (counter === expected) continue;
    const finding = judge(counter, expected);
    yield { day, platform: partOf(key), action: actionOf(key), counter, expected, finding };
  }
}

function mapOf(key: string): string {
  return key.slice(0, key.indexOf(" "));
}

/** `all` of `actions set`, `ios` of `platforms ios set`, `development` of `development set`, `14 ios` of `hours 14 ios begun`. */
function partOf(key: string): string {
  const [map = "", ...path] = key.split(" ").slice(0, -1);
  return path.join(" ") || (map === "actions" ? "all" : map);
}

function actionOf(key: string): string {
  return key.slice(key.lastIndexOf(" ") + 1);
}

const options = z.object({
  project,
  app,
  version,
  allowFewer: flag("fewer events than counted are no failure: some were deleted, as by `forget`"),
});

export const command: Command<typeof options> = {
  name: "verify",
  summary:
    "Compares the counters with the events that are still retained, and shows where they differ. Reads every event: " +
    "Firestore bills a read for each.",
  example: "--project my-project --app com.example.shop",
  options,
  async run({ project, app, version, allowFewer }, session) {
    const db = await session.firestore(project);
    const result = await verify(db, { app, version }, { progress: session.progress });
    session.print(report(result));
    const faults = result.differences.filter(
      ({ finding }) => !(allowFewer && finding === "fewer events than counted"),
    );
    return faults.length === 0 ? ExitCode.done : ExitCode.failed;
  },
};

function report({ time, events, counters, days, differences }: Verification): string {
  const lines = [
    `As of ${time.toISOString()}: ${amount(events.counted, "counted event")}, ${amount(counters, "counter")}`,
    `${amount(days.exact, "day")} must match: no event has expired`,
    `${amount(days.partial, "day")} must have counted at least what is retained: events may have expired`,
  ];
  if (events.uncounted > 0) {
    lines.push(
      `${amount(events.uncounted, "event")} not counted yet: the sweep counts those that were missed`,
    );
  }
  if (events.uncountable > 0)
    lines.push(`${amount(events.uncountable, "event")} parked: can never be counted`);
  if (events.invalid > 0)
    lines.push(`${amount(events.invalid, "document")} in \`events\` not of this backend`);
  if (differences.length === 0) return [...lines, "", "No differences."].join("\n");
  const headings = ["app", "version", "day", "platform", "action", "counter", "expected", "finding"];
  const rows = differences.map((found) => [
    ...[found.app_id, found.version_name, found.day, found.platform, found.action],
    ...[found.counter, found.expected, found.finding],
  ]);
  return [...lines, "", `${amount(differences.length, "difference")}:`, table(headings, rows)].join("\n");
}

if (import.meta.main) await main(command);
