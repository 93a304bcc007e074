/** `npm run catch-up`: counts the events that no trigger has counted. */

import type { Firestore, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { printable } from "../page/printable.js";
import { systemClock } from "../src/clock.ts";
import { type CountEvent, createEventCounter } from "../src/counting/count-events.ts";
import { isCountable, SHARDS, uncountedEvents } from "../src/counting/documents.ts";
import { moveShards } from "../src/counting/shards.ts";
import { createLoopTimers } from "../src/firestore/deadline.ts";
import { statusOf } from "../src/firestore/errors.ts";
import { pages } from "../src/firestore/pages.ts";
import { type Command, ExitCode, main, project, wholeNumber, yes } from "./lib/command.ts";
import { amount } from "./lib/table.ts";
import { addTo } from "./lib/tally.ts";

/** A commit takes all events in flight, so a page is as large as the concurrency of the trigger. */
const PAGE_SIZE = 1_000;

/** The outcome for the events that were not counted. */
export interface CaughtUp {
  /** Those that are counted now, by this run or by a trigger meanwhile. */
  counted: number;
  /** Those that are left to the trigger. */
  young: number;
  /** Those that could not be counted, by the reason. */
  failures: Map<string, number>;
}

/** Options of tools that work through events. */
export interface WorkOptions {
  countEvent?: CountEvent;
  pageSize?: number;
  /** Called with the number of events that are done with. */
  onProgress?: (events: number) => void;
}

/** The number of events that are not counted. Firestore bills a read for each thousand of them. */
export async function countUncounted(db: Firestore): Promise<number> {
  return (await uncountedEvents(db).count().get()).data().count;
}

/**
 * Counts all events that are not counted and were stored before `before` (milliseconds since 1970). It counts as the
 * trigger does, so each event counts once, whatever else counts at the same time, and wherever an earlier run was
 * stopped.
 */
export async function catchUp(
  db: Firestore,
  before: number,
  { countEvent = createOperatorsCounter(db), pageSize = PAGE_SIZE, onProgress }: WorkOptions = {},
): Promise<CaughtUp> {
  const result: CaughtUp = { counted: 0, young: 0, failures: new Map() };
  for await (const page of pages(uncountedEvents(db), { size: pageSize })) {
    const due = page.filter((event) => event.createTime.toMillis() < before);
    const failures = await countAll(countEvent, due);
    for (const reason of failures.values()) addTo(result.failures, reason, 1);
    result.counted += due.length - failures.size;
    result.young += page.length - due.length;
    onProgress?.(page.length);
  }
  return result;
}

/** Makes a way to count as the trigger does at its defaults. It reads no settings: a wrong one would stop a tool. */
export function createOperatorsCounter(db: Firestore): CountEvent {
  return createEventCounter(db, {
    interval: 1_000,
    shards: 1,
    clock: systemClock,
    timers: createLoopTimers(),
  });
}

/** Counts events together. Answers with those that are not counted, by id, and why. */
export async function countAll(
  countEvent: CountEvent,
  events: readonly QueryDocumentSnapshot[],
): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  const count = async (event: QueryDocumentSnapshot) => {
    if (!isCountable(event)) failures.set(event.id, "not an event of this backend");
    else await countEvent(event).catch((error) => failures.set(event.id, reasonOf(error)));
  };
  await Promise.all(events.map(count));
  return failures;
}

/** Firestore's messages begin with the status; what follows may name the document. */
function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return statusOf(error) === undefined ? message : (message.split(":", 1)[0] ?? message);
}

const DEFAULT_MINUTES = 10;

const options = z.object({
  project,
  olderThan: wholeNumber(0, DEFAULT_MINUTES, "leave events of the last N minutes to the trigger"),
  yes,
});

export const command: Command<typeof options> = {
  name: "catch-up",
  summary:
    "Counts the events that were never counted, because the trigger was broken for longer than its deliveries are " +
    "kept, and moves what is left in shards to the counters. Each is counted once. It can be stopped and run again, and run while the trigger works.",
  example: "--project my-project",
  options,
  async run({ project, yes, olderThan: minutes }, session) {
    const db = await session.firestore(project);
    const total = await countUncounted(db);
    const shards = (await db.collectionGroup(SHARDS).count().get()).data().count;
    if (total === 0 && shards === 0) {
      session.print("Every event is counted.");
      return ExitCode.done;
    }
    const inShards = shards > 0 ? ` In shards, not yet in counters: ${amount(shards, "shard")}.` : "";
    const question = `Not counted: ${amount(total, "event")}.${inShards} Count those that are older than ${amount(minutes, "minute")}?`;
    if (!(await session.confirm(question, yes || session.isEmulator))) return ExitCode.done;
    const progress = session.progress(total);
    const before = Date.now() - minutes * 60_000;
    const result = await catchUp(db, before, { onProgress: progress.advance }).finally(progress.stop);
    await moveShards(db);
    session.print(report(result));
    return result.failures.size === 0 ? ExitCode.done : ExitCode.failed;
  },
};

function report({ counted, young, failures }: CaughtUp): string {
  return [
    `${amount(counted, "event")} counted`,
    `${amount(young, "event")} left to the trigger: too young`,
    ...[...failures].map(
      ([reason, events]) => `${amount(events, "event")} not counted: ${printable(reason)}`,
    ),
  ].join("\n");
}

if (import.meta.main) await main(command);
