/** Starts the backend before the first test and stops it after the last. */

import { startBackend, stopBackend } from "./backend.ts";
import { logs } from "./captured-logs.ts";

process.env.COUNTER_COMMIT_INTERVAL_MS ??= "20"; // A second would be spent waiting in every test that counts twice.

export const mochaHooks = {
  beforeAll: startBackend,
  beforeEach: () => logs.splice(0),
  afterAll: stopBackend,
};
