/** What Firestore says when a call fails. */

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

const transientStatus: ReadonlySet<unknown> = new Set([
  Status.CANCELLED,
  Status.UNKNOWN,
  Status.DEADLINE_EXCEEDED,
  Status.RESOURCE_EXHAUSTED,
  Status.ABORTED,
  Status.INTERNAL,
  Status.UNAVAILABLE,
]);

/** The gRPC status code of what Firestore threw; `undefined` for an error that is not Firestore's. */
export function statusOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** Whether the same call may succeed a little later. */
export function isTransient(error: unknown): boolean {
  return transientStatus.has(statusOf(error));
}

/** Whether a document is not as a precondition wants it. `NOT_FOUND` is what Firestore says of one that is deleted. */
export function isFailedPrecondition(error: unknown): boolean {
  return statusOf(error) === Status.FAILED_PRECONDITION || statusOf(error) === Status.NOT_FOUND;
}
