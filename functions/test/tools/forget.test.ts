import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { anEvent, parsedEvent, storeEvent } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { command, forget } from "../../tools/forget.ts";
import { contents, countAllEvents, counter, day, deaths, dieAtEachCall, run } from "./operator.ts";

const device = String(anEvent().device_id);
const other = "9e2c1a54-6f1d-4e0c-8c57-0b7e4d2f9b31";
const shop = "counters/com.example.shop@2.5.1";

describe("forget", () => {
  it("deletes the events of a device, whatever the case of its id, and of no other", async () => {
    const db = createFirestore();
    await storeEvent(db);
    await storeEvent(db, { device_id: other });
    await storeEvent(db);
    expect(await forget(db, { device: device.toUpperCase() }, { countEvent: counter(db) })).to.deep.equal({
      deleted: 2,
      kept: new Map(),
    });
    expect(await devices(db)).to.deep.equal([other]);
  });

  it("deletes those of one app if that is asked", async () => {
    const db = createFirestore();
    await storeEvent(db);
    await storeEvent(db, { app_id: "com.example.desktop" });
    await forget(db, { device, app: "com.example.desktop" }, { countEvent: counter(db) });
    expect(Object.keys(await contents(db)))
      .to.include("events/event001")
      .and.not.include("events/event002");
  });

  it("leaves counters as they are, and counts first what is not counted yet", async () => {
    const db = createFirestore();
    await storeEvent(db);
    await countAllEvents(db);
    await storeEvent(db);
    const undelivered = await db.doc("events/event002").get();
    await forget(db, { device }, { countEvent: counter(db) });
    expect((await contents(db))[shop]).to.deep.include({ actions: { set: 2 } });
    await counter(db)(undelivered); // Eventarc delivers what it has, however late.
    expect((await contents(db))[shop]).to.deep.include({ actions: { set: 2 } });
  });

  it("deletes a document that is no event, which nothing can count", async () => {
    const db = createFirestore();
    await db.collection("events").add({ device_id: device, counted: false });
    expect((await forget(db, { device }, { countEvent: counter(db) })).deleted).to.equal(1);
  });

  it("keeps what it cannot count, says so, and fails", async () => {
    const db = createFirestore();
    await storeEvent(db);
    interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request.writes ?? []).includes(shop)
        ? Promise.reject(firestoreError(7, "PERMISSION_DENIED: for some reason"))
        : proceed(),
    );
    const { exitCode, output } = await run(command, ["--device", device, "--yes"], db);
    expect(exitCode).to.equal(1);
    expect(output).to.include("0 events deleted");
    expect(output).to.include("1 event kept, not counted yet: 7 PERMISSION_DENIED.");
    expect(await devices(db)).to.deep.equal([device]);
  });

  it("shows what it would delete, and asks; on no it deletes nothing", async () => {
    const db = createFirestore();
    await storeEvent(db, {}, 5);
    await countAllEvents(db);
    await storeEvent(db, {}, 2);
    await storeEvent(db, { app_id: "com.example.desktop" });
    const before = await contents(db);
    const { exitCode, output, questions } = await run(command, ["--device", device], db, false);
    expect(exitCode).to.equal(0);
    expect(questions).to.deep.equal([`Delete 3 events of device ${device} for good?`]);
    expect(output.split("\n").map((line) => line.split(/ {2,}/))).to.deep.equal([
      ["app", "events", "not counted yet", "first day", "last day"],
      ["com.example.desktop", "1", "1", day(0), day(0)],
      ["com.example.shop", "2", "1", day(5), day(2)],
    ]);
    expect(await contents(db)).to.deep.equal(before);
  });

  it("deletes on yes", async () => {
    const db = createFirestore();
    await storeEvent(db);
    const { exitCode, output } = await run(command, ["--device", device], db, true);
    expect({ exitCode, last: output.split("\n").at(-1) }).to.deep.equal({
      exitCode: 0,
      last: "1 event deleted",
    });
    expect(await devices(db)).to.deep.equal([]);
  });

  it("asks nothing about a device that it does not know, and takes no empty id", async () => {
    const db = createFirestore();
    await storeEvent(db, { device_id: "" });
    const { output, questions } = await run(command, ["--device", device], db);
    expect({ output, questions }).to.deep.equal({
      output: `There is no event of device ${device}.`,
      questions: [],
    });
    expect((await run(command, ["--device", " ", "--yes"], db)).exitCode).to.equal(2);
    expect(await devices(db)).to.deep.equal([""]);
  });

  it("deletes the events with a custom id instead, of one app or of all", async () => {
    const db = await namedEvents();
    const args = ["--custom-id", " Ada ", "--app", "com.example.desktop"];
    const { exitCode, output, questions } = await run(command, args, db, true);
    expect({ exitCode, questions }).to.deep.equal({
      exitCode: 0,
      questions: ["Delete 1 event of custom id Ada for good?"],
    });
    expect(output.split("\n").at(-1)).to.equal("1 event deleted");
    await run(command, ["--custom-id", "Ada", "--yes"], db);
    expect(Object.keys(await contents(db)).filter((path) => path.startsWith("events/"))).to.deep.equal([
      "events/event003",
      "events/event004",
      "events/event005",
    ]);
    expect((await contents(db))[shop]).to.deep.include({ actions: { set: 1 } });
    expect((await run(command, ["--custom-id", "Ada"], db)).output).to.equal(
      "There is no event of custom id Ada.",
    );
  });

  it("is asked for a device or for a custom id, not for both, neither or an empty one", async () => {
    const db = await namedEvents();
    const before = await contents(db);
    for (const [args, fault] of [
      [[], "forget: expected either --device or --custom-id, got neither"],
      [
        ["--device", device, "--custom-id", "Ada"],
        "forget: expected either --device or --custom-id, got both",
      ],
      [["--custom-id", " "], 'forget: --custom-id: expected a custom id, got " "'],
      [["--custom-id", "x".repeat(129)], "forget: --custom-id: expected at most 128 characters"],
    ] as const) {
      const { exitCode, complaints } = await run(command, [...args, "--yes"], db);
      expect(exitCode).to.equal(2);
      expect(complaints.join()).to.include(fault);
    }
    expect(await contents(db)).to.deep.equal(before);
  });

  it("takes a custom id as long as one that is stored", () => {
    const sent = "x".repeat(1_000);
    expect(parsedEvent({ custom_id: sent }).custom_id).to.equal(sent.slice(0, 128));
  });

  for (const death of deaths) {
    it(`ends as if undisturbed if it died ${death}, at each of its calls, and runs again`, async () => {
      const work = (db: Firestore) => forget(db, { device }, { countEvent: counter(db), pageSize: 3 });
      const { undisturbed, deadRuns } = await dieAtEachCall(death, partlyCounted, work);
      expect(Object.keys(undisturbed).filter((path) => path.startsWith("events/"))).to.have.length(3);
      expect(deadRuns).to.have.length.greaterThan(8);
      for (const [call, { repaired }] of deadRuns.entries()) {
        expect(repaired, `call ${call}`).to.deep.equal(undisturbed);
      }
      const complete = JSON.stringify(undisturbed);
      expect(deadRuns.filter(({ left }) => JSON.stringify(left) !== complete)).to.have.length.greaterThan(6);
    });
  }
});

/** Events of one device: two of Ada's, in two apps, and three that are not hers. */
async function namedEvents(): Promise<Firestore> {
  const db = createFirestore();
  await storeEvent(db, { custom_id: "Ada" });
  await storeEvent(db, { custom_id: "Ada", app_id: "com.example.desktop" });
  await storeEvent(db, { custom_id: "ada" });
  await storeEvent(db, { custom_id: "Ada Lovelace" });
  await storeEvent(db);
  return db;
}

/** Events of two devices and versions, of which some are counted. */
async function partlyCounted(): Promise<Firestore> {
  const db = createFirestore();
  const store = (index: number) =>
    storeEvent(db, {
      version_name: index % 3 === 0 ? "2.5.0" : "2.5.1",
      ...(index % 4 === 0 && { device_id: other }),
    });
  await Promise.all([0, 1, 2, 3].map(store));
  await countAllEvents(db);
  await Promise.all([4, 5, 6, 7, 8, 9, 10, 11].map(store));
  return db;
}

async function devices(db: Firestore): Promise<unknown[]> {
  const { docs } = await db.collection("events").get();
  return docs.map((document) => document.get("device_id"));
}
