/** Describes the document that says when the watch last looked: `watch/state`. */

import { type DocumentReference, type Firestore, Timestamp } from "firebase-admin/firestore";
import * as z from "zod";

/** `looked_at` becomes milliseconds since 1970. */
export const watchState = z.object({
  looked_at: z.instanceof(Timestamp).transform((time) => time.toMillis()),
});

export function watchStateRef(db: Firestore): DocumentReference {
  return db.collection("watch").doc("state");
}
