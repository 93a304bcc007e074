/**
 * `npm start`: the stack on one machine, with a line for each request and each counted event. With `--demo`, it begins with a month
 * of two apps.
 */

// Requests are told in words below instead of as JSON. Warnings and errors are shown as they are.
import "./quiet.ts";

import { spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { isatty } from "node:tty";
import { printable } from "../../src/printable.ts";
import { SettingError } from "../../src/settings.ts";
import { counterTable, readCounters } from "../../tools/counters.ts";
import { buildPage } from "../build-page.ts";
import { writeMonth } from "../testing/counters.ts";
import { type Stack, startStack } from "./stack.ts";

const DEFAULT_PORT = 5001;

/** More often than the deployed function: nobody waits five minutes for a trial. */
const WATCH_MILLISECONDS = 10_000;

const port = Number(process.env.PORT ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  fail(`PORT: expected a whole number from 0 to 65535, got ${process.env.PORT}`);
}

const isDemo = process.argv.includes("--demo");
if (!isDemo) await buildPage(); // `npm run dev` has built it.

const stack = await startStack(port, {
  onAnswer: ({ method, path, status, milliseconds }) => {
    // A page that is developed asks all the time whether it has changed.
    if (method !== "HEAD") console.log(`${method} ${path} → ${status} (${milliseconds.toFixed(0)} ms)`);
  },
  onCounted: ({ action, app_id, version_name, platform }) =>
    console.log(printable(`counted ${action} of ${app_id} ${version_name || "unknown"} on ${platform}`)),
  onTriggerError: (error) => console.error("A triggered function failed and is called again:", error),
}).catch((error) => {
  if (error.code === "EADDRINUSE") fail(`Port ${port} is in use. Choose another one: PORT=5002 npm start`);
  if (error instanceof SettingError) fail(error.message);
  throw error;
});

if (isDemo) {
  await writeMonth(stack.firestore, "com.example.shop", { bad: true });
  await writeMonth(stack.firestore, "com.example.legacy", { scale: 0.1 });
}

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
console.log(greeting(stack));
watchAgain();

/** A look that takes long is not overtaken by the next. */
async function watchAgain(): Promise<never> {
  for (;;) {
    await stack.watch();
    await sleep(WATCH_MILLISECONDS);
  }
}

if (ownsTerminal()) {
  createInterface({ input: process.stdin }).on("line", async () => {
    console.log(counterTable(await readCounters(stack.firestore)));
  });
}

/** A process in the background (`npm start &`) is stopped if it reads the terminal. */
function ownsTerminal(): boolean {
  if (!isatty(0)) return false;
  // On Linux and macOS, `+` marks the foreground process group. Other systems are unlikely to have a background.
  const ps = spawnSync("ps", ["-o", "stat=", "-p", String(process.pid)], { encoding: "utf8" });
  return ps.status !== 0 || ps.stdout.includes("+");
}

function greeting({ url, functionUrls }: Stack): string {
  const after = isDemo ? "its month of figures is written anew with" : "it is empty again after";
  return `
The functions run on this machine, on a Firestore in memory: ${after} a restart.

  dashboard  ${functionUrls.get("dashboard")}
  stats      ${functionUrls.get("stats")}
  counters   ${url}/documents/counters
  events     ${url}/documents/events

Send an event, from another terminal in functions/:

  curl ${functionUrls.get("stats")} --json @dev/testing/payloads/android-8.51.23-download-worker.json

Send what a hundred devices send:

  npm run simulate -- --url ${functionUrls.get("stats")}

Enter shows the counters as a table; Ctrl-C stops it.
`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
