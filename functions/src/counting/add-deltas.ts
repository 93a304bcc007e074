/** Adds deltas to their counters, each of them once. */

import type { DocumentSnapshot, Firestore, Timestamp } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import { timeFor, within } from "../firestore/deadline.ts";
import { classify } from "../firestore/errors.ts";
import { createGroupCommits } from "../group-commit.ts";
import { commitTogether, inOrder, type Undone, type Version } from "./commit-together.ts";
import type { CountingTime } from "./count-events.ts";
import {
  addCounts,
  addToCounter,
  type CounterIdentity,
  counterId,
  type DayCounts,
  DELTAS,
  deltaDocument,
  figuresIn,
  partsOf,
} from "./documents.ts";

/**
 * Adds one delta to its counter, given as its trigger or a query delivered it. Resolves with `added` when its counts are in the
 * counter for good, by this call or an earlier one, and with `left` where only this counter cannot be written, or the
 * document is no delta: the log says so, and the sweep tries again. Rejects with Firestore's error if Firestore cannot be reached.
 */
export type AddDelta = (snapshot: DocumentSnapshot) => Promise<"added" | "left">;

/** The least time between the beginnings of two commits on one counter. Google advises one write a second for long. */
const ADD_MILLISECONDS = 500;

/** A commit takes about 2 ms for each delta that it deletes, and its counter is locked meanwhile. */
const MAX_COMMIT_DELTAS = 400;

/**
 * Firestore transforms at most 500 fields of a document in a commit; `updated_at` is one of them. A delta alone has fewer: see
 * `count-events.ts`.
 */
const MAX_FIGURES = 499;

/**
 * One instance adds the deltas of all apps, so those of a counter that cannot be written must not wait for long. It is shorter than
 * the time of any commit, so that one whose time has passed is not sent again while it may still land.
 */
const RETRY_MILLISECONDS = 3_000;

/**
 * Pub/Sub delivers some messages twice, and one delta that is gone makes a whole commit fail. So this many of the latest are
 * remembered, which is those of minutes.
 */
const REMEMBERED_DELTAS = 10_000;

/** Makes a way to add the deltas of `db`. Calls for the same counter share commits. */
export function createDeltaAdder(db: Firestore, { clock, timers }: CountingTime): AddDelta {
  const time = { clock, timers, retryFor: RETRY_MILLISECONDS, landsWithin: 0 };
  const refresh = (deltas: readonly Delta[]) => readLeft(db, deltas);

  const added = createMemory(REMEMBERED_DELTAS);

  const add = createGroupCommits<Delta, "added" | "left">(
    ({ counter }) => counterId(counter),
    ({ counter }) => {
      const commit = (deltas: readonly Delta[]) => commitDeltas(db, counter, deltas);
      return {
        async commit(deltas) {
          const undone: Undone = new Map();
          for (const some of thatFit(inOrder(deltas))) {
            for (const entry of await commitTogether({ commit, refresh, ...time }, some))
              undone.set(...entry);
          }
          for (const { id } of deltas) if (!undone.has(id)) added.add(id);
          const [error] = undone.values();
          if (error === undefined) return deltas.map(() => "added");
          if (classify(error) === "final") throw error;
          // If Firestore answers a read, it is this counter that cannot be written.
          await within(timeFor(0), refresh(deltas.slice(0, 1)), timers);
          logger.error("A counter cannot be written. The sweep tries again.", {
            counter: counterId(counter),
            deltas: undone.size,
            error,
          });
          return deltas.map(({ id }) => (undone.has(id) ? "left" : "added"));
        },
        maxItems: MAX_COMMIT_DELTAS,
        next: (done) => Promise.allSettled([done, clock.sleep(ADD_MILLISECONDS)]),
      };
    },
  );

  return async (snapshot) => {
    if (!snapshot.updateTime || added.has(snapshot.id)) return "added";
    const delta = readDelta(snapshot, snapshot.updateTime);
    return delta ? add(delta) : "left";
  };
}

/** Remembers the latest `size` of some ids. */
function createMemory(size: number) {
  const ids = new Set<string>();
  return {
    has: (id: string) => ids.has(id),
    add(id: string) {
      ids.add(id);
      const [first] = ids;
      if (ids.size > size && first !== undefined) ids.delete(first);
    },
  };
}

/** A delta that is not in its counter yet. */
export interface Delta extends Version {
  counter: CounterIdentity;
  parts: DayCounts[];
}

/** Reads a delta document; nothing for one that `count-events.ts` did not write, which the log says. */
export function readDelta(snapshot: DocumentSnapshot, updateTime: Timestamp): Delta | undefined {
  const document = deltaDocument.safeParse(snapshot.data());
  if (!document.success) {
    logger.error("A document in `deltas` is no delta and is left alone.", { id: snapshot.id });
    return undefined;
  }
  const { app_id, version_name } = document.data;
  return { id: snapshot.id, updateTime, counter: { app_id, version_name }, parts: partsOf(document.data) };
}

/** Divides deltas so that a commit of each part is within Firestore's limit of transforms. */
function thatFit(deltas: readonly Delta[]): (readonly Delta[])[] {
  const total = addCounts(deltas.flatMap(({ parts }) => parts.map(({ counts }) => counts)));
  if (figuresIn(total) <= MAX_FIGURES || deltas.length === 1) return [deltas];
  const middle = deltas.length >> 1;
  return [...thatFit(deltas.slice(0, middle)), ...thatFit(deltas.slice(middle))];
}

/** Commits atomically: adds deltas to their counter, and deletes them on condition that they are as they were read. */
function commitDeltas(db: Firestore, counter: CounterIdentity, deltas: readonly Delta[]) {
  const batch = db.batch();
  const parts = deltas.flatMap(({ parts }) => parts);
  addToCounter(batch, db, counter, parts);
  for (const { id, updateTime } of deltas) {
    batch.delete(db.collection(DELTAS).doc(id), { lastUpdateTime: updateTime });
  }
  return batch.commit();
}

/** Reads deltas again. Keeps those that still exist, with their update times. */
async function readLeft(db: Firestore, deltas: readonly Delta[]): Promise<Delta[]> {
  const refs = deltas.map(({ id }) => db.collection(DELTAS).doc(id));
  const snapshots = await db.getAll(...refs, { fieldMask: [] });
  return deltas.flatMap((delta, index) => {
    const updateTime = snapshots[index]?.updateTime;
    return updateTime ? { ...delta, updateTime } : [];
  });
}
