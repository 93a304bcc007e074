import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { serveFirestore } from "../../dev/local/firestore-server.ts";
import { storeEvent } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls, interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { catchUp, command } from "../../tools/catch-up.ts";
import { contents, countAllEvents, counter, day, deaths, dieAtEachCall, run, runTool } from "./operator.ts";

const today = day(0);
const soon = () => Date.now() + 60_000;

describe("catch-up", () => {
  it("counts what no trigger has counted, under the day it was received", async () => {
    const db = createFirestore();
    await storeEvent(db, { action: "set", platform: "ios" }, 3);
    await storeEvent(db, { action: "set" });
    await storeEvent(db, { action: "update_fail" });
    const result = await catchUp(db, soon(), { countEvent: counter(db) });
    expect(result).to.deep.equal({ counted: 3, young: 0, failures: new Map() });
    const { "counters/com.example.shop@2.5.1": total, ...rest } = await contents(db);
    expect(total).to.deep.include({
      actions: { set: 2, update_fail: 1 },
      platforms: { ios: { set: 1 }, android: { set: 1, update_fail: 1 } },
    });
    expect(rest[`counters/com.example.shop@2.5.1/days/${day(3)}`]).to.deep.equal({
      actions: { set: 1 },
      platforms: { ios: { set: 1 } },
    });
    expect(rest[`counters/com.example.shop@2.5.1/days/${today}`]).to.have.property("actions");
  });

  it("changes nothing when it runs again", async () => {
    const db = await missedEvents();
    await catchUp(db, soon(), { countEvent: counter(db) });
    const before = await contents(db);
    const again = await catchUp(db, soon(), { countEvent: counter(db) });
    expect(again.counted).to.equal(0);
    expect(await contents(db)).to.deep.equal(before);
  });

  it("leaves young events to the trigger", async () => {
    const db = await missedEvents();
    const before = await contents(db);
    const result = await catchUp(db, Date.now() - 60_000, { countEvent: counter(db) });
    expect(result).to.deep.equal({ counted: 0, young: MISSED, failures: new Map() });
    expect(await contents(db)).to.deep.equal(before);
  });

  it("counts each event once, though the trigger counts it after it was found", async () => {
    const db = await missedEvents();
    let underWay = false;
    interceptReads(db, async ({ proceed }) => {
      const found = await proceed();
      if (!underWay) {
        underWay = true;
        await countAllEvents(db);
      }
      return found;
    });
    const { counted } = await catchUp(db, soon(), { countEvent: counter(db) });
    expect(counted).to.equal(MISSED);
    expect(await contents(db)).to.deep.equal(await countedAlone());
  });

  it("counts each event once beside another run", async () => {
    const db = await missedEvents();
    await Promise.all([
      catchUp(db, soon(), { countEvent: counter(db), pageSize: 5 }),
      catchUp(db, soon(), { countEvent: counter(db), pageSize: 5 }),
    ]);
    expect(await contents(db)).to.deep.equal(await countedAlone());
  });

  it("says how many could not be counted and why, counts the others, and fails", async () => {
    const db = await missedEvents();
    await db.collection("events").add({ counted: false, app_id: "com.example.shop" });
    interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request.writes ?? []).includes("@2.5.0")
        ? Promise.reject(firestoreError(3, "INVALID_ARGUMENT: for some reason"))
        : proceed(),
    );
    const { exitCode, output } = await run(command, ["--older-than", "0", "--yes"], db);
    expect(exitCode).to.equal(1);
    expect(output.split("\n")).to.have.members([
      `${MISSED - 3} events counted`,
      "0 events left to the trigger: too young",
      "3 events not counted: 3 INVALID_ARGUMENT",
      "1 event not counted: not an event of this backend",
    ]);
  });

  it("asks first, and counts nothing on no", async () => {
    const db = await missedEvents();
    const before = await contents(db);
    const { exitCode, questions } = await run(command, [], db, false);
    expect({ exitCode, questions }).to.deep.equal({
      exitCode: 0,
      questions: [`Not counted: ${MISSED} events. Count those that are older than 10 minutes?`],
    });
    expect(await contents(db)).to.deep.equal(before);
  });

  it("moves what is left in shards, so that counters can be unsharded", async () => {
    const db = createFirestore();
    const sharded = counter(db, 10);
    const store = async (index: number) =>
      sharded(await storeEvent(db, { action: index % 3 === 0 ? "set_fail" : "set" }));
    await Promise.all([0, 1, 2, 3, 4].map(store));
    expect((await db.doc("counters/com.example.shop@2.5.1").get()).exists).to.equal(false);
    const { exitCode, questions } = await run(command, [], db, true);
    expect(exitCode).to.equal(0);
    expect(questions[0]).to.match(/^Not counted: 0 events\. In shards, not yet in counters: \d+ shards?\./);
    const total = await db.doc("counters/com.example.shop@2.5.1").get();
    expect(total.get("actions")).to.deep.equal({ set: 3, set_fail: 2 });
    expect((await db.collectionGroup("shards").get()).size).to.equal(0);
  });

  it("asks nothing when every event is counted", async () => {
    const { output, questions } = await run(command, [], createFirestore());
    expect({ output, questions }).to.deep.equal({ output: "Every event is counted.", questions: [] });
  });

  for (const death of deaths) {
    it(`ends as if undisturbed if it died ${death}, at each of its calls, and runs again`, async () => {
      const work = (db: Firestore) => catchUp(db, soon(), { countEvent: counter(db), pageSize: 4 });
      const { undisturbed, deadRuns } = await dieAtEachCall(death, missedEvents, work);
      expect(deadRuns).to.have.length.greaterThan(8);
      for (const [call, { repaired }] of deadRuns.entries()) {
        expect(repaired, `call ${call}`).to.deep.equal(undisturbed);
      }
      const complete = JSON.stringify(undisturbed);
      expect(deadRuns.filter(({ left }) => JSON.stringify(left) !== complete)).to.have.length.greaterThan(6);
    });
  }

  it("counts in a shell with a wrong setting, which only a deployment reads", async () => {
    const project = "demo-wrong-setting";
    const db = createFirestore(project);
    await storeEvent(db);
    const { host, close } = await serveFirestore(db);
    const args = ["--project", project, "--older-than", "0"];
    const { exitCode, stdout } = await runTool("catch-up", args, {
      FIRESTORE_EMULATOR_HOST: host,
      APP_IDS: "nodots",
      COUNTER_COMMIT_INTERVAL_MS: "soon",
    }).finally(close);
    expect({ exitCode, counted: stdout.split("\n")[0] }).to.deep.equal({
      exitCode: 0,
      counted: "1 event counted",
    });
  });
});

const MISSED = 13;

/** Events of two versions, none of them counted. */
async function missedEvents(): Promise<Firestore> {
  const db = createFirestore();
  const store = (index: number) =>
    storeEvent(db, {
      action: index % 3 === 0 ? "set_fail" : "set",
      version_name: index < 3 ? "2.5.0" : "2.5.1",
    });
  await Promise.all(Array.from({ length: MISSED }, (_, index) => store(index)));
  return db;
}

/** What is there when nothing else counts the missed events. */
async function countedAlone() {
  const db = await missedEvents();
  await countAllEvents(db);
  return contents(db);
}
