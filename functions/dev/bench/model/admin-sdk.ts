/** Models the Admin SDK as one instance of a function uses it: the part of its surface that counting needs, and its retries. */

import type {
  DocumentData,
  DocumentReference,
  DocumentSnapshot,
  Firestore,
  Precondition,
  ReadOptions,
  Timestamp,
} from "firebase-admin/firestore";
import type { Timers } from "../../../src/firestore/deadline.ts";
import { Status, statusOf } from "../../../src/firestore/errors.ts";
import { type Document, type ModelFirestore, type Read, randomId, type Write } from "./firestore.ts";
import type { VirtualTime } from "./time.ts";

/** google-gax repeats a call for so long, after a random part of a delay that grows. In milliseconds. */
const RETRIED_FOR = 600_000;
const FIRST_DELAY = 100;
const DELAY_GROWTH = 1.3;
const LONGEST_DELAY = 60_000;
const retried = new Set<unknown>([Status.ABORTED, Status.RESOURCE_EXHAUSTED, Status.UNAVAILABLE]);

/**
 * A transaction locks nothing while it reads: its commit is aborted if what it read has changed. Firestore's pessimistic
 * transactions may queue instead; how is not documented. `runTransaction` tries this often; its delays are 0.5 to 1.5 times a
 * base that grows from the second attempt on.
 */
const TRANSACTION_ATTEMPTS = 5;
const TRANSACTION_DELAY = 1_000;
const TRANSACTION_DELAY_GROWTH = 1.5;

/** How the commits of a function fared, over all its instances. */
export interface CommitTally {
  /** Commits that Firestore answered with `ABORTED`; each repetition by the SDK is one more. */
  aborted: number;
  /** Commits that Firestore refused because of a precondition: a duplicate, or an outcome that had been unknown. */
  stale: number;
  /** Calls that the code gave up waiting for. */
  outOfTime: number;
}

export function createCommitTally(): CommitTally {
  return { aborted: 0, stale: 0, outOfTime: 0 };
}

/** Makes a connection to the model, with timers that note which calls were given up. */
export function createAdminSdk(firestore: ModelFirestore, time: VirtualTime, tally: CommitTally) {
  const { clock } = time;

  const commit = async (writes: readonly Write[], reads?: readonly Read[]) => {
    try {
      await firestore.commit(writes, reads);
    } catch (error) {
      if (statusOf(error) === Status.ABORTED) tally.aborted++;
      else tally.stale++;
      throw error;
    }
  };

  const commitPatiently = async (writes: readonly Write[]) => {
    const end = clock.now() + RETRIED_FOR;
    for (let delay = FIRST_DELAY; ; delay = Math.min(delay * DELAY_GROWTH, LONGEST_DELAY)) {
      try {
        return await commit(writes);
      } catch (error) {
        if (!retried.has(statusOf(error)) || clock.now() >= end) throw error;
        await clock.sleep(Math.random() * delay);
      }
    }
  };

  const snapshotOf = (path: string, document: Document | undefined) =>
    modelSnapshot(referenceTo(path), document);

  const getAll = async (...refs: (DocumentReference | ReadOptions)[]) => {
    const paths = refs.flatMap((ref) => ("path" in ref ? ref.path : []));
    const documents = await firestore.read(paths);
    return documents.map((document, index) => snapshotOf(paths[index] ?? "", document));
  };

  const runTransaction = async <T>(body: (transaction: object) => Promise<T>): Promise<T> => {
    let delay = 0;
    for (let attempt = 1; ; attempt++) {
      await clock.sleep(delay * (0.5 + Math.random()));
      delay = Math.max(TRANSACTION_DELAY, delay * TRANSACTION_DELAY_GROWTH);
      const { writes, ...collectors } = collectWrites();
      const reads: Read[] = [];
      const readAndRemember = async (...refs: DocumentReference[]) => {
        const snapshots = await getAll(...refs);
        reads.push(...snapshots.map(({ ref, updateTime }) => ({ path: ref.path, updateTime })));
        return snapshots;
      };
      const result = await body({ ...collectors, getAll: readAndRemember });
      try {
        if (writes.length > 0) await commit(writes, reads);
        return result;
      } catch (error) {
        if (attempt === TRANSACTION_ATTEMPTS || statusOf(error) !== Status.ABORTED) throw error;
      }
    }
  };

  const db = {
    collection: (name: string) => collectionAt(name),
    batch: () => {
      const { writes, ...collectors } = collectWrites();
      return { ...collectors, commit: () => commitPatiently(writes) };
    },
    getAll,
    runTransaction,
  };

  const timers: Timers = {
    setTimeout: (callback, milliseconds) =>
      time.timers.setTimeout(() => {
        tally.outOfTime++;
        callback();
      }, milliseconds),
    clearTimeout: time.timers.clearTimeout,
  };
  return { db: db as unknown as Firestore, clock, timers };
}

/** Collects what a batch or a transaction writes. A `set` is always one that merges. */
function collectWrites() {
  const writes: Write[] = [];
  return {
    writes,
    create: ({ path }: DocumentReference, data: DocumentData) => writes.push({ kind: "create", path, data }),
    update: ({ path }: DocumentReference, data: DocumentData, { lastUpdateTime }: Precondition = {}) =>
      writes.push({ kind: "update", path, data, lastUpdateTime }),
    set: ({ path }: DocumentReference, data: DocumentData, _merge: { merge: true }) =>
      writes.push({ kind: "merge", path, data }),
    delete: ({ path }: DocumentReference, { lastUpdateTime }: Precondition = {}) =>
      writes.push({ kind: "delete", path, lastUpdateTime }),
  };
}

/** A snapshot as a trigger delivers it. */
export function triggerSnapshot(path: string, document: Document): DocumentSnapshot {
  return modelSnapshot(referenceTo(path), document);
}

function modelSnapshot(ref: DocumentReference, document: Document | undefined): DocumentSnapshot {
  const snapshot: SnapshotSurface = {
    id: ref.id,
    ref,
    exists: document !== undefined,
    createTime: document?.createTime,
    updateTime: document?.updateTime,
    data: () => document?.data,
    get: (field) => document?.data[field],
  };
  return snapshot as unknown as DocumentSnapshot;
}

interface SnapshotSurface {
  id: string;
  ref: DocumentReference;
  exists: boolean;
  createTime: Timestamp | undefined;
  updateTime: Timestamp | undefined;
  data(): DocumentData | undefined;
  get(field: string): unknown;
}

const collectionAt = (path: string) => ({
  doc: (id = randomId()): DocumentReference => referenceTo(`${path}/${id}`),
});

function referenceTo(path: string): DocumentReference {
  const reference = {
    path,
    id: path.slice(path.lastIndexOf("/") + 1),
    collection: (name: string) => collectionAt(`${path}/${name}`),
  };
  return reference as unknown as DocumentReference;
}
