import { expect } from "chai";
import { Timestamp } from "firebase-admin/firestore";
import { logs } from "../../dev/testing/captured-logs.ts";
import { anEvent } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls, interceptReads } from "../../dev/testing/faults.ts";
import { createTimedFirestore } from "../../dev/testing/firestores.ts";
import { startWebhookReceiver } from "../../dev/testing/webhook-receiver.ts";
import {
  addToCounter,
  countedFields,
  counterId,
  countsOf,
  dayId,
  EVENTS,
} from "../../src/counting/documents.ts";
import { createAlarmStore } from "../../src/health/alarm-store.ts";
import { createCounterReader } from "../../src/health/counter-reader.ts";
import { createEvidence } from "../../src/health/evidence.ts";
import { createJudge } from "../../src/health/judge.ts";
import { createTeller } from "../../src/health/tell.ts";
import { createWatch, watchedReads } from "../../src/health/watch.ts";
import { keepLook, watchState, watchStateRef } from "../../src/health/watch-state.ts";
import { createWebhook } from "../../src/health/webhook.ts";
import { updates } from "./updates.ts";

const MINUTE = 60_000;
const NOON = Date.parse("2026-11-20T12:00:00Z");

/** A backend in which time passes as the test says, with a watch that looks every five minutes. */
function createWorld(webhookUrl?: string) {
  const { firestore: db, now, pass, reads } = createTimedFirestore(NOON);
  const alarms = createAlarmStore(db, now);
  const createLook = () =>
    createWatch({
      reader: createCounterReader(db, now, watchedReads),
      alarms,
      judge: createJudge({ evidence: createEvidence(db), alarmThresholdPercent: 10 }),
      tell: createTeller(alarms, now, webhookUrl ? createWebhook(webhookUrl) : undefined),
      keepLook: (at) => keepLook(db, at),
      now,
    });
  const watch = createLook();
  return {
    db,
    now,
    pass,
    reads,
    createLook,
    /** Stores and counts what so many devices report, and how many of them fail, ten minutes ago by their clocks. */
    async report(
      devices: number,
      failing: number,
      version: string,
      fields: Record<string, unknown> = {},
      ofFailing = {},
    ) {
      const events = updates(
        devices,
        failing,
        version,
        { timestamp: now() - 10 * MINUTE, ...fields },
        ofFailing,
      );
      const received = events.map((event) => ({
        event: anEvent(event),
        counted: countedFields.parse(anEvent(event)),
      }));
      const batch = db.batch();
      for (const { event, counted } of received) {
        batch.create(db.collection(EVENTS).doc(), {
          ...event,
          counter: counterId(counted),
          received_at: Timestamp.fromMillis(now()),
          occurred_at: Timestamp.fromMillis(Number(event.timestamp)),
          counted: true,
        });
      }
      for (const same of Map.groupBy(received, ({ counted }) => counterId(counted)).values()) {
        const parts = same.map(({ counted }) => ({ day: dayId(now()), counts: countsOf(counted, now()) }));
        const [first] = same;
        if (first) addToCounter(batch, db, first.counted, parts);
      }
      await batch.commit();
    },
    async look(times = 1) {
      for (let time = 0; time < times; time++) {
        pass(5 * MINUTE);
        await watch();
      }
    },
    /** When the watch last looked at all apps, as the dashboard reads it. */
    async lookedAt() {
      return watchState.safeParse((await watchStateRef(db).get()).data()).data?.looked_at;
    },
    /** The alarms that there are: version, and how they ended. */
    async alarms() {
      const { docs } = await db.collection("alarms").get();
      return docs.map((alarm) => [alarm.get("version_name"), alarm.get("end") ?? "open"]);
    },
  };
}

type World = ReturnType<typeof createWorld>;

/** A good version, and two hours later one that fails for 8 % of devices. */
async function releaseBadVersion({ report, look, pass }: World, fields: Record<string, unknown> = {}) {
  await report(300, 1, "2.5.0", fields);
  await look();
  pass(120 * MINUTE);
  await report(150, 12, "2.5.1", fields);
}

const messages = () => logs.map(({ severity, message }) => [severity, message.slice(0, 50)]);

describe("the watch", () => {
  it("names the version that iOS devices do not get, and says why, in one log line", async () => {
    const { report, look, db } = createWorld();
    await report(300, 1, "2.5.0");
    await report(300, 1, "2.5.0", { platform: "android" });
    await look();
    await report(150, 12, "2.5.1", { version_build: "2.4.1" }, { version_build: "2.4.0" });
    await report(150, 0, "2.5.1", { platform: "android" });
    await look(3);
    const { docs } = await db.collection("alarms").get();
    expect(
      docs.map((alarm) => [alarm.get("version_name"), alarm.get("measure"), alarm.get("scopes")]),
    ).to.deep.equal([["2.5.1", "not_downloaded", ["ios"]]]);
    expect(logs.map(({ message }) => message)).to.deep.equal([
      "2.5.1 of com.example.shop fails on ios: 12 of 150 devices that began the download did not get it (8.0 %), 0.3 % with " +
        "earlier versions. Most of those that fail have version_build 2.4.0: 100 %, 0 % of the others.",
    ]);
  });

  it("judges the other apps where one cannot be read, and fails, so that somebody hears of it", async () => {
    const world = createWorld();
    await releaseBadVersion(world);
    await world.report(10, 0, "1.0.0", { app_id: "com.example.broken" });
    interceptReads(world.db, ({ request, proceed }) =>
      JSON.stringify(request).includes("counters/com.example.broken@1.0.0")
        ? Promise.reject(firestoreError(14))
        : proceed(),
    );
    const failed = await world.look().then(
      () => false,
      () => true,
    );
    expect(failed).to.equal(true);
    expect(await world.alarms()).to.deep.equal([["2.5.1", "open"]]);
    expect(logs.filter(({ severity }) => severity === "ERROR")).to.have.length(1);
  });

  it("keeps when it last looked at all apps, with one write a look, also where there is nothing to look at", async () => {
    const world = createWorld();
    await world.look();
    expect(await world.lookedAt()).to.equal(world.now());
    await world.report(300, 1, "2.5.0");
    await world.look();
    let commits = 0;
    interceptCalls(world.db, ({ method, proceed }) => {
      if (method === "commit") commits++;
      return proceed();
    });
    await world.look(3);
    expect(commits).to.equal(3);
    expect(await world.lookedAt()).to.equal(world.now());
  });

  it("says no later time where it could not look at one of them, and tells of the others", async () => {
    const world = createWorld();
    await releaseBadVersion(world);
    const before = await world.lookedAt();
    expect(before).to.be.a("number");
    await world.report(10, 0, "1.0.0", { app_id: "com.example.broken" });
    const end = interceptReads(world.db, ({ request, proceed }) =>
      JSON.stringify(request).includes("counters/com.example.broken@1.0.0")
        ? Promise.reject(firestoreError(14))
        : proceed(),
    );
    await world.look().catch(() => {});
    end();
    expect(await world.lookedAt()).to.equal(before);
    expect(messages()).to.have.length(1);
    await world.look();
    expect(await world.lookedAt()).to.equal(world.now());
  });

  it("has looked though nobody could be told, and fails where it cannot keep that it has", async () => {
    const world = createWorld();
    const failingAt = (part: string) =>
      interceptCalls(world.db, ({ request, proceed }) =>
        JSON.stringify(request).includes(part) ? Promise.reject(firestoreError(7)) : proceed(),
      );
    const end = failingAt('"to_tell"');
    const failure = (error: Error) => error.message;
    expect(await world.look().catch(failure)).to.include("Not everything could be looked at or told");
    end();
    const lookedAt = await world.lookedAt();
    expect(lookedAt).to.equal(world.now());
    const endOfOther = failingAt("/watch/state");
    expect(await world.look().catch(failure)).to.include("Not everything could be looked at or told");
    endOfOther();
    expect(await world.lookedAt()).to.equal(lookedAt);
  });

  it("reads next to nothing where nothing has changed", async () => {
    const world = createWorld();
    await world.report(300, 1, "2.5.0");
    await world.look(4);
    const before = world.reads();
    await world.look(6);
    expect(world.reads() - before).to.be.at.most(6 * 3);
  });

  it("takes what is under way for lost five minutes later, although nothing has changed", async () => {
    const world = createWorld();
    const { report, look, pass, now, alarms } = world;
    await report(300, 1, "2.5.0");
    await look();
    pass(60 * MINUTE);
    await report(150, 150, "2.5.1", { timestamp: now() + 4 * MINUTE }); // By a clock that is ahead: as it is received.
    pass(-MINUTE);
    await look();
    expect(await alarms()).to.deep.equal([]);
    await look(2);
    expect(await alarms()).to.deep.equal([["2.5.1", "open"]]);
  });

  it("tells once that an alarm begins, and once that it is good again, in the log and at the webhook", async () => {
    const receiver = await startWebhookReceiver();
    try {
      const world = createWorld(receiver.url);
      await releaseBadVersion(world);
      await world.look(4);
      await world.report(900, 1, "2.5.1");
      await world.look(6);
      expect(await world.alarms()).to.deep.equal([["2.5.1", "good_again"]]);
      expect(receiver.received.map(({ body }) => [body.event, body.version_name])).to.deep.equal([
        ["alarm_began", "2.5.1"],
        ["alarm_ended", "2.5.1"],
      ]);
      expect(logs.map(({ severity }) => severity)).to.deep.equal(["ERROR", "NOTICE"]);
    } finally {
      receiver.close();
    }
  });

  it("ends an alarm only when it has found the version good for two looks", async () => {
    const world = createWorld();
    await releaseBadVersion(world);
    await world.look();
    await world.report(900, 1, "2.5.1");
    await world.look();
    expect(await world.alarms()).to.deep.equal([["2.5.1", "open"]]);
    await world.look();
    expect(await world.alarms()).to.deep.equal([["2.5.1", "good_again"]]);
  });

  it("ends an alarm when a later version has taken over", async () => {
    const world = createWorld();
    await releaseBadVersion(world);
    await world.look();
    world.pass(240 * MINUTE);
    await world.look();
    expect(await world.alarms()).to.deep.equal([["2.5.1", "open"]]);
    await world.report(100, 0, "2.5.2");
    await world.look();
    expect(await world.alarms()).to.deep.equal([["2.5.1", "superseded"]]);
    expect(messages().map(([severity]) => severity)).to.deep.equal(["ERROR", "NOTICE"]);
  });

  it("begins an alarm anew whose document somebody has deleted, when more devices fail", async () => {
    const world = createWorld();
    await releaseBadVersion(world);
    await world.look(2);
    await world.db.recursiveDelete(world.db.collection("alarms"));
    await world.report(150, 12, "2.5.1");
    await world.look();
    expect(await world.alarms()).to.deep.equal([["2.5.1", "open"]]);
    expect(messages()).to.have.length(2);
  });

  it("begins, ends and tells once where two watches look at once", async () => {
    const receiver = await startWebhookReceiver();
    try {
      const world = createWorld(receiver.url);
      await releaseBadVersion(world);
      // Firestore tells two writes apart by their times, so time must pass between them.
      interceptCalls(world.db, ({ method, proceed }) => {
        if (method === "commit") world.pass(1);
        return proceed();
      });
      const [first, second] = [world.createLook(), world.createLook()];
      const lookTwice = async () => {
        world.pass(5 * MINUTE);
        await Promise.all([first(), second()]);
      };
      for (let looks = 0; looks < 3; looks++) await lookTwice();
      await world.report(900, 1, "2.5.1");
      for (let looks = 0; looks < 4; looks++) await lookTwice();
      expect(receiver.received.map(({ body }) => body.event)).to.deep.equal(["alarm_began", "alarm_ended"]);
      expect(messages().map(([severity]) => severity)).to.deep.equal(["ERROR", "NOTICE"]);
    } finally {
      receiver.close();
    }
  });

  it("finds at the next look what it could not keep at this one", async () => {
    const world = createWorld();
    await releaseBadVersion(world);
    let failed = 0;
    const end = interceptCalls(world.db, ({ method, request, proceed }) => {
      const isOfAlarm = method === "commit" && JSON.stringify(request).includes("/alarms/");
      if (!isOfAlarm) return proceed();
      failed++;
      return Promise.reject(firestoreError(7));
    });
    await world.look().catch(() => {});
    expect(failed).to.be.at.least(1);
    end();
    expect(await world.alarms()).to.deep.equal([]);
    await world.look();
    expect(await world.alarms()).to.deep.equal([["2.5.1", "open"]]);
  });
});
