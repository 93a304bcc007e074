/** Delivers a document to a trigger as Eventarc does: as a CloudEvent in binary mode, the document as protobuf. */

import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { DocumentSnapshot, Timestamp } from "firebase-admin/firestore";
import { projectId } from "../local/stack.ts";

/** Eventarc's message for a Firestore document, from the protobuf code that comes with firebase-functions. */
const { DocumentEventData } = loadProtobuf().google.events.cloud.firestore.v1;

function loadProtobuf() {
  const require = createRequire(import.meta.url);
  const root = join(dirname(require.resolve("firebase-functions")), "../..");
  return require(join(root, "protos/compiledFirestore.js"));
}

/** Tells a function that a document was created. Resolves with the status of its answer. */
export async function deliver(url: string, snapshot: DocumentSnapshot): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/protobuf",
      "ce-specversion": "1.0",
      "ce-id": "7c2f4f0a-0001",
      "ce-type": "google.cloud.firestore.document.v1.created",
      "ce-source": `//firestore.googleapis.com/projects/${projectId}/databases/(default)`,
      "ce-subject": `documents/${snapshot.ref.path}`,
      "ce-time": new Date().toISOString(),
      "ce-location": "nam5",
      "ce-project": projectId,
      "ce-database": "(default)",
      "ce-namespace": "(default)",
      "ce-document": snapshot.ref.path,
      "ce-datacontenttype": "application/protobuf",
    },
    body: eventBody(snapshot),
  });
  await response.arrayBuffer();
  return response.status;
}

function eventBody(snapshot: DocumentSnapshot): Buffer<ArrayBuffer> {
  const value = {
    name: `projects/${projectId}/databases/(default)/documents/${snapshot.ref.path}`,
    fields: protoFields(snapshot.data() ?? {}),
    createTime: protoTime(snapshot.createTime as Timestamp),
    updateTime: protoTime(snapshot.updateTime as Timestamp),
  };
  return Buffer.from(DocumentEventData.encode(DocumentEventData.fromObject({ value })).finish());
}

function protoFields(data: Record<string, unknown>): Record<string, object> {
  return Object.fromEntries(Object.entries(data).map(([field, value]) => [field, protoValue(value)]));
}

function protoValue(value: unknown): object {
  if (typeof value === "string") return { stringValue: value };
  if (typeof value === "boolean") return { booleanValue: value };
  if (typeof value === "number") return { integerValue: value };
  if (isTimestamp(value)) return { timestampValue: protoTime(value) };
  return { mapValue: { fields: protoFields(value as Record<string, unknown>) } };
}

function isTimestamp(value: unknown): value is Timestamp {
  return typeof value === "object" && value !== null && "toMillis" in value;
}

function protoTime({ seconds, nanoseconds }: Timestamp) {
  return { seconds, nanos: nanoseconds };
}
