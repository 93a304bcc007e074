/** An operator who runs tools, and the world that the tests of the tools compare. */

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect } from "chai";
import type { DocumentSnapshot, Firestore } from "firebase-admin/firestore";
import type { z } from "zod";
import { createImpatientTime } from "../../dev/testing/clocks.ts";
import { type Call, firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createDeltaAdder } from "../../src/counting/add-deltas.ts";
import { createEventCounter } from "../../src/counting/count-events.ts";
import { COUNTERS, DAYS, DELTAS, dayId, EVENTS } from "../../src/counting/documents.ts";
import { type Command, runCommand } from "../../tools/lib/command.ts";

/** The name of the day so many days ago. */
export function day(ago: number): string {
  return dayId(Date.now(), ago);
}

/** The counting of the trigger, without its pauses. */
export function counter(db: Firestore) {
  return createEventCounter(db, createImpatientTime());
}

/** Counts an event in a delta, as the trigger does where its counter is busy. */
export async function countInDelta(db: Firestore, event: DocumentSnapshot): Promise<void> {
  let calls = 0;
  const end = interceptCalls(db, ({ proceed }) =>
    calls++ === 0 ? Promise.reject(firestoreError(ABORTED)) : proceed(),
  );
  await counter(db)(event);
  end();
}

/** Adds all deltas to their counters, as their trigger does. */
export async function addAllDeltas(db: Firestore): Promise<void> {
  const { docs } = await db.collection(DELTAS).get();
  await Promise.all(docs.map(createDeltaAdder(db, createImpatientTime())));
}

/** Counts all events, as the trigger does. */
export async function countAllEvents(db: Firestore): Promise<void> {
  const { docs } = await db.collection(EVENTS).get();
  await Promise.all(docs.map(counter(db)));
}

/** All events, counters, days and deltas by path, apart from the times at which they were written. */
export async function contents(db: Firestore) {
  const documents: Record<string, object> = {};
  const counters = [db.collection(COUNTERS), db.collectionGroup(DAYS), db.collection(DELTAS)];
  for (const query of [db.collection(EVENTS), ...counters]) {
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
  const complaints: string[] = [];
  const questions: string[] = [];
  const exitCode = await runCommand(command, args, {
    firestore: async () => db,
    isEmulator: false,
    print: (text) => printed.push(text),
    complain: (text) => complaints.push(text),
    confirm: async (question, agreed) => {
      if (agreed) return true;
      questions.push(question);
      return answer ?? false;
    },
    progress: () => ({ advance() {}, stop() {} }),
  });
  return { exitCode, output: printed.join("\n"), complaints, questions };
}

const functions = fileURLToPath(new URL("../..", import.meta.url));

/** Runs a tool as `npm run` does, with nothing of this machine's accounts and projects. */
export async function runTool(name: string, args: string[] = [], environment: Record<string, string> = {}) {
  const started = promisify(execFile)(process.execPath, [`tools/${name}.ts`, ...args], {
    cwd: functions,
    env: { PATH: process.env.PATH, HOME: "/nonexistent", METADATA_SERVER_DETECTION: "none", ...environment },
    timeout: 60_000,
  });
  started.child.stdin?.end();
  const { exitCode, stdout, stderr } = await started.then(
    (output) => ({ exitCode: 0, ...output }),
    (error) => ({ exitCode: error.code, stdout: error.stdout, stderr: error.stderr }),
  );
  expect(stderr).not.to.match(/^ {4}at /m); // A stack trace.
  return { exitCode, stdout, stderr };
}

/** How a process dies: the call is lost with it, or arrives and its answer is lost. */
export const deaths = ["before the call", "after the call"] as const;

/**
 * For each call of Firestore that `work` makes on what `prepare` prepares: lets it die there, and runs it again. Answers
 * with what an undisturbed run leaves behind, and for each call with what was left by the death, and by the second run.
 */
export async function dieAtEachCall(
  death: (typeof deaths)[number],
  prepare: () => Promise<Firestore>,
  work: (db: Firestore) => Promise<unknown>,
) {
  const undisturbed = await prepare();
  const calls = await runUntil(undisturbed, Number.POSITIVE_INFINITY, death, work);
  const deadRuns: Array<{ left: object; repaired: object }> = [];
  for (let fatal = 0; fatal < calls; fatal++) {
    const db = await prepare();
    await runUntil(db, fatal, death, work);
    const left = await contents(db);
    await work(db);
    deadRuns.push({ left, repaired: await contents(db) });
  }
  return { undisturbed: await contents(undisturbed), deadRuns };
}

/** Runs `work` up to its call number `fatal` of Firestore, and lets none through from then on. Answers with their number. */
async function runUntil(
  db: Firestore,
  fatal: number,
  death: (typeof deaths)[number],
  work: (db: Firestore) => Promise<unknown>,
): Promise<number> {
  let calls = 0;
  const handle = async ({ proceed }: Pick<Call, "proceed">) => {
    const call = calls++;
    if (call < fatal) return proceed();
    if (call === fatal && death === "after the call") await proceed();
    throw firestoreError(PERMISSION_DENIED);
  };
  const restore = interceptCalls(db, handle);
  await work(db).catch(() => {});
  restore();
  return calls;
}

/** A status that is not tried again, and one that means contention. */
const PERMISSION_DENIED = 7;
const ABORTED = 10;
