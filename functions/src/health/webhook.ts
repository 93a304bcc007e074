/** Tells the operator's webhook of an alarm: a chat that shows it to people, or a machine that pauses a rollout. */

import { createHash } from "node:crypto";
import { type Alarm, alarmId } from "./alarm-documents.ts";
import { type AlarmEvent, alarmFields, alarmText } from "./alarm-text.ts";

/** An answer that comes later is none. A machine may have to start, or to ask another, before it answers. */
export const WEBHOOK_MILLISECONDS = 60_000;

/**
 * These refuse, or promise nothing about, fields that they do not know (Google Chat: "Invalid JSON payload received. Unknown
 * name"), so they get the text alone, which is all that they show.
 */
const chats = new Set(["chat.googleapis.com", "hooks.slack.com"]);

/** Tells of an alarm. Resolves with "taken", or with why it was not. Never rejects. */
export type Webhook = (alarm: Alarm, event: AlarmEvent) => Promise<"taken" | { refused: string }>;

/**
 * Makes the function that POSTs to a URL. An answer with a status of 2xx means that it was taken. The URL may hold a secret, so
 * reasons never quote it.
 */
export function createWebhook(url: string, milliseconds = WEBHOOK_MILLISECONDS): Webhook {
  return async (alarm, event) => {
    try {
      const response = await fetch(url, {
        method: "POST",
        headers: {
          "Content-Type": "application/json; charset=utf-8",
          "Idempotency-Key": keyOf(alarm, event),
        },
        body: JSON.stringify(bodyFor(url, alarm, event)),
        redirect: "manual", // The figures are for this address, and a redirected POST may arrive as a GET without them.
        signal: AbortSignal.timeout(milliseconds),
      });
      response.body?.cancel().catch(() => {}); // The status says all.
      return response.ok ? "taken" : { refused: `it answered ${response.status}` };
    } catch (error) {
      return { refused: reasonOf(error, milliseconds) };
    }
  };
}

function bodyFor(url: string, alarm: Alarm, event: AlarmEvent) {
  const text = alarmText(alarm, event);
  if (chats.has(new URL(url).hostname)) return { text };
  return { text, event: `alarm_${event}`, ...alarmFields(alarm) };
}

/**
 * The same for the same thing told again, which happens where a watcher dies after the POST, so that a receiver can drop the
 * copy. It is a hash, because a version may have characters that a header may not.
 */
function keyOf(alarm: Alarm, event: AlarmEvent): string {
  const told = JSON.stringify([alarmId(alarm), alarm.began_at, event]);
  return createHash("sha256").update(told).digest("hex").slice(0, 32);
}

/** Only the code: an error's message may have the URL. */
function reasonOf(error: unknown, milliseconds: number): string {
  if (error instanceof Error && error.name === "TimeoutError") {
    return `it did not answer within ${milliseconds / 1_000} s`;
  }
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? `it could not be reached (${code})` : "it could not be reached";
}
