import type { Server } from "node:http";
import { cloudEvent } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { expect } from "chai";
import type { DocumentSnapshot } from "firebase-admin/firestore";
import { listen } from "../../dev/local/listen.ts";
import { createdMessage, deliver } from "../../dev/testing/eventarc.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { backend, counts, post } from "../backend.ts";

describe("a trigger delivered as Eventarc does", () => {
  let server: Server;
  let url: string;

  before(async () => {
    const { countEvent } = await import("../../src/index.ts");
    cloudEvent("countEvent", countEvent as Parameters<typeof cloudEvent>[1]);
    server = getTestServer("countEvent");
    url = `http://127.0.0.1:${await listen(server)}/`;
  });

  after(() => {
    server.close();
  });

  it("counts the event once, however often it comes", async () => {
    const app_id = newApp();
    await post(anEvent({ app_id, is_prod: true, metadata: { a: "b" }, timestamp: 1_795_392_000_000 }));
    await backend().settled();
    const { docs } = await backend().firestore.collection("events").where("app_id", "==", app_id).get();
    const event = docs[0] as DocumentSnapshot;

    // As it was before the first trigger counted it, and as if nobody had.
    await event.ref.update({ counted: false });
    await backend().firestore.recursiveDelete(backend().firestore.doc(`counters/${app_id}@2.5.1`));
    const message = createdMessage(await event.ref.get());

    expect(await Promise.all([deliver(url, message), deliver(url, message)])).to.deep.equal([204, 204]);
    expect(await deliver(url, message)).to.equal(204);
    expect(await counts(`counters/${app_id}@2.5.1`)).to.deep.equal({
      actions: { set: 1 },
      platforms: { android: { set: 1 } },
    });
  });

  it("answers 500 when it could not count, so that Eventarc delivers again", async () => {
    const app_id = newApp();
    await post(anEvent({ app_id }));
    await backend().settled();
    const { docs } = await backend().firestore.collection("events").where("app_id", "==", app_id).get();
    const event = docs[0] as DocumentSnapshot;
    await event.ref.update({ counted: false });
    const message = createdMessage(await event.ref.get());
    const endFaults = interceptCalls(backend().firestore, () => Promise.reject(firestoreError(7)));
    const { error } = console;
    console.error = () => {}; // The runtime reports what the function threw there.
    const status = await deliver(url, message).finally(() => {
      console.error = error;
    });
    endFaults();
    expect(status).to.equal(500);
    expect(await deliver(url, message)).to.equal(204);
    expect((await event.ref.get()).get("counted")).to.equal(true);
  });
});
