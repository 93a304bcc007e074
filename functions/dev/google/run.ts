/**
 * Runs a command in this terminal against a stand-in for Google's APIs, and prints what it sent that changes something:
 * `node dev/google/run.ts --situation empty -- npx firebase deploy --project stand-in`.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { changes } from "./changes.ts";
import { situations } from "./situations.ts";
import { startGoogle } from "./stand-in.ts";

const { values, positionals } = parseArgs({
  options: { situation: { type: "string", default: "empty" } },
  allowPositionals: true,
});
const [command, ...args] = positionals;
const situation = Object.entries(situations).find(([name]) => name === values.situation)?.[1];
if (!command || !situation) {
  const names = Object.keys(situations).join(" | ");
  console.error(`Usage: node dev/google/run.ts --situation ${names} -- COMMAND`);
  process.exit(2);
}

const google = await startGoogle(situation());
const { TERM = "dumb" } = process.env;
const child = spawn(command, args, { stdio: "inherit", env: { ...google.env, TERM } });
process.on("SIGINT", () => {}); // The command ends, then this.
const [code] = await once(child, "exit");
await google.close();

console.log(
  `\n${google.requests.length} requests were sent to ${google.project.projectId}. These change it:`,
);
for (const line of changes(google.requests)) console.log(`  ${line}`);
for (const line of google.unknown) console.log(`  Nobody stands in for ${line}`);
process.exitCode = code ?? 1;
