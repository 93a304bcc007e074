import { expect } from "chai";
import { Timestamp } from "firebase-admin/firestore";
import { attempts, writeAlarm, writeCounter } from "../../dev/testing/counters.ts";
import { createTimedFirestore, type TimedFirestore } from "../../dev/testing/firestores.ts";
import {
  addToCounter,
  type CountedFields,
  countedFields,
  counterRef,
  countsOf,
  DAY_MILLISECONDS,
  dayId,
} from "../../src/counting/documents.ts";
import { answerData } from "../../src/dashboard/answer-data.ts";
import { readDataQuery } from "../../src/dashboard/query.ts";
import { createDashboardReader, type DashboardReader } from "../../src/dashboard/reader.ts";
import { watchStateRef } from "../../src/health/watch-state.ts";

const APP = "com.example.shop";
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Writes a counter and today, as a commit of `countEvent` does. */
async function count({ firestore, now }: TimedFirestore, events: ReadonlyArray<Partial<CountedFields>>) {
  const batch = firestore.batch();
  for (const fields of events) {
    const event = countedFields.parse({ app_id: APP, action: "set", platform: "ios", ...fields });
    addToCounter(batch, firestore, event, [{ day: dayId(now()), counts: countsOf(event, now()) }]);
  }
  await batch.commit();
}

/** Asks as one page does. */
function look(
  database: TimedFirestore,
  reader: DashboardReader,
  query: Record<string, string> = { app: APP },
) {
  return answerData(readDataQuery(query), reader, "", database.now());
}

/** Says that the watch has looked, as it does. */
async function watched({ firestore, now }: TimedFirestore) {
  await watchStateRef(firestore).set({ looked_at: Timestamp.fromMillis(now()) });
}

/** An app whose versions are old enough that all is read of them that may be: the first week, and the last month. */
async function busyApp(time: number) {
  const database = createTimedFirestore(time - 60 * DAY_MILLISECONDS);
  const versions = ["2.5.1", "2.5.0", "2.4.1", "2.4.0", "2.3.0"].map((version_name) => ({ version_name }));
  const busy = [...versions, { version_name: "builtin", action: "app_moved_to_foreground" }];
  await count(database, busy);
  database.pass(60 * DAY_MILLISECONDS);
  const history = Object.fromEntries(Array.from({ length: 61 }, (_, day) => [day, { ios: attempts(10) }]));
  const opened = Object.fromEntries(
    Object.keys(history).map((day) => [day, { ios: { app_moved_to_foreground: 9 } }]),
  );
  for (const { version_name } of busy) {
    const days = version_name === "builtin" ? opened : history;
    await writeCounter(database.firestore, APP, version_name, days, database.now());
  }
  await writeAlarm(database.firestore, APP);
  await watched(database);
  return { database, busy };
}

/** How much is read in an hour of ten pages, each of which asks every ten seconds: they go in pairs, and a pair shares its reads. */
async function readInAnHour(database: TimedFirestore, meanwhile: (second: number) => Promise<void>) {
  const reader = createDashboardReader(database.firestore, database.now);
  const before = database.reads();
  await look(database, reader);
  const first = database.reads() - before;
  for (let second = 2; second <= 3_600; second += 2) {
    database.pass(2 * SECOND);
    if (second % 300 === 0) await watched(database);
    await meanwhile(second);
    await look(database, reader);
  }
  return { first, all: database.reads() - before };
}

describe("what the dashboard reads", () => {
  it("is at most 3,000 documents in an hour of ten pages that are open on five busy versions", async () => {
    const hours = [
      ["at noon", Date.UTC(2026, 10, 23, 12)],
      ["after midnight, when yesterday still changes", Date.UTC(2026, 10, 23)],
    ] as const;
    // Both at once, since the Firestore in memory lets each call wait.
    const reads = await Promise.all(
      hours.map(async ([what, time]) => {
        const { database, busy } = await busyApp(time);
        // Whenever the counters are read, each of them has changed.
        const { first, all } = await readInAnHour(database, async (second) => {
          if (second % 8 === 0) await count(database, busy);
        });
        expect(first, what).to.be.above(6 * 38); // All days that may be read are there.
        return [what, all] as const;
      }),
    );
    for (const [what, all] of reads) {
      expect(all, what).to.be.at.most(3_000);
    }
  });

  it("is at most 800 in an hour in which nothing happens", async () => {
    const { database } = await busyApp(Date.UTC(2026, 10, 23, 12));
    const { all } = await readInAnHour(database, async () => {});
    expect(all).to.be.at.most(800);
  });

  it("is at most 330 in ten seconds, while strangers make up versions with ever more attempts", async () => {
    const { database } = await busyApp(Date.UTC(2026, 10, 23, 12));
    const other = { 0: { ios: attempts(90_000) } };
    await writeCounter(database.firestore, "com.example.other", "1.0.0", other, database.now());
    const reader = createDashboardReader(database.firestore, database.now);
    const lookAtBoth = () => Promise.all([look(database, reader), look(database, reader, {})]);
    await lookAtBoth();
    const rounds = 6;
    const before = database.reads();
    for (let round = 1; round <= rounds; round++) {
      database.pass(10 * SECOND);
      const batch = database.firestore.batch();
      // Reads of changes overlap, so these come twice: two hundred, as many as one read takes.
      for (let i = 0; i < 100; i++) {
        const actions = attempts(1_000 * round + i);
        const identity = { app_id: APP, version_name: `9.${round}.${i}` };
        const updated_at = new Date(database.now());
        batch.set(counterRef(database.firestore, identity), {
          ...identity,
          updated_at,
          actions,
          platforms: { ios: actions },
        });
      }
      await batch.commit();
      await lookAtBoth();
    }
    const perRound = (database.reads() - before) / rounds;
    expect(perRound).to.be.at.most(330);
  });

  it("is today alone of all apps, of the versions that are active today, once in five minutes", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23, 23, 50));
    const reader = createDashboardReader(database.firestore, database.now);
    const apps = ["com.example.a", "com.example.b", "constructor"];
    for (const app_id of apps) {
      await writeCounter(database.firestore, app_id, "1.0.0", { 3: { ios: attempts(9) } }, database.now());
    }
    const today = async () => {
      const { apps, app } = await look(database, reader, {});
      expect(app).to.equal(null);
      return Object.fromEntries(apps.map(({ app_id, today }) => [app_id, today]));
    };
    const nothing = { opened: 0, installed: 0 };
    const reads = async (work: () => Promise<unknown>) => {
      const before = database.reads();
      await work();
      return database.reads() - before;
    };
    expect(await today()).to.deep.equal(Object.fromEntries(apps.map((app_id) => [app_id, nothing])));

    database.pass(MINUTE);
    const opened = { action: "app_moved_to_foreground", version_name: "1.0.0" };
    await count(database, [
      { app_id: "constructor", version_name: "1.0.0" },
      { app_id: "constructor", ...opened },
      { app_id: "com.example.b", ...opened, version_name: "builtin" },
      { app_id: "com.example.b", ...opened, is_prod: false },
    ]);
    // The counters that have changed, and today of each; the state of the watch, which there is not.
    expect(await reads(() => Promise.all([today(), today()]))).to.equal(3 + 3 + 1);
    expect(await reads(today)).to.equal(0);
    expect(await today()).to.deep.equal({
      constructor: { opened: 1, installed: 1 },
      "com.example.a": nothing,
      "com.example.b": { opened: 1, installed: 0 },
    });

    database.pass(4 * MINUTE);
    await count(database, [{ app_id: "constructor", version_name: "1.0.0" }]);
    expect(await reads(today)).to.equal(3 + 2); // Reads of changes overlap, and today is not read yet; of alarms, there are none.
    expect((await today()).constructor).to.deep.equal({ opened: 1, installed: 1 });
    database.pass(MINUTE);
    expect(await reads(today)).to.equal(1 + 1 + 1);
    expect((await today()).constructor).to.deep.equal({ opened: 1, installed: 2 });

    database.pass(5 * MINUTE); // Past midnight.
    expect((await today()).constructor).to.deep.equal(nothing);
  });

  it("is today of a hundred versions, those with the most attempts, however many a stranger makes up", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23, 12));
    const reader = createDashboardReader(database.firestore, database.now);
    const made = Array.from({ length: 130 }, (_, i) => ({
      app_id: `com.made.up${i}`,
      version_name: "1.0.0",
    }));
    await writeCounter(database.firestore, APP, "1.0.0", { 0: { ios: attempts(9) } }, database.now());
    await count(database, made);
    await reader.read();
    const before = database.reads();
    const { apps } = await look(database, reader, {});
    expect(database.reads() - before).to.equal(100);
    expect(apps[0]?.today).to.deep.equal({ opened: 0, installed: 9 });
  });

  it("is more than a month only for the longest range, once in six hours, and of old versions alone", async () => {
    const { database } = await busyApp(Date.UTC(2026, 10, 23, 12));
    await count(database, [{ version_name: "2.6.0" }]);
    const reader = createDashboardReader(database.firestore, database.now);
    const ask = async (query: object) => {
      const before = database.reads();
      const { app } = await look(database, reader, { app: APP, version: "2.5.1", with: "2.5.0", ...query });
      const steps = app?.version?.version.failures.not_downloaded ?? [];
      return { reads: database.reads() - before, days: steps.filter(({ of }) => of > 0).length };
    };
    await ask({});
    expect(await ask({ range: "30d" })).to.deep.equal({ reads: 0, days: 30 });
    // Sixty days and today; the first eight and the last thirty are there already.
    expect(await ask({ range: "90d" })).to.deep.equal({ reads: 2 * (61 - 8 - 30), days: 61 });
    expect(await ask({ range: "90d" })).to.deep.equal({ reads: 0, days: 61 });
    expect(await ask({ range: "90d", with: "2.6.0" })).to.deep.equal({ reads: 0, days: 61 });
    database.pass(6 * 60 * MINUTE);
    await ask({});
    expect(await ask({ range: "90d" })).to.deep.equal({ reads: 2 * (61 - 8 - 30), days: 61 });
  });

  it("is when the watch has looked, once in half a minute", async () => {
    const database = createTimedFirestore();
    const reader = createDashboardReader(database.firestore, database.now);
    const watchedAt = async () => (await reader.read()).watched_at;
    expect(await watchedAt()).to.equal(null);
    await watched(database);
    const first = database.now();
    expect(await watchedAt()).to.equal(null);
    database.pass(30 * SECOND);
    expect(await watchedAt()).to.equal(first);
    database.pass(5 * MINUTE);
    await watched(database);
    expect(await watchedAt()).to.equal(first + 5 * MINUTE + 30 * SECOND);
    await database.firestore.doc("watch/state").set({ looked_at: "never" });
    database.pass(5 * MINUTE);
    expect(await watchedAt()).to.equal(null);
  });
});
