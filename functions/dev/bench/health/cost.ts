/** Counts what it costs to watch an app. */

import { FieldValue } from "firebase-admin/firestore";
import { counterRef, dayId, daysOf } from "../../../src/counting/documents.ts";
import { createAlarmStore } from "../../../src/health/alarm-store.ts";
import { createCounterReader } from "../../../src/health/counter-reader.ts";
import { createEvidence } from "../../../src/health/evidence.ts";
import { createJudge } from "../../../src/health/judge.ts";
import { createTeller } from "../../../src/health/tell.ts";
import { createWatch, WATCH_MINUTES, watchedReads } from "../../../src/health/watch.ts";
import { keepLook } from "../../../src/health/watch-state.ts";
import { attempts, writeCounter } from "../../testing/counters.ts";
import { createTimedFirestore } from "../../testing/firestores.ts";

const APP = "com.example.shop";
const VERSIONS = 5;
const DAYS = 40;
const MINUTE = 60_000;
const LOOKS_A_DAY = (24 * 60) / WATCH_MINUTES;

/** An instance lives as long as it is used, but Cloud Run may replace it; then it reads everything again. */
const RESTARTS_A_DAY = 4;

/** The looks of a day at an app with five versions that are installed all the time, and the documents that they read. */
export async function watchedDay(_seed: number): Promise<{ looks: number; reads: number }> {
  const database = createTimedFirestore(Date.UTC(2026, 0, 1));
  const { firestore, now } = database;
  const versions = Array.from({ length: VERSIONS }, (_, index) => `2.${index}.0`);
  for (const [index, version] of versions.entries()) {
    const days = Array.from({ length: DAYS - index }, (_, day) => [day, { ios: attempts(500, 2) }]);
    await writeCounter(firestore, APP, version, Object.fromEntries(days), now());
    database.pass(MINUTE);
  }
  const newWatch = () => {
    const alarms = createAlarmStore(firestore, now);
    return createWatch({
      reader: createCounterReader(firestore, now, watchedReads),
      alarms,
      judge: createJudge({ evidence: createEvidence(firestore), alarmThresholdPercent: 10 }),
      tell: createTeller(alarms, now),
      keepLook: (at) => keepLook(firestore, at),
      now,
    });
  };
  let watch = newWatch();
  const before = database.reads();
  for (let look = 0; look < LOOKS_A_DAY; look++) {
    if (look % (LOOKS_A_DAY / RESTARTS_A_DAY) === 0) watch = newWatch();
    await watch();
    for (const version_name of versions) {
      const ref = counterRef(firestore, { app_id: APP, version_name });
      await ref.update({
        "actions.app_moved_to_foreground": FieldValue.increment(9),
        updated_at: new Date(now()),
      });
      await daysOf(ref)
        .doc(dayId(now()))
        .set({ actions: { app_moved_to_foreground: FieldValue.increment(9) } }, { merge: true });
    }
    database.pass(WATCH_MINUTES * MINUTE);
  }
  return { looks: LOOKS_A_DAY, reads: database.reads() - before };
}
