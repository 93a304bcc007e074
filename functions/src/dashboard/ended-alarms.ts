/** Reads the alarms of an app that have ended, for the page's history. */

import type { Firestore } from "firebase-admin/firestore";
import { shareReadsOf } from "../firestore/shared-read.ts";
import { ALARMS, type Alarm, alarmIn } from "../health/alarm-documents.ts";
import type { EndedAlarm, EndedAlarms } from "./data.ts";
import { failureIn } from "./open-alarms.ts";

/** The ended alarms of an app are read once in this time, in milliseconds, for all who look. */
const FRESH = 60_000;

const MOST_ALARMS = 200;

/** Reads the ended alarms of an app, the last first. Rejects with Firestore's error. */
export type ReadEndedAlarms = (app_id: string) => Promise<EndedAlarms>;

/**
 * Makes a reader of the ended alarms in `db`. `now` is the time in milliseconds since 1970.
 *
 * Of an app it reads 200 at most. Where there are more, these are the first by version and not by time, since an order by time would
 * need an index: then the answer says that it is incomplete.
 */
export function createEndedAlarms(db: Firestore, now: () => number): ReadEndedAlarms {
  const read = async (app_id: string): Promise<EndedAlarms> => {
    const ended = db.collection(ALARMS).where("app_id", "==", app_id).where("open", "==", false);
    const { docs } = await ended.limit(MOST_ALARMS).get();
    const alarms = docs.flatMap((snapshot) => {
      const alarm = alarmIn(snapshot);
      return alarm ? reportOf(alarm) : [];
    });
    return {
      app_id,
      alarms: alarms.sort((a, b) => b.ended_at - a.ended_at),
      incomplete: docs.length === MOST_ALARMS,
    };
  };
  return shareReadsOf(FRESH, now, (app_id) => app_id, read);
}

/** Somebody may have closed an alarm by hand: when it ended is not known. */
function reportOf(alarm: Alarm): EndedAlarm[] {
  const { version_name, ended_at, end } = alarm;
  if (ended_at === undefined) return [];
  return [{ ...failureIn(alarm), version_name, ended_at, ...(end && { end }) }];
}
