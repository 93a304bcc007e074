/** Time, which tests and models replace. */

import { setTimeout } from "node:timers/promises";

/** Milliseconds that never go backwards, and waiting for them to pass. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number): Promise<void>;
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds) => setTimeout(Math.ceil(milliseconds)),
};
