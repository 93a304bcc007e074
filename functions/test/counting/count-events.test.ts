import { expect } from "chai";
import { type DocumentSnapshot, type Firestore, Timestamp } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { createImpatientTime, hurriedTime } from "../../dev/testing/clocks.ts";
import { anEvent, newApp, store, storeEvent } from "../../dev/testing/events.ts";
import { type Call, firestoreError, interceptCalls, interceptReads } from "../../dev/testing/faults.ts";
import { createEventCounter } from "../../src/counting/count-events.ts";
import { backend, counts, post, readCounts, storedEvents, today } from "../backend.ts";
import { addAllDeltas, countInDelta } from "../tools/operator.ts";

const COUNTER = "counters/com.example.shop@2.5.1";

/** An instance of `countEvent` on a Firestore of its own. */
function newInstance(db: Firestore) {
  return createEventCounter(db, createImpatientTime());
}

/** The counts of a counter when all deltas are added. */
async function countsInAll(db: Firestore, path = COUNTER) {
  await addAllDeltas(db);
  return readCounts(db, path);
}

const once = { actions: { set: 1 }, platforms: { android: { set: 1 } } };

/** The hour at which a test runs, which is that of its events. */
const hour = () => new Date().toISOString().slice(11, 13);
const onceInDay = () => ({ ...once, hours: { [hour()]: { android: { installed: 1 } } } });

describe("counting, end to end", () => {
  it("counts per action, platform and day", async () => {
    const app_id = newApp();
    await post([
      anEvent({ app_id }),
      anEvent({ app_id, platform: "ios" }),
      anEvent({ app_id, platform: "ios", action: "set_fail" }),
      anEvent({ app_id, platform: "electron" }),
      anEvent({ app_id, platform: "windows" }),
      anEvent({ app_id, platform: "constructor" }),
    ]);
    const expected = {
      actions: { set: 5, set_fail: 1 },
      platforms: {
        android: { set: 1 },
        ios: { set: 1, set_fail: 1 },
        electron: { set: 1 },
        other: { set: 2 },
      },
    };
    expect(await counts(`counters/${app_id}@2.5.1`)).to.deep.equal(expected);
    expect(await counts(`counters/${app_id}@2.5.1/days/${today()}`)).to.deep.equal({
      ...expected,
      hours: {
        [hour()]: { android: { installed: 1 }, ios: { installed: 1 }, other: { installed: 2 } },
      },
    });
    for (const event of await storedEvents(app_id)) expect(event.counted).to.equal(true);
    const counter = await backend().firestore.doc(`counters/${app_id}@2.5.1`).get();
    expect(counter.data()).to.include({ app_id, version_name: "2.5.1" });
    expect(counter.get("updated_at")).to.be.instanceOf(Timestamp);
  });

  it("counts a version up to its first colon, and none as unknown", async () => {
    const app_id = newApp();
    await post([
      anEvent({ app_id, version_name: "1.2.3:assets/main.js" }),
      anEvent({ app_id, version_name: "1.2.3" }),
      anEvent({ app_id, version_name: "" }),
      anEvent({ app_id, version_name: ":x" }),
    ]);
    expect(await counts(`counters/${app_id}@1.2.3`)).to.have.nested.property("actions.set", 2);
    expect(await counts(`counters/${app_id}@unknown`)).to.have.nested.property("actions.set", 2);
  });

  it("gives every version a counter of its own, whatever its name", async () => {
    const app_id = newApp();
    const long = "ü".repeat(511);
    const versions = [
      "a/b",
      "a%2Fb",
      "..",
      ".",
      "__x__",
      "\u0000",
      "a\nb",
      "/".repeat(512),
      `${long}x`,
      `${long}y`,
      "😀",
      "constructor",
    ];
    await post(versions.map((version_name) => anEvent({ app_id, version_name })));
    await backend().settled();
    const counters = await backend().firestore.collection("counters").where("app_id", "==", app_id).get();
    expect(counters.docs.map((doc) => doc.get("version_name"))).to.have.members(versions);
    for (const doc of counters.docs) {
      expect(doc.get("actions")).to.deep.equal({ set: 1 });
      expect(Buffer.byteLength(doc.id)).to.be.at.most(1_500);
    }
    expect(counters.docs.map(({ id }) => id)).to.include(`${app_id}@a%2Fb`);
  });
});

/** Two ways into a counter. */
const ways = {
  directly: (db: Firestore, events: readonly DocumentSnapshot[]) => Promise.all(events.map(newInstance(db))),
  async "by deltas"(db: Firestore, events: readonly DocumentSnapshot[]) {
    for (const event of events) await countInDelta(db, event);
    await addAllDeltas(db);
  },
};

for (const [way, count] of Object.entries(ways)) {
  describe(`counting ${way}`, () => {
    it("counts emulators, debug and test builds apart, and those that do not tell as production", async () => {
      const db = backend().newFirestore();
      const builds = [
        { is_prod: true, is_emulator: false },
        { is_prod: false, is_emulator: false },
        { is_prod: true, is_emulator: true },
        { is_prod: false },
        { is_emulator: true },
        { is_prod: true },
        { is_emulator: false },
        {},
      ];
      await count(db, await store(db, ...builds, { ...builds[1], action: "get" }));
      const expected = {
        actions: { set: 8, get: 1 },
        platforms: { android: { set: 4 } },
        development: { set: 4, get: 1 },
      };
      expect(await readCounts(db, COUNTER)).to.deep.equal(expected);
      expect(await readCounts(db, `${COUNTER}/days/${today()}`)).to.deep.equal({
        ...expected,
        hours: { [hour()]: { android: { installed: 4 } } },
      });
    });

    it("keeps each map of a counter and a day where a commit has nothing for it", async () => {
      const db = backend().newFirestore();
      const events = await store(
        db,
        { platform: "ios" },
        { is_prod: false },
        { action: "get" },
        { platform: "ios" },
        { is_emulator: true, action: "get" },
        { action: "update_fail" },
      );
      for (const event of events) await count(db, [event]);
      const expected = {
        actions: { set: 3, get: 2, update_fail: 1 },
        platforms: { ios: { set: 2 }, android: { get: 1, update_fail: 1 } },
        development: { set: 1, get: 1 },
      };
      expect(await readCounts(db, COUNTER)).to.deep.equal(expected);
      expect(await readCounts(db, `${COUNTER}/days/${today()}`)).to.deep.equal({
        ...expected,
        hours: { [hour()]: { ios: { installed: 2 }, android: { rolled_back: 1 } } },
      });
    });

    it("keeps the measures of production devices by the hour at which they were received, in UTC", async () => {
      const db = backend().newFirestore();
      const at = async (time: string, fields: Record<string, unknown>) => {
        const event = await storeEvent(db, fields);
        await event.ref.update({ received_at: Timestamp.fromDate(new Date(time)) });
        return event.ref.get();
      };
      await count(db, [
        await at("2026-11-26T23:59:59.999Z", { action: "download_zip_start", platform: "ios" }),
        await at("2026-11-27T00:00:00.000Z", { action: "download_complete", platform: "ios" }),
        await at("2026-11-27T01:30:00+02:00", { action: "download_zip_start" }),
        await at("2026-11-27T14:59:59.999Z", { action: "download_complete", platform: "ios" }),
        await at("2026-11-27T15:00:00.000Z", { action: "checksum_fail", platform: "ios" }),
        await at("2026-11-27T15:10:00.000Z", { action: "download_complete", platform: "electron" }),
        await at("2026-11-27T15:10:00.000Z", { action: "download_complete", plugin_version: "10.0.0" }),
        await at("2026-11-27T15:10:00.000Z", { action: "app_crash", is_emulator: true }),
        await at("2026-11-27T16:00:00.000Z", { action: "download_50" }),
        await at("2026-11-27T16:00:00.000Z", { action: "download_fail" }),
      ]);
      const days = await Promise.all(
        ["2026-11-26", "2026-11-27"].map((day) => readCounts(db, `${COUNTER}/days/${day}`)),
      );
      expect(days.map((day) => day?.hours)).to.deep.equal([
        { "23": { ios: { begun: 1 }, android: { begun: 1 } } },
        {
          "00": { ios: { downloaded: 1 } },
          "14": { ios: { downloaded: 1 } },
          "15": { ios: { downloaded: -1 }, electron: { begun: 1, downloaded: 1, installed: 1 } },
        },
      ]);
      expect(await readCounts(db, COUNTER)).not.to.have.property("hours");
    });
  });
}

describe("counting exactly once", () => {
  it("writes the event, its counter and its day, and nothing else", async () => {
    const db = backend().newFirestore();
    const [event] = await store(db, {});
    const commits: unknown[] = [];
    interceptCalls(db, ({ method, request, proceed }) => {
      if (method === "commit")
        commits.push(request.writes?.map(({ update }) => update?.name?.split("/documents/")[1]));
      return proceed();
    });
    await newInstance(db)(event);
    expect(commits).to.deep.equal([[event.ref.path, COUNTER, `${COUNTER}/days/${today()}`]]);
  });

  it("counts once what is delivered twice at once, to one instance or two", async () => {
    const db = backend().newFirestore();
    const [event] = await store(db, {});
    const [first, second] = [newInstance(db), newInstance(db)];
    await Promise.all([first(event), first(event), second(event)]);
    expect(await readCounts(db, COUNTER)).to.deep.equal(once);
    expect(await readCounts(db, `${COUNTER}/days/${today()}`)).to.deep.equal(onceInDay());
  });

  it("counts once what is delivered again later, also beside new events", async () => {
    const db = backend().newFirestore();
    const count = newInstance(db);
    const [old] = await store(db, {});
    await count(old);
    await count(old);
    const [fresh] = await store(db, { action: "get" });
    await Promise.all([count(old), count(fresh), newInstance(db)(old)]);
    expect((await readCounts(db, COUNTER))?.actions).to.deep.equal({ set: 1, get: 1 });
  });

  it("leaves nothing behind when the commit fails, and rejects so that the event is delivered again", async () => {
    const db = backend().newFirestore();
    const [event] = await store(db, {});
    const restore = interceptCalls(db, () => Promise.reject(firestoreError(14)));
    const error = await newInstance(db)(event).catch((reason) => reason);
    restore();
    expect(error).to.have.property("code", 14);
    expect((await db.doc(COUNTER).get()).exists).to.equal(false);
    expect((await event.ref.get()).get("counted")).to.equal(false);

    await newInstance(db)(event);
    expect(await readCounts(db, COUNTER)).to.deep.equal(once);
  });

  it("tries a transient failure again by itself", async () => {
    for (const code of [1, 2, 4, 8, 10, 13, 14]) {
      const db = backend().newFirestore();
      const [event] = await store(db, {});
      let calls = 0;
      interceptCalls(db, ({ proceed }) => (++calls < 3 ? Promise.reject(firestoreError(code)) : proceed()));
      await newInstance(db)(event);
      expect(await countsInAll(db)).to.deep.equal(once);
    }
  });

  it("goes on without an answer that does not come, and counts once though the call was carried out", async () => {
    const db = backend().newFirestore();
    const events = await store(db, {}, {});
    let calls = 0;
    interceptCalls(db, async ({ proceed }) => {
      const answer = await proceed();
      return ++calls === 1 ? new Promise(() => {}) : answer;
    });
    // It soon gives up an answer, but not the event: Firestore may be slow to answer the calls that follow.
    const count = createEventCounter(db, { ...createImpatientTime(), timers: hurriedTime.timers });
    await Promise.all(events.map(count));
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 2 });
  });

  it("counts once when a commit is applied but its answer is lost", async () => {
    const db = backend().newFirestore();
    const events = await store(db, {}, {}, {});
    let lost = 0;
    interceptCalls(db, async ({ method, proceed }) => {
      const answer = await proceed();
      if (method === "commit" && ++lost === 1) throw firestoreError(4);
      return answer;
    });
    const count = newInstance(db);
    await Promise.all(events.map(count));
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 3 });
  });

  it("counts the others when one was deleted or is no event", async () => {
    const db = backend().newFirestore();
    const count = newInstance(db);
    const [deleted, ...others] = await store(db, {}, {}, {});
    await deleted.ref.delete();
    await db.doc("events/by-hand").set({ note: "not an event" });
    const byHand = await db.doc("events/by-hand").get();
    await Promise.all([deleted, byHand, ...others].map((event) => count(event)));
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 2 });
    expect(logs.filter(({ severity }) => severity === "ERROR")).to.have.length(1);
  });

  it("counts an event that was changed after it was delivered", async () => {
    const db = backend().newFirestore();
    const [event] = await store(db, {});
    await event.ref.update({ note: "seen by the operator" });
    await newInstance(db)(event);
    expect(await countsInAll(db)).to.deep.equal(once);
  });

  it("parks an event that Firestore refuses for good, says so once, and counts the others", async () => {
    const db = backend().newFirestore();
    const count = newInstance(db);
    const events = await store(db, {}, {}, {}, {}, {});
    const poison = events[2].ref;
    interceptCalls(db, ({ request, proceed }) =>
      isCounting(request, poison.id) ? Promise.reject(firestoreError(3)) : proceed(),
    );
    const outcomes = await Promise.all(events.map(count));
    expect(outcomes).to.deep.equal(["counted", "counted", "uncountable", "counted", "counted"]);
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 4 });
    const parked = await poison.get();
    expect([parked.get("uncountable"), parked.get("counted")]).to.deep.equal([true, undefined]);
    expect(await count(parked)).to.equal("uncountable");
    expect(logs.filter(({ severity }) => severity === "ERROR")).to.have.length(1);
  });

  it("leaves a document as it is that this backend did not write", async () => {
    const db = backend().newFirestore();
    const ref = db.doc("events/concert");
    await ref.set({ band: "The Others" });
    expect(await newInstance(db)(await ref.get())).to.equal("uncountable");
    expect((await ref.get()).data()).to.deep.equal({ band: "The Others" });
  });

  it("does not let a counter that cannot be written hold up another", async () => {
    const db = backend().newFirestore();
    const count = newInstance(db);
    const [stuck, fine] = await store(db, { version_name: "1.0.0" }, { version_name: "2.5.1" });
    interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request).includes("@1.0.0") ? new Promise(() => {}) : proceed(),
    );
    void count(stuck);
    await count(fine);
    expect(await readCounts(db, COUNTER)).to.deep.equal(once);
  });
});

describe("counting where a counter is contended", () => {
  it("goes by a delta after contention, so that nothing is waited for that others hold", async () => {
    const db = backend().newFirestore();
    const count = newInstance(db);
    const [first, second] = await store(db, {}, { platform: "ios", action: "get" });
    const writesCounter = (request: Call["request"]) =>
      JSON.stringify(request.writes ?? "").includes(COUNTER);
    const end = interceptCalls(db, ({ request, proceed }) =>
      writesCounter(request) ? Promise.reject(firestoreError(10)) : proceed(),
    );
    await count(first);
    await count(second); // At once: the counter is known to be contended.
    end();
    expect(await readCounts(db, COUNTER)).to.equal(undefined);
    const deltas = await db.collection("deltas").get();
    expect(deltas.docs.map((delta) => delta.data())).to.have.deep.members([
      {
        app_id: "com.example.shop",
        version_name: "2.5.1",
        days: { [today()]: { ...onceInDay(), development: {} } },
      },
      {
        app_id: "com.example.shop",
        version_name: "2.5.1",
        days: {
          [today()]: { actions: { get: 1 }, platforms: { ios: { get: 1 } }, development: {}, hours: {} },
        },
      },
    ]);
    const both = {
      actions: { set: 1, get: 1 },
      platforms: { android: { set: 1 }, ios: { get: 1 } },
    };
    expect(await countsInAll(db)).to.deep.equal(both);
    expect(await readCounts(db, `${COUNTER}/days/${today()}`)).to.deep.equal({
      ...both,
      hours: onceInDay().hours,
    });
  });

  it("commits at most 75 events together, and full commits as deltas, side by side", async () => {
    const db = backend().newFirestore();
    const events = await store(db, ...Array.from({ length: 350 }, () => ({})));
    let underWay = 0;
    let most = 0;
    const sizes: number[] = [];
    interceptCalls(db, async ({ method, request, proceed }) => {
      if (method !== "commit") return proceed();
      sizes.push(request.writes?.length ?? 0);
      most = Math.max(most, ++underWay);
      return proceed().finally(() => underWay--);
    });
    await Promise.all(events.map(newInstance(db)));
    expect(Math.max(...sizes)).to.equal(76);
    expect(most).to.be.greaterThan(2);
    expect((await db.collection("deltas").get()).size).to.be.within(4, 6);
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 350 });
  });

  it("transforms at most 500 fields of a document in a full commit, whatever is in it", async () => {
    const db = backend().newFirestore();
    const events = Array.from({ length: 74 }, async (_, index) => {
      const action = index % 2 === 0 ? "download_complete" : `of_its_own_${index}`;
      const event = await storeEvent(db, { action, platform: "electron" });
      const received_at = Timestamp.fromDate(new Date(Date.UTC(2026, 10, 27, index % 24)));
      await event.ref.update({ received_at });
      return event.ref.get();
    });
    const transforms: number[] = [];
    interceptCalls(db, ({ request, proceed }) => {
      for (const { updateTransforms } of request.writes ?? []) transforms.push(updateTransforms?.length ?? 0);
      return proceed();
    });
    await Promise.all((await Promise.all(events)).map(newInstance(db)));
    expect(Math.max(...transforms)).to.be.within(100, 500);
  });

  it("finds a duplicate among many by halving, so that few events are read again", async () => {
    const db = backend().newFirestore();
    const events = await store(db, ...Array.from({ length: 70 }, () => ({})));
    const duplicate = events[41] as DocumentSnapshot;
    await newInstance(db)(duplicate);
    let read = 0;
    interceptReads(db, ({ request, proceed }) => {
      read += (request as { documents?: string[] }).documents?.length ?? 0;
      return proceed();
    });
    await Promise.all(events.map(newInstance(db)));
    expect(read).to.be.within(1, 25);
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 70 });
  });

  it("writes the counter again after ten seconds", async () => {
    const db = backend().newFirestore();
    const time = createImpatientTime();
    const count = createEventCounter(db, time);
    const [first, second] = await store(db, {}, {});
    let failed = false;
    interceptCalls(db, ({ method, proceed }) => {
      if (method !== "commit" || failed) return proceed();
      failed = true;
      return Promise.reject(firestoreError(10));
    });
    await count(first);
    await time.clock.sleep(10_001);
    await count(second);
    expect((await readCounts(db, COUNTER))?.actions).to.deep.equal({ set: 1 });
    expect((await countsInAll(db))?.actions).to.deep.equal({ set: 2 });
  });
});

function isCounting(request: Call["request"], id: string): boolean {
  return (request.writes ?? []).some(
    ({ update }) => update?.name?.endsWith(id) && update.fields?.counted?.booleanValue === true,
  );
}
