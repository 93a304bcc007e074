/**
 * Models the Pub/Sub push subscription behind a Firestore trigger, as Google documents it: a window of messages that are
 * outstanding, at-least-once delivery, and backoff. It leaves out the acknowledgement deadline of 600 s.
 */

import { createQueue } from "./queue.ts";
import type { VirtualTime } from "./time.ts";

/**
 * From a commit to the first delivery of its trigger, in milliseconds. An assumption: Google publishes no figure. It is the same
 * for all, so the events of one request come together; where it varied by 100 ms, bursts would cost up to a tenth more.
 */
const TRIGGER_DELAY = 250;

/**
 * Google: the window begins with a single-digit size, grows exponentially while deliveries succeed, and past 3,000 linearly, as
 * long as the mean latency is under a second and more than 99 % are acknowledged; else it goes back to 3,000. That each success
 * makes it larger by one, how fast it grows past 3,000, and the seconds of the mean are assumptions.
 */
const FIRST_WINDOW = 5;
const LINEAR_WINDOW = 3_000;
const LINEAR_GROWTH_PER_SECOND = 100;
const LONGEST_MEAN_LATENCY = 1_000;
const LEAST_ACKNOWLEDGED = 0.99;
const HEALTH_SECONDS = 10;

/** The backoff of Firestore's triggers; the first one holds up the whole subscription. */
const FIRST_BACKOFF = 10_000;
const LONGEST_BACKOFF = 600_000;

/** An assumption: at-least-once delivery repeats this part of all deliveries, up to so much later. */
const DUPLICATES = 0.001;
const DUPLICATE_DELAY = 1_000;

export interface Subscription<Body> {
  publish(body: Body): void;
  readonly published: number;
  /** Messages pushed, including those pushed again. */
  readonly deliveries: number;
  /** Deliveries that were refused. */
  readonly refused: number;
  /** How many messages may be outstanding now. */
  readonly window: number;
}

/** Makes a subscription that calls `push` for each message, and again if that rejects. */
export function createSubscription<Body>(
  { clock }: Pick<VirtualTime, "clock">,
  push: (body: Body) => Promise<unknown>,
): Subscription<Body> {
  interface Message {
    body: Body;
    refusals: number;
  }
  const waiting = createQueue<Message>();
  const health = createHealth(clock.now);
  let window = FIRST_WINDOW;
  let grewAt = clock.now();
  let outstanding = 0;
  let pausedUntil = 0;
  let published = 0;
  let deliveries = 0;
  let refused = 0;

  const deliverSoon = async (message: Message, delay: number) => {
    await clock.sleep(delay);
    waiting.push(message);
    pump();
  };

  const pump = () => {
    while (clock.now() >= pausedUntil && outstanding < window) {
      const message = waiting.shift();
      if (!message) return;
      deliver(message);
    }
  };

  const deliver = async (message: Message) => {
    const began = clock.now();
    outstanding++;
    deliveries++;
    if (Math.random() < DUPLICATES) deliverSoon({ ...message }, Math.random() * DUPLICATE_DELAY);
    const isAcknowledged = await push(message.body).then(
      () => true,
      () => false,
    );
    health.record(isAcknowledged, clock.now() - began);
    adjustWindow(isAcknowledged);
    outstanding--;
    if (!isAcknowledged) backOff(message);
    pump();
  };

  /** Grows a window that is in use, and halves it after a refusal. */
  const adjustWindow = (isAcknowledged: boolean) => {
    const elapsed = clock.now() - grewAt;
    grewAt = clock.now();
    if (!isAcknowledged) window = Math.max(window / 2, FIRST_WINDOW);
    else if (window < LINEAR_WINDOW) window += outstanding >= window / 2 ? 1 : 0;
    else if (health.isGood()) window += (LINEAR_GROWTH_PER_SECOND * elapsed) / 1_000;
    else window = LINEAR_WINDOW;
  };

  const backOff = (message: Message) => {
    refused++;
    message.refusals++;
    deliverSoon(message, Math.min(FIRST_BACKOFF * 2 ** (message.refusals - 1), LONGEST_BACKOFF));
    pausedUntil = clock.now() + FIRST_BACKOFF;
    clock.sleep(FIRST_BACKOFF).then(pump);
  };

  return {
    publish(body) {
      published++;
      deliverSoon({ body, refusals: 0 }, TRIGGER_DELAY);
    },
    get published() {
      return published;
    },
    get deliveries() {
      return deliveries;
    },
    get refused() {
      return refused;
    },
    get window() {
      return window;
    },
  };
}

/** Remembers how the deliveries of the last seconds went. */
function createHealth(now: () => number) {
  const seconds = new Map<number, { answers: number; acknowledged: number; latency: number }>();
  const current = () => Math.floor(now() / 1_000);
  return {
    record(isAcknowledged: boolean, latency: number) {
      const second = seconds.get(current()) ?? { answers: 0, acknowledged: 0, latency: 0 };
      second.answers++;
      second.acknowledged += Number(isAcknowledged);
      second.latency += latency;
      seconds.set(current(), second);
    },
    isGood(): boolean {
      const sum = { answers: 0, acknowledged: 0, latency: 0 };
      for (const [time, { answers, acknowledged, latency }] of seconds) {
        if (time <= current() - HEALTH_SECONDS) seconds.delete(time);
        else {
          sum.answers += answers;
          sum.acknowledged += acknowledged;
          sum.latency += latency;
        }
      }
      const { answers, acknowledged, latency } = sum;
      return latency <= LONGEST_MEAN_LATENCY * answers && acknowledged >= LEAST_ACKNOWLEDGED * answers;
    },
  };
}
