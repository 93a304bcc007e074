/** Connects the functions and the tools to Firestore. */

import { type App, getApps, initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";

/**
 * gRPC notices when a connection is closed, but not when it goes silent: each call on it would time out, for minutes.
 * With a keepalive, it is given up after 13 s of silence. REST, which `FIRESTORE_PREFER_REST` would choose, answers
 * with other status codes than those that counting relies on.
 */
const connectionSettings = {
  "grpc.keepalive_time_ms": 10_000,
  "grpc.keepalive_timeout_ms": 3_000,
  preferRest: false,
};

/** Connects to the default database of an app's project. Call it once for each app. */
export function connectFirestore(app: App): Firestore {
  const db = getFirestore(app);
  db.settings(connectionSettings);
  return db;
}

let connection: Firestore | undefined;

/** The Firestore of the project in which the functions run. */
export function firestore(): Firestore {
  connection ??= connectFirestore(getApps()[0] ?? initializeApp());
  return connection;
}

/** Makes the functions work on another Firestore, such as the in-memory one of `dev/local/`. */
export function useFirestore(replacement: Firestore): void {
  connection = replacement;
}
