/** Makes Firestore fail between the Admin SDK and its server, where a network would. */

import type { Firestore } from "firebase-admin/firestore";

/** A call of the Firestore API on its way: `commit`, `batchWrite`, `batchGetDocuments`, `runQuery`, … */
export interface Call {
  method: string;
  request: { writes?: Array<{ update?: Document | null; updateTransforms?: object[] | null }> };
  /** Lets the call through. */
  proceed(): Promise<unknown>;
}

interface Document {
  name?: string;
  fields?: Record<string, { booleanValue?: boolean }>;
}

type Send = (method: string, ...rest: unknown[]) => Promise<unknown>;

/** Ends the interceptions of this process that nothing has ended yet. */
const endings = new Set<() => void>();

/** Lets `handle` answer each call of `db` until the returned function or `endFaults` is called. */
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
  const end = () => {
    Object.assign(transport, { request, requestStream });
    endings.delete(end);
  };
  endings.add(end);
  return end;
}

/** Lets all calls of this process through again. The tests' root hook calls it after each test, also a failed one. */
export function endFaults(): void {
  for (const end of [...endings].reverse()) end();
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
