/** A process that serves our functions or the baseline's, and tells its parent what they did: `node server.ts ours 3`. */

import { type Functions, startStack } from "../local/stack.ts";
import { type Call, interceptCalls } from "../testing/faults.ts";

/** The work of a server since it started. */
export interface ServerReport {
  counted: number;
  writes: number;
  reads: number;
  /** CPU time of the whole process, in milliseconds. */
  cpu: number;
  /** The most writes to one document under `counters/` within any second. */
  mostWritesPerSecond: number;
  /** For each event, how long after its creation the commit that counted it began, in milliseconds. */
  waits: number[];
}

const [, , contender = "", instances = "1"] = process.argv;

const contenders = { ours: () => ours(Number(instances)), baseline: () => import("./baseline.ts") };
export type Contender = keyof typeof contenders;

const which = Object.keys(contenders).find((name): name is Contender => name === contender);
if (!which) throw new Error(`expected ${Object.keys(contenders).join(" or ")}, got ${contender}`);

/** When each document under `counters/` was written, by path, and when each event was created. */
const counterWrites = new Map<string, number[]>();
const created = new Map<string, number>();
const waits: number[] = [];

process.env.MAX_EVENTS_PER_SECOND = "0";
const stack = await startStack(0, {}, contenders[which], which === "ours" ? "unparsed" : "parsed");

/** When the commit that is being built began: ours are built at once, and sent when the event loop comes to it. */
let began = 0;
const newBatch = stack.firestore.batch.bind(stack.firestore);
stack.firestore.batch = () => {
  began = performance.now();
  return newBatch();
};
interceptCalls(stack.firestore, ({ method, request, proceed }) => {
  if (method === "commit") logCommit(request);
  return proceed();
});
stack.database.database.registerTrigger({
  route: "events/{eventId}",
  callback: ({ doc }) => {
    if (doc.exists && !doc.previous?.exists) created.set(doc.path, performance.now());
  },
});

process.on("message", async (message) => {
  if (message === "report") process.send?.(await report());
  if (message === "end") process.exit(0);
});
process.send?.({ url: stack.functionUrls.get("stats") });

type Ours = typeof import("../../src/index.ts");

/** Our functions, with some instances of `countEvent`, each with a memory of its own. Events go to them in turn. */
async function ours(instances: number): Promise<Functions> {
  const names = Array.from({ length: instances }, (_, n) => `../../src/index.ts?instance=${n}`);
  const loaded: Ours[] = await Promise.all(names.map((name) => import(name)));
  const [first] = loaded;
  if (!first) throw new Error("expected at least one instance");
  const { stats, countEvent, addDeltas } = first;
  const runs = loaded.map((instance) => instance.countEvent.run);
  let turn = 0;
  const concurrency = instances * Number(countEvent.__endpoint.concurrency);
  const run: Ours["countEvent"]["run"] = (event) => runs[turn++ % instances]?.(event);
  Object.assign(countEvent, { run, __endpoint: { ...countEvent.__endpoint, concurrency } });
  return { stats, countEvent, addDeltas };
}

function logCommit({ writes = [] }: Call["request"]): void {
  const now = which === "baseline" ? performance.now() : began;
  for (const { update } of writes) {
    const path = update?.name?.split("/documents/")[1] ?? "";
    if (path.startsWith("counters/")) counterWrites.set(path, [...(counterWrites.get(path) ?? []), now]);
    const createdAt = created.get(path);
    if (createdAt !== undefined) waits.push(now - createdAt);
  }
}

async function report(): Promise<ServerReport> {
  const { writes, reads, noopReads, noopWrites } = stack.database.getStats();
  const { user, system } = process.cpuUsage();
  const counters = stack.database.database
    .toMetaArray()
    .filter(({ path }) => /^counters\/[^/]+$/.test(path))
    .flatMap(({ data }) => Object.values<number>(data.actions));
  return {
    counted: counters.reduce((sum, count) => sum + count, 0),
    writes: writes + noopWrites,
    reads: reads + noopReads,
    cpu: (user + system) / 1_000,
    mostWritesPerSecond: Math.max(0, ...[...counterWrites.values()].map(mostInASecond)),
    waits,
  };
}

/** The most of some times that lie within a second of one another. */
function mostInASecond(times: readonly number[]): number {
  let most = 0;
  let first = 0;
  times.forEach((time, index) => {
    while (time - (times[first] ?? 0) >= 1_000) first++;
    most = Math.max(most, index - first + 1);
  });
  return most;
}
