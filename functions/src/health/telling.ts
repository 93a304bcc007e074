/** Keeps what has been told of alarms and what is due, so that of several watchers one tells it. */

import type { Alarm } from "./alarm-documents.ts";
import type { AlarmStore } from "./alarm-store.ts";
import type { AlarmEvent } from "./alarm-text.ts";

/** Where an alarm is told. */
export type Place = "log" | "webhook";

/** What became of telling one thing; what was refused stays due. */
export type Outcome = "taken" | "given_up" | { refused: string };

/** Tells what has happened to an alarm. */
export type Tell = (alarm: Alarm, event: AlarmEvent) => Promise<Outcome>;

export interface Telling {
  /** Tells one thing that is due in a place, and keeps what became of it, unless another watcher does at this time. */
  tell(found: Alarm, place: Place, tell: Tell): Promise<void>;
  /** Lets an alarm of which nothing is due any more not be read at each look: there is no webhook now, where there was one. */
  leave(found: Alarm): Promise<void>;
}

/**
 * What is due in a place, one thing at a time.
 *
 * A webhook is told of what is, not of what was: not of a beginning whose end is known. Nor is it told of the end of what it
 * never heard of: it has halted nothing for it, and people would ask what it is about.
 */
export function dueIn(place: Place, { told, open }: Alarm): AlarmEvent | undefined {
  if (told.began[place] === undefined && (open || place === "log")) return "began";
  const hasHeard = told.began[place] === "taken";
  return !open && hasHeard && told.ended[place] === undefined ? "ended" : undefined;
}

/**
 * Makes the keeper of what is told in `places`. An alarm is claimed, told, and marked as told: if a watcher dies in between,
 * another tells it again, once `claimMilliseconds` have passed. `now` is the time in milliseconds since 1970.
 */
export function createTelling(
  store: AlarmStore,
  now: () => number,
  places: readonly Place[],
  claimMilliseconds: number,
): Telling {
  const isAnythingDue = (alarm: Alarm) => places.some((place) => dueIn(place, alarm) !== undefined);

  const claim = (found: Alarm, place: Place) =>
    store.change(found, (alarm) => {
      if (!alarm || dueIn(place, alarm) === undefined) return undefined;
      if ((alarm.told.claimed_until ?? 0) > now()) return undefined;
      return { ...alarm, told: { ...alarm.told, claimed_until: now() + claimMilliseconds } };
    });

  /** Ends the claim. An alarm that has begun anew meanwhile is another, of which nothing has been told. */
  const keep = (claimed: Alarm, place: Place, event: AlarmEvent, outcome: Outcome) =>
    store.change(claimed, (alarm) => {
      if (alarm?.began_at !== claimed.began_at) return undefined;
      const { claimed_until: _, ...told } = alarm.told;
      if (typeof outcome === "string") told[event] = { ...told[event], [place]: outcome };
      return { ...alarm, told, to_tell: isAnythingDue({ ...alarm, told }) };
    });

  return {
    async tell(found, place, tell) {
      const alarm = await claim(found, place);
      const event = alarm && dueIn(place, alarm);
      if (event) await keep(alarm, place, event, await tell(alarm, event));
    },
    async leave(found) {
      await store.change(found, (alarm) =>
        alarm && !isAnythingDue(alarm) ? { ...alarm, to_tell: false } : undefined,
      );
    },
  };
}
