/** Limits how many events an instance takes, and so what the events of an attack cost. */

import type { Clock } from "../clock.ts";

/** A release reaches many devices at once, so they may exceed the limit for this long, after a pause as long. */
const BURST_SECONDS = 60;

/**
 * Makes a token bucket of `perSecond` events a second, and at most `BURST_SECONDS` of that at once; 0 for no limit.
 * The returned function says whether it takes so many events. It takes a batch whole while it has any room, so that
 * no batch is too large for a small limit; the next ones wait for the excess.
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
