/** How many events an instance takes: what events of an attack cost at most. */

import type { Clock } from "../clock.ts";

/** How long devices may send faster than the limit after a pause as long: a release reaches many at once. */
const BURST_SECONDS = 60;

/**
 * A token bucket that takes `perSecond` events a second, and at most `BURST_SECONDS` of that at once; 0 for no limit. The
 * returned function says whether so many events are taken. A batch is taken whole as long as there is any room, so that
 * none is too large for a small limit; what it takes too much, the next ones wait for.
 */
export function createRateLimit(perSecond: number, clock: Clock): (events: number) => boolean {
  if (perSecond === 0) return () => true;
  const capacity = perSecond * BURST_SECONDS;
  let room = capacity;
  let filledAt = clock.now();
  return (events) => {
    const now = clock.now();
    room = Math.min(capacity, room + ((now - filledAt) / 1_000) * perSecond);
    filledAt = now;
    if (room <= 0) return false;
    room -= events;
    return true;
  };
}
