/** Clocks that tests and models rule, and the timers of deadlines beside them. */

import { type Clock, systemClock } from "../../src/clock.ts";
import { createLoopTimers, type Timers } from "../../src/firestore/deadline.ts";

/** The clock for waiting, and the timers for giving up, of code that works with Firestore. */
export interface Time {
  clock: Clock;
  timers: Timers;
}

/** The time of this machine. */
export const systemTime: Time = { clock: systemClock, timers: createLoopTimers() };

const HURRY = 20;
const hurriedTurns = createLoopTimers(100 / HURRY);

/** Tests cannot wait for real deadlines, so this time runs 20 times as fast. */
export const hurriedTime: Time = {
  clock: {
    now: () => systemClock.now() * HURRY,
    sleep: (milliseconds) => systemClock.sleep(milliseconds / HURRY),
  },
  timers: {
    ...hurriedTurns,
    setTimeout: (callback, milliseconds) => hurriedTurns.setTimeout(callback, milliseconds / HURRY),
  },
};

/** Time in which nobody has to wait: it passes where somebody would. Firestore has its real time to answer. */
export function createImpatientTime(): Time {
  let now = 0;
  const sleep = async (milliseconds: number) => {
    now += milliseconds;
  };
  return { clock: { now: () => now, sleep }, timers: systemTime.timers };
}

export interface ManualClock extends Clock {
  /** Lets time pass, wakes who has slept long enough, and waits until they have done what they can. */
  pass(milliseconds: number): Promise<void>;
}

/** A clock whose time passes when the test says so. */
export function createManualClock(): ManualClock {
  let now = 0;
  const sleepers = new Set<{ until: number; wake: () => void }>();
  return {
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        sleepers.add({ until: now + milliseconds, wake });
      }),
    async pass(milliseconds) {
      await promisesSettle();
      now += milliseconds;
      for (const sleeper of sleepers) {
        if (sleeper.until > now) continue;
        sleepers.delete(sleeper);
        sleeper.wake();
      }
      await promisesSettle();
    },
  };
}

function promisesSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
