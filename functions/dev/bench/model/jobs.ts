/** Runs models in processes of their own, as many at once as there are cores. Each begins with the same random numbers. */

import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pLimit from "p-limit";
import type { CostOptions, CostResult } from "./cost.ts";
import type { HotVersionOptions, HotVersionResult } from "./hot-version.ts";
import { worlds } from "./world.ts";

export type Job = { kind: "hot"; options: HotVersionOptions } | { kind: "cost"; options: CostOptions };

const script = fileURLToPath(new URL("job.ts", import.meta.url));
/** In bytes: counting may log a line for each event. */
const MAX_OUTPUT = 2 ** 30;

const run = promisify(execFile);
const atOnce = pLimit(availableParallelism());

async function inProcess(job: Job) {
  const { stdout } = await atOnce(() =>
    run(process.execPath, [script, JSON.stringify(job)], { maxBuffer: MAX_OUTPUT }),
  );
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}

/** Runs a hot version in every world. The worst is the one that takes longest, after the first 20 s. */
export async function hotVersionInAllWorlds(options: Omit<HotVersionOptions, "world">) {
  const results: HotVersionResult[] = await Promise.all(
    worlds.map((world) => inProcess({ kind: "hot", options: { ...options, world } })),
  );
  const worst = results.reduce((a, b) => (slowness(b) > slowness(a) ? b : a));
  return { results, worst };
}

const COLD_STRETCHES = 2;

/** The longest that an event took, or the drain at the end, in seconds; infinite if there was no end. */
function slowness({ lag, drained }: HotVersionResult): number {
  const lags = [drained, ...lag.longest.slice(COLD_STRETCHES)];
  return Math.max(...lags.map((seconds) => seconds ?? Number.POSITIVE_INFINITY));
}

/** Runs costs side by side, with a result for each, in order. */
export function costs(options: readonly CostOptions[]): Promise<CostResult[]> {
  return Promise.all(options.map((cost) => inProcess({ kind: "cost", options: cost })));
}
