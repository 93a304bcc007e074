/** The dashboard as it is served, on a Firestore of the test's own and with a clock that the test sets. */

import { FirestoreMock } from "@firebase-bridge/firestore-admin";
import { type HttpFunction, http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import type { Firestore } from "firebase-admin/firestore";
import { listen } from "../../dev/local/listen.ts";
import { createDashboardHandler } from "../../src/dashboard/handler.ts";
import { type CounterReader, createCounterReader } from "../../src/dashboard/reader.ts";

export interface OwnDatabase {
  firestore: Firestore;
  /** The time of Firestore and of the dashboard, in milliseconds since 1970. */
  now(): number;
  /** Lets time pass, in milliseconds. */
  pass(milliseconds: number): void;
  /** How many reads have been billed: one per document, and one for a query that finds none. */
  reads(): number;
}

let databases = 0;

/** An empty Firestore of its own, whose time stands still but for `pass`. */
export function ownDatabase(time = Date.now()): OwnDatabase {
  const mock = new FirestoreMock();
  mock.systemTime.custom(() => new Date(time));
  const database = mock.createDatabase(`demo-dashboard-${databases++}`);
  return {
    firestore: database.firestore(),
    now: () => time,
    pass: (milliseconds) => {
      time += milliseconds;
    },
    reads: () => database.getStats().reads + database.getStats().noopReads,
  };
}

/** Makes each query of `db` fail until the returned function is called. */
export function failReads(db: Firestore, error: Error): () => void {
  // `requestStream` is where the Admin SDK hands queries to its transport. It is not public.
  const transport = db as unknown as { requestStream(...request: unknown[]): Promise<unknown> };
  const original = transport.requestStream;
  transport.requestStream = () => Promise.reject(error);
  return () => {
    transport.requestStream = original;
  };
}

export interface ServedDashboard {
  /** Where it is served, as on run.app: at the root. */
  url: string;
  port: number;
  close(): Promise<void>;
}

let served = 0;

/** Serves the dashboard of a Firestore by the Functions Framework, as in production. */
export async function serveDashboard(
  database: Pick<OwnDatabase, "firestore" | "now">,
  port = 0,
  reader: CounterReader = createCounterReader(database.firestore, database.now),
): Promise<ServedDashboard> {
  const name = `dashboard${served++}`;
  http(name, createDashboardHandler(reader, database.now) as unknown as HttpFunction);
  const server = getTestServer(name);
  const listening = await listen(server, port);
  return {
    url: `http://127.0.0.1:${listening}/`,
    port: listening,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
