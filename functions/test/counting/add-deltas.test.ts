import { expect } from "chai";
import { type DocumentSnapshot, type Firestore, Timestamp } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { createImpatientTime } from "../../dev/testing/clocks.ts";
import { newApp } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createDeltaAdder } from "../../src/counting/add-deltas.ts";
import type { DeltaDocument } from "../../src/counting/documents.ts";
import { backend, readCounts } from "../backend.ts";
import { addAllDeltas } from "../tools/operator.ts";

const COUNTER = "counters/com.example.shop@2.5.1";
const DAY = "2026-11-27";

type Days = DeltaDocument["days"];

/** The counts of some events of one hour, as a delta has them by day. */
const day = (set: number): Days[string] => ({
  actions: { set },
  platforms: { android: { set } },
  development: {},
  hours: { "14": { android: { installed: set } } },
});

/** What is in a day when they are added, and what is in a counter. */
const inDay = (set: number) => ({ ...counted(set), hours: { "14": { android: { installed: set } } } });
const counted = (set: number) => ({ actions: { set }, platforms: { android: { set } } });

/** Creates deltas of 2.5.1, and gives them as their triggers deliver them. */
async function createDeltas<Each extends Days[]>(db: Firestore, days: [...Each], version_name = "2.5.1") {
  const refs = days.map(() => db.collection("deltas").doc());
  const batch = db.batch();
  refs.forEach((ref, index) => {
    batch.create(ref, { app_id: "com.example.shop", version_name, days: days[index] });
  });
  await batch.commit();
  return (await db.getAll(...refs)) as { [Key in keyof Each]: DocumentSnapshot };
}

function newInstance(db: Firestore) {
  return createDeltaAdder(db, createImpatientTime());
}

async function deltasLeft(db: Firestore): Promise<number> {
  return (await db.collection("deltas").get()).size;
}

describe("adding deltas", () => {
  it("is triggered by their creation", async () => {
    const app_id = newApp();
    const delta = { app_id, version_name: "2.5.1", days: { [DAY]: day(3) } };
    const { firestore, settled } = backend().deployed;
    const ref = await firestore.collection("deltas").add(delta);
    await settled();
    expect(await readCounts(firestore, `counters/${app_id}@2.5.1`)).to.deep.equal(counted(3));
    expect((await ref.get()).exists).to.equal(false);
  });

  it("adds them to the counter and its days in few commits, and deletes them", async () => {
    const db = backend().newFirestore();
    const deltas = await createDeltas(db, [
      { [DAY]: day(3) },
      { [DAY]: day(4), "2026-11-28": day(5) },
      { "2026-11-28": { actions: { get: 1 }, platforms: { ios: { get: 1 } }, development: {}, hours: {} } },
    ]);
    let commits = 0;
    interceptCalls(db, ({ method, proceed }) => {
      if (method === "commit") commits++;
      return proceed();
    });
    expect(await Promise.all(deltas.map(newInstance(db)))).to.deep.equal(["added", "added", "added"]);
    expect(commits).to.be.at.most(2);
    expect(await readCounts(db, COUNTER)).to.deep.equal({
      actions: { set: 12, get: 1 },
      platforms: { android: { set: 12 }, ios: { get: 1 } },
    });
    expect(await readCounts(db, `${COUNTER}/days/${DAY}`)).to.deep.equal(inDay(7));
    expect(await readCounts(db, `${COUNTER}/days/2026-11-28`)).to.deep.equal({
      ...{ actions: { set: 5, get: 1 }, platforms: { android: { set: 5 }, ios: { get: 1 } } },
      hours: { "14": { android: { installed: 5 } } },
    });
    const counter = await db.doc(COUNTER).get();
    expect(counter.data()).to.include({ app_id: "com.example.shop", version_name: "2.5.1" });
    expect(counter.get("updated_at")).to.be.instanceOf(Timestamp);
    expect(await deltasLeft(db)).to.equal(0);
  });

  it("adds one once that comes twice at once, again later, or after a lost answer", async () => {
    const db = backend().newFirestore();
    const [delta, other] = await createDeltas(db, [{ [DAY]: day(3) }, { [DAY]: day(4) }]);
    let lost = false;
    interceptCalls(db, async ({ method, proceed }) => {
      const answer = await proceed();
      if (method !== "commit" || lost) return answer;
      lost = true;
      throw firestoreError(4);
    });
    const [first, second] = [newInstance(db), newInstance(db)];
    await Promise.all([first(delta), first(delta), second(delta), first(other)]);
    await second(delta);
    expect(await readCounts(db, COUNTER)).to.deep.equal(counted(7));
  });

  it("acknowledges those of a counter that cannot be written, for the sweep, and adds the others", async () => {
    const db = backend().newFirestore();
    const [stuck] = await createDeltas(db, [{ [DAY]: day(3) }], "1.0.0");
    const [fine] = await createDeltas(db, [{ [DAY]: day(4) }]);
    const add = newInstance(db);
    for (const code of [3, 10, 14]) {
      const end = interceptCalls(db, ({ request, proceed }) =>
        JSON.stringify(request.writes ?? "").includes("@1.0.0")
          ? Promise.reject(firestoreError(code))
          : proceed(),
      );
      expect(await Promise.all([add(stuck), add(fine)])).to.deep.equal(["left", "added"]);
      end();
      const [error, ...more] = logs.splice(0);
      expect([error?.severity, error?.counter, more.length]).to.deep.equal([
        "ERROR",
        "com.example.shop@1.0.0",
        0,
      ]);
    }
    await addAllDeltas(db);
    expect(await readCounts(db, "counters/com.example.shop@1.0.0")).to.deep.equal(counted(3));
    expect(await readCounts(db, COUNTER)).to.deep.equal(counted(4));
  });

  it("refuses while Firestore cannot be reached or may not be written, so that they are delivered again", async () => {
    const db = backend().newFirestore();
    const [delta] = await createDeltas(db, [{ [DAY]: day(3) }]);
    for (const code of [7, 14]) {
      const end = interceptCalls(db, () => Promise.reject(firestoreError(code)));
      expect(await newInstance(db)(delta).catch((error) => error)).to.have.property("code", code);
      end();
    }
    expect(await deltasLeft(db)).to.equal(1);
  });

  it("finds the one that Firestore refuses, and adds the others", async () => {
    const db = backend().newFirestore();
    const deltas = await createDeltas(
      db,
      Array.from({ length: 6 }, () => ({ [DAY]: day(1) })),
    );
    const poison = deltas[4]?.id ?? "";
    interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request.writes ?? "").includes(poison) ? Promise.reject(firestoreError(3)) : proceed(),
    );
    const outcomes = await Promise.all(deltas.map(newInstance(db)));
    expect(outcomes.filter((outcome) => outcome === "left")).to.have.length(1);
    expect(await readCounts(db, COUNTER)).to.deep.equal(counted(5));
  });

  it("transforms at most 500 fields of a document in a commit", async () => {
    const db = backend().newFirestore();
    const days = Array.from({ length: 6 }, (_, delta) => {
      const actions = Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`action_${delta}_${n}`, 1]));
      return { [DAY]: { actions, platforms: { other: actions }, development: {}, hours: {} } };
    });
    const transforms: number[] = [];
    interceptCalls(db, ({ request, proceed }) => {
      for (const { updateTransforms } of request.writes ?? []) transforms.push(updateTransforms?.length ?? 0);
      return proceed();
    });
    await Promise.all((await createDeltas(db, days)).map(newInstance(db)));
    expect(Math.max(...transforms)).to.be.within(201, 500);
    expect(Object.keys((await readCounts(db, COUNTER))?.actions)).to.have.length(600);
  });

  it("counts the hours among the fields that a commit may transform", async () => {
    const db = backend().newFirestore();
    const hours = (platform: string, count: number) =>
      Object.fromEntries(
        Array.from({ length: count }, (_, hour) => [
          String(hour).padStart(2, "0"),
          { [platform]: { begun: 1, downloaded: 1, installed: 1, rolled_back: 1, starts: 1, crashes: 1 } },
        ]),
      );
    const days = ["android", "ios", "other", "electron"].map((platform) => ({
      [DAY]: {
        actions: { get: 1 },
        platforms: { [platform]: { get: 1 } },
        development: {},
        hours: hours(platform, 24),
      },
    }));
    const transforms: number[] = [];
    interceptCalls(db, ({ request, proceed }) => {
      for (const { updateTransforms } of request.writes ?? []) transforms.push(updateTransforms?.length ?? 0);
      return proceed();
    });
    await Promise.all((await createDeltas(db, days)).map(newInstance(db)));
    expect(Math.max(...transforms)).to.be.within(144, 500);
    const day = await readCounts(db, `${COUNTER}/days/${DAY}`);
    expect(day?.hours["23"]).to.have.keys("android", "ios", "other", "electron");
    expect(day?.actions).to.deep.equal({ get: 4 });
  });

  it("adds those that were written before there were hours and development builds", async () => {
    const db = backend().newFirestore();
    const [delta] = await createDeltas(db, [{ [DAY]: day(2) }]);
    const old = db.doc("deltas/old");
    await old.set({ app_id: "com.example.shop", version_name: "2.5.1", days: { [DAY]: counted(3) } });
    const add = newInstance(db);
    expect(await add(await old.get())).to.equal("added");
    expect(await readCounts(db, `${COUNTER}/days/${DAY}`)).to.deep.equal(counted(3));
    expect(await add(delta)).to.equal("added");
    expect(await readCounts(db, COUNTER)).to.deep.equal(counted(5));
    expect(await readCounts(db, `${COUNTER}/days/${DAY}`)).to.deep.equal({
      ...counted(5),
      hours: inDay(2).hours,
    });
    expect(await deltasLeft(db)).to.equal(0);
  });

  it("leaves a document alone that is no delta, and says so", async () => {
    const db = backend().newFirestore();
    const ref = db.doc("deltas/by-hand");
    await ref.set({ note: "not a delta" });
    expect(await newInstance(db)(await ref.get())).to.equal("left");
    expect((await ref.get()).exists).to.equal(true);
    expect(logs.some(({ severity }) => severity === "ERROR")).to.equal(true);
  });
});
