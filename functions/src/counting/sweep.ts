/** Counts what no trigger has counted: it was never delivered, or its counter could not be written then. */

import type { Firestore, Query, QueryDocumentSnapshot } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import { reasonOf } from "../firestore/errors.ts";
import { PAGE_SIZE, pages } from "../firestore/pages.ts";
import type { AddDelta } from "./add-deltas.ts";
import type { CountEvent } from "./count-events.ts";
import { DELTAS, uncountedEvents } from "./documents.ts";

/** How often it is run, and how old what it counts is: by then, a trigger that works has been delivered. */
export const SWEEP_MINUTES = 15;

/** Numbers of documents by what became of them. */
export interface Swept {
  /** Counted events, and added deltas, by this sweep or by a trigger meanwhile. */
  counted: number;
  /** Events that can never be counted, and deltas whose counter cannot be written; the log has more. */
  left: number;
  /** Those that are left to their trigger. */
  young: number;
  /** Those that could not be counted, by the reason. */
  failures: Map<string, number>;
}

export interface SweepOptions {
  pageSize?: number;
  /** Called with the number of documents that are done with. */
  onProgress?: ((documents: number) => void) | undefined;
}

/**
 * Makes the function that is run every `SWEEP_MINUTES`. Rejects if something could not be counted, so that the log has an
 * error; the rest is counted.
 */
export function createSweep(db: Firestore, countEvent: CountEvent, addDelta: AddDelta) {
  return async (): Promise<void> => {
    const before = Date.now() - SWEEP_MINUTES * 60_000;
    const events = await sweepEvents(db, before, countEvent);
    const deltas = await sweepDeltas(db, before, addDelta);
    if (events.counted + deltas.counted > 0) {
      logger.warn("The sweep has counted what no trigger had.", {
        events: events.counted,
        deltas: deltas.counted,
      });
    }
    const failures = [...events.failures, ...deltas.failures];
    if (failures.length > 0) throw new Error(`The sweep could not count: ${JSON.stringify(failures)}`);
  };
}

/**
 * Counts the events that were stored before `before` (milliseconds since 1970) and are not counted. It counts as the
 * trigger does, so each event counts once, whatever else counts at the same time, and wherever an earlier sweep was
 * stopped. It reads every event that is not counted.
 */
export function sweepEvents(
  db: Firestore,
  before: number,
  countEvent: CountEvent,
  options?: SweepOptions,
): Promise<Swept> {
  return sweep(uncountedEvents(db), before, countEvent, options);
}

/** Adds the deltas that were created before `before` (milliseconds since 1970), likewise. It reads every delta. */
export function sweepDeltas(
  db: Firestore,
  before: number,
  addDelta: AddDelta,
  options?: SweepOptions,
): Promise<Swept> {
  return sweep(db.collection(DELTAS), before, addDelta, options);
}

async function sweep(
  query: Query,
  before: number,
  count: (document: QueryDocumentSnapshot) => ReturnType<CountEvent | AddDelta>,
  { pageSize = PAGE_SIZE, onProgress }: SweepOptions = {},
): Promise<Swept> {
  const swept: Swept = { counted: 0, left: 0, young: 0, failures: new Map() };
  for await (const page of pages(query, { size: pageSize })) {
    const due = page.filter((document) => document.createTime.toMillis() < before);
    for (const outcome of await Promise.allSettled(due.map(count))) {
      if (outcome.status === "rejected") {
        const reason = reasonOf(outcome.reason);
        swept.failures.set(reason, (swept.failures.get(reason) ?? 0) + 1);
      } else {
        const isCounted = outcome.value === "counted" || outcome.value === "added";
        swept[isCounted ? "counted" : "left"]++;
      }
    }
    swept.young += page.length - due.length;
    onProgress?.(page.length);
  }
  return swept;
}
