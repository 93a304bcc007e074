/** Computes what a million events cost, from their requests until they are deleted. */

import { type Backend, type Contender, createBackend } from "./backend.ts";
import { createEventMaker } from "./events.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import {
  DELTA_MESSAGE_BYTES,
  type Dollars,
  EVENT_MESSAGE_BYTES,
  kept,
  priceOf,
  priceOfKeeping,
  REQUEST_LOG_BYTES,
  STATS_LOG_BYTES,
  type Usage,
} from "./prices.ts";
import { typicalWorld } from "./world.ts";

/** Costs are taken after a while, when the first instances run, from so many events, and so much time. */
const WARM_UP = 30_000;
const LEAST_EVENTS = 3_000;
const LEAST_TIME = 60_000;

/** The time after the last event at which it is given up, in milliseconds. */
const GIVE_UP = 300_000;

const MILLION = 1_000_000;

/** CPU time of a request to `stats`, and of each event in it, in milliseconds. An assumption. */
const CPU_PER_REQUEST = 1;
const CPU_PER_EVENT = 0.2;

/** As deployed: the baseline sets nothing, so its figures are the defaults of Cloud Functions. */
const functions = {
  ours: { stats: { maxInstances: 3, concurrency: 80 }, gib: 0.5, statsLogBytes: STATS_LOG_BYTES },
  baseline: { stats: { maxInstances: 100, concurrency: 80 }, gib: 0.25, statsLogBytes: 0 },
};

export interface CostOptions {
  contender: Contender;
  eventsPerSecond: number;
  /** Events that come together in one request. */
  perRequest: number;
}

export interface CostResult extends CostOptions {
  /** Per million events, by what it is for; `null` where the events are not counted in time. */
  dollars: {
    total: number;
    stats: Dollars;
    counting: Dollars;
    keeping: ReturnType<typeof priceOfKeeping>;
  } | null;
  /** Per million events: what `stats` used, and what counting used. */
  usage: { stats: Usage; counting: Usage };
  /** Billed seconds of each function, per million events. */
  billedSeconds: Record<string, number>;
  /** From an event's creation to its being in the counter, in seconds. */
  lag: { p50: number; p99: number };
}

/** Sends requests at random times, in a typical world, all of one version. */
export async function costOfAMillion(options: CostOptions): Promise<CostResult> {
  const { contender, eventsPerSecond, perRequest } = options;
  const backend = createBackend(contender, typicalWorld);
  const { time, progress } = backend;
  const stats = createStats(backend, contender);

  let offered = 0;
  let isOver = false;
  const offer = async (end: number) => {
    for (;;) {
      await time.clock.sleep(exponential((1_000 * perRequest) / eventsPerSecond));
      if (time.clock.now() >= end) break;
      offered += perRequest;
      stats.request(perRequest);
    }
    isOver = true;
  };
  const measured = Math.max(LEAST_TIME, (LEAST_EVENTS / eventsPerSecond) * 1_000);
  const end = WARM_UP + measured;
  offer(end);
  time.clock.sleep(end + GIVE_UP);
  await time.passUntil(() => time.clock.now() >= WARM_UP);
  const before = readMeters(backend, contender, stats);
  await time.passUntil(() => (isOver && progress.inCounter === offered) || time.clock.now() >= end + GIVE_UP);
  const after = readMeters(backend, contender, stats);

  const events = after.events - before.events;
  const perMillion = (later: Usage, sooner: Usage) => subtractAndScale(later, sooner, MILLION / events);
  const usage = {
    stats: perMillion(after.stats, before.stats),
    counting: perMillion(after.counting, before.counting),
  };
  const lags = [...progress.events()]
    .map(({ created, counted }) => ((counted ?? Number.POSITIVE_INFINITY) - created) / 1_000)
    .sort((a, b) => a - b);
  return {
    ...options,
    dollars: progress.inCounter === offered ? priceAll(contender, usage) : null,
    usage,
    billedSeconds: subtractAndScale(after.billedSeconds, before.billedSeconds, MILLION / events),
    lag: { p50: lags[Math.floor(lags.length * 0.5)] ?? 0, p99: lags[Math.floor(lags.length * 0.99)] ?? 0 },
  };
}

/** The function that takes requests: it stores their events, ours by one call for all, the baseline by one for each. */
function createStats({ time, firestore }: Backend, contender: Contender): Fleet<number> {
  const newEvent = createEventMaker(firestore);
  return createFleet<number>(time, {
    ...functions[contender].stats,
    cpu: (events) => CPU_PER_REQUEST + events * CPU_PER_EVENT,
    createHandler: () => (events) => {
      const writes = Array.from({ length: events }, newEvent);
      return contender === "ours"
        ? firestore.commit(writes)
        : Promise.all(writes.map((write) => firestore.commit([write])));
    },
  });
}

/** What was used since the beginning. */
function readMeters(
  { firestore, progress, functions: counting }: Backend,
  contender: Contender,
  stats: Fleet<number>,
) {
  const { writes, deletes, reads } = firestore.billed;
  const events = progress.created;
  const all = Object.entries(counting);
  const sum = (figure: (name: string, counter: (typeof counting)[string]) => number) =>
    all.reduce((total, [name, counter]) => total + figure(name, counter), 0);
  const invocations = sum((_, { fleet }) => fleet.invocations);
  return {
    events,
    stats: {
      writes: events,
      deletes: 0,
      reads: 0,
      billedSeconds: stats.billedSeconds,
      invocations: stats.invocations,
      messageBytes: 0,
      logBytes: stats.invocations * (REQUEST_LOG_BYTES + functions[contender].statsLogBytes),
    },
    counting: {
      writes: writes - events,
      deletes,
      reads,
      billedSeconds: sum((_, { fleet }) => fleet.billedSeconds),
      invocations,
      messageBytes: sum((name, { subscription }) => {
        const bytes = name === "countEvent" ? EVENT_MESSAGE_BYTES : DELTA_MESSAGE_BYTES;
        return (subscription.published + subscription.deliveries) * bytes;
      }),
      logBytes: invocations * REQUEST_LOG_BYTES,
    },
    billedSeconds: {
      stats: stats.billedSeconds,
      ...Object.fromEntries(all.map(([name, { fleet }]) => [name, fleet.billedSeconds])),
    },
  };
}

function priceAll(contender: Contender, usage: CostResult["usage"]) {
  const { gib } = functions[contender];
  const parts = {
    stats: priceOf(usage.stats, gib),
    counting: priceOf(usage.counting, gib),
    keeping: priceOfKeeping(MILLION, kept[contender]),
  };
  const total = Object.values(parts)
    .flatMap((part) => Object.values(part))
    .reduce((sum, dollars) => sum + dollars, 0);
  return { total, ...parts };
}

function subtractAndScale<Figures extends { [Name in keyof Figures]: number }>(
  later: Figures,
  sooner: Figures,
  factor: number,
): Figures {
  const entries = Object.entries<number>(later).map(([name, value]) => {
    const before = (sooner as Record<string, number>)[name] ?? 0;
    return [name, (value - before) * factor];
  });
  return Object.fromEntries(entries);
}

/** A random time between two arrivals that do not know of each other, in milliseconds. */
function exponential(mean: number): number {
  return -Math.log(1 - Math.random()) * mean;
}
