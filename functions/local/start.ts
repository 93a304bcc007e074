/** `npm start`: the stack on one machine, with a line for each request and each counted event. */

import { type Stack, startStack } from "./stack.ts";

const DEFAULT_PORT = 5001;

const port = Number(process.env.PORT ?? DEFAULT_PORT);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  fail(`PORT: expected a whole number from 0 to 65535, got ${process.env.PORT}`);
}

const stack = await startStack(port, {
  onAnswer: ({ method, path, status, milliseconds }) =>
    console.log(`${method} ${path} → ${status} (${milliseconds.toFixed(0)} ms)`),
  onCounted: ({ action, app_id, version_name, platform }) =>
    console.log(`counted ${action} of ${app_id} ${version_name || "unknown"} on ${platform}`),
  onTriggerError: (error) => console.error("countEvent failed and is delivered again:", error),
}).catch((error) => {
  if (error.code === "EADDRINUSE") fail(`Port ${port} is in use. Choose another one: PORT=5002 npm start`);
  throw error;
});

for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => process.exit(0));
console.log(greeting(stack));

function greeting({ url, functionUrls }: Stack): string {
  return `
The functions run on this machine, on a Firestore in memory: it is empty again after a restart.

  dashboard  ${functionUrls.get("dashboard")}
  stats      ${functionUrls.get("stats")}
  counters   ${url}/documents/counters
  events     ${url}/documents/events

Send an event:

  curl ${functionUrls.get("stats")} --json @test/payloads/android-8.51.23-download-worker.json

Ctrl-C stops it.
`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
