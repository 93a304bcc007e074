/** Empty Firestores in memory, behind the real Admin SDK. No function listens to them. */

import { FirestoreMock } from "@firebase-bridge/firestore-admin";
import type { Firestore } from "firebase-admin/firestore";

let created = 0;

/** Makes an empty Firestore; in a project of its own, unless one is named. */
export function createFirestore(projectId = `demo-empty-${created++}`): Firestore {
  return new FirestoreMock().createDatabase(projectId).firestore();
}

export interface TimedFirestore {
  firestore: Firestore;
  /** The time of Firestore and of whoever asks, in milliseconds since 1970. */
  now(): number;
  /** Lets time pass, in milliseconds. */
  pass(milliseconds: number): void;
  /** The reads that have been billed: one for each document, and one for a query that finds none. */
  reads(): number;
}

/** Makes an empty Firestore whose time stands still but for `pass`, and which counts its reads. */
export function createTimedFirestore(time = Date.now()): TimedFirestore {
  const mock = new FirestoreMock();
  mock.systemTime.custom(() => new Date(time));
  const database = mock.createDatabase(`demo-timed-${created++}`);
  return {
    firestore: database.firestore(),
    now: () => time,
    pass: (milliseconds) => {
      time += milliseconds;
    },
    reads: () => database.getStats().reads + database.getStats().noopReads,
  };
}
