import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { hurriedTime } from "../../dev/testing/clocks.ts";
import { anEvent, newApp, parsedEvent } from "../../dev/testing/events.ts";
import { interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { classify } from "../../src/firestore/errors.ts";
import { createEventStore } from "../../src/ingest/event-store.ts";
import { backend, postInProcess as post, storedEvents } from "../backend.ts";

const timestamp = 1_795_392_000_000;

describe("storing", () => {
  it("keeps the cleaned event as it was sent, and what the backend knows of it", async () => {
    const app_id = newApp();
    const before = Date.now();
    await post(
      anEvent({
        app_id,
        device_id: "ABCD",
        custom_id: "",
        channel: null,
        version_code: 240,
        metadata: { a: "b" },
        timestamp,
        unknown: 1,
      }),
    );
    const [event] = await storedEvents(app_id);
    const { received_at, expire_at, occurred_at, counter, counted: _, ...sent } = event ?? {};
    expect(sent).to.deep.equal({
      ...anEvent({ app_id, device_id: "abcd", version_code: "240", metadata: { a: "b" }, timestamp }),
    });
    expect(received_at.toMillis()).to.be.within(before, Date.now());
    expect(expire_at.toMillis() - received_at.toMillis()).to.equal(90 * 86_400_000);
    expect(occurred_at.toMillis()).to.equal(timestamp);
    expect(counter).to.equal(`${app_id}@2.5.1`);
  });

  it("stores an event that comes twice once, in one batch, in two, at once or later", async () => {
    const app_id = newApp();
    const event = anEvent({ app_id, timestamp });
    const answers = [
      ...(await Promise.all([post([event, event]), post([event]), post(event)])),
      await post([event]),
    ];
    for (const { status, body } of answers) {
      expect(status).to.equal(200);
      for (const result of body.results ?? []) expect(result.status).to.equal("ok");
    }
    expect(await storedEvents(app_id)).to.have.length(1);
  });

  it("sends one event for a batch that repeats it, and says so in the log", async () => {
    const event = anEvent({ app_id: newApp(), timestamp });
    let writes = 0;
    interceptCalls(backend().firestore, ({ method, request, proceed }) => {
      if (method === "batchWrite") writes += request.writes?.length ?? 0;
      return proceed();
    });
    await post(Array.from({ length: 100 }, () => event));
    expect(writes).to.equal(1);
    expect(logs.find(({ message }) => message === "events")).to.include({ stored: 1, duplicate: 99 });
  });

  it("recognises an event whose metadata comes in another order, or whose device id in another case", async () => {
    const app_id = newApp();
    await post([anEvent({ app_id, timestamp, device_id: "abc", metadata: { a: "1", b: "2" } })]);
    await post([anEvent({ app_id, timestamp, device_id: "ABC", metadata: { b: "2", a: "1" } })]);
    expect(await storedEvents(app_id)).to.have.length(1);
  });

  it("tells events apart by each part of their identity", async () => {
    const app_id = newApp();
    const same = { app_id, timestamp };
    await post([
      anEvent(same),
      anEvent({ ...same, device_id: "another" }),
      anEvent({ ...same, action: "get" }),
      anEvent({ ...same, version_name: "2.5.2" }),
      anEvent({ ...same, old_version_name: "2.5.0" }),
      anEvent({ ...same, timestamp: timestamp + 1 }),
      anEvent({ ...same, metadata: { a: "b" } }),
    ]);
    expect(await storedEvents(app_id)).to.have.length(7);
  });

  it("stores every event without a timestamp: two of those cannot be told apart", async () => {
    const app_id = newApp();
    await post(anEvent({ app_id }));
    await post(anEvent({ app_id }));
    expect(await storedEvents(app_id)).to.have.length(2);
  });

  it("gives up the one call that Firestore does not answer, and tells apart what the others stored", async () => {
    const db = createFirestore();
    const create = storeIn(db);
    const sent: number[] = [];
    interceptCalls(db, ({ request, proceed }) =>
      sent.push(request.writes?.length ?? 0) === 2 ? new Promise(() => {}) : proceed(),
    );
    const results = await create(Array.from({ length: 60 }, () => parsedEvent()));
    expect(results).to.deep.equal(Array.from({ length: 60 }, () => "stored"));
    expect(sent.slice(0, 3)).to.deep.equal([20, 20, 20]);
    expect(sent.slice(3).reduce((sum, writes) => sum + writes)).to.equal(20); // Those of the second, again.
  });

  it("does not wait for a silent Firestore once for each call", async () => {
    const db = createFirestore();
    let calls = 0;
    interceptCalls(db, () => {
      calls++;
      return new Promise(() => {});
    });
    const events = Array.from({ length: 500 }, () => parsedEvent());
    const error = await storeIn(db)(events).catch((reason) => reason);
    expect(classify(error)).to.equal("transient");
    expect(calls).to.be.within(8, 24); // 25 are needed to store them, and each event is tried twice.
  });

  it("does not take its own busy CPU for a Firestore that does not answer", async () => {
    const db = createFirestore();
    const create = storeIn(db);
    let calls = 0;
    let underWay = 0;
    let mostAtOnce = 0;
    interceptCalls(db, async ({ proceed }) => {
      calls++;
      mostAtOnce = Math.max(mostAtOnce, ++underWay);
      const busyUntil = hurriedTime.clock.now() + 400;
      while (hurriedTime.clock.now() < busyUntil);
      await hurriedTime.clock.sleep(40);
      underWay--;
      return proceed();
    });
    const results = await create(Array.from({ length: 500 }, () => parsedEvent()));
    expect(new Set(results)).to.deep.equal(new Set(["stored"]));
    expect(calls).to.equal(25); // 10 s of work, and none of it twice.
    expect(mostAtOnce).to.equal(8);
  });
});

function storeIn(db: Firestore) {
  return createEventStore(db, {
    eventRetentionDays: 90,
    storeCustomId: true,
    storeMetadata: true,
    ...hurriedTime,
  });
}
