/** How the baseline counts an event: a transaction with a ledger document, so that a second delivery is not counted again. */

import { type DocumentSnapshot, FieldValue, type Firestore } from "firebase-admin/firestore";
import { countedPlatform, countedVersion, counterId, dayId } from "../../src/counting/documents.ts";

/** Counts an event in its counter and its day, which are the same documents as ours. */
export async function countInTransaction(db: Firestore, event: DocumentSnapshot): Promise<void> {
  const { app_id, version_name, action, platform, received_at } = event.data() ?? {};
  const version = countedVersion(version_name);
  const ledger = db.collection("processed").doc(event.id);
  const counter = db.collection("counters").doc(counterId({ app_id, version_name: version }));
  const day = counter.collection("days").doc(dayId(received_at.toMillis()));
  await db.runTransaction(async (transaction) => {
    const [processed, counted] = await transaction.getAll(ledger, counter);
    if (processed?.exists) return;
    const one = { [action]: FieldValue.increment(1) };
    const increments = { actions: one, platforms: { [countedPlatform(platform)]: one } };
    const identity = counted?.exists ? {} : { app_id, version_name: version };
    transaction.set(counter, { ...identity, ...increments }, { merge: true });
    transaction.set(day, increments, { merge: true });
    transaction.create(ledger, { processed_at: FieldValue.serverTimestamp() });
  });
}
