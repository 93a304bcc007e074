/** Makes Firestore fail between the Admin SDK and its server, where a network would. */

import type { Firestore } from "firebase-admin/firestore";

/** A unary call of the Firestore API on its way: `commit`, `batchWrite`, … */
export interface Call {
  method: string;
  request: { writes?: Array<{ update?: { name?: string } | null }> };
  /** Lets the call through, as it is or changed. */
  proceed(request?: Call["request"]): Promise<unknown>;
}

/** Lets `handle` answer each unary call of `db` until the returned function is called. */
export function interceptCalls(db: Firestore, handle: (call: Call) => Promise<unknown>): () => void {
  return intercept(db, "request", handle);
}

/** The same for queries and reads by id, whose answers are streams: `runQuery`, `batchGetDocuments`, … */
export function interceptReads(db: Firestore, handle: (call: Call) => Promise<unknown>): () => void {
  return intercept(db, "requestStream", handle);
}

function intercept(
  db: Firestore,
  funnel: "request" | "requestStream",
  handle: (call: Call) => Promise<unknown>,
): () => void {
  // These are where the Admin SDK hands all calls to its transport. They are not public.
  const transport = db as unknown as Record<typeof funnel, (...call: unknown[]) => Promise<unknown>>;
  const original = transport[funnel];
  // `(method, request, …)` and `(method, bidirectional, request, …)`
  const position = funnel === "request" ? 1 : 2;
  transport[funnel] = (...call) =>
    handle({
      method: String(call[0]),
      request: call[position] as Call["request"],
      proceed: (changed) => original.apply(transport, changed ? call.with(position, changed) : call),
    });
  return () => {
    transport[funnel] = original;
  };
}

/** What Firestore throws with a gRPC status code. */
export function firestoreError(code: number, message = "injected"): Error {
  return Object.assign(new Error(`${code} ${message}`), { code });
}
