/** What an operator can set, as Firebase params. */

import { defineInt } from "firebase-functions/params";

/** Where the functions run. */
export const REGION = "us-central1";

/** How many days an event is kept. */
export const eventRetentionDays = intSetting("EVENT_RETENTION_DAYS", {
  default: 90,
  label: "Days to keep events",
  description: "Firestore's TTL policy deletes an event this many days after it was received. Counters stay.",
});

/**
 * The least time from the beginning of one commit on a counter to that of the next, in one instance. A Firestore
 * document takes about one write a second for long.
 */
export const counterCommitIntervalMs = intSetting("COUNTER_COMMIT_INTERVAL_MS", {
  default: 1_000,
  label: "Milliseconds between commits on a counter",
  description: "An instance writes a counter at most once in this time, whatever the load.",
});

interface IntOptions {
  default: number;
  label: string;
  description: string;
}

/** Declares a param for `firebase deploy`. Its value is read from the environment, which `deploy` fills. */
function intSetting(name: string, options: IntOptions): () => number {
  defineInt(name, options);
  return () => {
    const value = Number(process.env[name] ?? options.default);
    if (!Number.isInteger(value) || value < 0) {
      throw new Error(`${name}: expected a whole number, got ${JSON.stringify(process.env[name])}`);
    }
    return value;
  };
}
