/** Answers a request to `stats`: checks its token and method, and reads its body. */

import { createHash, timingSafeEqual } from "node:crypto";
import type { Request, Response } from "firebase-functions/https";
import { type Answer, failure, unavailable } from "./answers.ts";
import { type BatchOptions, createIngester } from "./batch.ts";
import { type BodyError, createBodyReader } from "./body.ts";
import type { StoreEvents } from "./event-store.ts";
import { logUnforeseen } from "./request-log.ts";

export interface StatsOptions extends BatchOptions {
  /** The token that `?token=` must carry; empty for none. */
  statsToken: string;
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

/** Compares in constant time; the hashes make both sides equally long. */
function createTokenCheck(expected: string): (token: unknown) => boolean {
  const hash = (token: string) => createHash("sha256").update(token).digest();
  const expectedHash = hash(expected);
  return (token) =>
    expected === "" || (typeof token === "string" && timingSafeEqual(hash(token), expectedHash));
}
