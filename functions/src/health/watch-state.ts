/** Keeps when the watch last looked: `watch/state`. The dashboard shows it, since a watch that stands still is silent. */

import { type DocumentReference, type Firestore, Timestamp } from "firebase-admin/firestore";
import * as z from "zod";

/** `looked_at` becomes milliseconds since 1970. */
export const watchState = z.object({
  looked_at: z.instanceof(Timestamp).transform((time) => time.toMillis()),
});

export function watchStateRef(db: Firestore): DocumentReference {
  return db.collection("watch").doc("state");
}

/** Keeps the time of a look, in milliseconds since 1970. Rejects with Firestore's error. */
export async function keepLook(db: Firestore, at: number): Promise<void> {
  await watchStateRef(db).set({ looked_at: Timestamp.fromMillis(at) });
}
