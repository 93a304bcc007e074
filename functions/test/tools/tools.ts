/** What the tests of the tools share: a Firestore without triggers, events in it, and an operator. */

import { FirestoreMock } from "@firebase-bridge/firestore-admin";
import { type Firestore, Timestamp } from "firebase-admin/firestore";
import type { z } from "zod";
import { eventCounter } from "../../src/counter.ts";
import { COUNTERS, DAYS, EVENTS } from "../../src/firestore.ts";
import { systemClock } from "../../src/group-commit.ts";
import { type Command, runCommand } from "../../tools/command.ts";
import { anEvent } from "../backend.ts";
import { firestoreError, interceptCalls, interceptReads } from "../faults.ts";

const databases = new FirestoreMock();
let next = 1;

/** A Firestore of its own, in which nothing counts by itself. */
export function emptyFirestore(): Firestore {
  return databases.createDatabase(`demo-tools-${next++}`).firestore();
}

const DAY = 86_400_000;

/** How many events were stored in each: their ids are their numbers, the same in every run. */
const stored = new WeakMap<Firestore, number>();

/** Stores an event as the backend does, not counted. `ago` is how many days ago it was received. */
export async function storeEvent(
  db: Firestore,
  fields: Record<string, unknown> = {},
  ago = 0,
  retention = 90,
) {
  const received = Date.now() - ago * DAY;
  const number = (stored.get(db) ?? 0) + 1;
  stored.set(db, number);
  await db.doc(`${EVENTS}/event${String(number).padStart(3, "0")}`).set({
    ...anEvent(fields),
    received_at: Timestamp.fromMillis(received),
    expire_at: Timestamp.fromMillis(received + retention * DAY),
    counted: false,
  });
}

/** The name of the day so many days ago. */
export function day(ago: number): string {
  return new Date(Date.now() - ago * DAY).toISOString().slice(0, 10);
}

/** The counting of the trigger, without its pauses. */
export function counter(db: Firestore) {
  return eventCounter(db, 0, systemClock);
}

/** Counts all events, as the trigger does. */
export async function countAllEvents(db: Firestore): Promise<void> {
  const { docs } = await db.collection(EVENTS).get();
  await Promise.all(docs.map(counter(db)));
}

/** All events, counters and days by path, apart from the times at which they were written. */
export async function contents(db: Firestore) {
  const documents: Record<string, object> = {};
  for (const query of [db.collection(EVENTS), db.collection(COUNTERS), db.collectionGroup(DAYS)]) {
    for (const document of (await query.get()).docs) {
      const { updated_at, received_at, expire_at, ...data } = document.data();
      documents[document.ref.path] = data;
    }
  }
  return documents;
}

/** Runs a command as an operator does who answers a question with `answer`, or cannot be asked. */
export async function run<Options extends z.ZodObject>(
  command: Command<Options>,
  args: string[],
  db: Firestore,
  answer?: boolean,
) {
  const printed: string[] = [];
  const questions: string[] = [];
  const exitCode = await runCommand(command, args, {
    firestore: async () => db,
    isEmulator: false,
    print: (text) => printed.push(text),
    confirm: async (question, agreed) => {
      if (agreed) return true;
      questions.push(question);
      return answer ?? false;
    },
    progress: () => ({ advance() {}, stop() {} }),
  });
  return { exitCode, output: printed.join("\n"), questions };
}

/** How a process ends: its call is lost, or arrives and the answer is lost. */
export type Death = "before the call" | "after the call";

/** Runs `work` until its call number `fatal` of Firestore, and lets none through from then on. Counts the calls. */
export async function runUntil(db: Firestore, fatal: number, death: Death, work: () => Promise<unknown>) {
  let calls = 0;
  const handle = async ({ proceed }: { proceed(): Promise<unknown> }) => {
    const call = calls++;
    if (call < fatal) return proceed();
    if (call === fatal && death === "after the call") await proceed();
    throw firestoreError(PERMISSION_DENIED);
  };
  const restore = [interceptCalls(db, handle), interceptReads(db, handle)];
  const outcome = await work().then(
    () => "done",
    () => "died",
  );
  for (const undo of restore) undo();
  return { calls, outcome };
}

/** A status that is not tried again. */
const PERMISSION_DENIED = 7;
