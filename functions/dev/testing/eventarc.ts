/** Delivers documents to a trigger as Eventarc does: as CloudEvents over HTTP, in protobuf. */

import { randomUUID } from "node:crypto";
import http from "node:http";
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

/** A CloudEvent in binary mode: attributes in headers, the document as protobuf in the body. */
export interface EventarcMessage {
  headers: Record<string, string>;
  body: Buffer;
}

/** Makes the message that a document was created. Deliver the same message again for a duplicate: it keeps its id. */
export function createdMessage(snapshot: DocumentSnapshot): EventarcMessage {
  const { path } = snapshot.ref;
  const value = {
    name: `projects/${projectId}/databases/(default)/documents/${path}`,
    fields: protoFields(snapshot.data() ?? {}),
    createTime: protoTime(snapshot.createTime as Timestamp),
    updateTime: protoTime(snapshot.updateTime as Timestamp),
  };
  return {
    headers: {
      "Content-Type": "application/protobuf",
      "ce-specversion": "1.0",
      "ce-id": randomUUID(),
      "ce-type": "google.cloud.firestore.document.v1.created",
      "ce-source": `//firestore.googleapis.com/projects/${projectId}/databases/(default)`,
      "ce-subject": `documents/${path}`,
      "ce-time": new Date().toISOString(),
      "ce-location": "nam5",
      "ce-project": projectId,
      "ce-database": "(default)",
      "ce-namespace": "(default)",
      "ce-document": path,
      "ce-datacontenttype": "application/protobuf",
    },
    body: Buffer.from(DocumentEventData.encode(DocumentEventData.fromObject({ value })).finish()),
  };
}

/** Delivers a message once. Resolves with the status of the answer. */
export function deliver(
  url: string,
  { headers, body }: EventarcMessage,
  agent: http.Agent = http.globalAgent,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, {
      agent,
      method: "POST",
      headers: { ...headers, "Content-Length": body.length },
    });
    request.on("response", (response) => {
      response.resume().on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", reject).end(body);
  });
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
