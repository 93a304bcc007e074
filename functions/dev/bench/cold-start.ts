/** Measures how long a device waits for the first answer of an instance of `stats` that has yet to start. */

import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { freePort, spawnFunction } from "../local/framework.ts";
import { projectId } from "../local/stack.ts";
import { anEvent } from "../testing/events.ts";

const ROUNDS = 11;

const functions = join(import.meta.dirname, "../..");

/**
 * The medians, in milliseconds, of the build in `lib/` and of the baseline as `tsc` compiles it. They start in turns, so
 * that both suffer from what else the machine does.
 */
export async function coldStart(): Promise<{ ours: number; baseline: number }> {
  const folder = await mkdtemp(join(functions, "lib/baseline-")); // Where packages are found, and Git looks away.
  const firestore = fork(join(import.meta.dirname, "firestore.ts"));
  try {
    const [host] = await once(firestore, "message");
    const env = { GCLOUD_PROJECT: projectId, FIRESTORE_EMULATOR_HOST: String(host) };
    const baselineEnv = { ...env, FUNCTION_SOURCE: await compileBaseline(folder) };
    const ours: number[] = [];
    const baseline: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await firstAnswer(env));
      baseline.push(await firstAnswer(baselineEnv));
    }
    return { ours: median(ours), baseline: median(baseline) };
  } finally {
    firestore.kill();
    await rm(folder, { recursive: true });
  }
}

/** Compiles the baseline, with what it imports from `src/`, into a folder. Resolves with the path of its module. */
async function compileBaseline(folder: string): Promise<string> {
  const config = join(folder, "tsconfig.json");
  const compilerOptions = { noEmit: false, rootDir: functions, outDir: folder, types: ["node"] };
  const files = [join(functions, "dev/bench/baseline.ts")];
  const extended = join(functions, "tsconfig.json");
  await writeFile(config, JSON.stringify({ extends: extended, compilerOptions, files, include: [] }));
  await promisify(execFile)("tsc", ["-p", config]);
  return join(folder, "dev/bench/baseline.js");
}

/** From the start of the process until it has stored an event and said so, in milliseconds. */
async function firstAnswer(env: Record<string, string>): Promise<number> {
  const port = await freePort();
  const started = performance.now();
  const { url, child, output } = spawnFunction("stats", port, env, "http");
  const exit = once(child, "exit");
  const headers = { "Content-Type": "application/json" };
  const request = { method: "POST", headers, body: JSON.stringify(anEvent()) };
  let response: Response | undefined;
  while (!response) {
    if (child.exitCode !== null) throw new Error(`stats did not start:\n${output()}`);
    response = await fetch(url, request).catch(() => undefined); // Until it listens.
    if (!response) await sleep(2);
  }
  const answer = await response.text();
  const milliseconds = performance.now() - started;
  if (response.status !== 200)
    throw new Error(`expected stats to answer 200, got ${response.status}: ${answer}`);
  child.kill("SIGKILL");
  await exit;
  return milliseconds;
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
