/** What a request gets: method, token, body, batch, status, errors. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, Response } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { eventParser, type PluginEvent } from "./event.ts";
import type { StoreEvents } from "./event-store.ts";
import { isTransient } from "./firestore.ts";
import { requestLog } from "./request-log.ts";

const MAX_BATCH_EVENTS = 500;
const MAX_BODY_BYTES = 5 * 1024 * 1024;

/** How long a device should wait when Firestore is unavailable. */
const RETRY_AFTER_SECONDS = 30;

export interface StatsOptions {
  /** The apps that are served; empty for any. */
  appIds: ReadonlySet<string>;
  /** What `?token=` must be; empty for no such need. */
  statsToken: string;
  /** Actions to accept beyond those of `actions.ts`. */
  extraActions: ReadonlySet<string>;
}

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: object;
}

/** The handler of the `stats` function: takes events by POST and stores them by `storeEvents`. Never throws. */
export function statsHandler(storeEvents: StoreEvents, options: StatsOptions) {
  const isAuthorized = tokenCheck(options.statsToken);
  const ingest = ingester(storeEvents, options);
  return async (request: Request, response: Response): Promise<void> => {
    const {
      status,
      headers = {},
      body,
    } = isAuthorized(request.query.token)
      ? await answer(request, ingest)
      : failure(401, "unauthorized", "expected the token of this endpoint: statsUrl?token=…");
    response.status(status).set(headers).json(body);
  };
}

async function answer(request: Request, ingest: Ingest): Promise<Answer> {
  if (request.method === "GET" || request.method === "HEAD") return { status: 200, body: { status: "ok" } };
  if (request.method !== "POST") {
    const message = `expected POST, got ${request.method}`;
    return { ...failure(405, "method_not_allowed", message), headers: { Allow: "GET, HEAD, POST" } };
  }
  const rawBody = await readBody(request);
  if (rawBody.length > MAX_BODY_BYTES) {
    return failure(413, "payload_too_large", `expected at most ${MAX_BODY_BYTES} bytes`);
  }
  const body = parseJson(rawBody);
  if (typeof body !== "object" || body === null) {
    return failure(400, "invalid_json", "expected a JSON object (one event) or array (a batch of events)");
  }
  if (Array.isArray(body) && body.length > MAX_BATCH_EVENTS) {
    return failure(413, "batch_too_large", `expected at most ${MAX_BATCH_EVENTS} events, got ${body.length}`);
  }
  try {
    return Array.isArray(body) ? batchAnswer(await ingest(body)) : singleAnswer(await ingest([body]));
  } catch {
    // 503 whatever the reason: the plugin drops a batch for good on a 4xx, and keeps it on a 5xx.
    return {
      ...failure(503, "unavailable", "events cannot be stored right now; send them again later"),
      headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
    };
  }
}

type EventResult = { status: "ok" } | { status: "error"; error: keyof typeof statusOfError; message: string };

/** With which status an error is answered where it is that of the only event. */
const statusOfError = { invalid_event: 400, app_not_allowed: 403 } as const;

/** Validates and stores events, with a result for each, in order. Rejects if the valid ones could not all be stored. */
type Ingest = (inputs: readonly unknown[]) => Promise<EventResult[]>;

function ingester(storeEvents: StoreEvents, { appIds, extraActions }: StatsOptions): Ingest {
  const parseEvent = eventParser(extraActions);
  const logRequest = requestLog();
  const isServed = ({ app_id }: PluginEvent) => appIds.size === 0 || appIds.has(app_id);

  return async (inputs) => {
    const parsed = inputs.map(parseEvent);
    const accepted = parsed.flatMap((result) => (result.ok && isServed(result.event) ? [result.event] : []));
    const stored = await storeEvents(accepted).catch((error) => {
      const log = isTransient(error) ? logger.warn : logger.error;
      const app_id = accepted[0]?.app_id;
      log("Events could not be stored; the device is told to send them again.", {
        app_id,
        events: inputs.length,
        error: String(error),
      });
      throw error;
    });
    logRequest(inputs, parsed, accepted, stored);

    const inOrder = stored.values();
    return parsed.map((result) => {
      if (!result.ok) return eventError("invalid_event", result.message);
      if (!isServed(result.event))
        return eventError("app_not_allowed", `app_id: ${result.event.app_id} is not served here`);
      if (inOrder.next().value === "refused")
        return eventError("invalid_event", "Firestore cannot store this event");
      return { status: "ok" };
    });
  };
}

function eventError(error: keyof typeof statusOfError, message: string): EventResult {
  return { status: "error", error, message };
}

/** A batch is answered 200 even if no event of it is valid: sending it again would not help. */
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

/** Compares in constant time; the hashes make both sides equally long. */
function tokenCheck(expected: string): (token: unknown) => boolean {
  const hash = (token: string) => createHash("sha256").update(token).digest();
  const expectedHash = hash(expected);
  return (token) =>
    expected === "" || (typeof token === "string" && timingSafeEqual(hash(token), expectedHash));
}

/**
 * The bytes of the body. The runtime has read them, except under a content type that it cannot make sense of, or none.
 * What is past the limit is read, so that the connection stays usable, but not kept.
 */
async function readBody(request: Request): Promise<Buffer> {
  if (request.rawBody) return request.rawBody;
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      length += chunk.length;
    }
  } catch {
    return Buffer.alloc(0); // The client is gone, and nobody reads the answer.
  }
  return Buffer.concat(chunks);
}

/** `undefined` for what is not JSON. */
function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}
