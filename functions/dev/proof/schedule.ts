/** One random schedule: events, deliveries, instances, faults and deletions, and what must hold when it is over. */

import { setTimeout as sleep } from "node:timers/promises";
import { FirestoreMock } from "@firebase-bridge/firestore-admin";
import { expect } from "chai";
import fc from "fast-check";
import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { Timestamp } from "firebase-admin/firestore";
import { systemClock } from "../../src/clock.ts";
import { type AddDelta, createDeltaAdder } from "../../src/counting/add-deltas.ts";
import { type CountEvent, createEventCounter } from "../../src/counting/count-events.ts";
import { sweepDeltas, sweepEvents } from "../../src/counting/sweep.ts";
import { systemTime, type Time } from "../testing/clocks.ts";
import { type Call, firestoreError, interceptCalls } from "../testing/faults.ts";
import { figuresByHand, hoursByHand } from "./by-hand.ts";

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

/** Each is delivered after some ticks to some instance; more than one is a duplicate, and the sweep finds what has none. */
const deliveries = fc.array(fc.record({ after: fc.nat(6), instance: fc.nat(2) }), { maxLength: 3 });

/** What a device says of its app. */
interface Build {
  is_prod?: boolean;
  is_emulator?: boolean;
}

const event = fc.record({
  action: fc.constantFrom("set", "get", "download_complete", "checksum_fail"),
  platform: fc.constantFrom("android", "ios", "windows"),
  build: fc.constantFrom<Build>(
    { is_prod: true, is_emulator: false },
    {},
    { is_prod: false },
    { is_emulator: true },
  ),
  version_name: fc.constantFrom("1.0.0", "1.0.0:main.js", "2.0.0"),
  day: fc.constantFrom("2026-11-22", "2026-11-23"),
  hour: fc.constantFrom("00", "23"),
  deliveries,
  /** After how many ticks it is deleted, by a privacy request or TTL. */
  deletedAfter: fc.option(fc.nat(8), { freq: 8, nil: undefined }),
});

/** A schedule. Small numbers of everything: what goes wrong, goes wrong among few. */
export const schedule = fc.record({
  events: fc.array(event, { minLength: 1, maxLength: 12 }),
  /** Befall the calls of all instances, one after another; later calls go well. */
  faults: fc.array(fault, { maxLength: 12 }),
  /** An event that Firestore refuses in every commit that counts it, for good. */
  poison: fc.option(fc.nat(11), { freq: 4, nil: undefined }),
  /** A version whose counter cannot be written, and why, until everything else is over. */
  stuck: fc.option(
    fc.record({ version: fc.constantFrom("1.0.0", "2.0.0"), code: fc.constantFrom(3, 10, 14) }),
    {
      freq: 6,
      nil: undefined,
    },
  ),
  /** The deliveries of the first delta that is created, of the second, and so on. */
  deltas: fc.array(deliveries, { minLength: 12, maxLength: 12 }),
  /** After how many ticks the sweep is run. */
  sweeps: fc.array(fc.nat(12), { maxLength: 3 }),
});

export type Schedule = typeof schedule extends fc.Arbitrary<infer T> ? T : never;

const TICK = 2;
const INSTANCES = 3;
const tick = () => sleep(TICK);

async function ticks(number: number): Promise<void> {
  for (let passed = 0; passed < number; passed++) await tick();
}

/** Sweeps what is there by now, as an instance that has just started does. */
async function sweepAll({
  db,
  count,
  add,
}: {
  db: Firestore;
  count: CountEvent;
  add: AddDelta;
}): Promise<void> {
  await sweepEvents(db, Number.POSITIVE_INFINITY, count);
  await sweepDeltas(db, Number.POSITIVE_INFINITY, add);
}

type Write = NonNullable<Call["request"]["writes"]>[number];

function counts({ update }: Write, event: string): boolean {
  return update?.name?.endsWith(event) === true && update.fields?.counted?.booleanValue === true;
}

function isCounter({ update }: Write, version: string): boolean {
  return update?.name?.endsWith(`counters/com.example.shop@${version}`) === true;
}

/** A second is a tick, so that commits gather and backoff happens, in no time. Firestore has its real time to answer. */
const quickTime: Time = {
  clock: {
    now: () => performance.now() * (1_000 / TICK),
    sleep: (milliseconds) => systemClock.sleep((milliseconds * TICK) / 1_000),
  },
  timers: systemTime.timers,
};

/** Runs a schedule. Rejects with what does not hold when all deliveries are done. */
export async function run({ events, faults, poison, stuck, deltas, sweeps }: Schedule): Promise<void> {
  const database = new FirestoreMock().createDatabase("demo-proof");
  const admin = database.firestore();
  const path = (index: number) => `events/e${index}`;
  const poisonPath = poison !== undefined && poison < events.length ? path(poison) : undefined;
  await Promise.all(events.map((event, index) => admin.doc(path(index)).create(storedEvent(event))));
  const eventSnapshots = await admin.getAll(...events.map((_, index) => admin.doc(path(index))));

  const pendingFaults = [...faults];
  let isOver = false;
  const instances = Array.from({ length: INSTANCES }, () => newInstance());

  function newInstance() {
    const { db, ...life } = faultyFirestore();
    return { count: createEventCounter(db, quickTime), add: createDeltaAdder(db, quickTime), db, ...life };
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
      const writes = request.writes ?? [];
      const eventsInIt = writes.flatMap(({ update }) => update?.name?.match(/events\/e\d+$/)?.[0] ?? []);
      const refusal = () => {
        if (poisonPath && writes.some((write) => counts(write, poisonPath))) return 3;
        const isStuck = stuck && !isOver && writes.some((write) => isCounter(write, stuck.version));
        return isStuck ? stuck.code : undefined;
      };
      const apply = async () => {
        const code = refusal();
        if (code !== undefined) throw firestoreError(code);
        return proceed();
      };
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

  type Instance = ReturnType<typeof newInstance>;

  /** Delivers as Eventarc does: until it is acknowledged. What is said to be done then, must be done. */
  async function deliver(
    path: string,
    to: (instance: Instance) => ReturnType<CountEvent | AddDelta>,
    which: number,
  ): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      if (instances[which]?.isDead()) instances[which] = newInstance();
      const instance = instances[which] as Instance;
      const outcome = await Promise.race([to(instance), instance.died]).catch((error) => {
        if (error.code === 3) throw new Error(`${path} is refused for what is wrong with another`);
        return "refused";
      });
      const { data } = database.database.getDocument(path);
      if (outcome === "counted" && data && data.counted !== true) throw new Error(`${path} is not counted`);
      if (outcome === "added" && data) throw new Error(`${path} is not added`);
      if (outcome !== "refused") return;
      if (attempt > 200) throw new Error(`${path} is never acknowledged`);
      await tick();
    }
  }

  const underWay: Promise<void>[] = [];
  const start = (work: () => Promise<void>, after: number) => underWay.push(ticks(after).then(work));
  const takeDeliveries = deltas.values();
  database.database.registerTrigger({
    route: "deltas/{id}",
    callback: ({ doc }) => {
      if (!doc.exists || doc.previous?.exists) return;
      const snapshot = admin.doc(doc.path).get();
      for (const { after, instance } of takeDeliveries.next().value ?? []) {
        start(async () => {
          const delta = await snapshot;
          await deliver(doc.path, ({ add }) => add(delta), instance);
        }, after);
      }
    },
  });

  const countedWhenDeleted = new Set<number>();
  events.forEach(({ deliveries, deletedAfter }, index) => {
    const snapshot = eventSnapshots[index] as DocumentSnapshot;
    for (const { after, instance } of deliveries) {
      start(() => deliver(path(index), ({ count }) => count(snapshot), instance), after);
    }
    if (deletedAfter === undefined) return;
    start(async () => {
      if (database.database.getDocument(path(index)).data?.counted === true) countedWhenDeleted.add(index);
      database.database.deleteDocument(path(index));
    }, deletedAfter);
  });
  for (const after of sweeps) {
    start(async () => {
      const instance = newInstance();
      await Promise.race([sweepAll(instance), instance.died]).catch(() => {});
    }, after);
  }
  while (underWay.length > 0) await underWay.shift();

  isOver = true;
  pendingFaults.length = 0;
  await sweepAll(newInstance());
  expect((await admin.collection("deltas").get()).size, "deltas that are left").to.equal(0);

  const expected = new Map<string, Figures>();
  events.forEach((event, index) => {
    const document = database.database.getDocument(path(index)).data;
    if (path(index) === poisonPath) {
      if (document && document.uncountable !== true) throw new Error("the poison event is not parked");
      if (document?.counted === true) throw new Error("the poison event is marked counted");
      return;
    }
    if (document && document.counted !== true) throw new Error(`${path(index)} is not marked counted`);
    if (!document && !countedWhenDeleted.has(index)) return;
    const { counter, day } = pathsOf(event);
    const reported = { ...event, ...event.build };
    for (const [counted, figures] of [
      [counter, figuresByHand(reported)],
      [day, [...figuresByHand(reported), ...hoursByHand(reported, event.hour)]],
    ] as const) {
      const sum = expected.get(counted) ?? {};
      expected.set(counted, sum);
      for (const [path, figure] of figures) addAt(sum, path, figure);
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

function storedEvent({ action, platform, build, version_name, day, hour }: Event) {
  const received_at = Timestamp.fromDate(new Date(`${day}T${hour}:30:00Z`));
  return {
    ...{ app_id: "com.example.shop", action, platform, version_name, plugin_version: "8.51.23" },
    ...{ ...build, received_at, counted: false },
  };
}

/** The documents that an event is counted in. */
function pathsOf({ version_name, day }: Event) {
  const counter = `counters/com.example.shop@${version_name.split(":")[0]}`;
  return { counter, day: `${counter}/days/${day}` };
}

interface Figures {
  [name: string]: number | Figures;
}

function addAt(sum: Figures, [name = "", ...rest]: readonly string[], figure: number): void {
  const before = sum[name];
  if (rest.length === 0) {
    sum[name] = (typeof before === "number" ? before : 0) + figure;
    return;
  }
  const inner = typeof before === "object" ? before : {};
  sum[name] = inner;
  addAt(inner, rest, figure);
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
