/** Asks the server, and says in words for the operator what went wrong. */

import type { DashboardFailure } from "../../src/dashboard/data.ts";
import { words } from "../words.ts";

/** The server answers within 20 s, with figures or with what is wrong. */
const TIMEOUT = 25_000;

/** Why there is no answer, as a sentence for the operator. */
class FetchFailure extends Error {}

/** What to say of a request that failed. */
export function failureOf(error: unknown): string {
  return error instanceof FetchFailure ? error.message : String(error);
}

export interface Answer<T> {
  body: T;
  /** When it was read, by the server's clock. Milliseconds since 1970. */
  readAt: number;
}

/**
 * Fetches from beside the page's script. Rejects with a `FetchFailure`, or with the signal's reason once that is aborted. What our own
 * server says is not checked again; all that it answers has one of two fields, by which it is told from what stands in between.
 */
export async function fetchJson<T extends { page: string } | { app_id: string }>(
  name: string,
  signal: AbortSignal,
): Promise<Answer<T>> {
  const timeout = AbortSignal.timeout(TIMEOUT);
  try {
    const response = await fetch(new URL(name, import.meta.url), {
      redirect: "manual",
      signal: AbortSignal.any([signal, timeout]),
    });
    // A sign-in that has run out is answered with 401 or 403, or sent to a sign-in page.
    if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
      throw new FetchFailure(words.failure.signedOut);
    }
    const isJson = /^application\/json/.test(response.headers.get("content-type") ?? "");
    const body = isJson ? parse(await response.text()) : undefined;
    if (!response.ok) throw new FetchFailure(sentenceOf(response.status, body));
    if ((body?.page ?? body?.app_id) === undefined) throw new FetchFailure(words.failure.notJson);
    return { body, readAt: Date.parse(response.headers.get("date") ?? "") || Date.now() };
  } catch (error) {
    if (error instanceof FetchFailure) throw error;
    if (signal.aborted) throw signal.reason;
    throw new FetchFailure(
      timeout.aborted ? words.failure.hangs(TIMEOUT / 1_000) : words.failure.unreachable,
    );
  }
}

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function sentenceOf(status: number, body: Partial<DashboardFailure> | undefined): string {
  return body?.message ? words.failure.refused(body.message) : words.failure.status(status);
}
