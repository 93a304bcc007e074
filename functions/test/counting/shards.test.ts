import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { systemTime } from "../../dev/testing/clocks.ts";
import { store } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createEventCounter } from "../../src/counting/count-events.ts";
import { moveShards } from "../../src/counting/shards.ts";
import { backend, today } from "../backend.ts";

const COUNTER = "counters/com.example.shop@2.5.1";

/** Stores and counts events, each by an instance of its own. */
async function count(db: Firestore, shards: number, howMany: number, fields = {}): Promise<void> {
  const snapshots = await store(db, ...Array.from({ length: howMany }, () => fields));
  await Promise.all(
    snapshots.map((snapshot) => createEventCounter(db, { interval: 0, shards, ...systemTime })(snapshot)),
  );
}

async function actions(db: Firestore, path = COUNTER) {
  return (await db.doc(path).get()).get("actions");
}

describe("a counter over shards", () => {
  it("follows its shards when they are moved, with its platforms and days", async () => {
    const db = backend().newFirestore();
    await count(db, 10, 20);
    await count(db, 10, 3, { platform: "ios", action: "set_fail" });
    expect((await db.doc(COUNTER).get()).exists).to.equal(false);
    const shards = await db.collection(`${COUNTER}/shards`).get();
    expect(shards.size).to.be.within(2, 10);

    await moveShards(db);
    const expected = {
      actions: { set: 20, set_fail: 3 },
      platforms: { android: { set: 20 }, ios: { set_fail: 3 } },
    };
    const counter = (await db.doc(COUNTER).get()).data();
    expect(counter).to.deep.include({ app_id: "com.example.shop", version_name: "2.5.1", ...expected });
    expect((await db.doc(`${COUNTER}/days/${today()}`).get()).data()).to.deep.equal(expected);
  });

  it("changes nothing when shards are moved twice, at once, or again after a lost answer", async () => {
    const db = backend().newFirestore();
    await count(db, 5, 12);
    let lost = false;
    interceptCalls(db, async ({ method, proceed }) => {
      const answer = await proceed();
      if (method === "commit" && !lost) {
        lost = true;
        throw firestoreError(4);
      }
      return answer;
    });
    await Promise.allSettled([moveShards(db), moveShards(db)]);
    await moveShards(db);
    await moveShards(db);
    expect((await db.collectionGroup("shards").get()).size).to.equal(0);
    expect(await actions(db)).to.deep.equal({ set: 12 });
  });

  it("loses nothing going from 1 shard to many and back, with counting under way", async () => {
    const db = backend().newFirestore();
    await count(db, 1, 5);
    await Promise.all([count(db, 4, 6), count(db, 1, 2), moveShards(db)]);
    await count(db, 4, 3);
    await Promise.all([count(db, 1, 4), moveShards(db)]);
    await moveShards(db);
    expect(await actions(db)).to.deep.equal({ set: 20 });
    expect(await actions(db, `${COUNTER}/days/${today()}`)).to.deep.equal({ set: 20 });
  });

  it("moves the shards of every counter, and those of the others when one cannot be", async () => {
    const db = backend().newFirestore();
    for (const version_name of ["1.0.0", "2.0.0", "3.0.0"]) await count(db, 3, 4, { version_name });
    const restore = interceptCalls(db, ({ method, request, proceed }) =>
      method === "commit" && JSON.stringify(request).includes("@2.0.0")
        ? Promise.reject(firestoreError(3))
        : proceed(),
    );
    const error = await moveShards(db).catch((reason) => reason);
    restore();
    expect(error).to.be.instanceOf(AggregateError);
    expect(await actions(db, "counters/com.example.shop@1.0.0")).to.deep.equal({ set: 4 });
    expect(await actions(db, "counters/com.example.shop@3.0.0")).to.deep.equal({ set: 4 });
    await moveShards(db);
    expect(await actions(db, "counters/com.example.shop@2.0.0")).to.deep.equal({ set: 4 });
  });

  it("leaves a document alone that is no shard, and says so", async () => {
    const db = backend().newFirestore();
    await db.doc(`${COUNTER}/shards/by-hand`).set({ note: "not a shard" });
    await count(db, 3, 2);
    await moveShards(db);
    expect(await actions(db)).to.deep.equal({ set: 2 });
    expect((await db.doc(`${COUNTER}/shards/by-hand`).get()).exists).to.equal(true);
    expect(logs.some(({ severity }) => severity === "ERROR")).to.equal(true);
  });

  it("leaves a shard on which commits collide", async () => {
    const db = backend().newFirestore();
    const contended = new Set<string>();
    interceptCalls(db, ({ method, request, proceed }) => {
      const shard = JSON.stringify(request.writes ?? "").match(/shards\/(\d+)/)?.[1];
      if (method === "commit" && shard && (contended.size === 0 || contended.has(shard))) {
        contended.add(shard);
        return Promise.reject(firestoreError(10));
      }
      return proceed();
    });
    await count(db, 10, 1);
    await moveShards(db);
    expect(contended.size).to.equal(1);
    expect(await actions(db)).to.deep.equal({ set: 1 });
  });
});
