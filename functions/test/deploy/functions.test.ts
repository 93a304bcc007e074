import { expect } from "chai";
import { anEvent, newApp, payload } from "../../dev/testing/events.ts";
import { backend, counts, onEmulators, storedEvents } from "../backend.ts";

/** POSTs to `stats` where all functions are side by side: on the Emulator Suite, the Functions emulator found and runs them. */
async function post(body: unknown) {
  const response = await fetch(backend().functionUrl("stats"), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: await response.json() };
}

describe("the functions, side by side", () => {
  it("count what stats has stored: an event, and a batch that comes twice", async () => {
    const app_id = newApp();
    const events = payload("ios-8.51.23-batch").map((event: object) => ({ ...event, app_id }));
    const single = anEvent({ app_id, version_name: "3.0.0" });
    expect(await post(single)).to.deep.equal({ status: 200, body: { status: "ok" } });
    for (const { status, body } of [await post(events), await post(events)]) {
      expect(status).to.equal(200);
      for (const result of body.results) expect(result.status).to.equal("ok");
    }
    expect(await counts(`counters/${app_id}@3.0.0`)).to.deep.equal({
      actions: { set: 1 },
      platforms: { android: { set: 1 } },
    });
    expect(await counts(`counters/${app_id}@2.5.1`)).to.have.deep.nested.property("platforms.ios", {
      download_complete: 1,
      set: 1,
      update_fail: 1,
      download_manifest_file_fail: 1,
    });
    expect(await storedEvents(app_id)).to.have.length(1 + events.length);
  });

  it("refuse what is no event, and say why", async () => {
    const { status, body } = await post(anEvent({ app_id: "nodots" }));
    expect([status, body.error]).to.deep.equal([400, "invalid_event"]);
    expect(body.message).to.match(/^app_id: expected a reverse domain name .*, got "nodots"$/);
  });

  it("answer health checks, and show the dashboard", async () => {
    expect(await (await fetch(backend().functionUrl("stats"))).json()).to.deep.equal({ status: "ok" });
    const data = await fetch(`${backend().functionUrl("dashboard")}/data`);
    expect(await data.json()).to.have.property("page");
  });

  it("are all found by the Functions emulator (only there)", async function () {
    if (!onEmulators) this.skip();
    const { backends } = await (await fetch(new URL("/backends", backend().functionUrl("stats")))).json();
    const found = backends.flatMap(({ functionTriggers }: { functionTriggers: { entryPoint: string }[] }) =>
      functionTriggers.map(({ entryPoint }) => entryPoint),
    );
    expect(found).to.have.members(["addDeltas", "countEvent", "dashboard", "stats", "sweep", "watch"]);
  });
});
