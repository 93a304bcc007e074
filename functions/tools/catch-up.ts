/** `npm run catch-up`: counts what no trigger has counted, as the scheduled sweep does. */

import type { Firestore, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { systemClock } from "../src/clock.ts";
import { createDeltaAdder } from "../src/counting/add-deltas.ts";
import { type CountEvent, createEventCounter } from "../src/counting/count-events.ts";
import { DELTAS, uncountedEvents } from "../src/counting/documents.ts";
import { type SweepOptions, type Swept, sweepDeltas, sweepEvents } from "../src/counting/sweep.ts";
import { createLoopTimers } from "../src/firestore/deadline.ts";
import { reasonOf } from "../src/firestore/errors.ts";
import { printable } from "../src/printable.ts";
import { type Command, ExitCode, main, project, wholeNumber, yes } from "./lib/command.ts";
import { amount } from "./lib/table.ts";

/** Options of tools that work through events. */
export interface WorkOptions extends SweepOptions {
  countEvent?: CountEvent;
}

const time = { clock: systemClock, timers: createLoopTimers() };

/** Makes a way to count as the trigger does. */
export function createOperatorsCounter(db: Firestore): CountEvent {
  return createEventCounter(db, time);
}

/** Counts events together. Answers with those that are not counted, by id, and why. */
export async function countAll(
  countEvent: CountEvent,
  events: readonly QueryDocumentSnapshot[],
): Promise<Map<string, string>> {
  const failures = new Map<string, string>();
  const count = (event: QueryDocumentSnapshot) =>
    countEvent(event).catch((error) => failures.set(event.id, reasonOf(error)));
  await Promise.all(events.map(count));
  return failures;
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
    "Counts the events that no trigger has counted, and adds the deltas that are in no counter. The function `sweep` does " +
    "the same every 15 minutes: this is for who cannot wait, or has not deployed it. Each is counted once. It can be " +
    "stopped and run again, and run while the triggers work.",
  example: "--project my-project",
  options,
  async run({ project, yes, olderThan: minutes }, session) {
    const db = await session.firestore(project);
    const events = (await uncountedEvents(db).count().get()).data().count;
    const deltas = (await db.collection(DELTAS).count().get()).data().count;
    if (events + deltas === 0) {
      session.print("Every event is counted.");
      return ExitCode.done;
    }
    const question =
      `Not counted: ${amount(events, "event")} and ${amount(deltas, "delta")}. ` +
      `Count those that are older than ${amount(minutes, "minute")}?`;
    if (!(await session.confirm(question, yes || session.isEmulator))) return ExitCode.done;
    const progress = session.progress(events + deltas);
    const onProgress = progress.advance;
    try {
      const before = Date.now() - minutes * 60_000;
      const sweptEvents = await sweepEvents(db, before, createOperatorsCounter(db), { onProgress });
      // Of any age: counting has just made some, and their trigger may not work.
      const sweptDeltas = await sweepDeltas(db, Number.POSITIVE_INFINITY, createDeltaAdder(db, time), {
        onProgress,
      });
      session.print([...report(sweptEvents, "event"), ...report(sweptDeltas, "delta")].join("\n"));
      return isComplete(sweptEvents) && isComplete(sweptDeltas) ? ExitCode.done : ExitCode.failed;
    } finally {
      progress.stop();
    }
  },
};

function isComplete({ left, failures }: Swept): boolean {
  return left === 0 && failures.size === 0;
}

function report({ counted, left, young, failures }: Swept, what: "event" | "delta"): string[] {
  return [
    what === "event" ? `${amount(counted, what)} counted` : `${amount(counted, what)} added to counters`,
    ...(young > 0 ? [`${amount(young, what)} left to the trigger: too young`] : []),
    ...(left > 0 ? [`${amount(left, what)} that cannot be counted: see above`] : []),
    ...[...failures].map(([reason, number]) => `${amount(number, what)} not counted: ${printable(reason)}`),
  ];
}

if (import.meta.main) await main(command);
