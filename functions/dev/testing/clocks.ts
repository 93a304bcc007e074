/** A clock on which waiting takes a twentieth of its time. */

import { type Clock, systemClock } from "../../src/clock.ts";

export const hurriedClock: Clock = {
  now: () => performance.now() * 20,
  sleep: (milliseconds, signal) => systemClock.sleep(milliseconds / 20, signal),
};
