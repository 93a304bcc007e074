import { expect } from "chai";
import { FieldValue } from "firebase-admin/firestore";
import { attempts, writeCounter } from "../../dev/testing/counters.ts";
import { firestoreError, interceptReads } from "../../dev/testing/faults.ts";
import { createTimedFirestore, type TimedFirestore } from "../../dev/testing/firestores.ts";
import { addToCounter, countedFields, counterRef, countsOf, dayId } from "../../src/counting/documents.ts";
import {
  type CounterReader,
  type CounterReaderOptions,
  createCounterReader,
} from "../../src/health/counter-reader.ts";

const APP = "com.example.shop";
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Writes a counter and today, as a commit of `countEvent` does. */
async function count({ firestore, now }: TimedFirestore, versions: readonly string[]) {
  const batch = firestore.batch();
  for (const version_name of versions) {
    const event = countedFields.parse({ app_id: APP, version_name, action: "set", platform: "ios" });
    const once = [{ day: dayId(now()), counts: countsOf(event, now()) }];
    addToCounter(batch, firestore, event, once);
  }
  await batch.commit();
}

/** Reads as the dashboard does, unless told otherwise. */
function readerOf({ firestore, now }: TimedFirestore, options: Partial<CounterReaderOptions> = {}) {
  return createCounterReader(firestore, now, {
    lastDays: 30,
    daysFresh: 30 * SECOND,
    mostChanged: 200,
    ...options,
  });
}

/** Asks as one page does: for all counters, and the days of those of its app. */
async function look(reader: CounterReader) {
  const { counters, incomplete } = await reader.counters();
  const days = await Promise.all(counters.map((counter) => reader.daysOf(counter)));
  return { counters, incomplete, days };
}

describe("what the reader of counters reads", () => {
  it("is every counter once, then only those that have changed", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    for (const version of ["1.0.0", "1.0.1", "1.0.2"]) {
      await writeCounter(database.firestore, APP, version, { 3: { ios: attempts(100) } }, database.now());
    }
    expect((await reader.counters()).counters).to.have.length(3);
    const first = database.reads();
    // Each is among the latest, and among those with the most of three actions; no manifest was begun.
    expect(first).to.equal(4 * 3 + 1);

    database.pass(10 * SECOND);
    await count(database, ["1.0.1"]);
    const { counters } = await reader.counters();
    expect(database.reads() - first).to.equal(1);
    expect(counters.find(({ version_name }) => version_name === "1.0.1")?.actions.set).to.equal(101);

    database.pass(MINUTE);
    await reader.counters();
    await reader.counters();
    expect(database.reads() - first).to.equal(2); // A query that finds nothing costs one.
  });

  it("sees what was committed while it read, although its time of update is earlier", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    await count(database, ["1.0.0"]);
    await reader.counters();
    database.pass(9 * SECOND);
    await count(database, ["1.0.1"]); // Its `updated_at` is of now …
    const updatedAt = database.now();
    database.pass(5 * SECOND);
    const ref = counterRef(database.firestore, { app_id: APP, version_name: "1.0.0" });
    await ref.update({ note: "…" });
    expect((await reader.counters()).counters).to.have.length(2);
    database.pass(11 * SECOND);
    // … and this one was taken by Firestore at the same time, but seen only after the read in between.
    await ref.update({ "actions.set": 7, updated_at: new Date(updatedAt) });
    const { counters } = await reader.counters();
    expect(counters.find(({ version_name }) => version_name === "1.0.0")?.actions.set).to.equal(7);
  });

  it("is once for all who look at the same time, and within ten seconds", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    await writeCounter(database.firestore, APP, "1.0.0", {
      1: { ios: attempts(10) },
      0: { ios: attempts(5) },
    });
    await Promise.all(Array.from({ length: 50 }, () => look(reader)));
    const opened = database.reads();
    expect(opened).to.equal(4 + 1 + 2);
    database.pass(9 * SECOND);
    await count(database, ["1.0.0"]);
    await look(reader);
    expect(database.reads()).to.equal(opened);

    database.pass(SECOND);
    const slow = reader.counters();
    database.pass(20 * SECOND); // Firestore takes its time, and somebody else looks.
    await Promise.all([slow, reader.counters()]);
    expect(database.reads()).to.equal(opened + 1);
  });

  it("is not the read that never ends: after half a minute, who looks next reads anew", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    await count(database, ["1.0.0"]);
    const restore = interceptReads(database.firestore, () => new Promise(() => {}));
    const hung = reader.counters();
    await new Promise(setImmediate);
    restore();
    database.pass(29 * SECOND);
    expect(reader.counters()).to.equal(hung);
    database.pass(SECOND);
    expect((await reader.counters()).counters).to.have.length(1);
  });

  it("takes today three times as often in the first hour of a version", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23, 12));
    const reader = readerOf(database);
    await count(database, ["1.0.0"]);
    await look(reader);
    const readsAfter = async (seconds: number) => {
      database.pass(seconds * SECOND);
      await count(database, ["1.0.0"]);
      const before = database.reads();
      await look(reader);
      return database.reads() - before;
    };
    expect(await readsAfter(10)).to.equal(1 + 1); // The counter, and today.
    await readsAfter(3_600); // All is read again then.
    expect(await readsAfter(20)).to.equal(1);
    expect(await readsAfter(10)).to.equal(1 + 1);
  });

  it("takes past days once, and today again only when the counter has changed, every 30 seconds", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23, 12));
    const reader = readerOf(database);
    const history = Object.fromEntries(Array.from({ length: 40 }, (_, day) => [day, { ios: attempts(10) }]));
    await writeCounter(database.firestore, APP, "1.0.0", history, database.now());
    database.pass(HOUR);
    const { days } = await look(reader);
    expect([...(days[0] ?? [])]).to.have.length(30);
    expect(days[0]?.get("2026-11-22")?.platforms.ios).to.include({
      begun: 10,
      downloaded: 10,
      installed: 10,
    });
    expect(days[0]?.get("2026-11-22")?.hours.get("12")?.ios).to.include({ begun: 10, installed: 10 });
    let reads = database.reads();

    database.pass(20 * SECOND);
    await count(database, ["1.0.0"]);
    await look(reader);
    expect(database.reads() - reads).to.equal(1); // The counter alone.
    reads = database.reads();

    database.pass(20 * SECOND);
    const later = await look(reader);
    expect(database.reads() - reads).to.equal(1 + 1); // No change of the counter, and today.
    expect(later.days[0]?.get("2026-11-23")?.platforms.ios?.installed).to.equal(11);
    expect(later.days[0]?.size).to.equal(30);
    reads = database.reads();

    database.pass(5 * MINUTE);
    await look(reader);
    expect(database.reads() - reads).to.equal(1); // Nothing has changed.
  });

  it("takes the day before again in the half hour after midnight, when some of it may still be counted", async () => {
    const midnight = Date.UTC(2026, 10, 23);
    const database = createTimedFirestore(midnight - MINUTE);
    const reader = readerOf(database);
    await count(database, ["1.0.0"]);
    await look(reader);
    database.pass(30 * MINUTE);
    await count(database, ["1.0.0"]);
    await look(reader);
    database.pass(10 * MINUTE);
    await count(database, ["1.0.0"]);
    const late = database.firestore.doc(`counters/${APP}@1.0.0/days/2026-11-22`);
    await late.update({ "platforms.ios.set": FieldValue.increment(5) });
    const { days } = await look(reader);
    expect(days[0]?.get("2026-11-22")?.platforms.ios?.installed).to.equal(6);
    expect(days[0]?.get("2026-11-23")?.platforms.ios?.installed).to.equal(2);
  });

  it("misses no day when nobody looked for a while, and goes back to a version's first day", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 20, 23, 50));
    const reader = readerOf(database);
    await count(database, ["1.0.0"]);
    await look(reader);
    for (let day = 0; day < 3; day++) {
      database.pass(3 * HOUR);
      await count(database, ["1.0.0"]);
    }
    database.pass(60 * SECOND);
    const { days } = await look(reader);
    const installs = [...(days[0] ?? [])].map(([day, { platforms }]) => [day, platforms.ios?.installed]);
    expect(installs).to.deep.equal([
      ["2026-11-20", 1],
      ["2026-11-21", 3],
    ]);
  });

  it("takes the first days of a version too, however long ago they were, and once", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 8, 1, 12));
    const reader = readerOf(database, { lastDays: 2 });
    for (let day = 0; day < 40; day++) {
      await count(database, ["1.0.0"]);
      database.pass(24 * HOUR);
    }
    await count(database, ["1.0.0"]);
    const { days } = await look(reader);
    const first = ["01", "02", "03", "04", "05", "06", "07", "08"].map((day) => `2026-09-${day}`);
    expect([...(days[0]?.keys() ?? [])]).to.deep.equal([...first, "2026-10-10", "2026-10-11"]);

    const opened = database.reads();
    for (let round = 0; round < 4; round++) {
      database.pass(6 * HOUR);
      await count(database, ["1.0.0"]);
      await look(reader);
    }
    const later = await look(reader);
    expect([...(later.days[0]?.keys() ?? [])]).to.deep.equal([...first, "2026-10-11", "2026-10-12"]);
    expect(database.reads() - opened).to.equal(4 * (5 + 2)); // All counters by five queries, and the last days.
  });

  it("has the hours of a day without what only old plugins report, and no development devices", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23, 12));
    const event = (fields: object) =>
      countedFields.parse({
        app_id: APP,
        version_name: "1.0.0",
        platform: "android",
        plugin_version: "8.51.23",
        ...fields,
      });
    const events = [
      event({ action: "download_zip_start" }),
      event({ action: "download_complete", plugin_version: "5.8.12" }),
      event({ action: "download_zip_start", is_prod: false }),
      event({ action: "download_zip_start", is_emulator: true }),
    ];
    const parts = events.map((each) => ({
      day: dayId(database.now()),
      counts: countsOf(each, database.now()),
    }));
    const batch = database.firestore.batch();
    addToCounter(batch, database.firestore, { app_id: APP, version_name: "1.0.0" }, parts);
    await batch.commit();
    const { counters, days } = await look(readerOf(database));
    expect(counters[0]?.development).to.deep.equal({ download_zip_start: 2 });
    const day = days[0]?.get("2026-11-23");
    expect(day?.platforms.android).to.include({ begun: 1, downloaded: 1 });
    expect([...(day?.hours ?? [])]).to.have.length(1);
    expect(day?.hours.get("12")?.android).to.include({ begun: 1, downloaded: 0 });
  });

  it("tells how often the app was opened with a version, in the words of each platform", async () => {
    const database = createTimedFirestore();
    const reports = { app_moved_to_foreground: 5, set: 3, app_launch_start: 9 };
    const today = { android: reports, electron: reports, ios: { set: 3 }, development: reports };
    await writeCounter(database.firestore, APP, "1.0.0", { 0: today }, database.now());
    const { days } = await look(readerOf(database));
    expect(days[0]?.get(dayId(database.now()))?.opened).to.deep.equal({ android: 5, electron: 3, ios: 0 });
  });

  it("skips a counter, and a day, that somebody has edited so that it is none", async () => {
    const database = createTimedFirestore();
    await count(database, ["1.0.0", "1.0.1"]);
    const [broken, other] = ["1.0.0", "1.0.1"].map((version_name) =>
      counterRef(database.firestore, { app_id: APP, version_name }),
    );
    await broken?.update({ platforms: "none" });
    await other
      ?.collection("days")
      .doc(dayId(database.now()))
      .update({ hours: { "12": 7 } });
    const { counters, days } = await look(readerOf(database));
    expect(counters.map(({ version_name }) => version_name)).to.deep.equal(["1.0.1"]);
    expect([...(days[0]?.values() ?? [])]).to.deep.equal([{ platforms: {}, hours: new Map(), opened: {} }]);
  });

  it("notices within an hour that a counter was deleted", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    await count(database, ["1.0.0", "1.0.1"]);
    await reader.counters();
    await counterRef(database.firestore, { app_id: APP, version_name: "1.0.1" }).delete();
    database.pass(HOUR);
    expect((await reader.counters()).counters.map(({ version_name }) => version_name)).to.deep.equal([
      "1.0.0",
    ]);
  });

  it("recovers as soon as Firestore does: a failure is told to all who wait for it, and not kept", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    await count(database, ["1.0.0"]);
    const restore = interceptReads(database.firestore, () =>
      Promise.reject(firestoreError(7, "PERMISSION_DENIED")),
    );
    const outcomes = await Promise.allSettled([reader.counters(), reader.counters()]);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    restore();
    const { counters, days } = await look(reader);
    expect([counters.length, days[0]?.size]).to.deep.equal([1, 1]);
  });

  it("stays bounded in a flood of made-up versions, keeps the real ones, and says that it is not all", async () => {
    const database = createTimedFirestore();
    const reader = readerOf(database);
    const day = database.now();
    await writeCounter(database.firestore, APP, "1.0.0", { 20: { ios: attempts(500) } }, day);
    expect((await reader.counters()).incomplete).to.equal(false);
    for (let round = 0; round < 6; round++) {
      database.pass(10 * SECOND);
      const made = Array.from({ length: 250 }, (_, i) => `9.${round}.${i}`);
      await count(database, made);
      const { counters, incomplete } = await reader.counters();
      const read = counters.filter(({ version_name }) => version_name.startsWith(`9.${round}.`));
      expect(read).to.have.length.within(190, 200);
      expect(counters.length).to.be.at.most(1_000);
      expect(counters.some(({ version_name }) => version_name === "1.0.0")).to.equal(true);
      expect(incomplete).to.equal(true);
    }
    const { counters } = await readerOf(database).counters();
    expect(counters.length).to.be.within(200, 600);
    expect(counters.some(({ version_name }) => version_name === "1.0.0")).to.equal(true);
  });

  it("costs the watch less than 5,000 reads a day, with five busy versions", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23));
    const reader = readerOf(database, { daysFresh: 0 });
    const busy = ["2.5.1", "2.5.0", "2.4.1", "2.4.0", "builtin"];
    const history = Object.fromEntries(Array.from({ length: 30 }, (_, day) => [day, { ios: attempts(10) }]));
    for (const version of busy) await writeCounter(database.firestore, APP, version, history, database.now());
    for (let round = 0; round < 24 * 12; round++) {
      await count(database, busy);
      await look(reader);
      database.pass(5 * MINUTE);
    }
    console.log(`      ${database.reads()} a day`);
    expect(database.reads()).to.be.below(5_000);
  });
});
