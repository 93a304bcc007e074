/** Reads what the dashboard shows, with few reads for all who look. */

import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { type Counter, counterId } from "../counting/documents.ts";
import { shareReads } from "../firestore/shared-read.ts";
import { ALARMS, type Alarm, alarmDocument, alarmId } from "../health/alarm-documents.ts";
import type { CounterReader, Days } from "../health/counter-reader.ts";

/** The open alarms are read once in this time, like the counters. */
const ALARMS_FRESH = 8_000;

/** So many open alarms are read. */
const MOST_ALARMS = 200;

export interface DashboardReader {
  /** Reads the counters and the open alarms, and says whether there are more. Rejects with Firestore's error. */
  read(): Promise<{ counters: Counter[]; alarms: Alarm[]; incomplete: boolean }>;
  /** Reads the days of a counter that has just been read. Rejects with Firestore's error. */
  daysOf(counter: Counter): Promise<Days>;
}

/**
 * Makes a reader of the open alarms in `db`, and of the counters that `counterReader` finds. Where these are not all, the
 * counters of the alarms are among them. `now` is the time in milliseconds since 1970.
 */
export function createDashboardReader(
  db: Firestore,
  counterReader: CounterReader,
  now: () => number,
): DashboardReader {
  const read = shareReads(ALARMS_FRESH, now, async () => {
    const [{ counters, incomplete }, open] = await Promise.all([
      counterReader.counters(),
      db.collection(ALARMS).where("open", "==", true).limit(MOST_ALARMS).get(),
    ]);
    const alarms = open.docs.flatMap((snapshot) => alarmIn(snapshot) ?? []);
    const known = new Set(counters.map(({ id }) => id));
    const others = await counterReader.find(alarms.filter((alarm) => !known.has(counterId(alarm))));
    return {
      counters: [...counters, ...others],
      alarms,
      incomplete: incomplete || open.size === MOST_ALARMS,
    };
  });
  return { read, daysOf: counterReader.daysOf };
}

/** The alarm in a document; nothing where somebody has edited it so that it is none. */
function alarmIn(snapshot: DocumentSnapshot): Alarm | undefined {
  const alarm = alarmDocument.safeParse(snapshot.data());
  return alarm.success && snapshot.id === alarmId(alarm.data) ? alarm.data : undefined;
}
