/** Tells people who are not looking, once when an alarm begins and once when it ends: in the log, and by a webhook. */

import pLimit from "p-limit";
import { reasonOf } from "../firestore/errors.ts";
import { logAlarm, logGivenUp, logRefusals } from "./alarm-log.ts";
import type { AlarmStore } from "./alarm-store.ts";
import { createTelling, dueIn, type Outcome, type Place, type Tell } from "./telling.ts";
import { WEBHOOK_MILLISECONDS, type Webhook } from "./webhook.ts";

/** A webhook that takes nothing for so long, from the beginning or the end of an alarm, is told of that no more. */
const PATIENCE = 24 * 3_600_000;

/** After so long, a watcher that has claimed an alarm has died: a POST has ended by then, and the write after it too. */
const CLAIM = 2 * WEBHOOK_MILLISECONDS;

/** After so long, no further POST begins: where a webhook hangs, a look still ends before the next. */
const LONGEST = 2 * WEBHOOK_MILLISECONDS;

const CONCURRENT = 4;

/**
 * Makes the function that tells what is still to be told; it is run after each look. `now` is the time in milliseconds since
 * 1970. Without a webhook, the log alone is told.
 *
 * What was taken is told no more, by no watcher; only where one dies between telling and keeping that, it is told again. What
 * the webhook does not take stays for the next time, for a day. Rejects, after it has told all else, if Firestore could not be
 * read or written.
 */
export function createTeller(store: AlarmStore, now: () => number, webhook?: Webhook): () => Promise<void> {
  const places: readonly Place[] = webhook ? ["log", "webhook"] : ["log"];
  const telling = createTelling(store, now, places, CLAIM);

  return async () => {
    const alarms = await store.toTell();
    const startedAt = now();
    const limit = pLimit(CONCURRENT);
    const tellAll = (place: Place, tell: Tell) => {
      const due = alarms.filter((alarm) => dueIn(place, alarm) !== undefined);
      return Promise.allSettled(
        due.map((alarm) =>
          limit(async () => {
            if (now() - startedAt < LONGEST) await telling.tell(alarm, place, tell);
          }),
        ),
      );
    };

    // The log first, for all: it answers at once, and a webhook may hang.
    const results = await tellAll("log", async (alarm, event) => {
      logAlarm(alarm, event);
      return "taken";
    });
    if (webhook) {
      const refusals: string[] = [];
      results.push(...(await tellAll("webhook", patiently(webhook, now, refusals))));
      logRefusals(refusals);
    }
    const nothingDue = alarms.filter((alarm) => places.every((place) => dueIn(place, alarm) === undefined));
    results.push(...(await Promise.allSettled(nothingDue.map((alarm) => limit(telling.leave, alarm)))));

    const failures = results.flatMap((result) =>
      result.status === "rejected" ? reasonOf(result.reason) : [],
    );
    if (failures.length > 0) {
      throw new Error(`What was told of alarms could not be kept: ${JSON.stringify([...new Set(failures)])}`);
    }
  };
}

/** Sends, and gives up what is not taken for too long. Even then it has been tried once, though no look was for a day. */
function patiently(webhook: Webhook, now: () => number, refusals: string[]): Tell {
  return async (alarm, event): Promise<Outcome> => {
    const answer = await webhook(alarm, event);
    if (answer === "taken") return answer;
    const since = (event === "began" ? alarm.began_at : alarm.ended_at) ?? alarm.updated_at;
    if (now() - since >= PATIENCE) {
      logGivenUp(alarm, event, answer.refused);
      return "given_up";
    }
    refusals.push(answer.refused);
    return answer;
  };
}
