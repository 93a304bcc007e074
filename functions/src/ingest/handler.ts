/** Answers a request to `stats`: method, token, body, batch, status, errors. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, Response } from "firebase-functions/https";
import type { Clock } from "../clock.ts";
import { statusOf } from "../firestore/errors.ts";
import { type BodyError, createBodyReader, NO_EVENTS } from "./body.ts";
import { createEventParser, type ParsedEvent, type PluginEvent } from "./event.ts";
import type { StoreEvents } from "./event-store.ts";
import { createRateLimit } from "./rate-limit.ts";
import { createRequestLog, logUnforeseen } from "./request-log.ts";

const MAX_BATCH_EVENTS = 500;

/** Tells people and proxies when to send again after a 503. No plugin reads it. */
const RETRY_AFTER_SECONDS = 30;

export interface StatsOptions {
  /** The apps that are served; empty for any. */
  appIds: ReadonlySet<string>;
  /** The token that `?token=` must carry; empty for none. */
  statsToken: string;
  /** Actions to accept beyond those of `actions.ts`. */
  extraActions: ReadonlySet<string>;
  /** The most events that this instance takes a second; 0 for any number. */
  maxEventsPerSecond: number;
  clock: Clock;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: object;
}

/**
 * Makes the handler of the `stats` function, which takes events by POST and stores them by `storeEvents`. It never
 * throws.
 */
export function createStatsHandler(storeEvents: StoreEvents, options: StatsOptions) {
  const isAuthorized = createTokenCheck(options.statsToken);
  const readBody = createBodyReader();
  const ingest = createIngester(storeEvents, options);

  const answer = async (request: Request, response: Response): Promise<Answer> => {
    if (!isAuthorized(request.query.token)) {
      return failure(401, "unauthorized", "expected the token of this endpoint: statsUrl?token=…");
    }
    if (request.method === "GET" || request.method === "HEAD") return { status: 200, body: { status: "ok" } };
    if (request.method !== "POST") {
      const message = `expected POST, got ${request.method}`;
      return { ...failure(405, "method_not_allowed", message), headers: { Allow: "GET, HEAD, POST" } };
    }
    const body = await readBody(request, response);
    if (body.ok) return ingest(body.json);
    const { error, message, headers = {} } = body;
    return { ...failure(statusOfBodyError[error], error, message), headers };
  };

  return async (request: Request, response: Response): Promise<void> => {
    const {
      status,
      headers = {},
      body,
    } = await answer(request, response).catch((error) => {
      logUnforeseen(error);
      return unavailable;
    });
    response.status(status).set(headers).json(body);
  };
}

const statusOfBodyError: Record<BodyError, number> = {
  invalid_json: 400,
  invalid_encoding: 400,
  payload_too_large: 413,
  unsupported_encoding: 415,
};

/** Answers 503 whatever the reason: the plugin drops a batch for good on a 4xx, and newer ones keep it on a 5xx. */
const unavailable = later("unavailable", "events cannot be stored right now; send them again later");
const tooManyEvents = later("too_many_events", "more events come than are taken; send them again later");

type EventResult = { status: "ok" } | { status: "error"; error: keyof typeof statusOfError; message: string };

/** The status of the answer where the error is that of the only event. */
const statusOfError = { invalid_event: 400, app_not_allowed: 403 } as const;

/**
 * Makes a way to validate and store the events of a body, and to answer for each. It rejects with unforeseen errors
 * only.
 */
function createIngester(storeEvents: StoreEvents, options: StatsOptions): (json: unknown) => Promise<Answer> {
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

function failure(status: number, error: string, message: string): Answer {
  return { status, body: { error, message } };
}

function later(error: string, message: string): Answer {
  return { ...failure(503, error, message), headers: { "Retry-After": String(RETRY_AFTER_SECONDS) } };
}

/** Compares in constant time; the hashes make both sides equally long. */
function createTokenCheck(expected: string): (token: unknown) => boolean {
  const hash = (token: string) => createHash("sha256").update(token).digest();
  const expectedHash = hash(expected);
  return (token) =>
    expected === "" || (typeof token === "string" && timingSafeEqual(hash(token), expectedHash));
}
