/** How long Firestore is waited for. */

import type { Clock } from "../clock.ts";
import { Status } from "./errors.ts";

/**
 * How long a call of Firestore is waited for. The Admin SDK tries `UNAVAILABLE`, `RESOURCE_EXHAUSTED` and `ABORTED` again
 * by itself for ten minutes, with ever longer waits: longer than an invocation lasts, or a device waits for its answer.
 */
const CALL_MILLISECONDS = 3_000;

/**
 * A wait is made of turns as short as this. While this process is too busy to notice an answer, a turn takes longer, and
 * only its own length counts: a busy CPU is not a silent Firestore.
 */
const TURN_MILLISECONDS = 100;

/**
 * The answer of a call of Firestore, if it comes in time; otherwise rejects with `DEADLINE_EXCEEDED`. The call may still be
 * carried out after that, so it must be one that can be repeated.
 */
export async function inTime<T>(call: Promise<T>, clock: Clock): Promise<T> {
  const answered = new AbortController();
  const late = waitInTurns(clock, answered.signal).then(() => {
    throw Object.assign(new Error("Firestore did not answer in time"), { code: Status.DEADLINE_EXCEEDED });
  });
  try {
    return await Promise.race([call, late]);
  } finally {
    late.catch(() => {});
    answered.abort();
  }
}

async function waitInTurns(clock: Clock, signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < CALL_MILLISECONDS; waited += TURN_MILLISECONDS) {
    await clock.sleep(TURN_MILLISECONDS, signal);
  }
}
