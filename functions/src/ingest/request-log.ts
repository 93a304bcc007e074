/** Logs requests: how many events each had, and why some were not taken; never whose they were, nor what they said. */

import * as logger from "firebase-functions/logger";
import type { Clock } from "../clock.ts";
import { classify } from "../firestore/errors.ts";
import { ACTION } from "./actions.ts";
import type { ParsedEvent, PluginEvent } from "./event.ts";
import type { StoreResult } from "./event-store.ts";

/** Strangers can make up more actions than a log is worth, so an instance warns of this many. */
const MAX_WARNINGS = 50;

const MINUTE = 60_000;

/** Makes the log of an instance. It uses `logger.write`, because `logger.error` adds a stack trace to each message. */
export function createRequestLog(clock: Clock) {
  const warned = new Set<string>();
  const warnOfUnknownAction = (action: string) => {
    // A name that no plugin would send is not worth a warning, nor safe in a log.
    if (warned.has(action) || warned.size >= MAX_WARNINGS || !ACTION.test(action)) return;
    warned.add(action);
    logger.warn("Unknown action: if it is a newer plugin's, add it to EXTRA_ACTIONS.", { action });
  };
  let complainedAt = Number.NEGATIVE_INFINITY;

  return {
    /**
     * One line per request with `app_id` (of its first valid event), `events`, `stored`, `duplicate`, `refused` and
     * `not_allowed`, and `invalid` as a count per field at fault. Warns once of each action that is not known.
     */
    events(
      parsed: readonly ParsedEvent[],
      accepted: readonly PluginEvent[],
      results: readonly StoreResult[],
    ): void {
      const invalid: Record<string, number> = {};
      for (const result of parsed) {
        if (result.ok) continue;
        for (const reason of result.fields.length > 0 ? result.fields : ["event"]) {
          invalid[reason] = (invalid[reason] ?? 0) + 1;
        }
        if (result.unknownAction !== undefined) warnOfUnknownAction(result.unknownAction);
      }
      const count = (result: StoreResult) => results.filter((other) => other === result).length;
      logger.info("events", {
        app_id: parsed.find((result) => result.ok)?.event.app_id,
        events: parsed.length,
        stored: count("stored"),
        duplicate: count("duplicate"),
        refused: count("refused"),
        not_allowed: parsed.filter((result) => result.ok).length - accepted.length,
        invalid,
      });
    },

    /** Firestore's reason, with the app of the first event that was to be stored. */
    notStored(events: number, [first]: readonly PluginEvent[], error: unknown): void {
      logger.write({
        severity: classify(error) === "transient" ? "WARNING" : "ERROR",
        message: "Events could not be stored; the device is told to send them again.",
        app_id: first?.app_id,
        events,
        error: String(error),
      });
    },

    /** At most once a minute. */
    tooManyEvents(limit: number): void {
      if (clock.now() - complainedAt < MINUTE) return;
      complainedAt = clock.now();
      logger.write({
        severity: "ERROR",
        message: "More events come than MAX_EVENTS_PER_SECOND allows; devices are told to send them again.",
        events_per_second_of_this_instance: limit,
      });
    },
  };
}

/** Logs where an unforeseen failure happened, without its message: that may quote what was sent. */
export function logUnforeseen(error: unknown): void {
  const { name, stack = "" } = error instanceof Error ? error : { name: typeof error };
  const frames = stack.split("\n").filter((line) => /^ {4}at /.test(line));
  logger.write({ severity: "ERROR", message: [`An unforeseen failure: ${name}`, ...frames].join("\n") });
}
