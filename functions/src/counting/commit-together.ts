/** Commits documents together until each of them is done, whatever becomes of a single commit. */

import type { Timestamp } from "firebase-admin/firestore";
import type { Clock } from "../clock.ts";
import { type Timers, timeFor, within } from "../firestore/deadline.ts";
import { classify } from "../firestore/errors.ts";

/** The Admin SDK backs off by itself while a call is under way; this comes on top. */
const FIRST_BACKOFF_MILLISECONDS = 100;
const LONGEST_BACKOFF_MILLISECONDS = 400;

/**
 * After a failed precondition, more items than this are committed by halves instead of being read again: a commit that is
 * refused costs nothing, and one duplicate in a hundred items would cost a hundred reads.
 */
const MAX_READ_ITEMS = 25;

/** A document as it was read or delivered. */
export interface Version {
  id: string;
  updateTime: Timestamp;
}

export interface Work<Item extends Version> {
  /**
   * Commits items in one atomic commit, on condition that they are as they were read. `hadTrouble`: an earlier commit of
   * them has failed, though their conditions held.
   */
  commit(items: readonly Item[], hadTrouble: boolean): Promise<unknown>;
  /** Reads items again: those that are not done by now, with their new update times. */
  refresh(items: readonly Item[]): Promise<Item[]>;
  /** How long failed commits are tried again, in milliseconds. */
  retryFor: number;
  /** How much longer a commit is waited for when its time has passed, in milliseconds: it may still land. */
  landsWithin: number;
  clock: Clock;
  timers: Timers;
}

/**
 * Each item once, in the order of ids. A store that locks the documents of a commit one after another would deadlock where
 * two commits of duplicates have them in different orders.
 */
export function inOrder<Item extends Version>(items: readonly Item[]): Item[] {
  const distinct = new Map(items.map((item) => [item.id, item]));
  return [...distinct.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Why items are not done, by their ids. */
export type Undone = Map<string, Error>;

/**
 * Commits until nothing is left, the time is up, or Firestore refuses for good. After a failed precondition it looks closer by
 * halving, then reads the items, and what is left goes again. A commit with an unknown outcome goes again as it is: if
 * it was applied, its preconditions fail. An item that Firestore refuses is found by halving, too.
 */
export function commitTogether<Item extends Version>(
  work: Work<Item>,
  items: readonly Item[],
): Promise<Undone> {
  return commitUntilDone(work, items, false, work.clock.now() + work.retryFor);
}

async function commitUntilDone<Item extends Version>(
  work: Work<Item>,
  items: readonly Item[],
  hadTroubleBefore: boolean,
  deadline: number,
): Promise<Undone> {
  const { clock, timers, landsWithin } = work;
  let left = items;
  let hadTrouble = hadTroubleBefore;
  let isStale = false;
  for (let attempt = 0; ; attempt++) {
    try {
      if (isStale) left = await within(timeFor(0), work.refresh(left), timers);
      isStale = false;
      if (left.length === 0) return new Map();
      await within(timeFor(left.length) + landsWithin, work.commit(left, hadTrouble), timers);
      return new Map();
    } catch (error) {
      const failure = classify(error);
      const isPoisoned = failure === "poisoned" && hadTrouble;
      if (isPoisoned && left.length === 1) return noneDone(left, error);
      const isLarge = failure === "stale" && left.length > MAX_READ_ITEMS;
      if (isPoisoned || isLarge) return commitHalves(work, left, hadTrouble, deadline);
      const isUp = failure !== "poisoned" && clock.now() >= deadline;
      if (failure === "final" || isUp) return noneDone(left, error);
      isStale ||= failure === "stale";
      hadTrouble ||= failure !== "stale";
      const goesAtOnce = failure === "stale" && attempt === 0; // The items are read first, which takes a while.
      if (!goesAtOnce) await clock.sleep(backoff(attempt));
    }
  }
}

/** Commits each half by itself: Firestore refused the commit and does not say for which document. */
async function commitHalves<Item extends Version>(
  work: Work<Item>,
  items: readonly Item[],
  hadTrouble: boolean,
  deadline: number,
): Promise<Undone> {
  const middle = items.length >> 1;
  const first = await commitUntilDone(work, items.slice(0, middle), hadTrouble, deadline);
  const second = await commitUntilDone(work, items.slice(middle), hadTrouble, deadline);
  return new Map([...first, ...second]);
}

function noneDone(items: readonly Version[], error: unknown): Undone {
  const reason = error instanceof Error ? error : new Error(String(error));
  return new Map(items.map(({ id }) => [id, reason]));
}

/** Exponential with full jitter, so that instances that collided do not collide again. */
function backoff(attempt: number): number {
  return Math.random() * Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** attempt, LONGEST_BACKOFF_MILLISECONDS);
}
