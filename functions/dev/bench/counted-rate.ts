/**
 * Measures how many events a core counts in a second where they come as in production: as CloudEvents in protobuf, over HTTP,
 * to the Functions Framework in a process of its own. Linux only, since others do not tell the CPU time of a process.
 */

import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { deleteApp, initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { counterRef } from "../../src/counting/documents.ts";
import { type FunctionProcess, startFunction } from "../local/framework.ts";
import { type Functions, projectId } from "../local/stack.ts";
import { concurrencyOf } from "../local/triggers.ts";
import { createdMessage } from "../testing/eventarc.ts";
import { newApp, store } from "../testing/events.ts";
import { compileBaseline } from "./compile-baseline.ts";
import type { Request } from "./firestore.ts";
import { createPush, type Push } from "./push.ts";
import { thousands } from "./row.ts";

const functions = join(import.meta.dirname, "../..");

/** So many that each takes some seconds. The baseline's transactions contend for a hot version. */
const EVENTS = {
  ours: { hot: 20_000, spread: 10_000 },
  baseline: { hot: 1_000, spread: 2_000 },
};

/** Over so many versions, the transactions of the baseline seldom meet. */
const SPREAD_VERSIONS = 200;

/** By then, V8 has optimised what is worth it. */
const WARM_UP_EVENTS = 3_000;

/** After so many events, the first of them comes again. */
const EVENTS_TO_DUPLICATE = 1_000;

export interface CountedRate {
  /** Events counted in a second of the CPU time of `countEvent` and, of ours, `addDeltas`. */
  perCpuSecond: number;
  /** Events counted in a second, with the sender and Firestore on the same machine. */
  perSecond: number;
  /** Deliveries for each event: those that failed come again, and one event in 1,000 is delivered twice. */
  deliveries: number;
}

export interface CountedRates {
  /** With all events of one version. */
  hot: CountedRate;
  /** With events of 200 versions in turn. */
  spread: CountedRate;
}

/**
 * Lets one instance count events. The build must be there. Rejects if a counter does not hold exactly its events in the end.
 */
export async function countedPerCore(contender: keyof typeof EVENTS): Promise<CountedRates> {
  const declared: Functions = await (contender === "ours"
    ? import("../../src/index.ts")
    : import("./baseline.ts"));
  const children: ChildProcess[] = [];
  process.env.METADATA_SERVER_DETECTION = "none"; // The Admin SDK asks for a machine of Google's otherwise.
  const app = initializeApp({ projectId }, `counted-rate-${contender}`);
  try {
    const firestore = await startFirestore();
    children.push(firestore.child);
    const db = getFirestore(app);
    db.settings({ host: firestore.host, ssl: false });

    const start = async (target: string) => {
      const env = {
        GCLOUD_PROJECT: projectId,
        FIRESTORE_EMULATOR_HOST: firestore.host,
        METADATA_SERVER_DETECTION: "none",
        FUNCTION_SOURCE: contender === "ours" ? functions : await compileBaseline(),
      };
      const started = await startFunction(target, env, "cloudevent");
      children.push(started.child);
      return started;
    };
    const countEvent = await start("countEvent");
    const counting = [countEvent];
    if (declared.addDeltas) {
      const addDeltas = await start("addDeltas");
      counting.push(addDeltas);
      await firestore.ask({ pushDeltasTo: addDeltas.url, atOnce: concurrencyOf(declared.addDeltas) });
    }

    const push = createPush(() => countEvent.url, concurrencyOf(declared.countEvent));
    const settled = () => firestore.ask("settle");
    const measure = (events: number, versions: number) =>
      countedRate({ db, counting, push, settled }, events, versions);
    await measure(WARM_UP_EVENTS, SPREAD_VERSIONS);
    return {
      hot: await measure(EVENTS[contender].hot, 1),
      spread: await measure(EVENTS[contender].spread, SPREAD_VERSIONS),
    };
  } finally {
    for (const child of children) child.kill("SIGKILL");
    await deleteApp(app);
  }
}

/** Measures both, and says it in rows of a report. */
export async function countedRateRows() {
  const ours = await countedPerCore("ours");
  const baseline = await countedPerCore("baseline");
  const row = (versions: keyof CountedRates, figure: string) => {
    const ratio = ours[versions].perCpuSecond / baseline[versions].perCpuSecond;
    return {
      figure: `events/s counted per core, ${figure}, over HTTP with protobuf CloudEvents`,
      ours: `${rates(ours[versions])} (${ratio.toFixed(1)} ×)`,
      baseline: rates(baseline[versions]),
      required: "reported",
      reached: undefined,
    };
  };
  return [row("hot", "one hot version"), row("spread", `${SPREAD_VERSIONS} versions`)];
}

function rates({ perCpuSecond, perSecond }: CountedRate): string {
  const [core, clock] = [perCpuSecond, perSecond].map(thousands);
  return `${core}, and ${clock} by the clock`;
}

interface Running {
  db: Firestore;
  /** The functions that count. */
  counting: readonly FunctionProcess[];
  push: Push;
  /** Resolves when all deltas are taken. */
  settled(): Promise<unknown>;
}

/** Stores events of a new app, delivers them, and measures from the first delivery to the last. */
async function countedRate(running: Running, events: number, versions: number): Promise<CountedRate> {
  const { db, counting, push, settled } = running;
  const app_id = newApp();
  const fields = Array.from({ length: events }, (_, n) => ({
    app_id,
    version_name: `2.5.${n % versions}`,
    action: ["download_complete", "set", "app_launch_ready"][n % 3],
    platform: n % 4 === 0 ? "ios" : "android",
  }));
  const created = (await store(db, ...fields)).map(createdMessage);
  const messages = created.flatMap((message, n) => {
    const again = (n + 1) % EVENTS_TO_DUPLICATE === 0 ? created[n + 1 - EVENTS_TO_DUPLICATE] : undefined;
    return again ? [message, again] : [message];
  });

  const cpuBefore = cpuSeconds(counting);
  const started = performance.now();
  const deliveries = await Promise.all(messages.map(push));
  await settled();
  const seconds = (performance.now() - started) / 1_000;
  const cpu = cpuSeconds(counting) - cpuBefore;

  const expected = Map.groupBy(fields, ({ version_name }) => version_name);
  for (const [version_name, { length }] of expected) {
    const counter = await counterRef(db, { app_id, version_name }).get();
    const actions: Record<string, number> = counter.get("actions") ?? {};
    const counted = Object.values(actions).reduce((sum, count) => sum + count, 0);
    if (counted !== length) throw new Error(`${counter.id}: expected ${length} events, got ${counted}`);
  }
  return {
    perCpuSecond: events / cpu,
    perSecond: events / seconds,
    deliveries: deliveries.reduce((sum, count) => sum + count, 0) / events,
  };
}

function cpuSeconds(processes: readonly FunctionProcess[]): number {
  return processes.reduce((sum, { cpu }) => sum + (cpu() ?? Number.NaN), 0) / 1_000;
}

async function startFirestore() {
  const child = fork(join(import.meta.dirname, "firestore.ts"), { execArgv: [] });
  const death = once(child, "exit").then(() => {
    throw new Error("The process of Firestore has ended.");
  });
  death.catch(() => {});
  const answer = async () => (await Promise.race([once(child, "message"), death]))[0];
  const host: string = await answer();
  const ask = (request: Request) => {
    child.send(request);
    return answer();
  };
  return { child, host, ask };
}
