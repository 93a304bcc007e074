import type { Server } from "node:http";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { cloudEvent } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { expect } from "chai";
import type { DocumentSnapshot, Timestamp } from "firebase-admin/firestore";
import { listen } from "../../dev/local/listen.ts";
import { projectId } from "../../dev/local/stack.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { backend, counts, describeInProcess, post } from "../backend.ts";

/** Eventarc's message for a Firestore document, from the protobuf code that comes with firebase-functions. */
const { DocumentEventData } = loadProtobuf().google.events.cloud.firestore.v1;

function loadProtobuf() {
  const require = createRequire(import.meta.url);
  const root = join(dirname(require.resolve("firebase-functions")), "../..");
  return require(join(root, "protos/compiledFirestore.js"));
}

describeInProcess("a trigger delivered as Eventarc does", () => {
  let server: Server;
  let port: number;

  before(async () => {
    const { countEvent } = await import("../../src/index.ts");
    cloudEvent("countEvent", countEvent as Parameters<typeof cloudEvent>[1]);
    server = getTestServer("countEvent");
    port = await listen(server);
  });

  after(() => {
    server.close();
  });

  /** A CloudEvent in binary mode: attributes in headers, the document as protobuf in the body. */
  async function deliver(snapshot: DocumentSnapshot): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${port}/`, {
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

  it("counts the event once, however often it comes", async () => {
    const app_id = newApp();
    await post(anEvent({ app_id, is_prod: true, metadata: { a: "b" }, timestamp: 1_795_392_000_000 }));
    await backend().settled();
    const { docs } = await backend().firestore.collection("events").where("app_id", "==", app_id).get();
    const event = docs[0] as DocumentSnapshot;

    // As it was before the first trigger counted it, and as if nobody had.
    await event.ref.update({ counted: false });
    await backend().firestore.recursiveDelete(backend().firestore.doc(`counters/${app_id}@2.5.1`));
    const uncounted = await event.ref.get();

    expect(await Promise.all([deliver(uncounted), deliver(uncounted)])).to.deep.equal([204, 204]);
    expect(await deliver(uncounted)).to.equal(204);
    expect(await counts(`counters/${app_id}@2.5.1`)).to.deep.equal({
      actions: { set: 1 },
      platforms: { android: { set: 1 } },
    });
  });

  it("answers 500 when it could not count, so that Eventarc delivers again", async () => {
    const app_id = newApp();
    await post(anEvent({ app_id }));
    await backend().settled();
    const { docs } = await backend().firestore.collection("events").where("app_id", "==", app_id).get();
    const event = docs[0] as DocumentSnapshot;
    await event.ref.update({ counted: false });
    const uncounted = await event.ref.get();
    interceptCalls(backend().firestore, () => Promise.reject(firestoreError(7)));
    const { error } = console;
    console.error = () => {}; // The runtime reports what the function threw there.
    const status = await deliver(uncounted).finally(() => {
      console.error = error;
    });
    expect(status).to.equal(500);
  });
});

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
