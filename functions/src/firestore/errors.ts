/** Tells apart the errors of Firestore. */

/** gRPC status codes as Firestore answers them. */
export const Status = {
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  INTERNAL: 13,
  UNAVAILABLE: 14,
} as const;

/** The gRPC status code of what Firestore threw; `undefined` for an error that is not Firestore's. */
export function statusOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** An error in words. Firestore's messages begin with the status; what follows may name a document, and is left out. */
export function reasonOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return statusOf(error) === undefined ? message : (message.split(":", 1)[0] ?? message);
}

/**
 * The meaning of a failed write for its sender.
 * - `transient`: the same call may succeed a little later.
 * - `stale`: a document is not as a precondition wants it. Firestore says `NOT_FOUND` of one that is deleted.
 * - `poisoned`: Firestore will never take one of the documents in the call, and does not say which.
 * - `final`: the sender can do nothing about it.
 */
export type Failure = "transient" | "stale" | "poisoned" | "final";

export function classify(error: unknown): Failure {
  switch (statusOf(error)) {
    case Status.CANCELLED:
    case Status.UNKNOWN:
    case Status.DEADLINE_EXCEEDED:
    case Status.RESOURCE_EXHAUSTED:
    case Status.ABORTED:
    case Status.INTERNAL:
    case Status.UNAVAILABLE:
      return "transient";
    case Status.FAILED_PRECONDITION:
    case Status.NOT_FOUND:
      return "stale";
    case Status.INVALID_ARGUMENT:
      return "poisoned";
    default:
      return "final";
  }
}
