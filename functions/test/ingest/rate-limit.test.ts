import { expect } from "chai";
import { systemClock } from "../../src/clock.ts";
import { createRateLimit } from "../../src/ingest/rate-limit.ts";

describe("the rate limit", () => {
  let now = 0;
  const clock = { ...systemClock, now: () => now };

  /** How many of so many single events are taken. */
  const taken = (mayTake: (events: number) => boolean, events: number) =>
    Array.from({ length: events }, () => mayTake(1)).filter(Boolean).length;

  it("takes a burst of a minute, and from then on what comes in time", () => {
    const mayTake = createRateLimit(10, clock);
    expect(taken(mayTake, 1_000)).to.equal(600);
    now += 1_000;
    expect(taken(mayTake, 1_000)).to.equal(10);
  });

  it("saves up for a minute, no longer", () => {
    const mayTake = createRateLimit(10, clock);
    expect(taken(mayTake, 600)).to.equal(600);
    now += 3_600_000;
    expect(taken(mayTake, 1_000)).to.equal(600);
  });

  it("takes a batch that is larger than all it may take, and lets what follows wait for it", () => {
    const mayTake = createRateLimit(1, clock);
    expect(mayTake(500)).to.equal(true);
    now += 440_000;
    expect(mayTake(1)).to.equal(false);
    now += 1_000;
    expect(mayTake(1)).to.equal(true);
  });

  it("takes whatever comes where there is none", () => {
    const mayTake = createRateLimit(0, clock);
    expect(taken(mayTake, 100_000)).to.equal(100_000);
  });
});
