/** Makes the answers of `stats`: a status, headers and a JSON object, as the plugin reads them. */

/** Tells people and proxies when to send again after a 503. No plugin reads it. */
const RETRY_AFTER_SECONDS = 30;

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  body: object;
}

export function failure(status: number, error: string, message: string): Answer {
  return { status, body: { error, message } };
}

/** Tells the device to send its events again. */
function later(error: string, message: string): Answer {
  return { ...failure(503, error, message), headers: { "Retry-After": String(RETRY_AFTER_SECONDS) } };
}

/** Answers 503 whatever the reason: the plugin drops a batch for good on a 4xx, and newer ones keep it on a 5xx. */
export const unavailable = later("unavailable", "events cannot be stored right now; send them again later");
export const tooManyEvents = later(
  "too_many_events",
  "more events come than are taken; send them again later",
);
