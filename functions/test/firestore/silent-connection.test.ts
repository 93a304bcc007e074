import { expect } from "chai";
import { type FunctionProcess, startFunction } from "../../dev/local/framework.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { type SwallowingProxy, startSwallowingProxy } from "../../dev/testing/swallowing-proxy.ts";
import { backend, storedEvents } from "../backend.ts";

/** The connection is given up after 13 s; without being asked for a sign of life, after 100 s or more. */
const LONGEST_SILENCE_MILLISECONDS = 40_000;

describe("a connection to Firestore, in the process of stats", () => {
  let proxy: SwallowingProxy;
  let stats: FunctionProcess;

  before(async () => {
    proxy = await startSwallowingProxy(backend().environment.FIRESTORE_EMULATOR_HOST);
    stats = await startFunction("stats", {
      ...backend().environment,
      FIRESTORE_EMULATOR_HOST: proxy.host,
      FIRESTORE_PREFER_REST: "true",
    });
  });

  after(() => {
    stats.child.kill("SIGKILL");
    proxy.close();
  });

  const post = async (body: object) =>
    (await fetch(stats.url, { method: "POST", body: JSON.stringify(body) })).status;

  it("speaks gRPC whatever the environment prefers: a batch that comes again is recognised", async () => {
    const app_id = newApp();
    const batch = [anEvent({ app_id, timestamp: 1_795_392_000_000 })];
    expect([await post(batch), await post(batch)]).to.deep.equal([200, 200]);
    expect(await storedEvents(app_id)).to.have.length(1);
  });

  it("is given up when it has gone silent, and a new one taken", async () => {
    expect(await post(anEvent())).to.equal(200);
    proxy.swallow();
    expect(await post(anEvent())).to.equal(503);
    const until = Date.now() + LONGEST_SILENCE_MILLISECONDS;
    while (Date.now() < until) {
      if ((await post(anEvent())) === 200) return;
    }
    throw new Error("expected an event to be taken again");
  });
});
