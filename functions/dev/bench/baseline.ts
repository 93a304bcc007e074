/**
 * The baseline, as well written as such code is: what the documentation of Firebase leads to. It calls `add()` for
 * each event, and for each trigger a transaction with a ledger document, so that a second delivery is not counted
 * again. It validates events by the same code, and has no days.
 */

import { FieldValue, Timestamp } from "firebase-admin/firestore";
import { onDocumentCreated } from "firebase-functions/firestore";
import { onRequest } from "firebase-functions/https";
import { countedPlatform, countedVersion, counterId } from "../../src/counting/documents.ts";
import { firestore } from "../../src/firestore/connection.ts";
import { createEventParser } from "../../src/ingest/event.ts";

const db = firestore();
const parseEvent = createEventParser(new Set());

export const stats = onRequest(async (request, response) => {
  const inputs: unknown[] = Array.isArray(request.body) ? request.body : [request.body];
  const events = inputs.map(parseEvent).flatMap((parsed) => (parsed.ok ? [parsed.event] : []));
  await Promise.all(
    events.map((event) => db.collection("events").add({ ...event, received_at: Timestamp.now() })),
  );
  response.json({ status: "ok" });
});

export const countEvent = onDocumentCreated(
  { document: "events/{eventId}", retry: true },
  async ({ id, data }) => {
    if (!data) return;
    const { app_id, version_name, action, platform } = data.data();
    const version = countedVersion(version_name);
    const ledger = db.collection("processed").doc(id);
    const counter = db.collection("counters").doc(counterId({ app_id, version_name: version }));
    await db.runTransaction(async (transaction) => {
      const [processed, counted] = await transaction.getAll(ledger, counter);
      if (processed?.exists) return;
      const one = { [action]: FieldValue.increment(1) };
      const increments = { actions: one, platforms: { [countedPlatform(platform)]: one } };
      const identity = counted?.exists ? {} : { app_id, version_name: version };
      transaction.set(counter, { ...identity, ...increments }, { merge: true });
      transaction.create(ledger, { processed_at: FieldValue.serverTimestamp() });
    });
  },
);
