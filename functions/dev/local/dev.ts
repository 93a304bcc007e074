/** `npm run dev`: the stack on one machine with a month of figures, started anew when a file of the page or the functions changes. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, watch } from "node:fs";
import { join } from "node:path";
import { watchPage } from "../build-page.ts";

const functions = join(import.meta.dirname, "../..");
const source = join(functions, "src");

/** An editor may write a file in several steps. */
const SETTLED_MILLISECONDS = 100;

let stack: ChildProcess | undefined;
let restarted = Promise.resolve();
let timer: NodeJS.Timeout | undefined;

async function restart(): Promise<void> {
  if (stack?.exitCode === null && stack.signalCode === null) {
    stack.kill();
    await once(stack, "exit");
  }
  stack = spawn(process.execPath, ["dev/local/start.ts", "--demo"], { cwd: functions, stdio: "inherit" });
  stack.on("exit", (code) => {
    if (code) console.error("The stack has ended. It starts again when a file changes.");
  });
}

/** One restart waits for the one before: two stacks would want the same port. */
function restartSoon(): void {
  clearTimeout(timer);
  timer = setTimeout(() => {
    restarted = restarted.then(restart);
  }, SETTLED_MILLISECONDS);
}

process.on("exit", () => stack?.kill());
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
// Folder by folder: on Linux, Node's recursive watch loses each file that an editor replaces.
const entries = readdirSync(source, { recursive: true, withFileTypes: true });
const folders = entries.filter((entry) => entry.isDirectory());
for (const { parentPath, name } of folders) watch(join(parentPath, name), restartSoon);
watch(source, restartSoon);
await watchPage(restartSoon);
