/** `npm run fuzz` and `npm run soak`: attacks the functions on this machine, and says how they took it. */

import { parseArgs } from "node:util";
import { MEMORY_MEBIBYTES } from "../local/framework.ts";
import { fuzz } from "./fuzz.ts";
import { soak } from "./soak.ts";

const USAGE = `npm run fuzz -- [--requests 100000] [--seed N]
npm run soak -- [--seconds 60]

Both attack the functions on this machine, in processes of their own. Exit code: 0 all is well, 1 something is not.`;

const [command] = process.argv.slice(2);
const { requests, seed, seconds, help } = readOptions();
if (help) {
  console.log(USAGE);
} else if (command === "fuzz") {
  console.log(`seed ${seed}`);
  const report = await fuzz({ requests, seed, onProgress: every(10_000, requests, "requests") });
  const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
  conclude(report.failures, [
    `${report.requests} requests: ${statuses(report.statuses)}`,
    `${report.counted} valid events in between are stored and counted`,
    `stats has ${MEMORY_MEBIBYTES} MiB: it held at most ${mebibytes(report.peak)}, and grew by ${mebibytes(report.growth)} after the first requests`,
  ]);
} else if (command === "soak") {
  const report = await soak({ seconds, onProgress: every(10, seconds, "seconds") });
  conclude(report.failures, [
    `${report.requests} requests: ${statuses(report.statuses)}`,
    `${report.accepted} events were answered 200, and ${report.stored} are stored and counted, each once`,
  ]);
} else {
  stop(USAGE);
}

function readOptions() {
  const options = {
    requests: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    seconds: { type: "string", default: "60" },
    help: { type: "boolean", default: false },
  } as const;
  try {
    const { values } = parseArgs({ options, allowPositionals: true });
    return {
      help: values.help,
      requests: whole("requests", values.requests),
      seed: whole("seed", values.seed),
      seconds: whole("seconds", values.seconds),
    };
  } catch (error) {
    return stop(error instanceof Error ? error.message : String(error));
  }
}

function whole(name: string, value: string): number {
  if (!/^\d{1,10}$/.test(value)) throw new Error(`--${name}: expected a whole number, got ${value}`);
  return Number(value);
}

/** Prints how far it is whenever another `step` is done. */
function every(step: number, total: number, unit: string) {
  const started = performance.now();
  return (done: number) => {
    if (done % step > 0 || done === 0) return;
    const elapsed = ((performance.now() - started) / 1_000).toFixed(0);
    console.log(`${done} of ${total} ${unit} (${elapsed} s)`);
  };
}

function statuses(counts: Map<number | "none", number>): string {
  return [...counts]
    .map(([status, count]) => `${count} × ${status === "none" ? "no answer" : status}`)
    .join(", ");
}

function conclude(failures: string[], summary: string[]): void {
  for (const line of [...summary, ...failures.map((failure) => `FAILED: ${failure}`)]) console.log(line);
  process.exitCode = failures.length > 0 ? 1 : 0;
}

function stop(message: string): never {
  console.error(message);
  process.exit(1);
}
