/** How the functions and the tools reach Firestore. */

import { type App, getApps, initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";

/**
 * How Firestore is talked to. gRPC notices by itself that a connection is closed, but not that it has gone silent: every call
 * on it would fail in time, for minutes. So it is asked for a sign of life, and given up after 13 s without one. REST, which the
 * environment can ask for by `FIRESTORE_PREFER_REST`, answers with other status codes than those that counting relies on.
 */
const connectionSettings = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 3_000,
  preferRest: false,
};

/** The default database of an app's project. Call it once for each app. */
export function connectFirestore(app: App): Firestore {
  const db = getFirestore(app);
  db.settings(connectionSettings);
  return db;
}

let connection: Firestore | undefined;

/** The Firestore that the functions work on: that of the project they run in. */
export function firestore(): Firestore {
  connection ??= connectFirestore(getApps()[0] ?? initializeApp());
  return connection;
}

/** Lets the functions work on another Firestore, such as the in-memory one of `dev/local/`. */
export function useFirestore(replacement: Firestore): void {
  connection = replacement;
}
