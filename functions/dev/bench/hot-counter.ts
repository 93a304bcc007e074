/**
 * Models one hot counter in virtual time: the real counting code, on a Firestore whose documents take one write a
 * second and abort what comes sooner, behind instances that take `concurrency` events at once, as Cloud Run's do. It
 * leaves out the start of instances, and Firestore's other limits.
 */

import type { DocumentReference, DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import { Timestamp } from "firebase-admin/firestore";
import type { Clock } from "../../src/clock.ts";
import { type CountEvent, createEventCounter } from "../../src/counting/count-events.ts";
import type { Timers } from "../../src/firestore/deadline.ts";
import { Status, statusOf } from "../../src/firestore/errors.ts";

const ROUND_TRIP = 30;
const WRITES_PER_DOCUMENT = 1_000; // One in so many milliseconds.
const OFFERED_FOR = 60_000;
const GIVE_UP_AFTER = 180_000;
const TICK = 10;
const REDELIVERY = 10_000;

export interface HotCounterOptions {
  contender: "ours" | "baseline";
  eventsPerSecond: number;
  shards: number;
  instances: number;
  concurrency: number;
}

export interface HotCounterResult extends HotCounterOptions {
  offered: number;
  counted: number;
  countedTwice: number;
  /** From when an event was created to when it was counted, in seconds; the most in each third of the offered time. */
  lag: [number, number, number];
  /** When the last event was counted, in seconds after the last was offered; nothing if it never was. */
  drained: number | undefined;
}

/** Offers events of one hot version for a minute, and tells how long it took to count them. */
export async function hotCounter(options: HotCounterOptions): Promise<HotCounterResult> {
  const { contender, eventsPerSecond, shards, instances, concurrency } = options;
  const time = virtualTime();
  const firestore = modelFirestore(time.clock);
  const countedAt = new Map<string, number>();
  let countedTwice = 0;
  firestore.onCounted((id) => {
    if (countedAt.has(id)) countedTwice++;
    countedAt.set(id, time.clock.now());
  });

  const queue: DocumentSnapshot[] = [];
  const fleet = Array.from({ length: instances }, () => ({
    count: contender === "ours" ? ours() : baseline(),
    busy: 0,
  }));
  function ours(): CountEvent {
    return createEventCounter(firestore.db, {
      interval: 1_000,
      shards,
      clock: time.clock,
      timers: time.timers,
    });
  }
  /** The transaction of `baseline.ts`: two reads, a ledger and the counter, five attempts by the Admin SDK. */
  function baseline(): CountEvent {
    return async (snapshot) => {
      for (let attempt = 0; ; attempt++) {
        await time.clock.sleep(ROUND_TRIP);
        const conflict = await firestore
          .commit([snapshot.id], ["counters/hot"])
          .catch((error: Error) => error);
        if (!conflict) return;
        if (attempt === 4) throw conflict;
        await time.clock.sleep(Math.random() * 1_000 * 1.5 ** attempt);
      }
    };
  }

  /** Hands out what waits to whoever has room, evenly; what fails is delivered again. */
  function deliver(): void {
    for (;;) {
      const instance = fleet.reduce((least, other) => (other.busy < least.busy ? other : least));
      if (instance.busy >= concurrency) return;
      const snapshot = queue.shift();
      if (!snapshot) return;
      instance.busy++;
      instance
        .count(snapshot)
        .catch(() => time.clock.sleep(REDELIVERY).then(() => queue.push(snapshot)))
        .finally(() => {
          instance.busy--;
        });
    }
  }

  const createdAt = new Map<string, number>();
  let offered = 0;
  while (time.clock.now() < OFFERED_FOR + GIVE_UP_AFTER) {
    const now = time.clock.now();
    for (; now < OFFERED_FOR && offered < ((now + TICK) * eventsPerSecond) / 1_000; offered++) {
      const id = `e${offered}`;
      createdAt.set(id, now);
      queue.push(snapshotOf(id));
    }
    deliver();
    if (now >= OFFERED_FOR && countedAt.size === offered) break;
    await time.pass(TICK);
  }

  const lag: [number, number, number] = [0, 0, 0];
  for (const [id, created] of createdAt) {
    const third = Math.min(2, Math.floor(created / (OFFERED_FOR / 3))) as 0 | 1 | 2;
    const waited = (countedAt.get(id) ?? OFFERED_FOR + GIVE_UP_AFTER) - created;
    lag[third] = Math.max(lag[third], waited / 1_000);
  }
  const drained = countedAt.size === offered ? (time.clock.now() - OFFERED_FOR) / 1_000 : undefined;
  return { ...options, offered, counted: countedAt.size, countedTwice, lag, drained };
}

/** The part of Firestore that counting uses, with a limit on how often a document is written. */
function modelFirestore(clock: Clock) {
  const lastWrite = new Map<string, number>();
  const counted = new Set<string>();
  let tell: (id: string) => void = () => {};

  async function commit(events: readonly string[], counters: readonly string[]): Promise<void> {
    await clock.sleep(ROUND_TRIP / 2);
    const now = clock.now();
    const busy = counters.some((path) => now - (lastWrite.get(path) ?? -Infinity) < WRITES_PER_DOCUMENT);
    const touched = events.some((id) => counted.has(id));
    if (!busy && !touched) {
      for (const path of counters) lastWrite.set(path, now);
      for (const id of events) {
        counted.add(id);
        tell(id);
      }
    }
    await clock.sleep(ROUND_TRIP / 2);
    if (busy)
      throw Object.assign(new Error("10 ABORTED: too much contention on these documents"), { code: 10 });
    if (touched) throw Object.assign(new Error("9 FAILED_PRECONDITION"), { code: 9 });
  }

  /** The Admin SDK tries an aborted commit again by itself: after up to 0.1 s, and each time 1.3 times as long. */
  async function asTheAdminSdk(call: () => Promise<void>): Promise<void> {
    for (let longest = 100; ; longest *= 1.3) {
      try {
        return await call();
      } catch (error) {
        if (statusOf(error) !== Status.ABORTED) throw error;
        await clock.sleep(Math.random() * longest);
      }
    }
  }

  const reference = (path: string) => ({
    path,
    id: path.split("/").at(-1) ?? "",
    collection: (name: string) => ({ doc: (id: string) => reference(`${path}/${name}/${id}`) }),
  });
  const db = {
    collection: (name: string) => ({ doc: (id: string) => reference(`${name}/${id}`) }),
    getAll: async (...refs: (DocumentReference | object)[]) => {
      await clock.sleep(ROUND_TRIP);
      return refs.flatMap((ref) =>
        "id" in ref ? [snapshotOf(String(ref.id), counted.has(String(ref.id)))] : [],
      );
    },
    batch: () => {
      const events: string[] = [];
      const counters: string[] = [];
      return {
        update: (ref: DocumentReference) => events.push(ref.id),
        set: (ref: DocumentReference) => counters.push(ref.path),
        commit: () => asTheAdminSdk(() => commit(events, counters)),
      };
    },
  };
  return {
    db: db as unknown as Firestore,
    commit,
    onCounted: (listener: (id: string) => void) => {
      tell = listener;
    },
  };
}

const updateTime = Timestamp.fromMillis(1_795_392_000_000);

function snapshotOf(id: string, counted = false): DocumentSnapshot {
  const data = {
    app_id: "com.example.shop",
    version_name: "2.5.1",
    action: "set",
    platform: "android",
    received_at: updateTime,
    counted,
  };
  return { id, updateTime, data: () => data, get: () => counted } as unknown as DocumentSnapshot;
}

/** Time that passes when it is told to, waking sleepers in order. */
function virtualTime() {
  let now = 0;
  let sleepers: { until: number; wake: () => void }[] = [];
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));
  const clock: Clock = {
    now: () => now,
    sleep: (milliseconds) =>
      new Promise((wake) => {
        sleepers.push({ until: now + milliseconds, wake });
      }),
  };
  const timers: Timers = {
    setTimeout(callback, milliseconds) {
      const sleeper = { until: now + milliseconds, wake: callback };
      sleepers.push(sleeper);
      return sleeper;
    },
    clearTimeout(timer) {
      sleepers = sleepers.filter((sleeper) => sleeper !== timer);
    },
  };
  async function pass(milliseconds: number): Promise<void> {
    await settle();
    const end = now + milliseconds;
    for (;;) {
      let next = -1;
      sleepers.forEach(({ until }, index) => {
        if (until <= end && (next < 0 || until < (sleepers[next]?.until ?? 0))) next = index;
      });
      const [sleeper] = next < 0 ? [] : sleepers.splice(next, 1);
      if (!sleeper) break;
      now = Math.max(now, sleeper.until);
      sleeper.wake();
      await settle();
    }
    now = end;
  }
  return { clock, timers, pass };
}
