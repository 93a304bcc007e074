import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { systemTime } from "../../dev/testing/clocks.ts";
import { anEvent } from "../../dev/testing/events.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { createAlarmStore } from "../../src/health/alarm-store.ts";
import { createCounterReader } from "../../src/health/counter-reader.ts";
import { createEvidence } from "../../src/health/evidence.ts";
import { createJudge } from "../../src/health/judge.ts";
import { createTeller } from "../../src/health/tell.ts";
import { createWatch, WATCHED_DAYS } from "../../src/health/watch.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import { createEventStore } from "../../src/ingest/event-store.ts";
import { addAllDeltas, countAllEvents } from "../tools/operator.ts";

const MINUTE = 60_000;

/** Stores and counts what some devices report, ten minutes ago by their clocks. */
async function report(db: Firestore, events: readonly Record<string, unknown>[]) {
  const parse = createEventParser(new Set());
  const parsed = events.map((event) => {
    const result = parse(anEvent(event));
    if (!result.ok) throw new Error(result.message);
    return result.event;
  });
  const options = { eventRetentionDays: 90, storeCustomId: true, storeMetadata: true, ...systemTime };
  await createEventStore(db, options)(parsed);
  await countAllEvents(db);
  await addAllDeltas(db);
}

let device = 0;

/** What a device reports about an update to `version_name`, which it gets or not. */
function update(version_name: string, gets: boolean, fields: Record<string, unknown> = {}) {
  const device_id = `${((device++ * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`;
  const timestamp = Date.now() - 10 * MINUTE;
  const said = { platform: "ios", device_id, timestamp, ...fields };
  return [
    { ...said, version_name, action: "download_zip_start" },
    ...(gets
      ? ["download_complete", "set"].map((action) => ({ ...said, version_name, action }))
      : [
          { ...said, version_name: "1.0.0", action: "checksum_fail" },
          { ...said, version_name: "1.0.0", action: "download_fail" },
        ]),
  ];
}

function many(count: number, failing: number, version: string, fields = {}, ofFailing = {}) {
  return Array.from({ length: count }, (_, index) =>
    index < failing ? update(version, false, { ...fields, ...ofFailing }) : update(version, true, fields),
  ).flat();
}

/** Makes a watch that looks every ten seconds. */
function watcher(db: Firestore) {
  let ahead = 0;
  const now = () => Date.now() + ahead;
  const alarms = createAlarmStore(db, now);
  const look = createWatch({
    reader: createCounterReader(db, now, { lastDays: WATCHED_DAYS, daysFresh: 0 }),
    alarms,
    judge: createJudge({ evidence: createEvidence(db), alarmThresholdPercent: 10 }),
    tell: createTeller(alarms, now),
    now,
  });
  return async () => {
    ahead += 10_000;
    await look();
  };
}

describe("the watch", () => {
  it("names the version that iOS devices do not get, and says why, in one log line", async () => {
    const db = createFirestore();
    await report(db, [...many(300, 1, "2.5.0"), ...many(300, 1, "2.5.0", { platform: "android" })]);
    const watch = watcher(db);
    await watch();
    await report(db, [
      ...many(150, 12, "2.5.1", { version_build: "2.4.1" }, { version_build: "2.4.0" }),
      ...many(150, 0, "2.5.1", { platform: "android" }),
    ]);
    await watch();
    await watch();
    const { docs } = await db.collection("alarms").get();
    expect(
      docs.map((alarm) => [alarm.get("version_name"), alarm.get("measure"), alarm.get("scopes")]),
    ).to.deep.equal([["2.5.1", "not_downloaded", ["ios"]]]);
    expect(logs.map(({ message }) => message)).to.deep.equal([
      "2.5.1 of com.example.shop fails on ios: 12 of 150 devices that began the download did not get it (8.0 %), 0.3 % with " +
        "earlier versions. Most of those that fail have version_build 2.4.0: 100 %, 0 % of the others.",
    ]);
  });
});
