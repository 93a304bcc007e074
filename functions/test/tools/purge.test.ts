import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { storeEvent } from "../../dev/testing/events.ts";
import { interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { counterId } from "../../src/counting/documents.ts";
import { command, purge } from "../../tools/purge.ts";
import { command as verify } from "../../tools/verify.ts";
import {
  addAllDeltas,
  contents,
  countAllEvents,
  counter,
  countInDelta,
  day,
  deaths,
  dieAtEachCall,
  run,
} from "./operator.ts";

const app_id = "com.example.shop";
const madeUp = { app_id, version_name: "9.9.9" };
const args = ["--app", app_id, "--version", "9.9.9"];
const path = `counters/${app_id}@9.9.9`;

describe("purge", () => {
  it("deletes the counter of a version with its days and deltas, and nothing else", async () => {
    const db = await polluted();
    await countInDelta(db, await storeEvent(db, { version_name: "9.9.9" }));
    const before = await contents(db);
    const deleted = await purge(db, { ...madeUp, events: false });
    expect(deleted).to.deep.equal({ counters: 1, days: 2, deltas: 1, events: 0 });
    const others = Object.entries(before).filter(
      ([name]) => !name.startsWith(`${path}/`) && name !== path && !name.startsWith("deltas/"),
    );
    expect(await contents(db)).to.deep.equal(Object.fromEntries(others));
  });

  it("deletes the events that are counted under it too if that is asked, and no others", async () => {
    const db = await polluted();
    const { events } = await purge(db, { ...madeUp, events: true }, { pageSize: 2 });
    expect(events).to.equal(5);
    expect(await versions(db)).to.deep.equal([
      ...["2.5.1", "2.5.1", "9.9.90", "9.9.9-beta", "9.9.9;"],
      ...["com.example.desktop 9.9.9", "com.example.desktop 9.9.9:a.js", "", "unknown"],
    ]);
    expect((await run(verify, [], db)).output).to.include("No differences.");
  });

  it("knows the events that are counted as unknown", async () => {
    const db = await polluted();
    await storeEvent(db, { version_name: ":a.js" });
    await storeEvent(db, { version_name: "unknown:a.js" });
    await countAllEvents(db);
    const deleted = await purge(db, { app_id, version_name: "unknown", events: true });
    expect(deleted).to.deep.equal({ counters: 1, days: 1, deltas: 0, events: 4 });
    expect(await versions(db))
      .to.have.length(12)
      .and.not.include.members(["", "unknown"]);
  });

  it("lets nothing come back that is delivered after its event was deleted", async () => {
    const db = createFirestore();
    const undelivered = await storeEvent(db, { version_name: "9.9.9" });
    await purge(db, { ...madeUp, events: true });
    await counter(db)(undelivered); // Eventarc delivers what it has, however late.
    expect(await contents(db)).to.deep.equal({});
  });

  it("leaves nothing though deltas are added to the counter at any moment of it", async () => {
    for (let moment = 0, calls = 1; moment < calls; moment++) {
      const db = createFirestore();
      await countInDelta(db, await storeEvent(db, { version_name: "9.9.9" }, 3));
      await countInDelta(db, await storeEvent(db, { version_name: "9.9.9" }));
      calls = 0;
      let isAdding = false;
      interceptCalls(db, async ({ proceed }) => {
        if (!isAdding && calls++ === moment) {
          isAdding = true;
          await addAllDeltas(db);
          isAdding = false;
        }
        return proceed();
      });
      await purge(db, { ...madeUp, events: true });
      expect(calls).to.be.greaterThan(6);
      expect(await contents(db), `before call ${moment}`).to.deep.equal({});
    }
  });

  it("shows what it would delete, and asks; on no it deletes nothing", async () => {
    const db = await polluted();
    await storeEvent(db, { version_name: "9.9.9" });
    await storeEvent(db, { version_name: "2.5.1" });
    const before = await contents(db);
    const { exitCode, output, questions } = await run(command, [...args, "--events"], db, false);
    expect(exitCode).to.equal(0);
    expect(questions).to.deep.equal([
      "Delete 1 counter, 2 days, 0 deltas, 6 events of version 9.9.9 of com.example.shop for good?",
    ]);
    expect(output).to.match(/com\.example\.shop +9\.9\.9 +all +0 +0 +– +4 /);
    expect(output.split("\n").at(-1)).to.equal("6 events, not counted yet: 1");
    expect(await contents(db)).to.deep.equal(before);
  });

  it("says what it leaves: events that verify finds, and those that make a new counter", async () => {
    const db = await polluted();
    const late = await storeEvent(db, { version_name: "9.9.9:b.js" });
    const { exitCode, output, questions } = await run(command, args, db, true);
    expect(exitCode).to.equal(0);
    expect(questions[0]).to.include("1 counter, 2 days, 0 deltas, 0 events");
    expect(output.split("\n").slice(-3)).to.deep.equal([
      "The events stay, and `npm run verify` finds them without a counter. --events deletes them too.",
      "1 event not counted yet will make a new counter. --events deletes that too.",
      "1 counter, 2 days, 0 deltas, 0 events deleted",
    ]);
    expect((await run(verify, [], db)).output).to.include("counted events are missing");
    await counter(db)(late);
    expect(await contents(db)).to.include.keys(path);
  });

  it("finds what is left of a counter that is gone", async () => {
    for (const left of [`${path}/days/${day(0)}`, "deltas/3"]) {
      const db = createFirestore();
      await db.doc(left).set(madeUp);
      const { output, questions } = await run(command, args, db, true);
      expect(output).to.include("There is no counter, but what belongs to it.");
      expect(questions).to.have.length(1);
      expect(await contents(db), left).to.deep.equal({});
    }
  });

  it("asks nothing about a version of which there is nothing", async () => {
    const db = createFirestore();
    const nothing = "There is nothing of version 9.9.9 of com.example.shop to delete.";
    const { exitCode, output, questions } = await run(command, [...args, "--events"], db);
    expect({ exitCode, questions }).to.deep.equal({ exitCode: 0, questions: [] });
    expect(output).to.match(new RegExp(`^${nothing}`));
    await storeEvent(db, { version_name: "9.9.9" });
    expect((await run(command, args, db)).output).to.include("1 event not counted yet");
  });

  it("deletes versions with any name: hostile ones as JSON has them, and long ones", async () => {
    const nul = "=9\u0000\u202e";
    for (const [name, given] of [
      [nul, JSON.stringify(nul)],
      ['"9"', '"\\"9\\""'],
      ["9/9%", "9/9%"],
      ["版".repeat(512), "版".repeat(512)],
    ] as const) {
      const db = createFirestore();
      await storeEvent(db, { version_name: name });
      await countAllEvents(db);
      expect(await contents(db)).to.include.keys(`counters/${counterId({ app_id, version_name: name })}`);
      const { output } = await run(command, ["--app", app_id, `--version=${given}`, "--events", "--yes"], db);
      expect(output).not.to.include(nul);
      expect(await contents(db)).to.deep.equal({});
    }
  });

  it("takes no app and no version that can have no counter", async () => {
    const db = await polluted();
    const before = await contents(db);
    for (const [wrong, fault] of [
      [["--version", "9.9.9"], "purge: --app: expected the id of an app, got nothing"],
      [["--app", "", "--version", "9.9.9"], '--app: expected the id of an app, got ""'],
      [["--app", "a/b/c", "--version", "9.9.9"], "--app: expected the id of an app"],
      [["--app", app_id], "--version: expected the version of a counter, which has no `:`, got nothing"],
      [["--app", app_id, "--version", ""], "--version: expected the version of a counter"],
      [["--app", app_id, "--version", '""'], "--version: expected the version of a counter"],
      [["--app", app_id, "--version", '"9'], "--version: expected the version of a counter"],
      [["--app", app_id, "--version", "9.9.9:a.js"], "--version: expected the version of a counter"],
    ] as const) {
      const { exitCode, complaints } = await run(command, [...wrong, "--events", "--yes"], db);
      expect(exitCode).to.equal(2);
      expect(complaints.join()).to.include(fault);
    }
    expect(await contents(db)).to.deep.equal(before);
  });

  const works = {
    "with its events": (db: Firestore) => purge(db, { ...madeUp, events: true }, { pageSize: 2 }),
    "without its events": (db: Firestore) => purge(db, { ...madeUp, events: false }, { pageSize: 2 }),
    "as a command": (db: Firestore) => run(command, [...args, "--events", "--yes"], db),
  };
  for (const death of deaths) {
    for (const [how, work] of Object.entries(works)) {
      it(`ends as if undisturbed if it died ${death}, at each of its calls, and runs again: ${how}`, async () => {
        const { undisturbed, deadRuns } = await dieAtEachCall(death, partlyCounted, work);
        expect(Object.keys(undisturbed).filter((name) => name.startsWith(path))).to.deep.equal([]);
        expect(deadRuns).to.have.length.greaterThan(7);
        for (const [call, { repaired }] of deadRuns.entries()) {
          expect(repaired, `call ${call}`).to.deep.equal(undisturbed);
        }
        const complete = JSON.stringify(undisturbed);
        expect(deadRuns.filter(({ left }) => JSON.stringify(left) !== complete)).to.have.length.greaterThan(
          5,
        );
      });
    }
  }
});

/** Counted events of 9.9.9, on two days and of a file, and of versions and an app that are not to be purged. */
async function polluted(): Promise<Firestore> {
  const db = createFirestore();
  const elsewhere = "com.example.desktop";
  await Promise.all([
    ...["2.5.1", "2.5.1"].map((version_name) => storeEvent(db, { version_name })),
    ...[0, 0, 4, 4].map((ago) => storeEvent(db, { version_name: "9.9.9" }, ago)),
    storeEvent(db, { version_name: "9.9.9:a.js", action: "download_manifest_file_fail" }),
    ...["9.9.90", "9.9.9-beta", "9.9.9;"].map((version_name) => storeEvent(db, { version_name })),
    ...["9.9.9", "9.9.9:a.js"].map((version_name) => storeEvent(db, { app_id: elsewhere, version_name })),
    ...["", "unknown"].map((version_name) => storeEvent(db, { version_name })),
  ]);
  await countAllEvents(db);
  return db;
}

/** Events of 9.9.9, of which some are counted, on two days and in deltas, and one of another version. */
async function partlyCounted(): Promise<Firestore> {
  const db = createFirestore();
  const store = (version_name: string, ago = 0) => storeEvent(db, { version_name }, ago);
  await Promise.all([store("9.9.9"), store("9.9.9", 1), store("9.9.9:a.js"), store("2.5.1")]);
  await countAllEvents(db);
  const days = { [day(0)]: { actions: { set: 1 }, platforms: { ios: { set: 1 } } } };
  const deltas = ["1", "4", "7"].map((id) => db.doc(`deltas/${id}`).set({ ...madeUp, days }));
  await Promise.all([...deltas, store("9.9.9"), store("9.9.9:b.js"), store("2.5.1")]);
  return db;
}

/** The versions of the events that are left, in order, with the app where it is not the one that is purged. */
async function versions(db: Firestore): Promise<string[]> {
  const { docs } = await db.collection("events").get();
  return docs.map((event) => {
    const { app_id: app, version_name } = event.data();
    return app === app_id ? version_name : `${app} ${version_name}`;
  });
}
