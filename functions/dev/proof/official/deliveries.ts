/** Delivers created documents to their function as Eventarc and Pub/Sub do: at least once, and some of them twice; here, some never. */

import { EventEmitter, once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import type { Query } from "firebase-admin/firestore";
import { createPush } from "../../bench/push.ts";
import type { EventarcMessage } from "../../testing/eventarc.ts";

/** One document in so many is delivered twice: to two instances at once, or up to so many milliseconds later. */
const DUPLICATE_EVERY = 4;
const DUPLICATE_MILLISECONDS = 1_000;

/** Firestore tells of a document when it is created. On a busy machine, that takes a while. */
const TOLD_MILLISECONDS = 10_000;

export interface Delivered {
  documents: number;
  /** All deliveries, duplicates and repetitions among them. */
  deliveries: number;
  duplicates: number;
  /** Deliveries that were not answered 2xx, so that the message came again. */
  failures: number;
  /** Documents that were never delivered. */
  withheld: number;
}

export interface DeliveriesOptions {
  /** The documents that are not done with. */
  undone: Query;
  /** The URL of the instance that takes the next message. */
  nextUrl(): string;
  /** The messages that all instances take at once. */
  atOnce: number;
  /** One document in so many is never delivered. */
  withholdEvery: number;
}

export interface Deliveries {
  delivered: Delivered;
  /** Begins to deliver a message: once, twice or never. */
  take(message: EventarcMessage): void;
  /** The number of deliveries that are under way. */
  underWay(): number;
  /** Resolves when every document that was created is delivered, but for those that never are. Rejects if nobody takes one. */
  settled(): Promise<void>;
}

export function createDeliveries({ undone, nextUrl, atOnce, withholdEvery }: DeliveriesOptions): Deliveries {
  const push = createPush(nextUrl, atOnce);
  const delivered: Delivered = { documents: 0, deliveries: 0, duplicates: 0, failures: 0, withheld: 0 };
  const told = new EventEmitter();
  const known = new Set<string | undefined>();
  const underWay = new Set<Promise<void>>();
  let failure: Error | undefined;

  const deliver = (message: EventarcMessage, after: number) => {
    const delivery = sleep(after)
      .then(() => push(message))
      .then(
        (deliveries) => {
          delivered.deliveries += deliveries;
          delivered.failures += deliveries - 1;
        },
        (error) => {
          failure ??= error;
        },
      )
      .finally(() => underWay.delete(delivery));
    underWay.add(delivery);
  };

  const nextTold = () =>
    once(told, "document", { signal: AbortSignal.timeout(TOLD_MILLISECONDS) }).catch(() => {
      throw new Error("Firestore did not tell of each document that was created");
    });

  return {
    delivered,
    take(message) {
      known.add(message.headers["ce-document"]);
      told.emit("document");
      const number = ++delivered.documents;
      if (number % withholdEvery === 0) {
        delivered.withheld++;
        return;
      }
      deliver(message, 0);
      if (number % DUPLICATE_EVERY !== 1) return;
      delivered.duplicates++;
      const isAtOnce = number % (2 * DUPLICATE_EVERY) === 1;
      deliver(message, isAtOnce ? 0 : Math.random() * DUPLICATE_MILLISECONDS);
    },
    underWay: () => underWay.size,
    async settled() {
      do {
        await Promise.all(underWay);
        if (failure) throw failure;
        const { docs } = await undone.get();
        while (docs.some(({ ref }) => !known.has(ref.path))) await nextTold();
      } while (underWay.size > 0);
    },
  };
}
