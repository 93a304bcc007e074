/** Pushes messages to a function as Pub/Sub does: many at once, and each again until it is taken. */

import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { deliver, type EventarcMessage } from "../testing/eventarc.ts";

const FIRST_BACKOFF_MILLISECONDS = 50;
const LONGEST_BACKOFF_MILLISECONDS = 5_000;

/** More are no bad luck any more: the function cannot take the message. */
const MAX_DELIVERIES = 20;

/** Delivers a message until it is taken, and resolves with the number of deliveries. Rejects if nobody takes it. */
export type Push = (message: EventarcMessage) => Promise<number>;

/** Makes a way to push messages, each time to the URL that `nextUrl` says, `atOnce` of them at a time. */
export function createPush(nextUrl: () => string, atOnce: number): Push {
  const agent = new Agent({ keepAlive: true });
  const inTurn = pLimit(atOnce);
  return async (message) => {
    for (let deliveries = 1; ; deliveries++) {
      const status = await inTurn(() => deliver(nextUrl(), message, agent).catch(unanswered));
      if (status !== undefined && status >= 200 && status < 300) return deliveries;
      if (deliveries === MAX_DELIVERIES) throw new Error(`nobody takes a message: ${status ?? "no answer"}`);
      const backoff = Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** deliveries, LONGEST_BACKOFF_MILLISECONDS);
      await sleep(backoff);
    }
  };
}

/**
 * An instance that dies answers nothing, and the next message comes before another takes its place. One that lives closes a
 * connection that is not used for five seconds, also when a request is on its way.
 */
function unanswered(error: NodeJS.ErrnoException): undefined {
  if (!["ECONNRESET", "ECONNREFUSED", "EPIPE"].includes(error.code ?? "")) throw error;
}
