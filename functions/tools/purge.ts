/** `npm run purge`: deletes what a version that strangers made up has left: its counter and, if asked, its events. */

import type { Firestore, Query, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { printable } from "../page/printable.js";
import {
  type Counter,
  type CounterIdentity,
  countedVersion,
  counterRef,
  daysOf,
  EVENTS,
  SHARDS,
  uncountedEvents,
} from "../src/counting/documents.ts";
import { pages } from "../src/firestore/pages.ts";
import { APP_ID } from "../src/ingest/event.ts";
import type { WorkOptions } from "./catch-up.ts";
import { counterTable, parseCounter } from "./counters.ts";
import { type Command, ExitCode, flag, main, optionHelp, project, yes } from "./lib/command.ts";
import { amount } from "./lib/table.ts";

/** A run that is stopped loses its open commit, so pages are smaller than what Firestore takes. */
const PAGE_SIZE = 500;

/** A counter, and whether the events that are counted under it are deleted too. */
export interface Purge extends CounterIdentity {
  events: boolean;
}

/** Numbers of documents by kind. Events are 0 where they are not deleted. */
interface Amounts {
  counters: number;
  days: number;
  shards: number;
  events: number;
}

/** The documents that `purge` would delete. */
export interface Purgeable extends Amounts {
  /** The counter, without what is in shards; absent where an earlier run was stopped at the end. */
  counter: Counter | undefined;
  /** The number of events of the version that are not counted yet, whether they are deleted or not. */
  uncounted: number;
}

/** Finds what `purge` would delete. Changes nothing. */
export async function purgeable(db: Firestore, asked: Purge): Promise<Purgeable> {
  const ref = counterRef(db, asked);
  const snapshot = await ref.get();
  return {
    counter: snapshot.exists ? parseCounter(snapshot) : undefined,
    counters: Number(snapshot.exists),
    days: await count(daysOf(ref)),
    shards: await count(ref.collection(SHARDS)),
    events: asked.events ? await countEvents(db, asked) : 0,
    uncounted: await countUncountedOf(db, asked),
  };
}

/**
 * Deletes the counter of a version with its days and shards, and its events before them if that is asked. It can be
 * stopped at any point and run again: the counter goes last, and the rest is found without it. Answers with what this
 * run has deleted.
 *
 * The order lets nothing come back. A deleted event cannot be counted any more, and a deleted shard cannot be moved
 * to the counter. What was counted or moved before that stands in what is deleted next.
 */
export async function purge(
  db: Firestore,
  asked: Purge,
  { pageSize = PAGE_SIZE, onProgress }: Omit<WorkOptions, "countEvent"> = {},
): Promise<Amounts> {
  const deleteEach = async (
    query: Query,
    isMeant: (document: QueryDocumentSnapshot) => boolean = () => true,
  ) => {
    let deleted = 0;
    for await (const page of pages(query, { size: pageSize })) {
      const meant = page.filter(isMeant);
      const batch = db.batch();
      for (const { ref } of meant) batch.delete(ref);
      if (meant.length > 0) await batch.commit();
      deleted += meant.length;
      onProgress?.(meant.length);
    }
    return deleted;
  };
  let events = 0;
  if (asked.events) {
    for (const query of eventQueries(db, asked)) events += await deleteEach(query, isCountedUnder(asked));
  }
  const ref = counterRef(db, asked);
  const shards = await deleteEach(ref.collection(SHARDS).select());
  const days = await deleteEach(daysOf(ref).select());
  const counters = Number((await ref.get()).exists);
  await ref.delete();
  onProgress?.(counters);
  return { counters, days, shards, events };
}

/** Firestore bills a read for each thousand. */
async function count(query: Query): Promise<number> {
  return (await query.count().get()).data().count;
}

async function countEvents(db: Firestore, asked: Purge): Promise<number> {
  const isMeant = isCountedUnder(asked);
  let events = 0;
  for (const name of namesOf(asked)) {
    events += await count(eventsNamed(db, asked, name));
    for await (const page of pages(fileEvents(db, name))) events += page.filter(isMeant).length;
  }
  return events;
}

/** Reads what is not counted of the whole app: where the trigger works, that is what came in the last seconds. */
async function countUncountedOf(db: Firestore, asked: CounterIdentity): Promise<number> {
  const isMeant = isCountedUnder(asked);
  const query = uncountedEvents(db)
    .where("app_id", "==", asked.app_id)
    .select(...DECIDING_FIELDS);
  let uncounted = 0;
  for await (const page of pages(query)) uncounted += page.filter(isMeant).length;
  return uncounted;
}

/** The fields of an event that `isCountedUnder` reads. */
const DECIDING_FIELDS = ["app_id", "version_name"];

function isCountedUnder({ app_id, version_name }: CounterIdentity) {
  return (event: QueryDocumentSnapshot) =>
    event.get("app_id") === app_id && countedVersion(String(event.get("version_name"))) === version_name;
}

/** Queries that find each event that is counted under the version once, and some of other apps. */
function eventQueries(db: Firestore, asked: CounterIdentity): Query[] {
  return namesOf(asked).flatMap((name) => [eventsNamed(db, asked, name), fileEvents(db, name)]);
}

/** The names that `countedVersion` turns into the version, each up to a `:`. */
function namesOf({ version_name }: CounterIdentity): string[] {
  return version_name === countedVersion("") ? [version_name, ""] : [version_name];
}

function eventsNamed(db: Firestore, { app_id }: CounterIdentity, name: string): Query {
  return eventsOf(db).where("app_id", "==", app_id).where("version_name", "==", name);
}

/**
 * Finds the failures of single files of a version, such as `1.2.3:assets/main.js`, of all apps. Finding those of one
 * app would need a composite index, which takes storage for every event. Where another app has a version of the same
 * name, its failures of files are read too, which is much less than all events of the app.
 */
function fileEvents(db: Firestore, name: string): Query {
  const afterColon = String.fromCharCode(":".charCodeAt(0) + 1);
  return eventsOf(db)
    .where("version_name", ">=", `${name}:`)
    .where("version_name", "<", `${name}${afterColon}`)
    .orderBy("version_name");
}

function eventsOf(db: Firestore): Query {
  return db.collection(EVENTS).select(...DECIDING_FIELDS);
}

const VERSION = "the version of a counter, which has no `:`";

const options = z.object({
  project,
  app: z
    .string({ error: "the id of an app" })
    .regex(APP_ID, { error: "the id of an app" })
    .register(optionHelp, { value: "ID", text: "the app" }),
  version: z
    .string({ error: VERSION })
    .transform(storedName)
    .pipe(z.string({ error: VERSION }).refine((name) => countedVersion(name) === name, { error: VERSION }))
    .register(optionHelp, {
      value: "VERSION",
      text: "the version as `counters` shows it, or in double quotes as `counters -- --json` does",
    }),
  events: flag("delete its events too"),
  yes,
});

/**
 * A name as it is stored. What a table cannot show as it is, and hardly anybody can type, is given as JSON; `undefined`
 * for what begins like JSON and is none.
 */
function storedName(given: string): unknown {
  if (!given.startsWith('"')) return given;
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}

export const command: Command<typeof options> = {
  name: "purge",
  summary:
    "Deletes what a version that strangers made up has left: its counter, with days and shards, and its events with " +
    "--events. First shows what would be deleted, and asks. An event that comes meanwhile makes a new counter: wait " +
    "until they have stopped, or run it again. It can be stopped and run again. With --events it reads, twice, also the " +
    "failures of files (VERSION:…) of other apps that have a version of this name.",
  example: "--project my-project --app com.example.shop --version 9.9.9 --events",
  options,
  async run({ project, app, version, events, yes }, session) {
    const db = await session.firestore(project);
    const asked = { app_id: app, version_name: version, events };
    const name = printable(`version ${version} of ${app}`);
    const found = await purgeable(db, asked);
    const total = found.counters + found.days + found.shards + found.events;
    if (total === 0) {
      const nothing = `There is nothing of ${name} to delete. \`npm run counters -- --json\` has the names as stored.`;
      session.print([nothing, ...warnings(asked, found)].join("\n"));
      return ExitCode.done;
    }
    session.print(description(asked, found));
    const question = `Delete ${listed(found)} of ${name} for good?`;
    if (!(await session.confirm(question, yes || session.isEmulator))) return ExitCode.done;
    const progress = session.progress(total);
    const deleted = await purge(db, asked, { onProgress: progress.advance }).finally(progress.stop);
    session.print(`${listed(deleted)} deleted`);
    return ExitCode.done;
  },
};

function description(asked: Purge, found: Purgeable): string {
  const lines = [
    found.counter ? counterTable([found.counter]) : "There is no counter, but what belongs to it.",
  ];
  if (asked.events) lines.push(`${amount(found.events, "event")}, not counted yet: ${found.uncounted}`);
  else
    lines.push(
      "The events stay, and `npm run verify` finds them without a counter. --events deletes them too.",
    );
  return [...lines, ...warnings(asked, found)].join("\n");
}

function warnings({ events }: Purge, { uncounted }: Purgeable): string[] {
  if (events || uncounted === 0) return [];
  return [
    `${amount(uncounted, "event")} not counted yet will make a new counter. --events deletes that too.`,
  ];
}

/** `1 counter, 3 days, 0 shards, 812 events`. */
function listed({ counters, days, shards, events }: Amounts): string {
  return [
    amount(counters, "counter"),
    amount(days, "day"),
    amount(shards, "shard"),
    amount(events, "event"),
  ].join(", ");
}

if (import.meta.main) await main(command);
