/** Names what can be simulated, and runs it in processes of their own, as many at once as there are cores. */

import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import pLimit from "p-limit";
import { watchedDay } from "./cost.ts";
import { simulateReleases } from "./releases.ts";
import {
  alarmsBesideMadeUp,
  daysThatNameTheNewest,
  devicesNeeded,
  looksUntilFirstVersionAlarms,
  looksUntilOldVersionAlarms,
  minutesToAlarm,
} from "./scenarios.ts";

export const cases = {
  simulateReleases,
  devicesNeeded,
  looksUntilFirstVersionAlarms,
  looksUntilOldVersionAlarms,
  alarmsBesideMadeUp,
  daysThatNameTheNewest,
  minutesToAlarm,
  watchedDay,
};
type Cases = typeof cases;

/** Everything that is drawn follows from the seed. */
export type Case = (seed: number, ...args: unknown[]) => Promise<unknown>;

export interface Job<Name extends keyof Cases> {
  name: Name;
  args: WithoutSeed<Cases[Name]>;
  seeds: number[];
}

type WithoutSeed<Run> = Run extends (seed: number, ...args: infer Args) => unknown ? Args : never;

const script = fileURLToPath(new URL("job.ts", import.meta.url));
const run = promisify(execFile);
const atOnce = pLimit(availableParallelism());

/** Runs a case once with each seed. */
export async function simulate<Name extends keyof Cases>(
  name: Name,
  seeds: number[],
  ...args: WithoutSeed<Cases[Name]>
): Promise<Awaited<ReturnType<Cases[Name]>>[]> {
  const job: Job<Name> = { name, args, seeds };
  const { stdout } = await atOnce(() => run(process.execPath, [script, JSON.stringify(job)]));
  return JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "");
}
