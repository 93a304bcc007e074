/** Lets what holds much in memory be done for one caller after the other. */

import { type Timers, within } from "../firestore/deadline.ts";

/**
 * Makes a function that does `work` for one caller at a time. It rejects where work takes longer than some milliseconds, which then
 * waits for it no more, and where a turn comes later than that: nobody waits for the answer. `now` is the time in milliseconds
 * since 1970.
 */
export function createTurns<Asked, Answer>(
  work: (asked: Asked) => Promise<Answer>,
  milliseconds: number,
  now: () => number,
  timers: Timers,
): (asked: Asked) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve();
  return (asked) => {
    const askedAt = now();
    const mine = last.then(() => {
      if (now() - askedAt >= milliseconds) throw new Error("too many ask at once");
      return within(milliseconds, work(asked), timers);
    });
    last = mine.catch(() => {});
    return mine;
  };
}
