import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { FieldValue, type Firestore } from "firebase-admin/firestore";
import { anEvent, storeEvent } from "../../dev/testing/events.ts";
import { interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { sweepEvents } from "../../src/counting/sweep.ts";
import { forget } from "../../tools/forget.ts";
import { command, verify } from "../../tools/verify.ts";
import { countAllEvents, counter, countInDelta, day, run } from "./operator.ts";

const total = "counters/com.example.shop@2.5.1";

/** The counter of a version that has events of development builds. */
const tested = "com.example.shop@2.6.0";

describe("verify", () => {
  it("finds no differences where every event was counted once, on all platforms and days", async () => {
    const db = await countedEvents();
    const { exitCode, output } = await run(command, [], db);
    expect(output).to.include(": 10 counted events, 4 counters\n").and.include("No differences.");
    expect(exitCode).to.equal(0);
    const { days, events } = await verify(db, {}, { pageSize: 2 });
    expect({ days, events }).to.deep.equal({
      days: { exact: 5, partial: 0 },
      events: { counted: 10, uncounted: 0, uncountable: 0, invalid: 0 },
    });
  });

  it("takes what is still in deltas for counted", async () => {
    const db = await countedEvents();
    await countInDelta(db, await storeEvent(db, {}));
    await countInDelta(db, await storeEvent(db, { version_name: "9.0.0" }));
    expect((await db.collection("deltas").get()).size).to.equal(2);
    expect(await differences(db)).to.deep.equal([]);
    expect((await verify(db, { version: "9.0.0" })).counters).to.equal(1);
  });

  it("finds a counted event that is missing from its day", async () => {
    const db = await countedEvents();
    await add(db, -1, day(0));
    expect(await differences(db)).to.deep.equal([
      [day(0), "all", "set", 1, 2, "counted events are missing"],
      [day(0), "android", "set", 1, 2, "counted events are missing"],
      ["total", "all", "set", 3, 2, "not the sum of its days"],
      ["total", "android", "set", 2, 1, "not the sum of its days"],
    ]);
    const { exitCode, output } = await run(command, ["--allow-fewer"], db);
    expect(exitCode).to.equal(1);
    expect(output).to.match(
      /com\.example\.shop +2\.5\.1 +\S+ +android +set +1 +2 +counted events are missing/,
    );
  });

  it("finds an event that was counted twice", async () => {
    const db = await countedEvents();
    await add(db, 1, day(0), "total");
    expect(await differences(db)).to.deep.equal([
      [day(0), "all", "set", 3, 2, "fewer events than counted"],
      [day(0), "android", "set", 3, 2, "fewer events than counted"],
    ]);
  });

  it("finds a counter that is gone, and platforms that do not add up", async () => {
    const db = await countedEvents();
    await db.recursiveDelete(db.doc("counters/com.example.shop@2.5.0"));
    await db.doc(total).update({ "platforms.ios.set": FieldValue.increment(1) });
    expect(await differences(db)).to.deep.equal([
      ["total", "ios", "set", 2, 1, "not the sum of its days"],
      ["total", "all", "set", 3, 4, "not the sum of its platforms and development"],
      [day(0), "all", "update_fail", 0, 1, "counted events are missing"],
      [day(0), "android", "update_fail", 0, 1, "counted events are missing"],
    ]);
  });

  it("finds development builds that are counted as production", async () => {
    const db = await countedEvents();
    const today = db.doc(`counters/${tested}/days/${day(0)}`);
    for (const ref of [today, db.doc(`counters/${tested}`)]) {
      await ref.update({ "development.set": FieldValue.increment(-1), "platforms.ios.set": 1 });
    }
    expect(await differences(db)).to.have.deep.members([
      [day(0), "development", "set", 1, 2, "counted events are missing"],
      [day(0), "ios", "set", 1, 0, "fewer events than counted"],
    ]);
  });

  it("finds hours that are lost or wrong, where all else agrees", async () => {
    const db = await countedEvents();
    const hour = new Date().toISOString().slice(11, 13);
    const finding = "hours are not those of its events";
    await db.doc(`${total}/days/${day(0)}`).update({ hours: FieldValue.delete() });
    await db.doc(`counters/${tested}/days/${day(0)}`).update({ [`hours.${hour}.ios.downloaded`]: 0 });
    expect(await differences(db)).to.deep.equal([
      [day(0), `${hour} android`, "installed", 0, 2, finding],
      [day(0), `${hour} ios`, "downloaded", 0, -1, finding],
    ]);
  });

  it("asks nothing of hours where events are gone: they do not tell which hour they were in", async () => {
    const db = await countedEvents();
    const { docs } = await db.collection("events").where("action", "==", "checksum_fail").get();
    for (const event of docs) await event.ref.delete();
    expect(await differences(db)).to.deep.equal([
      [day(0), "all", "checksum_fail", 1, 0, "fewer events than counted"],
      [day(0), "ios", "checksum_fail", 1, 0, "fewer events than counted"],
    ]);
    expect((await run(command, ["--allow-fewer"], db)).exitCode).to.equal(0);
  });

  it("asks of days with expired events only that nothing is missing", async () => {
    const db = createFirestore();
    await storeEvent(db, {}, 40, 30);
    await storeEvent(db, {}, 40, 30);
    await storeEvent(db, {}, 50, 30);
    await storeEvent(db, {}, 1, 30);
    await countAllEvents(db);
    await db.doc("events/event001").delete(); // Firestore's TTL deletes within a day or so of expiry.
    await db.doc("events/event003").delete();
    const { days, differences: found } = await verify(db);
    expect({ days, found }).to.deep.equal({ days: { exact: 1, partial: 2 }, found: [] });

    await add(db, -2, day(40), "total");
    expect(await differences(db)).to.deep.equal([
      [day(40), "all", "set", 0, 1, "counted events are missing"],
      [day(40), "android", "set", 0, 1, "counted events are missing"],
    ]);
  });

  it("expects events that are kept for ever", async () => {
    const db = createFirestore();
    await storeEvent(db, { action: "set" }, 400);
    await db.doc("events/event001").update({ expire_at: FieldValue.delete() });
    await countAllEvents(db);
    expect((await verify(db)).days).to.deep.equal({ exact: 1, partial: 0 });
  });

  it("says that events are fewer after forget, which may be allowed", async () => {
    const db = await countedEvents();
    await forget(db, { device: String(anEvent().device_id), app: "com.example.desktop" });
    const found = await verify(db);
    expect(new Set(found.differences.map(({ finding }) => finding))).to.have.keys(
      "fewer events than counted",
    );
    expect((await run(command, [], db)).exitCode).to.equal(1);
    expect((await run(command, ["--allow-fewer"], db)).exitCode).to.equal(0);
  });

  it("reports events that are not counted apart, without taking them for a difference", async () => {
    const db = await countedEvents();
    await storeEvent(db);
    await db.collection("events").add({ junk: true });
    await db.collection("events").add({ ...anEvent(), uncountable: true });
    const { exitCode, output } = await run(command, [], db);
    expect(output).to.include("1 event not counted yet").and.include("1 document in `events`");
    expect(output).to.include("1 event parked");
    expect(exitCode).to.equal(0);
  });

  it("compares one app or one version, failures of single files included", async () => {
    const db = await countedEvents();
    await storeEvent(db, { version_name: "2.5.1:assets/main.js", action: "download_manifest_file_fail" });
    await countAllEvents(db);
    await add(db, 1, day(0));
    const only = async (...args: string[]) => (await run(command, args, db)).output.split("\n")[0];
    expect(await only("--app", "com.example.desktop")).to.include(": 1 counted event, 1 counter");
    expect(await only("--version", "2.5.1")).to.include(": 6 counted events, 2 counters");
    expect((await run(command, ["--app", "com.example.desktop"], db)).exitCode).to.equal(0);
    expect((await run(command, ["--version", "2.5.0"], db)).exitCode).to.equal(0);
    expect((await run(command, ["--version", "2.5.1"], db)).exitCode).to.equal(1);
  });

  it("is not confused by what is stored, counted and deleted while it runs", async () => {
    const db = await countedEvents();
    let underWay = false;
    let reads = 0;
    interceptReads(db, async ({ proceed }) => {
      const answer = await proceed();
      if (!underWay) {
        underWay = true;
        reads++;
        await sleep(2);
        await storeEvent(db, { action: "reset" });
        await sweepEvents(db, Date.now() + 60_000, counter(db));
        if (reads === 2) await db.doc("events/event006").delete();
        underWay = false;
      }
      return answer;
    });
    const { differences: found, events } = await verify(db, {}, { pageSize: 2 });
    expect(reads).to.be.greaterThan(6);
    expect({ found, events }).to.deep.equal({
      found: [],
      events: { counted: 10, uncounted: 0, uncountable: 0, invalid: 0 },
    });
  });
});

/** Events of two apps, three versions, three platforms and two days, some of development builds, all counted. */
async function countedEvents(): Promise<Firestore> {
  const db = createFirestore();
  await storeEvent(db);
  await storeEvent(db);
  await storeEvent(db, { platform: "ios" }, 1);
  await storeEvent(db, { version_name: "2.5.0", action: "update_fail" });
  await storeEvent(db, { app_id: "com.example.desktop", platform: "electron" });
  await storeEvent(db, { platform: "unheard of", action: "get" });
  const version_name = "2.6.0";
  await storeEvent(db, { version_name, is_prod: false });
  await storeEvent(db, { version_name, is_emulator: true, platform: "ios" });
  await storeEvent(db, { version_name, action: "checksum_fail", platform: "ios" });
  await storeEvent(db, { version_name, action: "download_10" });
  await countAllEvents(db);
  return db;
}

/** Falsifies the `set` of 2.5.1 on android, on the documents named. */
async function add(db: Firestore, count: number, ...documents: string[]): Promise<void> {
  for (const document of documents) {
    const increment = FieldValue.increment(count);
    await db
      .doc(document === "total" ? total : `${total}/days/${document}`)
      .update({ "actions.set": increment, "platforms.android.set": increment });
  }
}

async function differences(db: Firestore) {
  return (await verify(db)).differences.map(({ day, platform, action, counter, expected, finding }) => [
    ...[day, platform, action, counter, expected, finding],
  ]);
}
