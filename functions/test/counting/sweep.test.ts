import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { createImpatientTime } from "../../dev/testing/clocks.ts";
import { storeEvent } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls, interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore, createTimedFirestore } from "../../dev/testing/firestores.ts";
import { createDeltaAdder } from "../../src/counting/add-deltas.ts";
import { createSweep, sweepDeltas, sweepEvents } from "../../src/counting/sweep.ts";
import {
  contents,
  countAllEvents,
  counter,
  countInDelta,
  day,
  deaths,
  dieAtEachCall,
} from "../tools/operator.ts";

const today = day(0);
const soon = () => Date.now() + 60_000;
const adder = (db: Firestore) => createDeltaAdder(db, createImpatientTime());

describe("a sweep", () => {
  it("counts what no trigger has counted, under the day it was received", async () => {
    const db = createFirestore();
    await storeEvent(db, { action: "set", platform: "ios" }, 3);
    await storeEvent(db, { action: "set" });
    await storeEvent(db, { action: "update_fail" });
    const result = await sweepEvents(db, soon(), counter(db));
    expect(result).to.deep.equal({ counted: 3, left: 0, young: 0, failures: new Map() });
    const { "counters/com.example.shop@2.5.1": total, ...rest } = await contents(db);
    expect(total).to.deep.include({
      actions: { set: 2, update_fail: 1 },
      platforms: { ios: { set: 1 }, android: { set: 1, update_fail: 1 } },
    });
    expect(rest[`counters/com.example.shop@2.5.1/days/${day(3)}`]).to.deep.equal({
      actions: { set: 1 },
      platforms: { ios: { set: 1 } },
      hours: { [new Date().toISOString().slice(11, 13)]: { ios: { installed: 1 } } },
    });
    expect(rest[`counters/com.example.shop@2.5.1/days/${today}`]).to.have.property("actions");
  });

  it("changes nothing when it runs again", async () => {
    const db = await missedEvents();
    await sweepEvents(db, soon(), counter(db));
    const before = await contents(db);
    const again = await sweepEvents(db, soon(), counter(db));
    expect(again.counted).to.equal(0);
    expect(await contents(db)).to.deep.equal(before);
  });

  it("leaves young events to the trigger", async () => {
    const db = await missedEvents();
    const before = await contents(db);
    const result = await sweepEvents(db, Date.now() - 60_000, counter(db));
    expect(result).to.deep.equal({ counted: 0, left: 0, young: MISSED, failures: new Map() });
    expect(await contents(db)).to.deep.equal(before);
  });

  it("counts each event once, though the trigger counts it after it was found", async () => {
    const db = await missedEvents();
    let underWay = false;
    interceptReads(db, async ({ proceed }) => {
      const found = await proceed();
      if (!underWay) {
        underWay = true;
        await countAllEvents(db);
      }
      return found;
    });
    const { counted } = await sweepEvents(db, soon(), counter(db));
    expect(counted).to.equal(MISSED);
    expect(await contents(db)).to.deep.equal(await countedAlone());
  });

  it("counts each event once beside another run", async () => {
    const db = await missedEvents();
    await Promise.all([
      sweepEvents(db, soon(), counter(db), { pageSize: 5 }),
      sweepEvents(db, soon(), counter(db), { pageSize: 5 }),
    ]);
    expect(await contents(db)).to.deep.equal(await countedAlone());
  });

  it("adds deltas that no trigger has added", async () => {
    const db = await missed();
    expect(await sweepDeltas(db, soon(), adder(db))).to.deep.include({ counted: DELTAS, left: 0, young: 0 });
    expect((await db.collection("deltas").get()).size).to.equal(0);
    await sweepEvents(db, soon(), counter(db));
    expect(await contents(db)).to.deep.equal(await countedAlone());
  });

  it("counts the others where one counter cannot be written, and that one when it can", async () => {
    const db = await missed();
    const end = interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request.writes ?? []).includes("@2.5.0")
        ? Promise.reject(firestoreError(14))
        : proceed(),
    );
    const events = await sweepEvents(db, soon(), counter(db));
    const deltas = await sweepDeltas(db, soon(), adder(db));
    end();
    expect(events.failures.size + deltas.failures.size).to.equal(0);
    expect(deltas.left).to.be.greaterThan(0);
    expect(Object.keys(await contents(db))).to.include("counters/com.example.shop@2.5.1");
    await sweepDeltas(db, soon(), adder(db));
    expect(await contents(db)).to.deep.equal(await countedAlone());
  });

  it("parks what can never be counted, and meets it once", async () => {
    const db = createFirestore();
    await db.doc("events/broken").set({ counted: false, app_id: "com.example.shop" });
    expect(await sweepEvents(db, soon(), counter(db))).to.deep.include({ counted: 0, left: 1 });
    expect(await sweepEvents(db, soon(), counter(db))).to.deep.include({ counted: 0, left: 0 });
    expect(logs.filter(({ severity }) => severity === "ERROR")).to.have.length(1);
    expect((await db.doc("events/broken").get()).data()).to.deep.equal({
      app_id: "com.example.shop",
      uncountable: true,
    });
  });

  it("is run on what is older than 15 minutes, and says in the log that triggers have missed it", async () => {
    const { firestore: db, pass } = createTimedFirestore(Date.now() - 20 * 60_000);
    await storeEvent(db);
    await countInDelta(db, await storeEvent(db));
    pass(6 * 60_000);
    await storeEvent(db, { action: "get" });
    await createSweep(db, counter(db), adder(db))();
    expect((await db.doc("counters/com.example.shop@2.5.1").get()).get("actions")).to.deep.equal({ set: 2 });
    expect(logs.filter(({ severity }) => severity === "WARNING")).to.have.length(1);
    await createSweep(db, counter(db), adder(db))();
    expect(logs.filter(({ severity }) => severity === "WARNING")).to.have.length(1);
  });

  it("fails while Firestore cannot be written, so that the log has an error", async () => {
    const { firestore: db, pass } = createTimedFirestore(Date.now() - 20 * 60_000);
    await storeEvent(db);
    pass(1);
    interceptCalls(db, ({ method, proceed }) =>
      method === "commit" ? Promise.reject(firestoreError(7, "PERMISSION_DENIED: events/secret")) : proceed(),
    );
    const error = await createSweep(db, counter(db), adder(db))().catch((reason) => reason);
    expect(error.message).to.equal('The sweep could not count: [["7 PERMISSION_DENIED",1]]');
  });

  for (const death of deaths) {
    it(`ends as if undisturbed if it died ${death}, at each of its calls, and runs again`, async () => {
      const work = async (db: Firestore) => {
        await sweepEvents(db, soon(), counter(db), { pageSize: 4 });
        await sweepDeltas(db, soon(), createDeltaAdder(db, createImpatientTime()), { pageSize: 4 });
      };
      const { undisturbed, deadRuns } = await dieAtEachCall(death, missed, work);
      expect(Object.keys(undisturbed).filter((name) => name.startsWith("deltas/"))).to.deep.equal([]);
      expect(deadRuns).to.have.length.greaterThan(8);
      for (const [call, { repaired }] of deadRuns.entries()) {
        expect(repaired, `call ${call}`).to.deep.equal(undisturbed);
      }
      const complete = JSON.stringify(undisturbed);
      expect(deadRuns.filter(({ left }) => JSON.stringify(left) !== complete)).to.have.length.greaterThan(6);
    });
  }
});

const MISSED = 13;
const DELTAS = 2;

/** Events of two versions, none of them counted. */
async function missedEvents(): Promise<Firestore> {
  const db = createFirestore();
  const store = (index: number) =>
    storeEvent(db, {
      action: index % 3 === 0 ? "set_fail" : "set",
      version_name: index < 3 ? "2.5.0" : "2.5.1",
    });
  await Promise.all(Array.from({ length: MISSED }, (_, index) => store(index)));
  return db;
}

/** The same, but with some of them in deltas. */
async function missed(): Promise<Firestore> {
  const db = await missedEvents();
  for (const id of ["event001", "event007"]) await countInDelta(db, await db.doc(`events/${id}`).get());
  return db;
}

/** What is there when nothing else counts the missed events. */
async function countedAlone() {
  const db = await missedEvents();
  await countAllEvents(db);
  return contents(db);
}
