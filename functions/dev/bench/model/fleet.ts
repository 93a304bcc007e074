/**
 * Models the instances of one function on Cloud Run: they start when they are needed, share one CPU each among their
 * requests, and are billed while a request is open.
 */

import { createQueue } from "./queue.ts";
import type { VirtualTime } from "./time.ts";

/**
 * From the need of an instance to its first request, in milliseconds. An assumption: the process itself takes half a second on
 * slow cores. It is not billed here.
 */
const START = 2_000;

/** A request that finds no room for so long is answered 429, in milliseconds. An assumption. */
const LONGEST_WAIT = 10_000;

/** Cloud Run keeps the CPU at 60 %. It looks at a minute; that it acts on the last second is an assumption. */
const CPU_TARGET = 0.6;

/** The unit of billing, in milliseconds. */
const BILLED_UNIT = 100;

export interface FleetOptions<Body> {
  maxInstances: number;
  /** Requests that an instance takes at once. */
  concurrency: number;
  /** CPU time that a request takes before its handler runs, in milliseconds. */
  cpu(body: Body): number;
  /** Makes the handler of a new instance, which shares no memory with the others. */
  createHandler(): (body: Body) => Promise<unknown>;
}

export interface Fleet<Body> {
  /** Sends a request to the instance with the fewest. Rejects if there is no room for too long, or with what the handler threw. */
  request(body: Body): Promise<unknown>;
  readonly instances: number;
  /** Requests that reached an instance. */
  readonly invocations: number;
  /** The time for which instances are billed, over all of them, in seconds. */
  readonly billedSeconds: number;
}

export function createFleet<Body>(
  { clock, timers }: VirtualTime,
  { maxInstances, concurrency, cpu, createHandler }: FleetOptions<Body>,
): Fleet<Body> {
  interface Instance {
    handle: (body: Body) => Promise<unknown>;
    meter: ReturnType<typeof createMeter>;
    /** CPU time of the requests it took, in milliseconds, and when that of the last one ends. */
    work: number;
    cpuFreeAt: number;
  }
  type Waiter = (instance: Instance) => void;

  const running: Instance[] = [];
  const waiting = createQueue<Waiter>();
  let starting = 0;
  let invocations = 0;
  let gaveUp = 0;
  const cpuInUse = createCpuMeter(clock.now, () =>
    running.reduce((sum, { work, cpuFreeAt }) => sum + work - Math.max(0, cpuFreeAt - clock.now()), 0),
  );

  const leastBusy = (): Instance | undefined => {
    let least: Instance | undefined;
    for (const instance of running) if (!least || instance.meter.open < least.meter.open) least = instance;
    return least && least.meter.open < concurrency ? least : undefined;
  };

  const start = async () => {
    starting++;
    await clock.sleep(START);
    starting--;
    running.push({ handle: createHandler(), meter: createMeter(clock.now), work: 0, cpuFreeAt: 0 });
    admit();
  };

  /** Starts as many instances as the waiting requests and the CPU call for. */
  const scale = () => {
    const queued = waiting.length - gaveUp;
    const forRoom = queued > 0 ? running.length + Math.ceil(queued / concurrency) : 0;
    const forCpu = Math.ceil(cpuInUse() / CPU_TARGET);
    const wanted = Math.min(maxInstances, Math.max(forRoom, forCpu));
    while (running.length + starting < wanted) start();
  };

  /** Lets those in that wait, in order, while there is room. */
  const admit = () => {
    while (waiting.length > 0) {
      const instance = leastBusy();
      if (!instance) return;
      waiting.shift()?.(instance);
    }
  };

  const room = () =>
    new Promise<Instance>((resolve, reject) => {
      let isWaiting = true;
      const timer = timers.setTimeout(() => {
        isWaiting = false;
        gaveUp++;
        reject(new Error("429: no instance is available"));
      }, LONGEST_WAIT);
      waiting.push((instance) => {
        if (!isWaiting) {
          gaveUp--;
          return;
        }
        timers.clearTimeout(timer);
        instance.meter.begin();
        resolve(instance);
      });
    });

  return {
    async request(body) {
      const free = waiting.length === 0 ? leastBusy() : undefined;
      free?.meter.begin();
      const entered = free ?? room();
      scale();
      const instance = await entered;
      invocations++;
      const work = cpu(body);
      instance.work += work;
      instance.cpuFreeAt = Math.max(instance.cpuFreeAt, clock.now()) + work;
      try {
        await clock.sleep(instance.cpuFreeAt - clock.now());
        return await instance.handle(body);
      } finally {
        instance.meter.end();
        admit();
        scale();
      }
    },
    get instances() {
      return running.length;
    },
    get invocations() {
      return invocations;
    },
    get billedSeconds() {
      return running.reduce((sum, { meter }) => sum + meter.billed(), 0) / 1_000;
    },
  };
}

/** Adds up the time in which at least one request is open, each stretch rounded up, in milliseconds. */
export function createMeter(now: () => number) {
  let open = 0;
  let began = 0;
  let billed = 0;
  const stretch = () => Math.ceil((now() - began) / BILLED_UNIT) * BILLED_UNIT;
  return {
    get open() {
      return open;
    },
    begin(): void {
      if (open++ === 0) began = now();
    },
    end(): void {
      if (--open === 0) billed += stretch();
    },
    billed: () => billed + (open > 0 ? stretch() : 0),
  };
}

/** Tells how many CPUs were in use over the last second, or since it was asked if that is longer ago. */
function createCpuMeter(now: () => number, workDone: () => number): () => number {
  let askedAt = 0;
  let doneThen = 0;
  let inUse = 0;
  return () => {
    const elapsed = now() - askedAt;
    if (elapsed >= 1_000) {
      const done = workDone();
      inUse = (done - doneThen) / elapsed;
      askedAt = now();
      doneThen = done;
    }
    return inUse;
  };
}
