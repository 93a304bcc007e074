/** Pushes messages to a function as Pub/Sub does: many at once, and each again until it is taken. */

import { Agent } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { deliver, type EventarcMessage } from "../testing/eventarc.ts";

const FIRST_BACKOFF_MILLISECONDS = 50;
const LONGEST_BACKOFF_MILLISECONDS = 5_000;

/** More are no bad luck any more: the function cannot take the message. */
const MAX_DELIVERIES = 20;

/**
 * Delivers a message until it is taken, and resolves with the number of deliveries. Rejects if nobody is there, or nobody
 * takes it.
 */
export type Push = (message: EventarcMessage) => Promise<number>;

/** Makes a way to push messages to `url`, `atOnce` of them at a time. */
export function createPush(url: string, atOnce: number): Push {
  const agent = new Agent({ keepAlive: true });
  const inTurn = pLimit(atOnce);
  return async (message) => {
    for (let deliveries = 1; ; deliveries++) {
      const status = await inTurn(deliver, url, message, agent).catch(hungUp);
      if (status !== undefined && status >= 200 && status < 300) return deliveries;
      if (deliveries === MAX_DELIVERIES) throw new Error(`${url} does not take a message: ${status}`);
      const backoff = Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** deliveries, LONGEST_BACKOFF_MILLISECONDS);
      await sleep(backoff);
    }
  };
}

/** A server closes a connection that is not used for five seconds, also when a request is on its way. */
function hungUp(error: NodeJS.ErrnoException): undefined {
  if (error.code !== "ECONNRESET") throw error;
}
