import { expect } from "chai";
import { shareReadsOf } from "../../src/firestore/shared-read.ts";

const SECOND = 1_000;
const HOUR = 3_600 * SECOND;

/** Reads that end when the test says so, with a clock that the test sets. */
function createReads(milliseconds: number) {
  let time = 0;
  const reads: { key: string; end: PromiseWithResolvers<string> }[] = [];
  const ask = shareReadsOf(
    milliseconds,
    () => time,
    (key: string) => key,
    (key) => {
      const end = Promise.withResolvers<string>();
      reads.push({ key, end });
      return end.promise;
    },
  );
  return {
    ask,
    reads,
    pass(milliseconds: number) {
      time += milliseconds;
    },
  };
}

describe("a shared read", () => {
  it("is one for all who ask for the same while it is fresh, from its beginning on", async () => {
    const { ask, reads, pass } = createReads(10 * SECOND);
    const asked = [ask("a"), ask("b"), ask("a")];
    expect(reads.map(({ key }) => key)).to.deep.equal(["a", "b"]);
    for (const { key, end } of reads) end.resolve(key);
    expect(await Promise.all(asked)).to.deep.equal(["a", "b", "a"]);
    pass(10 * SECOND - 1);
    expect(await ask("a")).to.equal("a");
    pass(1);
    ask("a");
    expect(reads.map(({ key }) => key)).to.deep.equal(["a", "b", "a"]);
  });

  it("is shared while it is under way, though what it reads is no longer fresh", () => {
    const { ask, reads, pass } = createReads(0);
    ask("a");
    pass(30 * SECOND - 1);
    ask("a");
    expect(reads).to.have.length(1);
  });

  it("is not waited for after half a minute, however long it would be fresh, and what it says then is not kept", async () => {
    const { ask, reads, pass } = createReads(6 * HOUR);
    const hung = ask("a");
    pass(30 * SECOND);
    const next = ask("a");
    expect(reads).to.have.length(2);
    reads[0]?.end.reject(new Error("too late"));
    reads[1]?.end.resolve("new");
    expect(await hung.catch((error: Error) => error.message)).to.equal("too late");
    expect(await next).to.equal("new");
    pass(6 * HOUR - 1);
    expect(await ask("a")).to.equal("new");
    expect(reads).to.have.length(2);
  });

  it("that fails is told to all who wait for it, and not kept", async () => {
    const { ask, reads } = createReads(HOUR);
    const asked = [ask("a"), ask("a")];
    reads[0]?.end.reject(new Error("unavailable"));
    const outcomes = await Promise.allSettled(asked);
    expect(outcomes.map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    ask("a");
    expect(reads).to.have.length(2);
  });
});
