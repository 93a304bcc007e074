/** Lists the worlds in which counting must hold: Google does not document how Firestore treats commits that contend. */

export interface World {
  /** A published measurement of an atomic batch of 500 creates gives about 1.5 ms a write. */
  millisecondsPerWrite: 1.5 | 2;
  /** Whether a commit waits for a document that another one has locked, or is aborted at once. */
  locks: "wait" | "abort";
  /** Whether preconditions are checked before the work of a commit, or after it. */
  preconditions: "first" | "last";
}

export const worlds: World[] = ([1.5, 2] as const).flatMap((millisecondsPerWrite) =>
  (["wait", "abort"] as const).flatMap((locks) =>
    (["first", "last"] as const).map((preconditions) => ({ millisecondsPerWrite, locks, preconditions })),
  ),
);

/** The world in which costs are computed. */
export const typicalWorld: World = { millisecondsPerWrite: 2, locks: "wait", preconditions: "last" };

export function worldName({ millisecondsPerWrite, locks, preconditions }: World): string {
  return `${millisecondsPerWrite} ms a write, locks ${locks}, preconditions ${preconditions}`;
}
