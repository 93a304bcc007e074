import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect } from "chai";
import { store } from "../../dev/testing/events.ts";
import { EVENTS } from "../../src/counting/documents.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import type { StoredEvent } from "../../src/ingest/event-store.ts";
import { backend } from "../backend.ts";

/**
 * Firestore's treatment of each field of an event. A field whose values only grow would limit the collection to 500
 * writes a second if it were indexed, and `metadata` would fill the index with what nobody queries. The others are
 * short, and an operator may query them in the console. A new field needs a line here, and one in
 * `firestore.indexes.json` where it is exempt.
 */
const fields: Record<keyof StoredEvent, "indexed" | "exempt" | "exempt, and Firestore deletes by it"> = {
  app_id: "indexed",
  device_id: "indexed",
  action: "indexed",
  version_name: "indexed",
  counted: "indexed",
  platform: "indexed",
  version_build: "indexed",
  version_code: "indexed",
  version_os: "indexed",
  plugin_version: "indexed",
  old_version_name: "indexed",
  custom_id: "indexed",
  is_emulator: "indexed",
  is_prod: "indexed",
  defaultChannel: "indexed",
  channel: "indexed",
  install_source: "indexed",
  key_id: "indexed",
  bundle_id: "indexed",
  message: "indexed",
  metadata: "exempt",
  timestamp: "exempt",
  occurred_at: "exempt",
  received_at: "exempt",
  expire_at: "exempt, and Firestore deletes by it",
};

interface IndexFile {
  indexes: object[];
  fieldOverrides: { collectionGroup: string; fieldPath: string; ttl?: boolean; indexes: object[] }[];
}

const file = new URL("../../../firestore.indexes.json", import.meta.url);
const { indexes, fieldOverrides }: IndexFile = JSON.parse(readFileSync(file, "utf8"));

/** Every field that `createEventParser` asks an input for: those of its schema. */
function fieldsOfSchema(): string[] {
  const asked = new Set<string>();
  const nosy = new Proxy({}, { get: (_, field) => void asked.add(String(field)) });
  createEventParser(new Set())(nosy);
  return [...asked];
}

/** The fields of an event document as it is written; optional ones of the plugin's are among those of the schema. */
async function fieldsWritten(): Promise<string[]> {
  const db = backend().newFirestore();
  await store(db, {});
  const { docs } = await db.collection(EVENTS).get();
  return docs.flatMap((event) => Object.keys(event.data()));
}

describe("firestore.indexes.json", () => {
  it("was thought of for every field that an event document can have, and for no other", async () => {
    const written = new Set([...fieldsOfSchema(), ...(await fieldsWritten())]);
    expect(Object.keys(fields)).to.have.members([...written]);
  });

  it("exempts from indexing what the table above says, and nothing else of events", () => {
    const exempt = Object.entries(fields).filter(([, decision]) => decision !== "indexed");
    const overrides = fieldOverrides.filter(({ collectionGroup }) => collectionGroup === EVENTS);
    expect(overrides.map(({ fieldPath }) => fieldPath)).to.have.members(exempt.map(([field]) => field));
    for (const override of overrides) expect(override.indexes, override.fieldPath).to.deep.equal([]);
  });

  it("lets Firestore delete events by expire_at, and nothing else", () => {
    const ttl = fieldOverrides.filter((override) => override.ttl);
    expect(ttl.map(({ collectionGroup, fieldPath }) => [collectionGroup, fieldPath])).to.deep.equal([
      [EVENTS, "expire_at"],
    ]);
  });

  it("is one that the CLI takes", () => {
    const { FirestoreApi } = createRequire(import.meta.url)("firebase-tools/lib/firestore/api.js");
    expect(() => new FirestoreApi().validateSpec({ indexes, fieldOverrides })).not.to.throw();
    expect(() => new FirestoreApi().validateSpec({ indexes, fieldOverrides: [{}] })).to.throw();
  });
});
