/** Bounds the time that a call of Firestore may take. */

import pTimeout from "p-timeout";
import { Status } from "./errors.ts";

/**
 * The Admin SDK repeats a call that failed with `UNAVAILABLE`, `RESOURCE_EXHAUSTED` or `ABORTED` for ten minutes. That is
 * longer than an invocation lasts, or a device waits for its answer.
 */
const CALL_MILLISECONDS = 3_000;

/**
 * A commit takes about 1.5 ms for each write in it, and waits for others. In models with 2 ms a write, a bound that did not grow
 * gave up commits that were still running, and copies of them contended with them.
 */
const WRITE_MILLISECONDS = 8;

/** A process with a busy CPU notices an answer late, so a deadline counts turns, and a turn that took longer counts as this. */
const TURN_MILLISECONDS = 100;

/** The timers of a deadline, which tests and models replace. */
export interface Timers {
  setTimeout(callback: () => void, milliseconds: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Makes timers that count turns of the event loop: time in which this process did not run is not Firestore's. */
export function createLoopTimers(turnMilliseconds = TURN_MILLISECONDS): Timers {
  return {
    setTimeout(callback, milliseconds) {
      let turns = Math.ceil(milliseconds / turnMilliseconds);
      const timer = setTimeout(() => {
        if (--turns > 0) timer.refresh();
        else callback();
      }, turnMilliseconds);
      return timer;
    },
    clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
  };
}

/** How long a call of Firestore with so many writes may take, in milliseconds. */
export function timeFor(writes: number): number {
  return CALL_MILLISECONDS + WRITE_MILLISECONDS * writes;
}

/**
 * Waits for the answer of a call of Firestore, for a time in milliseconds. Rejects with `DEADLINE_EXCEEDED` if it does not
 * come in time: the call may still be carried out then, so it must be one that can be repeated.
 */
export function within<T>(milliseconds: number, call: Promise<T>, timers: Timers): Promise<T> {
  return pTimeout(call, {
    milliseconds,
    customTimers: timers as typeof globalThis,
    fallback() {
      throw Object.assign(new Error("Firestore did not answer in time"), { code: Status.DEADLINE_EXCEEDED });
    },
  });
}
