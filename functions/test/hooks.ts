/** Builds the functions, and starts the backend before the first test of this process; it ends with the process. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { logs } from "../dev/testing/captured-logs.ts";
import { endFaults } from "../dev/testing/faults.ts";
import { onEmulators, startBackend } from "./backend.ts";

process.env.MAX_EVENTS_PER_SECOND ??= "0"; // Tests that send much share an instance.

export const mochaHooks = {
  beforeAll: startBackend,
  beforeEach: () => logs.splice(0),
  afterEach: endFaults,
};

/** Once, before any test of any process. The emulators are started on what is built already. */
export async function mochaGlobalSetup(): Promise<void> {
  if (onEmulators) return;
  await promisify(execFile)("npm", ["run", "build"], { cwd: new URL("..", import.meta.url) });
}
