/**
 * The baseline, as well written as such code is: what the documentation of Firebase leads to. It calls `add()` for
 * each event, and for each trigger a transaction with a ledger document, so that a second delivery is not counted
 * again. It validates events by the same code, and keeps the same counters and days.
 */

import { Timestamp } from "firebase-admin/firestore";
import { onDocumentCreated } from "firebase-functions/firestore";
import { onRequest } from "firebase-functions/https";
import { firestore } from "../../src/firestore/connection.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import { countInTransaction } from "./baseline-transaction.ts";

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
  async ({ data }) => data && countInTransaction(db, data),
);
