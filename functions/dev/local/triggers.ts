/** Delivers Firestore triggers as Eventarc does: at least once, and again after a failure. */

import { setTimeout as sleep } from "node:timers/promises";
import type { FirestoreController } from "@firebase-bridge/firestore-admin";
import { registerTrigger } from "@firebase-bridge/firestore-functions/v2";
import type { CloudEvent, CloudFunction } from "firebase-functions";
import pLimit from "p-limit";

const FIRST_BACKOFF_MILLISECONDS = 50;
const LONGEST_BACKOFF_MILLISECONDS = 5_000;

/** A commit is answered before its triggers are called: on a busy machine, by several turns of the event loop. */
const CALLED_MILLISECONDS = 10;

export interface Deliveries {
  /** Resolves when nothing is being delivered any more. */
  settled(): Promise<void>;
}

const DEFAULT_CONCURRENCY = 80;

/** The number of events that an instance takes at once; Cloud Functions' default where the function does not say. */
export function concurrencyOf({ __endpoint: { concurrency } }: CloudFunction<CloudEvent<unknown>>): number {
  return typeof concurrency === "number" ? concurrency : DEFAULT_CONCURRENCY;
}

/**
 * Calls each of `triggers` for each change of the database that it is declared for, as one instance of Cloud Functions takes
 * them: at most its `concurrency` at once.
 */
export function deliverTriggers(
  database: FirestoreController,
  triggers: readonly CloudFunction<CloudEvent<unknown>>[],
  onError: (error: unknown) => void,
): Deliveries {
  const underWay = new Set<Promise<void>>();

  const deliver = async (trigger: CloudFunction<CloudEvent<unknown>>, event: CloudEvent<unknown>) => {
    for (let attempt = 0; ; attempt++) {
      try {
        await trigger.run(event);
        return;
      } catch (error) {
        onError(error);
        const backoff = Math.min(FIRST_BACKOFF_MILLISECONDS * 2 ** attempt, LONGEST_BACKOFF_MILLISECONDS);
        await sleep(backoff, undefined, { ref: false });
      }
    }
  };
  for (const trigger of triggers) {
    const inTurn = pLimit(concurrencyOf(trigger));
    const run = (event: CloudEvent<unknown>) => {
      const delivery = inTurn(() => deliver(trigger, event)).finally(() => underWay.delete(delivery));
      underWay.add(delivery);
      return delivery;
    };
    registerTrigger(
      database,
      Object.assign(() => {}, { __endpoint: trigger.__endpoint, run }),
    );
  }

  return {
    async settled() {
      do {
        await Promise.all(underWay);
        await sleep(CALLED_MILLISECONDS);
      } while (underWay.size > 0);
    },
  };
}
