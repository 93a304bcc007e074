/** Offers the events of one hot version at a steady rate, and tells how long it takes until they are in its counter. */

import { type Backend, type Contender, createBackend } from "./backend.ts";
import { createEventMaker } from "./events.ts";
import type { World } from "./world.ts";

/** The time after the last event at which it is given up, in milliseconds. */
const GIVE_UP = 300_000;

/** An event that is in its counter within this time is in time, in seconds. */
const IN_TIME = 5;

/** The lag is told for each stretch of this many milliseconds. */
const STRETCH = 10_000;

export interface HotVersionOptions {
  contender: Contender;
  eventsPerSecond: number;
  /** The time for which events come, in seconds. */
  seconds: number;
  world: World;
  /** The most instances of `countEvent`, where that is not the default. */
  maxInstances?: number;
}

export interface HotVersionResult extends HotVersionOptions {
  offered: number;
  /** Events that the counter holds at the end. */
  inCounter: number;
  /** By how much the counter holds more than that; less than 0 if counts were lost. */
  countedTwice: number;
  /** From an event's creation to its being in the counter, in seconds; `null` for one that never came there. */
  lag: { p50: number | null; p99: number | null; longest: (number | null)[] };
  /** From this second on, every event was in the counter within 5 s; `null` if the last ones were not. */
  inTimeFrom: number | null;
  /** When the counter held all events, in seconds after the last was created; `null` if that took more than five minutes. */
  drained: number | null;
  functions: Record<string, FunctionReport>;
  perEvent: { writes: number; deletes: number; reads: number };
}

export interface FunctionReport {
  instances: number;
  /** The most messages that its subscription lets be outstanding, at the end. */
  window: number;
  deliveries: number;
  /** Deliveries that were answered with an error or 429. */
  failedDeliveries: number;
  /** Deliveries that were acknowledged though their counter could not be written: they wait for the sweep, which is not modelled. */
  leftForSweep: number;
  /** Commits that Firestore aborted, repetitions by the SDK included. */
  abortedCommits: number;
  /** Calls of Firestore that the code gave up. */
  callsOutOfTime: number;
  /** Commits whose preconditions failed: duplicates, and what an unknown outcome leaves. */
  staleCommits: number;
  billedSeconds: number;
}

export async function hotVersion(options: HotVersionOptions): Promise<HotVersionResult> {
  const { contender, eventsPerSecond, seconds, world, maxInstances } = options;
  const backend = createBackend(contender, world, maxInstances);
  const { time, firestore, progress } = backend;
  const end = seconds * 1_000;
  const offered = Math.round(seconds * eventsPerSecond);

  const newEvent = createEventMaker(firestore);
  const offer = async () => {
    for (let created = 0; created < offered; await time.clock.sleep(1)) {
      const due = Math.min(offered, Math.ceil(((time.clock.now() + 1) * eventsPerSecond) / 1_000));
      for (; created < due; created++) firestore.apply([newEvent()]);
    }
  };
  offer();
  time.clock.sleep(end + GIVE_UP);
  await time.passUntil(() => progress.inCounter === offered || time.clock.now() >= end + GIVE_UP);

  const lags = [...progress.events()].map(({ created, counted }) => ({
    created,
    lag: counted === undefined ? Number.POSITIVE_INFINITY : (counted - created) / 1_000,
  }));
  const longest = Array.from({ length: Math.ceil(end / STRETCH) }, () => 0);
  for (const { created, lag } of lags) {
    const stretch = Math.floor(created / STRETCH);
    longest[stretch] = Math.max(longest[stretch] ?? 0, lag);
  }
  const late = lags.reduce(
    (latest, { created, lag }) => (lag > IN_TIME ? Math.max(latest, created) : latest),
    0,
  );
  const sorted = lags.map(({ lag }) => lag).sort((a, b) => a - b);
  const { writes, deletes, reads } = firestore.billed;
  return {
    ...options,
    offered,
    inCounter: progress.inCounter,
    countedTwice: progress.surplus,
    lag: {
      p50: finite(sorted[Math.floor(offered * 0.5)]),
      p99: finite(sorted[Math.floor(offered * 0.99)]),
      longest: longest.map(finite),
    },
    inTimeFrom: late < end - 1_000 ? late / 1_000 : null,
    drained: progress.inCounter === offered ? Math.max(0, progress.latest - end) / 1_000 : null,
    functions: reportFunctions(backend),
    perEvent: { writes: writes / offered, deletes: deletes / offered, reads: reads / offered },
  };
}

/** Infinity has no JSON. */
function finite(lag: number | undefined): number | null {
  return lag !== undefined && Number.isFinite(lag) ? lag : null;
}

function reportFunctions({ functions }: Backend): Record<string, FunctionReport> {
  return Object.fromEntries(
    Object.entries(functions).map(([name, { fleet, subscription, commits, leftForSweep }]) => [
      name,
      {
        instances: fleet.instances,
        window: subscription.window,
        deliveries: subscription.deliveries,
        failedDeliveries: subscription.refused,
        leftForSweep: leftForSweep(),
        abortedCommits: commits.aborted,
        callsOutOfTime: commits.outOfTime,
        staleCommits: commits.stale,
        billedSeconds: fleet.billedSeconds,
      },
    ]),
  );
}
