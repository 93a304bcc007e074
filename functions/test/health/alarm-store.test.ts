import { expect } from "chai";
import { FieldValue, type Firestore, Timestamp } from "firebase-admin/firestore";
import { aFinding, aLook } from "../../dev/testing/alarms.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { alarmId, alarmMeasures } from "../../src/health/alarm-documents.ts";
import type { Finding, Look } from "../../src/health/alarm-life.ts";
import { createAlarmStore } from "../../src/health/alarm-store.ts";

const MINUTE = 60_000;
const start = Date.UTC(2026, 10, 28, 12);
const version = { version_name: "2.5.1", measure: "not_downloaded" } as const;
const failing = aLook({ findings: [aFinding()] });
const good = aLook({ good: [version] });
const superseded = aLook({ superseded: [{ version_name: "2.5.1" }] });

/** A store, at which a look comes every five minutes. */
function watched(db: Firestore = createFirestore()) {
  let time = start;
  const store = createAlarmStore(db, () => time);
  return {
    db,
    store,
    async look(...looks: Look[]) {
      for (const look of looks) {
        time += 5 * MINUTE;
        await store.apply(look);
      }
    },
    /** Two watchers look at the same time. */
    async lookTwice(look: Look) {
      time += 5 * MINUTE;
      await Promise.all([store.apply(look), createAlarmStore(db, () => time + 3).apply(look)]);
    },
    find: (findings: Partial<Finding>[]) => aLook({ findings: findings.map(aFinding) }),
    async alarm() {
      const snapshot = await db.doc("alarms/com.example.shop@2.5.1:not_downloaded").get();
      return snapshot.data();
    },
  };
}

/** The number of writes that reach Firestore. */
function countWrites(db: Firestore): () => number {
  let writes = 0;
  interceptCalls(db, ({ method, proceed }) => {
    if (method === "commit") writes++;
    return proceed();
  });
  return () => writes;
}

describe("an alarm", () => {
  it("begins with the first finding, under its app, version and measure", async () => {
    const { look, alarm } = watched();
    await look(failing);
    expect(await alarm()).to.deep.equal({
      app_id: "com.example.shop",
      ...aFinding(),
      open: true,
      began_at: Timestamp.fromMillis(start + 5 * MINUTE),
      updated_at: Timestamp.fromMillis(start + 5 * MINUTE),
      good_looks: 0,
      to_tell: true,
      told: { began: {}, ended: {} },
    });
  });

  it("has an id that Firestore takes, whatever the version", async () => {
    const { store, look } = watched();
    const names = ["a/b", "..", "x".repeat(5_000), "版本 🚀", "%2F"];
    await look(aLook({ findings: names.map((version_name) => aFinding({ version_name })) }));
    const open = await store.open();
    expect(open.map(({ version_name }) => version_name)).to.have.members(names);
    expect(new Set(open.map(alarmId)).size).to.equal(names.length);
  });

  it("is another for each measure of a version", async () => {
    const { store, look } = watched();
    await look(aLook({ findings: alarmMeasures.map((measure) => aFinding({ measure })) }));
    expect((await store.open()).map(({ measure }) => measure)).to.have.members([...alarmMeasures]);
  });

  it("stays the same one while its platforms change", async () => {
    const { look, alarm, find, db } = watched();
    await look(failing, find([{ scopes: ["ios", "android"], now: { count: 60, of: 500 } }]));
    expect(await alarm()).to.deep.include({
      scopes: ["ios", "android"],
      now: { count: 60, of: 500 },
      began_at: Timestamp.fromMillis(start + 5 * MINUTE),
    });
    expect((await db.collection("alarms").get()).size).to.equal(1);
  });

  it("is not written while nothing changes that a person would notice", async () => {
    const { look, find, db } = watched();
    await look(failing);
    const writes = countWrites(db);
    await look(failing, find([{ now: { count: 25, of: 310 } }]), find([{ now: { count: 26, of: 320 } }]));
    expect(writes()).to.equal(0);
    await look(find([{ now: { count: 40, of: 320 } }]));
    expect(writes()).to.equal(1);
    await look(find([{ now: { count: 40, of: 320 }, causes: [] }]));
    expect(writes()).to.equal(2);
  });

  it("is written when a platform changes, though all of them together do not", async () => {
    const { look, alarm, find, db } = watched();
    const of = (ios: number, android: number): Partial<Finding> => {
      const part = (scope: "ios" | "android", count: number) => {
        return { scope, now: { count, of: 300 }, before: { count: 4, of: 1_000 } };
      };
      const parts = [part("ios", ios), part("android", android)];
      return { scopes: ["ios", "android"], now: { count: ios + android, of: 600 }, parts };
    };
    await look(find([of(60, 24)]));
    const writes = countWrites(db);
    await look(find([of(61, 24)]));
    expect(writes()).to.equal(0);
    await look(find([of(50, 34)]));
    expect(writes()).to.equal(1);
    expect((await alarm())?.parts).to.deep.equal(of(50, 34).parts);
  });

  it("gets its platforms' figures at the next finding, where it began before there were any", async () => {
    const { look, alarm, db, find } = watched();
    await look(failing);
    await db.doc("alarms/com.example.shop@2.5.1:not_downloaded").update({ parts: FieldValue.delete() });
    await look(find([{}]));
    expect((await alarm())?.parts).to.deep.equal(aFinding().parts);
  });

  it("ends when two looks in a row find it good", async () => {
    const { look, alarm, store } = watched();
    await look(failing, good);
    expect(await alarm()).to.include({ open: true, good_looks: 1 });
    await look(good);
    expect(await alarm()).to.deep.include({
      open: false,
      end: "good_again",
      ended_at: Timestamp.fromMillis(start + 15 * MINUTE),
      to_tell: true,
    });
    expect(await store.open()).to.deep.equal([]);
  });

  it("does not end when a look between two good ones finds it bad", async () => {
    const { look, alarm } = watched();
    await look(failing, good, failing, good);
    expect(await alarm()).to.include({ open: true, good_looks: 1 });
  });

  it("does not flicker: what cannot be judged leaves it as it is, and what was good before counts on", async () => {
    const { look, alarm } = watched();
    await look(failing, aLook(), good, aLook(), aLook());
    expect(await alarm()).to.include({ open: true, good_looks: 1 });
    await look(good);
    expect(await alarm()).to.include({ open: false, end: "good_again" });
  });

  it("ends at once when it is superseded, for all its measures or for one", async () => {
    const { look, store, alarm } = watched();
    const both = aLook({ findings: [aFinding(), aFinding({ measure: "crashed" })] });
    await look(both, superseded);
    expect(await alarm()).to.include({ open: false, end: "superseded" });
    expect(await store.open()).to.deep.equal([]);
    await look(both, aLook({ superseded: [version] }));
    expect((await store.open()).map(({ measure }) => measure)).to.deep.equal(["crashed"]);
  });

  it("neither begins nor stays where a look finds a version both failing and superseded", async () => {
    const { look, store, db } = watched();
    const both = aLook({ findings: [aFinding()], superseded: superseded.superseded });
    await look(both);
    expect((await db.collection("alarms").get()).size).to.equal(0);
    await look(failing, both);
    expect(await store.open()).to.deep.equal([]);
  });

  it("is no concern of looks at other apps", async () => {
    const { look, alarm, store } = watched();
    await look(failing);
    for (const fields of [good, superseded]) await look({ ...fields, app_id: "com.example.other" });
    expect(await alarm()).to.include({ open: true, good_looks: 0 });
    expect(await store.open("com.example.other")).to.deep.equal([]);
    expect(await store.open("com.example.shop")).to.have.length(1);
  });

  it("is not made by a look that finds a version good", async () => {
    const { look, db } = watched();
    await look(good, good, superseded);
    expect((await db.collection("alarms").get()).size).to.equal(0);
  });

  it("begins anew after its end, and nothing of it has been told then", async () => {
    const { look, alarm, store } = watched();
    await look(failing);
    const told = { began: { log: "taken" }, ended: { log: "taken" } } as const;
    await look(superseded);
    await store.change({ app_id: "com.example.shop", ...version }, (old) => old && { ...old, told });
    await look(failing);
    const now = await alarm();
    expect(now).to.deep.include({ open: true, told: { began: {}, ended: {} }, to_tell: true });
    expect(now?.began_at.toMillis()).to.equal(start + 15 * MINUTE);
    expect(now).to.not.have.any.keys("ended_at", "end", "good_at");
  });

  it("begins anew where somebody has edited its document until it is none", async () => {
    const { look, alarm, db } = watched();
    await db.doc("alarms/com.example.shop@2.5.1:not_downloaded").set({ open: true, note: "mine" });
    await look(failing);
    expect(await alarm()).to.deep.include({ ...aFinding(), open: true, note: "mine" });
  });
});

describe("two watchers at the same time", () => {
  it("begin an alarm once", async () => {
    const { lookTwice, alarm, db } = watched();
    const writes = countWrites(db);
    await lookTwice(failing);
    expect(writes()).to.equal(2); // One of which Firestore has refused.
    expect(await alarm()).to.deep.include({ open: true });
  });

  for (const [what, looks, field] of [
    ["begin", [failing], "began_at"],
    ["end", [failing, superseded], "ended_at"],
  ] as const) {
    it(`${what} an alarm once, though the slower one writes when the other has ${what === "end" ? "ended" : "begun"} it`, async () => {
      const { look, db, alarm } = watched();
      const last = looks.at(-1) ?? failing;
      await look(...looks.slice(0, -1));
      let isFirst = true;
      interceptCalls(db, async ({ method, proceed }) => {
        if (method === "commit" && isFirst) {
          isFirst = false;
          await createAlarmStore(db, () => start + 11 * MINUTE).apply(last);
        }
        return proceed();
      });
      await look(last);
      expect((await alarm())?.[field].toMillis()).to.equal(start + 11 * MINUTE);
    });
  }

  it("are one look: they do not end an alarm that one of them would not", async () => {
    const { look, lookTwice, alarm } = watched();
    await look(failing);
    await lookTwice(good);
    expect(await alarm()).to.include({ open: true, good_looks: 1 });
    await lookTwice(good);
    expect(await alarm()).to.include({ open: false, end: "good_again" });
  });

  it("do not make an alarm that has begun, been told and ended begin or end again", async () => {
    const { look, lookTwice, db } = watched();
    await look(failing);
    await lookTwice(superseded);
    const writes = countWrites(db);
    await lookTwice(superseded);
    await lookTwice(good);
    expect(writes()).to.equal(0);
  });
});

describe("a look at which Firestore fails", () => {
  for (const [when, isCarriedOut] of [
    ["before the write", false],
    ["after the write, whose answer is lost", true],
  ] as const) {
    it(`${when} is safe to repeat, at each step of an alarm's life`, async () => {
      const { look, alarm, db } = watched();
      const failingOnce = async (sight: Look) => {
        let failed = false;
        const end = interceptCalls(db, async ({ method, proceed }) => {
          if (method !== "commit" || failed) return proceed();
          failed = true;
          if (isCarriedOut) await proceed();
          throw firestoreError(7);
        });
        await look(sight).then(
          () => expect.fail("the look should have failed"),
          () => {},
        );
        end();
      };
      await failingOnce(failing);
      const began = (await alarm())?.began_at;
      await look(failing);
      if (isCarriedOut) expect((await alarm())?.began_at).to.deep.equal(began);
      await failingOnce(superseded);
      const ended = (await alarm())?.ended_at;
      await look(superseded);
      expect(await alarm()).to.include({ open: false, end: "superseded" });
      if (isCarriedOut) expect((await alarm())?.ended_at).to.deep.equal(ended);
    });
  }
});
