/** Measures how long a device waits for the first answer of an instance of `stats` that has yet to start. */

import { fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, spawnFunction } from "../local/framework.ts";
import { projectId } from "../local/stack.ts";
import { anEvent } from "../testing/events.ts";
import { compileBaseline } from "./compile-baseline.ts";

const ROUNDS = 11;

/**
 * The medians, in milliseconds, of the build in `lib/` and of the baseline as `tsc` compiles it. They start in turns, so
 * that both suffer from what else the machine does.
 */
export async function coldStart(): Promise<{ ours: number; baseline: number }> {
  const firestore = fork(join(import.meta.dirname, "firestore.ts"));
  try {
    const [host] = await once(firestore, "message");
    const env = { GCLOUD_PROJECT: projectId, FIRESTORE_EMULATOR_HOST: String(host) };
    const baselineEnv = { ...env, FUNCTION_SOURCE: await compileBaseline() };
    const ours: number[] = [];
    const baseline: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(await firstAnswer(env));
      baseline.push(await firstAnswer(baselineEnv));
    }
    return { ours: median(ours), baseline: median(baseline) };
  } finally {
    firestore.kill();
  }
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
