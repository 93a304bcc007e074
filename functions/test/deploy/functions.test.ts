import { readdirSync } from "node:fs";
import { expect } from "chai";
import { poisonStrings } from "../../dev/attack/poison.ts";
import { anEvent, newApp, payload } from "../../dev/testing/events.ts";
import { backend, onEmulators, readCounts } from "../backend.ts";

const payloads = readdirSync(new URL("../../dev/testing/payloads", import.meta.url));

async function post(body: unknown) {
  const response = await fetch(backend().deployed.url("stats"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

/** The counters of an app, once the triggers of all that it has sent were delivered. */
async function countersOf(app_id: string) {
  const { firestore, settled } = backend().deployed;
  await settled();
  return (await firestore.collection("counters").where("app_id", "==", app_id).get()).docs;
}

/** The `stats`, the triggers and the dashboard of the Functions emulator, where the tests run on it. */
describe("the functions side by side", () => {
  for (const file of payloads) {
    it(`count each event of ${file} once, though it comes twice`, async () => {
      const app_id = newApp();
      const events = [payload(file.replace(".json", ""))].flat().map((event) => ({ ...event, app_id }));
      const dated = events.map((event, index) => ({ timestamp: 1_795_392_000_000 + index, ...event }));
      for (const { status, body } of [await post(dated), await post(dated)]) {
        expect(status).to.equal(200);
        for (const result of body.results) expect(result.status).to.equal("ok");
      }
      const counted = (await countersOf(app_id)).flatMap((counter) =>
        Object.values<number>(counter.get("actions")),
      );
      expect(counted.reduce((sum, count) => sum + count)).to.equal(events.length);
    });
  }

  it("count a single event, and one of each version that Firestore could not name a document after", async () => {
    const app_id = newApp();
    expect(await post(anEvent({ app_id }))).to.deep.equal({ status: 200, body: { status: "ok" } });
    await post(poisonStrings.map((version_name) => anEvent({ app_id, version_name })));
    await countersOf(app_id);
    const { firestore } = backend().deployed;
    expect(await readCounts(firestore, `counters/${app_id}@2.5.1`)).to.have.nested.property("actions.set", 1);
    const events = await firestore.collection("events").where("app_id", "==", app_id).get();
    expect(events.docs.filter((event) => event.get("counted") !== true)).to.deep.equal([]);
  });

  it("refuse what is no event, and say why", async () => {
    const { status, body } = await post(anEvent({ app_id: "nodots" }));
    expect([status, body.error]).to.deep.equal([400, "invalid_event"]);
    expect(body.message).to.match(/^app_id: expected a reverse domain name .*, got "nodots"$/);
  });

  it("answer health checks, and show the dashboard", async () => {
    const { url } = backend().deployed;
    expect(await (await fetch(url("stats"))).json()).to.deep.equal({ status: "ok" });
    expect(await (await fetch(`${url("dashboard")}/data`)).json()).to.have.property("page");
  });

  it("are all found by the Functions emulator (only there)", async function () {
    if (!onEmulators) this.skip();
    const answer = await fetch(new URL("/backends", backend().deployed.url("stats")));
    const { backends } = (await answer.json()) as Found;
    const names = backends.flatMap((found) => found.functionTriggers.map(({ entryPoint }) => entryPoint));
    expect(names).to.have.members(["addDeltas", "countEvent", "dashboard", "stats", "sweep", "watch"]);
  });
});

interface Found {
  backends: { functionTriggers: { entryPoint: string }[] }[];
}
