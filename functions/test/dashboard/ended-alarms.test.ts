import { expect } from "chai";
import { writeAlarm } from "../../dev/testing/counters.ts";
import { firestoreError, interceptReads } from "../../dev/testing/faults.ts";
import { createTimedFirestore } from "../../dev/testing/firestores.ts";
import { createEndedAlarms } from "../../src/dashboard/ended-alarms.ts";

const APP = "com.example.shop";
const MINUTE = 60_000;
const NOON = Date.parse("2026-11-20T12:00:00Z");

function createWorld() {
  const timed = createTimedFirestore(NOON);
  return {
    ...timed,
    read: createEndedAlarms(timed.firestore, timed.now),
    /** Writes an alarm that ended so many minutes ago. */
    async ended(version_name: string, minutesAgo: number, app_id = APP) {
      const ended_at = NOON - minutesAgo * MINUTE;
      const fields = { version_name, began_at: ended_at - MINUTE, ended_at, end: "good_again" } as const;
      await writeAlarm(timed.firestore, app_id, { ...fields, open: false });
    },
  };
}

describe("the alarms that have ended", () => {
  it("are those of one app, the last first, with all that the page says of them", async () => {
    const { firestore, read, ended } = createWorld();
    await ended("2.5.1", 30);
    await ended("2.4.0", 5);
    await ended("2.4.9", 90);
    await ended("1.0.0", 1, "com.example.other");
    await writeAlarm(firestore, APP, { version_name: "2.6.0" });
    const { app_id, alarms, incomplete } = await read(APP);
    expect({ app_id, incomplete }).to.deep.equal({ app_id: APP, incomplete: false });
    expect(alarms.map(({ version_name }) => version_name)).to.deep.equal(["2.4.0", "2.5.1", "2.4.9"]);
    const [last] = alarms;
    expect(last).to.have.all.keys(
      ...["version_name", "measure", "scopes", "rule", "now", "before", "parts", "causes"],
      ...["began_at", "ended_at", "end"],
    );
    expect(last).to.deep.include({
      measure: "not_downloaded",
      parts: [{ scope: "ios", now: { count: 24, of: 297 }, before: { count: 4, of: 1_000 } }],
      began_at: NOON - 6 * MINUTE,
      ended_at: NOON - 5 * MINUTE,
      end: "good_again",
    });
  });

  it("are none where the app has none, or is not known", async () => {
    const { read } = createWorld();
    expect(await read("com.example.nobody")).to.deep.equal({
      app_id: "com.example.nobody",
      alarms: [],
      incomplete: false,
    });
  });

  it("are without documents that somebody has edited or copied", async () => {
    const { firestore, read, ended } = createWorld();
    await ended("2.5.1", 30);
    await ended("2.5.2", 20);
    await ended("2.5.3", 10);
    const alarms = firestore.collection("alarms");
    await alarms.doc(`${APP}@2.5.2:not_downloaded`).update({ now: "many" });
    await alarms.doc("copy").set((await alarms.doc(`${APP}@2.5.1:not_downloaded`).get()).data() ?? {});
    await writeAlarm(firestore, APP, { version_name: "2.5.4", open: false }); // Closed by hand: nobody knows when.
    const { alarms: found } = await read(APP);
    expect(found.map(({ version_name }) => version_name)).to.deep.equal(["2.5.3", "2.5.1"]);
  });

  it("are 200 at most, and it is said that there are more", async () => {
    const { read, ended } = createWorld();
    await Promise.all(Array.from({ length: 203 }, (_, index) => ended(`1.0.${index}`, index)));
    const { alarms, incomplete } = await read(APP);
    expect(alarms).to.have.length(200);
    expect(incomplete).to.equal(true);
  });

  it("are read once in a minute for all who look, of each app by itself", async () => {
    const { read, ended, reads, pass } = createWorld();
    await ended("2.5.1", 30);
    await ended("1.0.0", 1, "com.example.other");
    await Promise.all([read(APP), read(APP)]);
    pass(59_000);
    await read(APP);
    expect(reads()).to.equal(1);
    expect((await read("com.example.other")).alarms).to.have.length(1);
    expect(reads()).to.equal(2);
    pass(1_000);
    await read(APP);
    expect(reads()).to.equal(3);
  });

  it("cannot be read where Firestore fails, and are read again at once", async () => {
    const { firestore, read, ended } = createWorld();
    await ended("2.5.1", 30);
    const end = interceptReads(firestore, () => Promise.reject(firestoreError(7)));
    const failure = await read(APP).catch((error: Error) => error);
    expect(failure).to.be.an("error");
    end();
    expect((await read(APP)).alarms).to.have.length(1);
  });
});
