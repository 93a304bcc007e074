/** Takes the events of a body: validates, limits and stores them, and answers for each. */

import type { Clock } from "../clock.ts";
import { statusOf } from "../firestore/errors.ts";
import { type Answer, failure, tooManyEvents, unavailable } from "./answers.ts";
import { NO_EVENTS } from "./body.ts";
import { createEventParser, type ParsedEvent, type PluginEvent } from "./event.ts";
import type { StoreEvents } from "./event-store.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createRequestLog, logUnforeseen } from "./request-log.ts";

const MAX_BATCH_EVENTS = 500;

export interface BatchOptions {
  /** The apps that are served; empty for any. */
  appIds: ReadonlySet<string>;
  /** Actions to accept beyond those of `actions.ts`. */
  extraActions: ReadonlySet<string>;
  /** The most events that this instance takes a second; 0 for any number. */
  maxEventsPerSecond: number;
  clock: Clock;
}

type EventResult = { status: "ok" } | { status: "error"; error: keyof typeof statusOfError; message: string };

/** The status of the answer where the error is that of the only event. */
const statusOfError = { invalid_event: 400, app_not_allowed: 403 } as const;

/**
 * Makes a way to validate and store the events of a body, and to answer for each. It rejects with unforeseen errors
 * only.
 */
export function createIngester(
  storeEvents: StoreEvents,
  options: BatchOptions,
): (json: unknown) => Promise<Answer> {
  const { appIds, maxEventsPerSecond, clock } = options;
  const parseEvent = unfailing(createEventParser(options.extraActions));
  const mayTake = createRateLimit(maxEventsPerSecond, clock);
  const log = createRequestLog(clock);
  const isServed = ({ app_id }: PluginEvent) => appIds.size === 0 || appIds.has(app_id);

  /** Is not `async` itself, so that the input can be freed while its events are stored. */
  const storeAll = (parsed: readonly ParsedEvent[], answerOf: (results: EventResult[]) => Answer) => {
    const accepted = parsed.flatMap((result) => (result.ok && isServed(result.event) ? [result.event] : []));
    if (accepted.length > 0 && !mayTake(accepted.length)) {
      log.tooManyEvents(maxEventsPerSecond);
      return tooManyEvents;
    }
    return storeEvents(accepted).then(
      (stored) => {
        log.events(parsed, accepted, stored);
        const inOrder = stored.values();
        return answerOf(
          parsed.map((result) => {
            if (!result.ok) return eventError("invalid_event", result.message);
            if (!isServed(result.event))
              return eventError("app_not_allowed", `app_id: ${result.event.app_id} is not served here`);
            if (inOrder.next().value === "refused")
              return eventError("invalid_event", "Firestore cannot store this event");
            return { status: "ok" };
          }),
        );
      },
      (error) => {
        if (statusOf(error) === undefined) throw error;
        log.notStored(parsed.length, accepted, error);
        return unavailable;
      },
    );
  };

  return async (json) => {
    if (typeof json !== "object" || json === null) return failure(400, "invalid_json", NO_EVENTS);
    if (!Array.isArray(json)) return storeAll([parseEvent(json)], singleAnswer);
    if (json.length > MAX_BATCH_EVENTS) {
      const message = `expected at most ${MAX_BATCH_EVENTS} events, got ${json.length}`;
      return failure(413, "batch_too_large", message);
    }
    return storeAll(json.map(parseEvent), batchAnswer);
  };
}

/** Turns an unforeseen error into an invalid event, so that the others of its batch are stored. */
function unfailing(parseEvent: (input: unknown) => ParsedEvent): (input: unknown) => ParsedEvent {
  return (input) => {
    try {
      return parseEvent(input);
    } catch (error) {
      logUnforeseen(error);
      return { ok: false, message: "expected an event that can be read", fields: [] };
    }
  };
}

function eventError(error: keyof typeof statusOfError, message: string): EventResult {
  return { status: "error", error, message };
}

/** Answers 200 even if no event of the batch is valid: sending it again would not help. */
function batchAnswer(results: readonly EventResult[]): Answer {
  const indexed = results.map(({ status, ...rest }, index) => ({ status, index, ...rest }));
  return { status: 200, body: { status: "ok", results: indexed } };
}

function singleAnswer([result]: readonly EventResult[]): Answer {
  if (result?.status !== "error") return { status: 200, body: { status: "ok" } };
  return failure(statusOfError[result.error], result.error, result.message);
}
