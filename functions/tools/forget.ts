/** `npm run forget`: deletes the events of a device, or of a custom id. Their part in the counters stays. */

import { type Firestore, Timestamp } from "firebase-admin/firestore";
import { z } from "zod";
import { dayId } from "../src/counting/documents.ts";
import { pages } from "../src/firestore/pages.ts";
import { printable } from "../src/printable.ts";
import { countAll, createOperatorsCounter, type WorkOptions } from "./catch-up.ts";
import { app, type Command, ExitCode, main, project, yes } from "./lib/command.ts";
import { amount, table } from "./lib/table.ts";
import { addTo } from "./lib/tally.ts";
import { eventsQuery, isOf, type Whose, whoseEvents, whoseOptions } from "./lib/whose.ts";

/** A run that is stopped loses its open commit, so pages are smaller than what Firestore takes. */
const PAGE_SIZE = 500;

/** The events of one app that are somebody's. Days are `YYYY-MM-DD`, by the time they were received. */
export interface FoundEvents {
  app_id: string;
  events: number;
  uncounted: number;
  first: string;
  last: string;
}

/** Lists what `forget` would delete, by app. Changes nothing. */
export async function eventsOf(db: Firestore, whose: Whose): Promise<FoundEvents[]> {
  const apps = new Map<string, FoundEvents>();
  const query = eventsQuery(db, whose).select("app_id", "received_at", "counted");
  for await (const page of pages(query)) {
    for (const event of page.filter(isOf(whose))) {
      const app_id = String(event.get("app_id"));
      const received: unknown = event.get("received_at");
      const day = dayId((received instanceof Timestamp ? received : event.createTime).toMillis());
      const found = apps.get(app_id) ?? { app_id, events: 0, uncounted: 0, first: day, last: day };
      found.events++;
      if (event.get("counted") !== true) found.uncounted++;
      if (day < found.first) found.first = day;
      if (day > found.last) found.last = day;
      apps.set(app_id, found);
    }
  }
  return [...apps.values()].sort((a, b) => (a.app_id < b.app_id ? -1 : 1));
}

/** The outcome for somebody's events. */
export interface Forgotten {
  deleted: number;
  /** Those that are kept because they could not be counted, by the reason. */
  kept: Map<string, number>;
}

/**
 * Deletes somebody's events. What is not counted yet is counted first, so that every event counts once whether it was
 * deleted early or late. It can be stopped at any point and run again.
 */
export async function forget(
  db: Firestore,
  whose: Whose,
  { countEvent = createOperatorsCounter(db), pageSize = PAGE_SIZE, onProgress }: WorkOptions = {},
): Promise<Forgotten> {
  const result: Forgotten = { deleted: 0, kept: new Map() };
  for await (const page of pages(eventsQuery(db, whose), { size: pageSize })) {
    const events = page.filter(isOf(whose));
    const failures = await countAll(countEvent, events);
    const batch = db.batch();
    for (const event of events) {
      const reason = failures.get(event.id);
      if (reason === undefined) batch.delete(event.ref);
      else addTo(result.kept, reason, 1);
    }
    await batch.commit();
    result.deleted += events.length - failures.size;
    onProgress?.(events.length);
  }
  return result;
}

const options = z.object({ project, ...whoseOptions, app, yes });

export const command: Command<typeof options> = {
  name: "forget",
  summary:
    "Deletes the events of a device, or those with a custom id, for a privacy request. First shows what would be " +
    "deleted, and asks. Counters stay: they name nobody. What a device sent without the custom id goes with --device " +
    "only. It can be stopped and run again.",
  example: "--project my-project --device 4b7c9f0e-7d0b-4a57-9a3c-2f1c5f6f2a10",
  options,
  async run({ project, yes, ...asked }, session) {
    const { whose, name } = whoseEvents(asked);
    const db = await session.firestore(project);
    const found = await eventsOf(db, whose);
    if (found.length === 0) {
      session.print(`There is no event of ${name}.`);
      return ExitCode.done;
    }
    const total = found.reduce((sum, { events }) => sum + events, 0);
    session.print(eventsTable(found));
    const question = `Delete ${amount(total, "event")} of ${name} for good?`;
    if (!(await session.confirm(question, yes || session.isEmulator))) return ExitCode.done;
    const progress = session.progress(total);
    const result = await forget(db, whose, { onProgress: progress.advance }).finally(progress.stop);
    session.print(report(result));
    return result.kept.size === 0 ? ExitCode.done : ExitCode.failed;
  },
};

function eventsTable(found: readonly FoundEvents[]): string {
  return table(
    ["app", "events", "not counted yet", "first day", "last day"],
    found.map(({ app_id, events, uncounted, first, last }) => [app_id, events, uncounted, first, last]),
  );
}

function report({ deleted, kept }: Forgotten): string {
  return [
    `${amount(deleted, "event")} deleted`,
    ...[...kept].map(
      ([reason, events]) =>
        `${amount(events, "event")} kept, not counted yet: ${printable(reason)}. Run it again later.`,
    ),
  ].join("\n");
}

if (import.meta.main) await main(command);
