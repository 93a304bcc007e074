/** What the log says of a request: how many events, and why some were not taken; never whose. */

import * as logger from "firebase-functions/logger";
import { ACTION } from "./actions.ts";
import type { ParsedEvent, PluginEvent } from "./event.ts";
import type { StoreResult } from "./event-store.ts";

/** How many unknown actions an instance warns of. Strangers can make up more than a log is worth. */
const MAX_WARNINGS = 50;

/**
 * Logs one line per request with `app_id` (of its first valid event), `events`, `stored`, `duplicate`, `refused` and
 * `not_allowed`, and `invalid` as a count per field at fault. Warns once per instance of each action that it did not know.
 */
export function requestLog() {
  const warned = new Set<string>();
  const warnOfUnknownAction = (action: string) => {
    // What no plugin would send is not worth a warning, nor safe in a log.
    if (warned.has(action) || warned.size >= MAX_WARNINGS || !ACTION.test(action)) return;
    warned.add(action);
    logger.warn("Unknown action: if it is a newer plugin's, add it to EXTRA_ACTIONS.", { action });
  };

  return (
    inputs: readonly unknown[],
    parsed: readonly ParsedEvent[],
    accepted: readonly PluginEvent[],
    results: readonly StoreResult[],
  ): void => {
    const invalid: Record<string, number> = {};
    parsed.forEach((result, index) => {
      if (result.ok) return;
      for (const reason of result.fields.length > 0 ? result.fields : ["event"]) {
        invalid[reason] = (invalid[reason] ?? 0) + 1;
      }
      const action = result.fields.includes("action") && actionOf(inputs[index]);
      if (typeof action === "string") warnOfUnknownAction(action);
    });
    const count = (result: StoreResult) => results.filter((other) => other === result).length;
    logger.info("events", {
      app_id: parsed.find((result) => result.ok)?.event.app_id,
      events: inputs.length,
      stored: count("stored"),
      duplicate: count("duplicate"),
      refused: count("refused"),
      not_allowed: parsed.filter((result) => result.ok).length - accepted.length,
      invalid,
    });
  };
}

function actionOf(input: unknown): unknown {
  return typeof input === "object" && input !== null && "action" in input ? input.action : undefined;
}
