import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { serveFirestore } from "../../dev/local/firestore-server.ts";
import { storeEvent } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { command } from "../../tools/catch-up.ts";
import { contents, countInDelta, run, runTool } from "./operator.ts";

const path = "counters/com.example.shop@2.5.1";

describe("catch-up", () => {
  it("counts events and adds deltas, its own ones too", async () => {
    const db = await missedEvents();
    await countInDelta(db, await storeEvent(db));
    const { exitCode, output, questions } = await run(command, ["--older-than", "0"], db, true);
    expect(questions).to.deep.equal([
      "Not counted: 3 events and 1 delta. Count those that are older than 0 minutes?",
    ]);
    expect(output.split("\n")).to.deep.equal(["3 events counted", "1 delta added to counters"]);
    expect(exitCode).to.equal(0);
    expect((await contents(db))[path]).to.deep.include({ actions: { set: 4 } });
  });

  it("leaves young events to the trigger", async () => {
    const db = await missedEvents();
    const { output } = await run(command, ["--yes"], db);
    expect(output.split("\n").slice(0, 2)).to.deep.equal([
      "0 events counted",
      "3 events left to the trigger: too young",
    ]);
  });

  it("says how many could not be counted and why, counts the others, and fails", async () => {
    const db = await missedEvents();
    await storeEvent(db, { version_name: "2.5.0" });
    await db.collection("events").add({ counted: false, app_id: "com.example.shop" });
    interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request.writes ?? []).includes("event004")
        ? Promise.reject(firestoreError(7, "PERMISSION_DENIED: for some reason"))
        : proceed(),
    );
    const { exitCode, output } = await run(command, ["--older-than", "0", "--yes"], db);
    expect(exitCode).to.equal(1);
    expect(output.split("\n")).to.have.members([
      "3 events counted",
      "1 event that cannot be counted: see above",
      "1 event not counted: 7 PERMISSION_DENIED",
      "0 deltas added to counters",
    ]);
  });

  it("asks first, and counts nothing on no", async () => {
    const db = await missedEvents();
    const before = await contents(db);
    const { exitCode, questions } = await run(command, [], db, false);
    expect(exitCode).to.equal(0);
    expect(questions).to.have.length(1);
    expect(await contents(db)).to.deep.equal(before);
  });

  it("asks nothing when every event is counted", async () => {
    const { output, questions } = await run(command, [], createFirestore());
    expect({ output, questions }).to.deep.equal({ output: "Every event is counted.", questions: [] });
  });

  it("counts in a shell with a wrong setting, which only a deployment reads", async () => {
    const project = "demo-wrong-setting";
    const db = createFirestore(project);
    await storeEvent(db);
    const { host, close } = await serveFirestore(db);
    const args = ["--project", project, "--older-than", "0"];
    const { exitCode, stdout } = await runTool("catch-up", args, {
      FIRESTORE_EMULATOR_HOST: host,
      APP_IDS: "nodots",
    }).finally(close);
    expect({ exitCode, counted: stdout.split("\n")[0] }).to.deep.equal({
      exitCode: 0,
      counted: "1 event counted",
    });
  });
});

/** Events of one version, none of them counted. */
async function missedEvents(): Promise<Firestore> {
  const db = createFirestore();
  for (let event = 0; event < 3; event++) await storeEvent(db);
  return db;
}
