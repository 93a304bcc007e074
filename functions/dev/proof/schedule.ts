/** One random schedule: events, deliveries, instances, faults and deletions, and what must hold when it is over. */

import { setTimeout as sleep } from "node:timers/promises";
import { FirestoreMock } from "@firebase-bridge/firestore-admin";
import { expect } from "chai";
import fc from "fast-check";
import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { Timestamp } from "firebase-admin/firestore";
import { systemClock } from "../../src/clock.ts";
import { createEventCounter } from "../../src/counting/count-events.ts";
import type { Counts } from "../../src/counting/documents.ts";
import { moveShards } from "../../src/counting/shards.ts";
import { systemTime, type Time } from "../testing/clocks.ts";
import { firestoreError, interceptCalls } from "../testing/faults.ts";

/** A mishap of a call on its way to Firestore and back. */
type Fault =
  /** It fails before it is applied. */
  | { kind: "fails"; code: number }
  /** It is applied, and its answer is lost. */
  | { kind: "answer lost"; code: number }
  /** Somebody changes one of the events it is about just before it is applied. */
  | { kind: "event touched"; which: number }
  /** The instance dies: the call may be applied, and nothing of the instance is heard again. */
  | { kind: "instance dies"; applied: boolean };

const transientCode = fc.constantFrom(1, 2, 4, 8, 10, 13, 14);

const fault: fc.Arbitrary<Fault | undefined> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(undefined) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("fails" as const), code: transientCode }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("answer lost" as const), code: transientCode }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("event touched" as const), which: fc.nat(20) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("instance dies" as const), applied: fc.boolean() }) },
);

const event = fc.record({
  action: fc.constantFrom("set", "get", "download_complete"),
  platform: fc.constantFrom("android", "ios", "windows"),
  version_name: fc.constantFrom("1.0.0", "1.0.0:main.js", "2.0.0"),
  day: fc.constantFrom("2026-11-22", "2026-11-23"),
  /** Each is delivered after some ticks to some instance; more than one is a duplicate. */
  deliveries: fc.array(fc.record({ after: fc.nat(6), instance: fc.nat(2) }), { minLength: 1, maxLength: 3 }),
  /** After how many ticks it is deleted, by a privacy request or TTL. */
  deletedAfter: fc.option(fc.nat(8), { freq: 8, nil: undefined }),
});

/** A schedule. Small numbers of everything: what goes wrong, goes wrong among few. */
export const schedule = fc.record({
  events: fc.array(event, { minLength: 1, maxLength: 12 }),
  /** Befall the calls of all instances, one after another; later calls go well. */
  faults: fc.array(fault, { maxLength: 12 }),
  /** An event that Firestore refuses in every commit, for good. */
  poison: fc.option(fc.nat(11), { freq: 4, nil: undefined }),
  shards: fc.constantFrom(1, 1, 3),
});

export type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

const TICK = 2;
const INSTANCES = 3;
const tick = () => sleep(TICK);

/** A second is a tick, so that commits gather and backoff happens, in no time. Firestore has its real time to answer. */
const quickTime: Time = {
  clock: {
    now: () => performance.now() * (1_000 / TICK),
    sleep: (milliseconds) => systemClock.sleep((milliseconds * TICK) / 1_000),
  },
  timers: systemTime.timers,
};

/** Runs a schedule. Rejects with what does not hold when all deliveries are done. */
export async function run({ events, faults, poison, shards }: Schedule): Promise<void> {
  const database = new FirestoreMock().createDatabase("demo-proof");
  const admin = database.firestore();
  const path = (index: number) => `events/e${index}`;
  const poisonPath = poison !== undefined && poison < events.length ? path(poison) : undefined;
  await Promise.all(events.map((event, index) => admin.doc(path(index)).create(storedEvent(event))));
  const snapshots = await admin.getAll(...events.map((_, index) => admin.doc(path(index))));

  const pendingFaults = [...faults];
  const instances = Array.from({ length: INSTANCES }, () => newInstance());

  function newInstance() {
    const { db, ...life } = faultyFirestore();
    return { count: createEventCounter(db, { interval: 1_000, shards, ...quickTime }), ...life };
  }

  /** A connection of one instance: faults befall its calls, and one of them may be its last. */
  function faultyFirestore() {
    const db = database.firestore();
    let dead = false;
    let die: (reason: Error) => void = () => {};
    const died = new Promise<never>((_, reject) => {
      die = reject;
    });
    died.catch(() => {});
    interceptCalls(db, async ({ request, proceed }) => {
      if (dead) return silence();
      const fault = pendingFaults.shift();
      const eventsInIt = (request.writes ?? []).flatMap(
        ({ update }) => update?.name?.match(/events\/e\d+$/)?.[0] ?? [],
      );
      const apply = () =>
        poisonPath && eventsInIt.includes(poisonPath)
          ? Promise.reject(firestoreError(3, "poison"))
          : proceed();
      if (fault?.kind === "fails") throw firestoreError(fault.code);
      if (fault?.kind === "instance dies") {
        if (fault.applied) apply().catch(() => {});
        dead = true;
        die(new Error("the instance died"));
        return silence();
      }
      if (fault?.kind === "event touched") touch(eventsInIt[fault.which % eventsInIt.length]);
      const answer = await apply();
      if (fault?.kind === "answer lost") throw firestoreError(fault.code);
      return answer;
    });
    return { db, isDead: () => dead, died };
  }

  function touch(event: string | undefined): void {
    const { data } = event ? database.database.getDocument(event) : {};
    if (event && data) database.database.setDocument(event, { ...data, touched: true });
  }

  // The poison event is delivered for as long as it can be in the way of others.
  let othersWaiting = events.flatMap((event, index) =>
    path(index) === poisonPath ? [] : event.deliveries,
  ).length;

  /** Delivers as Eventarc does: until it is acknowledged. */
  async function deliver(snapshot: DocumentSnapshot, which: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (instances[which]?.isDead()) instances[which] = newInstance();
      const instance = instances[which];
      const acknowledged = await Promise.race([instance?.count(snapshot), instance?.died]).then(
        () => true,
        (error) => {
          if (error.code === 3 && snapshot.ref.path !== poisonPath)
            throw new Error("an event pays for the poison one");
          return false;
        },
      );
      const isPoison = snapshot.ref.path === poisonPath;
      if (acknowledged && isPoison && database.database.getDocument(poisonPath).exists) {
        throw new Error("the poison event is acknowledged, but cannot be counted");
      }
      if (acknowledged || (isPoison && othersWaiting === 0)) return;
      if (attempt > 200) throw new Error(`${snapshot.ref.path} is never counted`);
      await tick();
    }
  }

  const countedWhenDeleted = new Set<number>();
  async function remove(index: number, after: number): Promise<void> {
    for (let passed = 0; passed < after; passed++) await tick();
    if (database.database.getDocument(path(index)).data?.counted === true) countedWhenDeleted.add(index);
    database.database.deleteDocument(path(index));
  }

  /** As the scheduled function does, while counting goes on; the last time is after everything. */
  async function move(after: number): Promise<void> {
    for (let passed = 0; passed < after; passed++) await tick();
    const { db, died } = faultyFirestore();
    await Promise.race([moveShards(db), died]).catch(() => {});
  }

  await Promise.all([
    ...(shards > 1 ? [move(2), move(2), move(6)] : []),
    ...events.flatMap(({ deliveries, deletedAfter }, index) => [
      ...deliveries.map(async ({ after, instance }) => {
        for (let passed = 0; passed < after; passed++) await tick();
        await deliver(snapshots[index] as DocumentSnapshot, instance);
        if (path(index) !== poisonPath) othersWaiting--;
      }),
      ...(deletedAfter === undefined ? [] : [remove(index, deletedAfter)]),
    ]),
  ]);
  await moveShards(admin);

  const expected = new Map<string, Counts>();
  events.forEach((event, index) => {
    const document = database.database.getDocument(path(index)).data;
    if (path(index) === poisonPath) {
      if (document?.counted === true) throw new Error("the poison event is marked counted");
      return;
    }
    if (document && document.counted !== true) throw new Error(`${path(index)} is not marked counted`);
    if (!document && !countedWhenDeleted.has(index)) return;
    for (const counted of pathsOf(event)) {
      const sum = expected.get(counted) ?? { actions: {}, platforms: {} };
      expected.set(counted, sum);
      addByHand(sum, event);
    }
  });
  expect(await countersOf(admin)).to.deep.equal(expected);
  database.delete();
}

/** The answer of a dead instance: none. */
function silence(): Promise<never> {
  return new Promise(() => {});
}

type Event = Schedule["events"][number];

function storedEvent({ action, platform, version_name, day }: Event) {
  const received_at = Timestamp.fromDate(new Date(`${day}T12:00:00Z`));
  return { app_id: "com.example.shop", action, platform, version_name, received_at, counted: false };
}

/** The documents that an event is counted in. */
function pathsOf({ version_name, day }: Event): string[] {
  const counter = `counters/com.example.shop@${version_name.split(":")[0]}`;
  return [counter, `${counter}/days/${day}`];
}

/** Adds what an event counts for. The code under test has no part in it: it would always agree with itself. */
function addByHand({ actions, platforms }: Counts, { action, platform }: Event): void {
  const name = platform === "windows" ? "other" : platform;
  platforms[name] = platforms[name] ?? {};
  for (const counts of [actions, platforms[name]]) counts[action] = (counts[action] ?? 0) + 1;
}

/** Reads every counter and day, by path, with all that counts in it. */
async function countersOf(db: Firestore): Promise<Map<string, object>> {
  const counters = await db.collection("counters").get();
  const days = await db.collectionGroup("days").get();
  return new Map(
    [...counters.docs, ...days.docs].map((snapshot) => {
      const { app_id, version_name, updated_at, ...counts } = snapshot.data();
      return [snapshot.ref.path, counts];
    }),
  );
}
