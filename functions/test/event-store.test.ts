import { expect } from "chai";
import {
  anEvent,
  backend,
  describeInProcess,
  newApp,
  postInProcess as post,
  storedEvents,
} from "./backend.ts";
import { logs } from "./captured-logs.ts";
import { interceptCalls } from "./faults.ts";

const timestamp = 1_795_392_000_000;

describeInProcess("storing", () => {
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
    const { received_at, expire_at, occurred_at, counted: _, ...sent } = event ?? {};
    expect(sent).to.deep.equal({
      ...anEvent({ app_id, device_id: "abcd", version_code: "240", metadata: { a: "b" }, timestamp }),
    });
    expect(received_at.toMillis()).to.be.within(before, Date.now());
    expect(expire_at.toMillis() - received_at.toMillis()).to.equal(90 * 86_400_000);
    expect(occurred_at.toMillis()).to.equal(timestamp);
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
    const restore = interceptCalls(backend().firestore, ({ method, request, proceed }) => {
      if (method === "batchWrite") writes += request.writes?.length ?? 0;
      return proceed();
    });
    await post(Array.from({ length: 100 }, () => event));
    restore();
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
});
