/** What a request gets: method, body, batch, status, errors. */

import { logger } from "firebase-functions";
import type { Request, Response } from "firebase-functions/https";
import { parseEvent } from "./event.ts";
import type { StoreEvents, StoreResult } from "./event-store.ts";
import { isTransient } from "./firestore.ts";

const MAX_BATCH_EVENTS = 500;
const MAX_BODY_BYTES = 5 * 1024 * 1024;

/** How long a device should wait when Firestore is unavailable. */
const RETRY_AFTER_SECONDS = 30;

interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: object;
}

type EventResult = { status: "ok" } | { status: "error"; error: string; message: string };

/** The handler of the `stats` function: takes events by POST and stores them by `storeEvents`. Never throws. */
export function statsHandler(storeEvents: StoreEvents) {
  return async (request: Request, response: Response): Promise<void> => {
    const { status, headers = {}, body } = await answer(request, storeEvents);
    response.status(status).set(headers).json(body);
  };
}

async function answer(request: Request, storeEvents: StoreEvents): Promise<Answer> {
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
    return Array.isArray(body)
      ? batchAnswer(await ingest(body, storeEvents))
      : singleAnswer(await ingest([body], storeEvents));
  } catch (error) {
    const log = isTransient(error) ? logger.warn : logger.error;
    log("Events could not be stored; the device is told to send them again.", { error: String(error) });
    // 503 whatever the reason: the plugin drops a batch for good on a 4xx, and keeps it on a 5xx.
    return {
      ...failure(503, "unavailable", "events cannot be stored right now; send them again later"),
      headers: { "Retry-After": String(RETRY_AFTER_SECONDS) },
    };
  }
}

/** Validates and stores, with a result for each input, in order. Rejects if the valid ones could not all be stored. */
async function ingest(inputs: readonly unknown[], storeEvents: StoreEvents): Promise<EventResult[]> {
  const parsed = inputs.map(parseEvent);
  const stored = await storeEvents(parsed.flatMap((result) => (result.ok ? [result.event] : [])));
  const inOrder = stored.values();
  return parsed.map((result) => (result.ok ? resultOf(inOrder.next().value) : invalidEvent(result.message)));
}

function resultOf(stored: StoreResult | undefined): EventResult {
  return stored === "refused" ? invalidEvent("Firestore cannot store this event") : { status: "ok" };
}

function invalidEvent(message: string): EventResult {
  return { status: "error", error: "invalid_event", message };
}

/** A batch is answered 200 even if no event of it is valid: sending it again would not help. */
function batchAnswer(results: readonly EventResult[]): Answer {
  const indexed = results.map(({ status, ...rest }, index) => ({ status, index, ...rest }));
  return { status: 200, body: { status: "ok", results: indexed } };
}

function singleAnswer([result]: readonly EventResult[]): Answer {
  return result?.status === "error"
    ? failure(400, result.error, result.message)
    : { status: 200, body: { status: "ok" } };
}

function failure(status: number, error: string, message: string): Answer {
  return { status, body: { error, message } };
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
