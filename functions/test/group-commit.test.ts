import { expect } from "chai";
import { createManualClock } from "../dev/testing/clocks.ts";
import { createGroupCommit, createGroupCommits } from "../src/group-commit.ts";

/** A group commit of strings, and what it has committed; each commit ends when the test says so. */
function setUp({ maxItems = 100, interval = 1_000, sideBySide = false } = {}) {
  const clock = createManualClock();
  const begun: {
    at: number;
    items: readonly string[];
    end: (outcome?: unknown) => void;
    fail: (e: Error) => void;
  }[] = [];
  let idle = 0;
  const submit = createGroupCommit<string, string>({
    commit: (items) =>
      new Promise((resolve, reject) => {
        const end = (outcome: unknown = items.map((item) => `${item}!`)) => resolve(outcome as string[]);
        begun.push({ at: clock.now(), items, end, fail: reject });
      }),
    maxItems,
    next: (done) => (sideBySide ? clock.sleep(interval) : Promise.allSettled([done, clock.sleep(interval)])),
    onIdle: () => idle++,
  });
  return { clock, begun, submit, idle: () => idle };
}

describe("group commit", () => {
  it("commits the first item at once", async () => {
    const { clock, begun, submit } = setUp();
    const result = submit("a");
    await clock.pass(0);
    expect(begun.map(({ at, items }) => ({ at, items }))).to.deep.equal([{ at: 0, items: ["a"] }]);
    begun[0]?.end();
    expect(await result).to.equal("a!");
  });

  it("commits together what comes together", async () => {
    const { clock, begun, submit } = setUp();
    submit("a");
    submit("b");
    await clock.pass(0);
    expect(begun.map(({ items }) => items)).to.deep.equal([["a", "b"]]);
  });

  it("gathers what comes while a commit runs, until that has ended and the interval has passed", async () => {
    const { clock, begun, submit } = setUp();
    submit("a");
    await clock.pass(400);
    submit("b");
    await clock.pass(1_000);
    expect(begun, "the first has not ended").to.have.length(1);
    submit("c");
    begun[0]?.end();
    await clock.pass(0);
    expect(begun[1]).to.deep.include({ at: 1_400, items: ["b", "c"] });
    begun[1]?.end();
    await clock.pass(0);

    submit("d");
    await clock.pass(999);
    expect(begun, "a second has not passed").to.have.length(2);
    await clock.pass(1);
    expect(begun[2]).to.deep.include({ at: 2_400, items: ["d"] });
  });

  it("waits for the interval alone where commits may run side by side", async () => {
    const { clock, begun, submit, idle } = setUp({ sideBySide: true });
    submit("a");
    await clock.pass(400);
    submit("b");
    await clock.pass(599);
    expect(begun).to.have.length(1);
    await clock.pass(1);
    expect(begun[1], "the first has not ended").to.deep.include({ at: 1_000, items: ["b"] });
    await clock.pass(5_000);
    expect(idle(), "a commit has not ended").to.equal(0);
    begun[1]?.end();
    await clock.pass(0);
    expect(idle()).to.equal(1);
  });

  it("waits for nothing when it has been idle for the interval", async () => {
    const { clock, begun, submit, idle } = setUp();
    submit("a");
    await clock.pass(10);
    begun[0]?.end();
    await clock.pass(5_000);
    expect(idle()).to.equal(1);
    submit("b");
    await clock.pass(0);
    expect(begun[1]).to.deep.include({ at: 5_010, items: ["b"] });
  });

  it("is not idle while a later, full commit runs", async () => {
    const { clock, begun, submit, idle } = setUp({ maxItems: 2 });
    submit("a");
    await clock.pass(900);
    begun[0]?.end();
    submit("b");
    submit("c");
    await clock.pass(100);
    expect(begun).to.have.length(2);
    expect(idle()).to.equal(0);
    begun[1]?.end();
    await clock.pass(1_000);
    expect(idle()).to.equal(1);
  });

  it("rejects when a commit throws, and is idle after it", async () => {
    const clock = createManualClock();
    let idle = 0;
    const submit = createGroupCommit<string, string>({
      commit: () => {
        throw new Error("at once");
      },
      maxItems: 2,
      next: () => clock.sleep(1_000),
      onIdle: () => idle++,
    });
    const error = await submit("a").catch((reason) => reason);
    expect(error).to.have.property("message", "at once");
    await clock.pass(1_000);
    expect(idle).to.equal(1);
  });

  it("is not idle while items wait", async () => {
    const { clock, begun, submit, idle } = setUp();
    submit("a");
    await clock.pass(10);
    submit("b");
    begun[0]?.end();
    await clock.pass(1_000);
    expect(begun).to.have.length(2);
    expect(idle()).to.equal(0);
  });

  it("begins a commit as soon as it is full, and loses nobody", async () => {
    const { clock, begun, submit } = setUp({ maxItems: 2 });
    const results = ["a", "b", "c", "d", "e"].map(submit);
    await clock.pass(0);
    expect(begun.map(({ items }) => items)).to.deep.equal([
      ["a", "b"],
      ["c", "d"],
    ]);
    for (const { end } of begun) end();
    await clock.pass(1_000);
    expect(begun[2]?.items).to.deep.equal(["e"]);
    begun[2]?.end();
    expect(await Promise.all(results)).to.deep.equal(["a!", "b!", "c!", "d!", "e!"]);
  });

  it("gives each item its own outcome", async () => {
    const { clock, begun, submit } = setUp();
    const results = Promise.allSettled([submit("a"), submit("b")]);
    await clock.pass(0);
    begun[0]?.end(["fine", new Error("not this one")]);
    expect((await results).map(({ status }) => status)).to.deep.equal(["fulfilled", "rejected"]);
  });

  it("resolves nobody before the commit has ended", async () => {
    const { clock, begun, submit } = setUp();
    let resolved = false;
    const result = submit("a").then(() => {
      resolved = true;
    });
    await clock.pass(10_000);
    expect(resolved).to.equal(false);
    begun[0]?.end();
    await result;
  });

  it("rejects all items of a commit that fails, and goes on with the next", async () => {
    const { clock, begun, submit } = setUp();
    const failing = Promise.allSettled([submit("a"), submit("b")]);
    await clock.pass(0);
    begun[0]?.fail(new Error("down"));
    expect((await failing).map(({ status }) => status)).to.deep.equal(["rejected", "rejected"]);
    const next = submit("c");
    await clock.pass(1_000);
    begun[1]?.end();
    expect(await next).to.equal("c!");
  });
});

describe("group commits", () => {
  it("share commits with those of the same key only", async () => {
    const clock = createManualClock();
    const committed: (readonly string[])[] = [];
    const submit = createGroupCommits<string, string>(
      (item) => item.charAt(0),
      () => ({
        commit: async (items) => {
          committed.push(items);
          return [...items];
        },
        maxItems: 10,
        next: () => clock.sleep(1_000),
      }),
    );
    const results = Promise.all(["a1", "b1", "a2"].map(submit));
    await clock.pass(0);
    expect(await results).to.deep.equal(["a1", "b1", "a2"]);
    expect(committed).to.have.deep.members([["a1", "a2"], ["b1"]]);
    void submit("a3");
    await clock.pass(999);
    expect(committed, "the interval of a has not passed").to.have.length(2);
    await clock.pass(1);
    expect(committed).to.have.length(3);
    await clock.pass(1_000);
    void submit("a4");
    await clock.pass(0);
    expect(committed, "it is forgotten, and begins anew").to.have.length(4);
  });
});
