/** Time, which tests and models replace. */

import { setTimeout } from "node:timers/promises";

/** Milliseconds that never go backwards, and waiting for them to pass; `signal` ends a wait early, by a rejection. */
export interface Clock {
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: (milliseconds, signal) => setTimeout(Math.ceil(milliseconds), undefined, { signal }),
};
