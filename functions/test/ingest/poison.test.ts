import { expect } from "chai";
import fc from "fast-check";
import { poison, poisonStrings } from "../../dev/attack/poison.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import { counts, post, postRaw, storedEvents } from "../backend.ts";

const parseEvent = createEventParser(new Set());

describe("poison input", () => {
  it("is an event that Firestore can store or is explained, never an exception", () => {
    fc.assert(
      fc.property(poison, (source) => {
        const parsed = parseEvent(JSON.parse(source));
        if (!parsed.ok) {
          expect(parsed.message).to.match(/expected/);
          expect(parsed.message.length).to.be.lessThan(3_000);
        } else expectStorable(parsed.event);
      }),
      { numRuns: 5_000 },
    );
  });

  it("never causes a 5xx as a single event", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(poison, { minLength: 10, maxLength: 30 }), async (sources) => {
        for (const { status, body } of await Promise.all(sources.map((source) => postRaw(source)))) {
          expect(status).to.be.oneOf([200, 400]);
          expect(JSON.stringify(body)).not.to.match(/node_modules|\.ts:\d/);
        }
      }),
      { numRuns: 100 },
    );
  });

  it("never harms another event of its batch", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(poison, { maxLength: 40 }), fc.nat(40), async (sources, position) => {
        const app_id = newApp();
        const good = anEvent({ app_id });
        const batch: unknown[] = sources.map((source) => JSON.parse(source));
        batch.splice(position, 0, good);
        const { status, body } = await post(batch);
        expect(status).to.equal(200);
        expect(body.results).to.have.length(batch.length);
        expect(body.results?.[batch.indexOf(good)]).to.include({ status: "ok" });
        expect(await storedEvents(app_id)).to.have.length(1);
      }),
      { numRuns: 100 },
    );
  });

  it("is counted where it is an event, also in versions made of dots, slashes and control characters", async () => {
    const app_id = newApp();
    await post([
      ...poisonStrings.map((version_name) => anEvent({ app_id, version_name })),
      anEvent({ app_id }),
    ]);
    expect(await counts(`counters/${app_id}@2.5.1`)).to.have.nested.property("actions.set", 1);
    for (const event of await storedEvents(app_id)) expect(event.counted).to.equal(true);
  });

  it("may be nested as deep as it likes", async () => {
    const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
    const app_id = newApp();
    const event = JSON.stringify(anEvent({ app_id })).slice(0, -1);
    for (const source of [deep, `[${deep}]`, `${event},"metadata":{"a":${deep}}}`, `${event},"x":${deep}}`]) {
      const response = await fetch((await import("../backend.ts")).backend().statsUrl, {
        method: "POST",
        body: source,
      });
      expect(response.status).to.be.lessThan(500);
    }
  });
});

/** Firestore's documented limits on what it stores, checked here since the in-memory one is more patient. */
function expectStorable(value: unknown, depth = 0): void {
  expect(depth).to.be.lessThan(20);
  if (typeof value === "string") {
    expect(value.isWellFormed()).to.equal(true);
    expect(Buffer.byteLength(value)).to.be.lessThan(8_193);
  }
  if (typeof value !== "object" || value === null) return;
  for (const [name, item] of Object.entries(value)) {
    expect(name).not.to.match(/^__.*__$/s);
    expect(Buffer.byteLength(name)).to.be.within(1, 1_500);
    expect(item).not.to.equal(undefined);
    expectStorable(item, depth + 1);
  }
}
