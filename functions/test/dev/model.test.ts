import { expect } from "chai";
import { FieldValue } from "firebase-admin/firestore";
import { createAdminSdk, createCommitTally } from "../../dev/bench/model/admin-sdk.ts";
import { createFirestore, type Write } from "../../dev/bench/model/firestore.ts";
import { createFleet } from "../../dev/bench/model/fleet.ts";
import { hotVersion } from "../../dev/bench/model/hot-version.ts";
import { followProgress } from "../../dev/bench/model/progress.ts";
import { createSubscription } from "../../dev/bench/model/pubsub.ts";
import { createVirtualTime, type VirtualTime } from "../../dev/bench/model/time.ts";
import { typicalWorld, type World } from "../../dev/bench/model/world.ts";
import { statusOf } from "../../src/firestore/errors.ts";

describe("the model of counting", () => {
  describe("time", () => {
    it("jumps to the next sleeper and wakes all of one millisecond together", async () => {
      const { clock, passUntil } = createVirtualTime();
      const woke: [string, number][] = [];
      const sleep = async (name: string, milliseconds: number) => {
        await clock.sleep(milliseconds);
        woke.push([name, clock.now()]);
      };
      sleep("late", 3_600_000);
      sleep("a", 0.2);
      sleep("b", 1);
      await passUntil(() => woke.length === 3);
      expect(woke).to.deep.equal([
        ["a", 1],
        ["b", 1],
        ["late", 3_600_000],
      ]);
    });
  });

  describe("locks", () => {
    it("let a commit wait until the one before has done its work", async () => {
      const { time, firestore } = modelled({ locks: "wait" });
      const outcomes = await run(time, [
        firestore.commit([merge("counters/a"), merge("counters/b")]),
        firestore.commit([merge("counters/b")]),
      ]);
      // Half a round trip, the work of two writes, that of one more, and half a round trip.
      expect(outcomes).to.deep.equal([
        { at: 15 + 4 + 15, code: undefined },
        { at: 15 + 4 + 2 + 15, code: undefined },
      ]);
    });

    it("abort a commit that has waited for 20 s, here for another one that waits for it", async () => {
      const { time, firestore } = modelled({ locks: "wait" });
      const [a, b, c] = await run(time, [
        firestore.commit([
          merge("counters/x"),
          ...Array.from({ length: 10_000 }, (_, n) => merge(`days/${n}`)),
        ]),
        firestore.commit([merge("counters/y"), merge("counters/x")]),
        firestore.commit([merge("counters/y")]),
      ]);
      expect(a).to.deep.equal({ at: 15 + 20_002 + 15, code: undefined });
      expect(b).to.deep.equal({ at: 15 + 20_000 + 15, code: 10 });
      expect(c).to.deep.equal({ at: 15 + 20_000 + 15, code: 10 });
    });

    it("abort a commit at once, where that is what Firestore does; the SDK tries it again", async () => {
      const { time, firestore } = modelled({ locks: "abort" });
      const commits = createCommitTally();
      const { db } = createAdminSdk(firestore, time, commits);
      const batch = db.batch();
      batch.set(db.collection("counters").doc("a"), { n: FieldValue.increment(2) }, { merge: true });
      const [first, second, repeated] = await run(time, [
        firestore.commit([merge("counters/a")]),
        firestore.commit([merge("counters/a")]),
        batch.commit(),
      ]);
      expect(first).to.deep.equal({ at: 32, code: undefined });
      expect(second).to.deep.equal({ at: 30, code: 10 });
      expect(repeated?.code).to.equal(undefined);
      expect(commits.aborted).to.be.greaterThan(0);
      expect(firestore.documents.get("counters/a")?.data).to.deep.equal({ n: 3 });
      expect(firestore.billed).to.deep.equal({ writes: 2, deletes: 0, reads: 0 });
    });
  });

  describe("preconditions", () => {
    for (const [preconditions, work] of [
      ["first", 0],
      ["last", 6],
    ] as const) {
      it(`are checked ${preconditions}: a commit that fails has taken ${work} ms of work, and changes nothing`, async () => {
        const { time, firestore } = modelled({ preconditions });
        firestore.apply([create("events/e"), create("deltas/d")]);
        const lastUpdateTime = firestore.documents.get("events/e")?.updateTime;
        firestore.apply([{ kind: "update", path: "events/e", data: { counted: true } }]);
        const others = [merge("counters/a"), merge("counters/b")];
        const outcomes = await run(time, [
          firestore.commit([{ kind: "update", path: "events/e", data: {}, lastUpdateTime }, ...others]),
        ]);
        const created = await run(time, [firestore.commit([...others, create("deltas/d")])]);
        const deleted = await run(time, [
          firestore.commit([{ kind: "delete", path: "events/e", lastUpdateTime }, ...others]),
        ]);
        const took = 30 + work;
        expect(outcomes).to.deep.equal([{ at: took, code: 9 }]);
        expect(created).to.deep.equal([{ at: took, code: 6 }]);
        expect(deleted).to.deep.equal([{ at: took, code: 9 }]);
        expect(firestore.documents.has("counters/a")).to.equal(false);
        expect(firestore.billed).to.deep.equal({ writes: 3, deletes: 0, reads: 0 });
      });
    }

    it("that held at first are checked again when the locks are there", async () => {
      const { time, firestore } = modelled({ preconditions: "first" });
      firestore.apply([create("deltas/d")]);
      const remove: Write = {
        kind: "delete",
        path: "deltas/d",
        lastUpdateTime: firestore.documents.get("deltas/d")?.updateTime,
      };
      const outcomes = await run(time, [firestore.commit([remove]), firestore.commit([remove])]);
      expect(outcomes.map(({ code }) => code)).to.deep.equal([undefined, 9]);
    });
  });

  describe("the subscription", () => {
    it("begins with 5 messages and doubles as they are answered", async () => {
      const most = await mostOutstanding({ latency: 500, until: 7_000 });
      expect(most.slice(0, 6)).to.deep.equal([5, 10, 20, 40, 80, 160]);
    });

    it("keeps to 3,000 messages while the mean latency is over a second", async () => {
      expect((await mostOutstanding({ latency: 1_100, until: 30_000 })).at(-1)).to.equal(3_000);
    });

    it("delivers a refused message again, and nothing else for 10 s", async () => {
      const time = createVirtualTime();
      const deliveries: [string, number][] = [];
      const subscription = createSubscription<string>(time, async (body) => {
        deliveries.push([body, time.clock.now()]);
        if (deliveries.length === 1) throw new Error("no");
      });
      subscription.publish("a");
      time.clock.sleep(100).then(() => subscription.publish("b"));
      await time.passUntil(() => deliveries.length >= 3);
      expect(deliveries.map(([body]) => body).sort()).to.deep.equal(["a", "a", "b"]);
      expect(deliveries.map(([, at]) => at)).to.deep.equal([250, 10_250, 10_250]);
      expect(subscription.refused).to.equal(1);
    });
  });

  describe("the fleet", () => {
    it("bills the time in which a request is open, each stretch rounded up to 100 ms", async () => {
      const time = createVirtualTime();
      const fleet = createFleet<number>(time, {
        maxInstances: 1,
        concurrency: 80,
        cpu: () => 0,
        createHandler: () => (milliseconds) => time.clock.sleep(milliseconds),
      });
      await run(time, [fleet.request(30)]);
      expect(fleet.billedSeconds).to.equal(0.1);
      await run(time, [fleet.request(30), fleet.request(130)]);
      expect(fleet.billedSeconds).to.equal(0.3);
    });

    it("answers 429 to what finds no room for 10 s", async () => {
      const time = createVirtualTime();
      const fleet = createFleet<number>(time, {
        maxInstances: 1,
        concurrency: 1,
        cpu: () => 0,
        createHandler: () => (milliseconds) => time.clock.sleep(milliseconds),
      });
      const [served, refused] = await run(time, [fleet.request(20_000), fleet.request(1).catch(() => "429")]);
      expect(served?.at).to.equal(2_000 + 20_000);
      expect(refused?.at).to.equal(10_000);
      expect(fleet.invocations).to.equal(1);
    });
  });

  it("notices an event that is counted twice", async () => {
    const { time, firestore } = modelled({});
    const progress = followProgress(firestore, time.clock.now);
    firestore.apply([create("events/e")]);
    const actions = { set: FieldValue.increment(1) };
    for (let i = 0; i < 2; i++) {
      firestore.apply([
        { kind: "update", path: "events/e", data: { counted: true } },
        { kind: "merge", path: "counters/a", data: { actions } },
      ]);
    }
    expect(progress.inCounter).to.equal(1);
    expect(progress.surplus).to.equal(1);
  });

  for (const contender of ["ours", "baseline"] as const) {
    it(`counts the events of ${contender} once, in whatever order duplicates come`, async () => {
      const eventsPerSecond = contender === "ours" ? 300 : 1;
      const options = { contender, eventsPerSecond, seconds: 10, world: typicalWorld };
      const { inCounter, offered, countedTwice } = await hotVersion(options);
      expect({ inCounter, countedTwice }).to.deep.equal({ inCounter: offered, countedTwice: 0 });
    });
  }
});

function modelled(world: Partial<World>) {
  const time = createVirtualTime();
  return { time, firestore: createFirestore(time, { ...typicalWorld, ...world }) };
}

const create = (path: string): Write => ({ kind: "create", path, data: {} });
const merge = (path: string): Write => ({ kind: "merge", path, data: { n: FieldValue.increment(1) } });

/** Lets time pass until calls are done: how long each took, in milliseconds, and its error code. */
async function run(time: VirtualTime, calls: Promise<unknown>[]) {
  const began = time.clock.now();
  const outcomes: { at: number; code: unknown }[] = [];
  let done = 0;
  calls.forEach(async (call, index) => {
    const code = await call.then(() => undefined, statusOf);
    outcomes[index] = { at: time.clock.now() - began, code };
    done++;
  });
  await time.passUntil(() => done === calls.length);
  return outcomes;
}

/** The most messages that were outstanding at once, at each of its changes, where there are always more to deliver. */
async function mostOutstanding({ latency, until }: { latency: number; until: number }): Promise<number[]> {
  const time = createVirtualTime();
  const most = [0];
  let outstanding = 0;
  const subscription = createSubscription<number>(time, async () => {
    outstanding++;
    await time.clock.sleep(latency);
    outstanding--;
  });
  for (let i = 0; i < 40_000; i++) subscription.publish(i);
  let sampled = 0;
  const sample = async () => {
    for (;;) {
      await time.clock.sleep(250);
      if (outstanding > (most.at(-1) ?? 0)) most.push(outstanding);
      sampled = time.clock.now();
    }
  };
  sample();
  await time.passUntil(() => sampled >= until);
  return most.slice(1);
}
