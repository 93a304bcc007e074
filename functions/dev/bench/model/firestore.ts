/**
 * Models Firestore: it keeps documents, takes a while, locks what a commit writes, checks preconditions, and counts what it would
 * bill. It has no other limits: commits that do not contend are carried out side by side, however many there are.
 */

import { Timestamp } from "firebase-admin/firestore";
import { Status } from "../../../src/firestore/errors.ts";
import { createLocks } from "./locks.ts";
import type { VirtualTime } from "./time.ts";
import type { World } from "./world.ts";

/** To Firestore and back, in milliseconds, from a function in the same region. An assumption. */
const ROUND_TRIP = 30;

/** When the virtual time began, in milliseconds since 1970: 2026-11-23, 00:00 UTC. */
const EPOCH = 1_795_392_000_000;

export type Fields = Record<string, unknown>;

export interface Document {
  data: Fields;
  createTime: Timestamp;
  updateTime: Timestamp;
}

export type Write = { path: string } & (
  | { kind: "create"; data: Fields }
  | { kind: "update"; data: Fields; lastUpdateTime?: Timestamp | undefined }
  | { kind: "merge"; data: Fields }
  | { kind: "delete"; lastUpdateTime?: Timestamp | undefined }
);

/** What a transaction has read: its commit is aborted if it has changed. */
export interface Read {
  path: string;
  updateTime: Timestamp | undefined;
}

/** What Firestore bills. A commit that is refused costs nothing. */
export interface Billed {
  writes: number;
  deletes: number;
  reads: number;
}

export type ModelFirestore = ReturnType<typeof createFirestore>;

export function createFirestore(time: VirtualTime, world: World) {
  const { clock } = time;
  const documents = new Map<string, Document>();
  const locks = createLocks(world.locks, time);
  const billed: Billed = { writes: 0, deletes: 0, reads: 0 };
  const appliedListeners: ((writes: readonly Write[]) => void)[] = [];
  const createdListeners: ((path: string, document: Document) => void)[] = [];
  let versions = 0;

  /** Each commit has an update time of its own. */
  const updateTimeNow = () => {
    const now = EPOCH + clock.now();
    const nanoseconds = (now % 1_000) * 1_000_000 + (++versions % 1_000_000);
    return new Timestamp(Math.floor(now / 1_000), nanoseconds);
  };

  /** Why a commit cannot be applied as the documents are now: Firestore's error, or nothing. */
  const refusalOf = (writes: readonly Write[], reads: readonly Read[]): Error | undefined => {
    for (const { path, updateTime } of reads) {
      if (documents.get(path)?.updateTime !== updateTime) return aborted();
    }
    for (const write of writes) {
      const document = documents.get(write.path);
      if (write.kind === "create") {
        if (document) return failure(Status.ALREADY_EXISTS, "ALREADY_EXISTS", write.path);
      } else if (write.kind !== "merge") {
        const { lastUpdateTime } = write;
        if (write.kind === "update" && !document) return failure(Status.NOT_FOUND, "NOT_FOUND", write.path);
        if (lastUpdateTime && !document?.updateTime.isEqual(lastUpdateTime))
          return failure(Status.FAILED_PRECONDITION, "FAILED_PRECONDITION", write.path);
      }
    }
    return undefined;
  };

  const apply = (writes: readonly Write[]) => {
    const updateTime = updateTimeNow();
    for (const write of writes) {
      const before = documents.get(write.path);
      if (write.kind === "delete") {
        documents.delete(write.path);
        billed.deletes++;
        continue;
      }
      billed.writes++;
      const data =
        write.kind === "update"
          ? { ...before?.data, ...write.data }
          : write.kind === "merge"
            ? merged(before?.data ?? {}, write.data)
            : write.data;
      const document = { data, createTime: before?.createTime ?? updateTime, updateTime };
      documents.set(write.path, document);
      if (!before) for (const tell of createdListeners) tell(write.path, document);
    }
    for (const tell of appliedListeners) tell(writes);
  };

  /** Carries a commit out; an error if it is refused. */
  const carryOut = async (writes: readonly Write[], reads: readonly Read[]): Promise<Error | undefined> => {
    const checksFirst = world.preconditions === "first";
    const refusal = checksFirst ? refusalOf(writes, reads) : undefined;
    if (refusal) return refusal;
    const unlock = await locks.take(writes.map(({ path }) => path));
    if (!unlock) return aborted();
    try {
      const early = checksFirst ? refusalOf(writes, reads) : undefined;
      if (early) return early;
      await clock.sleep(writes.length * world.millisecondsPerWrite);
      // What the commit writes is locked, but not what its transaction has only read.
      const late = refusalOf(writes, reads);
      if (late) return late;
      apply(writes);
      return undefined;
    } finally {
      unlock();
    }
  };

  return {
    documents,
    billed,
    /** The time now, in milliseconds since 1970. */
    now: () => EPOCH + clock.now(),
    /** Calls `tell` with the writes of each commit that is applied. */
    onApplied: (tell: (writes: readonly Write[]) => void) => appliedListeners.push(tell),
    /** Calls `tell` with each new document. */
    onCreated: (tell: (path: string, document: Document) => void) => createdListeners.push(tell),
    /** Applies writes at once, for those whose way here is not modelled. */
    apply,
    /** Commits atomically, once. Rejects as Firestore would. */
    async commit(writes: readonly Write[], reads: readonly Read[] = []): Promise<void> {
      await clock.sleep(ROUND_TRIP / 2);
      const refusal = await carryOut(writes, reads);
      await clock.sleep(ROUND_TRIP / 2);
      if (refusal) throw refusal;
    },
    /** Reads documents. One that does not exist is billed as well. */
    async read(paths: readonly string[]): Promise<(Document | undefined)[]> {
      await clock.sleep(ROUND_TRIP / 2);
      billed.reads += paths.length;
      const read = paths.map((path) => documents.get(path));
      await clock.sleep(ROUND_TRIP / 2);
      return read;
    },
  };
}

/** A new id, as random as the hashes that are ids of events, so that no order is kept by chance. */
export function randomId(): string {
  const half = () =>
    Math.floor(Math.random() * 2 ** 48)
      .toString(16)
      .padStart(12, "0");
  return half() + half();
}

/** Merges fields, and adds increments up. Pure. */
function merged(before: Fields, fields: Fields): Fields {
  const after = { ...before };
  for (const [name, value] of Object.entries(fields)) {
    const old = after[name];
    const increment = operandOf(value);
    if (increment !== undefined) after[name] = (typeof old === "number" ? old : 0) + increment;
    else if (isMap(value)) after[name] = merged(isMap(old) ? old : {}, value);
    else after[name] = value;
  }
  return after;
}

/** The number that a `FieldValue.increment()` of the Admin SDK adds; nothing for other values. */
export function operandOf(value: unknown): number | undefined {
  const holdsOperand = typeof value === "object" && value !== null && "operand" in value;
  return holdsOperand && typeof value.operand === "number" ? value.operand : undefined;
}

function isMap(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}

function aborted(): Error {
  return failure(Status.ABORTED, "ABORTED", "too much contention on these documents");
}

function failure(code: number, name: string, text: string): Error {
  return Object.assign(new Error(`${code} ${name}: ${text}`), { code });
}
