import { expect } from "chai";
import { type DocumentSnapshot, Firestore, Timestamp } from "firebase-admin/firestore";
import { hurriedTime } from "../../dev/testing/clocks.ts";
import { anEvent, parsedEvent } from "../../dev/testing/events.ts";
import { createEventCounter } from "../../src/counting/count-events.ts";
import { classify } from "../../src/firestore/errors.ts";
import { createEventStore } from "../../src/ingest/event-store.ts";

// Below all injected faults: the Admin SDK tries to reach a server again by itself, for ten minutes.
describe("a Firestore that cannot be reached", () => {
  const db = connectTo("127.0.0.1:1");

  it("is given up in time for stats to answer 503", async () => {
    const store = createEventStore(db, {
      eventRetentionDays: 90,
      storeCustomId: true,
      storeMetadata: true,
      ...hurriedTime,
    });
    const started = hurriedTime.clock.now();
    const error = await store([parsedEvent()]).catch((reason) => reason);
    expect(classify(error)).to.equal("transient");
    expect(hurriedTime.clock.now() - started).to.be.lessThan(30_000);
  });

  it("is given up in time for countEvent to end and be delivered again", async () => {
    const data = { ...anEvent(), received_at: Timestamp.now(), counted: false };
    const snapshot = { id: "e1", updateTime: Timestamp.now(), data: () => data, get: () => undefined };
    const count = createEventCounter(db, hurriedTime);
    const started = hurriedTime.clock.now();
    const error = await count(snapshot as unknown as DocumentSnapshot).catch((reason) => reason);
    expect(classify(error)).to.equal("transient");
    expect(hurriedTime.clock.now() - started).to.be.within(20_000, 60_000);
  });
});

/** The variable goes before the `host` that a Firestore is given, and the Emulator Suite sets it. */
function connectTo(host: string): Firestore {
  const { FIRESTORE_EMULATOR_HOST: before } = process.env;
  process.env.FIRESTORE_EMULATOR_HOST = host;
  try {
    return new Firestore({ projectId: "demo-unreachable" });
  } finally {
    if (before === undefined) delete process.env.FIRESTORE_EMULATOR_HOST;
    else process.env.FIRESTORE_EMULATOR_HOST = before;
  }
}
