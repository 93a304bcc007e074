/** `npm run purge`: deletes what a version that strangers made up has left: its counter and, if asked, its events. */

import type { Firestore, Query, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import {
  type Counter,
  type CounterIdentity,
  counterId,
  counterRef,
  DELTAS,
  daysOf,
  eventsOfCounter,
  uncountedEvents,
} from "../src/counting/documents.ts";
import { pages } from "../src/firestore/pages.ts";
import { printable } from "../src/printable.ts";
import type { WorkOptions } from "./catch-up.ts";
import { counterTable, parseCounter } from "./counters.ts";
import { type Command, ExitCode, flag, main, optionHelp, project, yes } from "./lib/command.ts";
import { appId, versionName } from "./lib/names.ts";
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
  deltas: number;
  events: number;
}

/** The documents that `purge` would delete. */
export interface Purgeable extends Amounts {
  /** The counter, without what is in deltas; absent where an earlier run was stopped at the end. */
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
    deltas: await countMeant(db.collection(DELTAS), isDeltaOf(asked)),
    events: asked.events ? await count(eventsOfCounter(db, asked)) : 0,
    uncounted: await countMeant(uncountedEvents(db).select("counter"), isEventOf(asked)),
  };
}

/**
 * Deletes the counter of a version with its days and deltas, and its events before them if that is asked. It can be
 * stopped at any point and run again: the counter goes last, and the rest is found without it. Answers with what this
 * run has deleted.
 *
 * The order lets nothing come back. A deleted event cannot be counted any more, and a deleted delta cannot be added
 * to the counter. What was counted or added before that stands in what is deleted next.
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
  const events = asked.events ? await deleteEach(eventsOfCounter(db, asked).select("device_id")) : 0;
  const deltas = await deleteEach(db.collection(DELTAS), isDeltaOf(asked));
  const ref = counterRef(db, asked);
  const days = await deleteEach(daysOf(ref).select());
  const counters = Number((await ref.get()).exists);
  await ref.delete();
  onProgress?.(counters);
  return { counters, days, deltas, events };
}

/** Firestore bills a read for each thousand. */
async function count(query: Query): Promise<number> {
  return (await query.count().get()).data().count;
}

/** Reads each document, because no index finds those that are meant. Where the triggers work, they are of the last seconds. */
async function countMeant(query: Query, isMeant: (document: QueryDocumentSnapshot) => boolean) {
  let meant = 0;
  for await (const page of pages(query)) meant += page.filter(isMeant).length;
  return meant;
}

function isEventOf(counter: CounterIdentity) {
  const id = counterId(counter);
  return (event: QueryDocumentSnapshot) => event.get("counter") === id;
}

function isDeltaOf({ app_id, version_name }: CounterIdentity) {
  return (delta: QueryDocumentSnapshot) =>
    delta.get("app_id") === app_id && delta.get("version_name") === version_name;
}

const options = z.object({
  project,
  app: appId,
  version: versionName.register(optionHelp, {
    value: "VERSION",
    text: "the version as `counters` shows it, or in double quotes as `counters -- --json` does",
  }),
  events: flag("delete its events too"),
  yes,
});

export const command: Command<typeof options> = {
  name: "purge",
  summary:
    "Deletes what a version that strangers made up has left: its counter, with days and deltas, and its events with " +
    "--events. First shows what would be deleted, and asks. An event that comes meanwhile makes a new counter: wait " +
    "until they have stopped, or run it again. It can be stopped and run again.",
  example: "--project my-project --app com.example.shop --version 9.9.9 --events",
  options,
  async run({ project, app, version, events, yes }, session) {
    const db = await session.firestore(project);
    const asked = { app_id: app, version_name: version, events };
    const name = printable(`version ${version} of ${app}`);
    const found = await purgeable(db, asked);
    const total = found.counters + found.days + found.deltas + found.events;
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

/** `1 counter, 3 days, 0 deltas, 812 events`. */
function listed({ counters, days, deltas, events }: Amounts): string {
  return [
    amount(counters, "counter"),
    amount(days, "day"),
    amount(deltas, "delta"),
    amount(events, "event"),
  ].join(", ");
}

if (import.meta.main) await main(command);
