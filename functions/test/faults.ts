/** Makes Firestore fail between the Admin SDK and its server, where a network would. */

import type { Firestore } from "firebase-admin/firestore";

/** A unary call of the Firestore API on its way: `commit`, `batchWrite`, … */
export interface Call {
  method: string;
  request: { writes?: Array<{ update?: { name?: string } | null }> };
  /** Lets the call through, as it is or changed. */
  proceed(request?: Call["request"]): Promise<unknown>;
}

/** Lets `handle` answer each call of `db` until the returned function is called. */
export function interceptCalls(db: Firestore, handle: (call: Call) => Promise<unknown>): () => void {
  // `request` is where the Admin SDK hands all unary calls to its transport. It is not public.
  const transport = db as unknown as {
    request(method: string, request: object, ...rest: unknown[]): Promise<unknown>;
  };
  const original = transport.request;
  transport.request = (method, request, ...rest) =>
    handle({
      method,
      request,
      proceed: (changed = request) => original.call(transport, method, changed, ...rest),
    });
  return () => {
    transport.request = original;
  };
}

/** What Firestore throws with a gRPC status code. */
export function firestoreError(code: number, message = "injected"): Error {
  return Object.assign(new Error(`${code} ${message}`), { code });
}
