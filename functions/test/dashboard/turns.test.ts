import { expect } from "chai";
import { hurriedTime, systemTime } from "../../dev/testing/clocks.ts";
import { createTurns } from "../../src/dashboard/turns.ts";

describe("who asks for devices at once", () => {
  it("is answered one after the other, also after one that failed", async () => {
    let running = 0;
    let most = 0;
    const ask = createTurns(
      async (asked: number) => {
        most = Math.max(most, ++running);
        await systemTime.clock.sleep(1);
        running--;
        if (asked === 3) throw new Error("three");
        return -asked;
      },
      20_000,
      Date.now,
      systemTime.timers,
    );
    const all = await Promise.allSettled(Array.from({ length: 80 }, (_, asked) => ask(asked)));
    expect(most).to.equal(1);
    expect(all.map((one) => (one.status === "fulfilled" ? one.value : one.reason.message))).to.deep.equal(
      all.map((_, asked) => (asked === 3 ? "three" : -asked)),
    );
  });

  it("waits for one that hangs no longer than for an answer, and is forgotten where nobody waits any more", async () => {
    let now = 0;
    const done: string[] = [];
    const ask = createTurns(
      async (asked: string) => {
        if (asked === "hangs") await new Promise(() => {});
        done.push(asked);
      },
      4_000,
      () => now,
      hurriedTime.timers,
    );
    const first = [ask("hangs"), ask("too late")];
    await hurriedTime.clock.sleep(1); // The first has begun to hang.
    now = 2_000;
    const later = ask("in time");
    now = 4_000;
    const [hung, late] = await Promise.allSettled(first);
    expect([hung?.status, late?.status]).to.deep.equal(["rejected", "rejected"]);
    await later;
    expect(done).to.deep.equal(["in time"]);
  });
});
