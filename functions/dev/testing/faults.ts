/** Makes Firestore fail between the Admin SDK and its server, where a network would. */

import type { Firestore } from "firebase-admin/firestore";

/** A call of the Firestore API on its way: `commit`, `batchWrite`, `batchGetDocuments`, `runQuery`, … */
export interface Call {
  method: string;
  request: { writes?: Array<{ update?: { name?: string } | null }> };
  /** Lets the call through. */
  proceed(): Promise<unknown>;
}

type Send = (method: string, ...rest: unknown[]) => Promise<unknown>;

/** Lets `handle` answer each call of `db` until the returned function is called. */
export function interceptCalls(db: Firestore, handle: (call: Call) => Promise<unknown>): () => void {
  // The Admin SDK hands its calls to the transport here: unary ones and streams. Neither method is public.
  const transport = db as unknown as { request: Send; requestStream: Send };
  const { request, requestStream } = transport;
  transport.request = (method, ...rest) =>
    handle({
      method,
      request: rest[0] as Call["request"],
      proceed: () => request.call(transport, method, ...rest),
    });
  transport.requestStream = (method, ...rest) =>
    handle({
      method,
      request: rest[1] as Call["request"],
      proceed: () => requestStream.call(transport, method, ...rest),
    });
  return () => Object.assign(transport, { request, requestStream });
}

/** Returns a function that lets all calls of `db` through again, whatever `interceptCalls` has done since. */
export function rememberCalls(db: Firestore): () => void {
  const { request, requestStream } = db as unknown as { request: Send; requestStream: Send };
  return () => Object.assign(db, { request, requestStream });
}

/** As `interceptCalls`, for queries and reads by id only. */
export function interceptReads(db: Firestore, handle: (call: Call) => Promise<unknown>): () => void {
  const isRead = (method: string) => /^(run|batchGet)/.test(method);
  return interceptCalls(db, (call) => (isRead(call.method) ? handle(call) : call.proceed()));
}

/** Makes an error as Firestore throws it, with a gRPC status code. */
export function firestoreError(code: number, message = "injected"): Error {
  return Object.assign(new Error(`${code} ${message}`), { code });
}
