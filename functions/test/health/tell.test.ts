import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { aFinding, aLook } from "../../dev/testing/alarms.ts";
import { logs } from "../../dev/testing/captured-logs.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import {
  type Answer,
  startWebhookReceiver,
  take,
  type WebhookReceiver,
} from "../../dev/testing/webhook-receiver.ts";
import type { Finding, Look } from "../../src/health/alarm-life.ts";
import { createAlarmStore } from "../../src/health/alarm-store.ts";
import { createTeller } from "../../src/health/tell.ts";
import { createWebhook } from "../../src/health/webhook.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const start = Date.UTC(2026, 10, 28, 12);
const failing = aLook({ findings: [aFinding()] });
const superseded = aLook({ superseded: [{ version_name: "2.5.1" }] });
const good = aLook({ good: [{ version_name: "2.5.1", measure: "not_downloaded" }] });

const beginning =
  "2.5.1 of com.example.shop fails on ios: 24 of 300 devices that began the download did not get it (8.0 %), " +
  "0.4 % with earlier versions. Most of those that fail have version_build 2.4.0: 94 %, 31 % of the others.";

const fail: Answer = (response) => response.writeHead(500).end("no");
const hang: Answer = () => {};

/** What a hurried webhook waits for an answer. */
const BOUND = 400;

let receiver: WebhookReceiver;
beforeEach(async () => {
  receiver = await startWebhookReceiver();
});
afterEach(() => receiver.close());

/** A watcher that looks and tells every five minutes. */
function watch(url = receiver.url, db: Firestore = createFirestore()) {
  let time = start;
  const now = () => time;
  const store = createAlarmStore(db, now);
  const tellerTo = (to: string) => createTeller(store, now, to === "" ? undefined : createWebhook(to, BOUND));
  const tell = tellerTo(url);
  return {
    db,
    tell,
    tellerTo,
    async look(...looks: Look[]) {
      for (const look of looks) {
        time += 5 * MINUTE;
        await store.apply(look);
        await tell();
      }
    },
    /** A look that finds the same as before. */
    async again(times = 1, later = 5 * MINUTE) {
      for (let look = 0; look < times; look++) {
        time += later;
        await tell();
      }
    },
    async told() {
      return (await db.doc("alarms/com.example.shop@2.5.1:not_downloaded").get()).get("told");
    },
    toTell: async () => (await store.toTell()).length,
  };
}

const told = () => receiver.received.map(({ body }) => body.event);
const logged = (alarm: string) => logs.filter((entry) => entry.alarm === alarm);

describe("the log", () => {
  it("has one line when an alarm begins, which a person understands and an alert finds", async () => {
    const { look, again } = watch("");
    await look(failing, failing);
    await again(3);
    expect(logs).to.deep.equal([
      {
        severity: "ERROR",
        message: beginning,
        alarm: "began",
        id: "com.example.shop@2.5.1:not_downloaded",
        app_id: "com.example.shop",
        ...aFinding(),
        began_at: "2026-11-28T12:05:00.000Z",
      },
    ]);
  });

  it("has one line when it ends, with how it ended", async () => {
    const { look, again } = watch("");
    await look(failing, good, good);
    await again(3);
    expect(logged("ended")).to.have.length(1);
    expect(logged("ended")[0]).to.deep.include({
      severity: "NOTICE",
      message:
        "2.5.1 of com.example.shop is good again on ios, 10 minutes after its alarm began. " +
        "At last, 24 of 300 devices that began the download did not get it (8.0 %).",
      began_at: "2026-11-28T12:05:00.000Z",
      ended_at: "2026-11-28T12:15:00.000Z",
      end: "good_again",
    });
  });

  it("says what an alarm was compared with, and where it is", async () => {
    const { look } = watch("");
    const rest = { now: { count: 3, of: 10 }, causes: [] };
    await look(
      aLook({
        findings: [
          aFinding({
            ...rest,
            measure: "rolled_back",
            scopes: ["all"],
            rule: "threshold",
            before: { count: 5, of: 100 },
          }),
          aFinding({ ...rest, measure: "crashed", scopes: ["android", "ios"], rule: "own_past" }),
        ],
      }),
      superseded,
    );
    expect(logged("began").map(({ message }) => message)).to.have.members([
      "2.5.1 of com.example.shop fails on all platforms: 3 of 10 devices that installed it rolled it back (30.0 %), and 5 % is the most that the settings allow.",
      "2.5.1 of com.example.shop fails on android and ios: 3 of 10 devices that started it crashed (30.0 %), 0.4 % of this version's before.",
    ]);
    expect(logged("ended")[0]?.message).to.match(
      /^2\.5\.1 of com\.example\.shop fails on .* no longer: 5 minutes after its alarm began, a newer version has taken over or devices no longer get it\. /,
    );
  });

  it("says how often a version fails on each platform, where it fails on several", async () => {
    const { look } = watch("");
    const before = { count: 4, of: 1_000 };
    const parts: Finding["parts"] = [
      { scope: "android", now: { count: 60, of: 300 }, before },
      { scope: "ios", now: { count: 24, of: 300 }, before },
    ];
    const scopes: Finding["scopes"] = ["android", "ios"];
    await look(aLook({ findings: [aFinding({ scopes, now: { count: 84, of: 600 }, parts, causes: [] })] }));
    expect(logs.map(({ message }) => message)).to.deep.equal([
      "2.5.1 of com.example.shop fails on android and ios: 84 of 600 devices that began the download did not get it " +
        "(14.0 %: 20.0 % on android, 8.0 % on ios), 0.4 % with earlier versions.",
    ]);
    expect(logs[0]?.parts).to.deep.equal(parts);
  });

  it("shows what strangers named as what it is, and cuts it", async () => {
    const { look } = watch("");
    const version_name = `\u001b[2J\u202e<!channel>${"🚀".repeat(5_000)}`;
    await look(aLook({ findings: [aFinding({ version_name, causes: [] })] }));
    const [line] = logged("began");
    expect(line?.message).to.match(
      /^\\u\{1b\}\[2J\\u\{202e\}‹!channel›(🚀){85}… of com\.example\.shop fails/u,
    );
    expect(JSON.stringify(line).length).to.be.lessThan(2_000);
  });

  it("is told of all, though a webhook hangs", async () => {
    receiver.answer = hang;
    const { look } = watch();
    await look(
      aLook({ findings: Array.from({ length: 6 }, (_, n) => aFinding({ version_name: `2.5.${n}` })) }),
    );
    expect(logged("began")).to.have.length(6);
  });
});

describe("the webhook", () => {
  it("gets a POST when an alarm begins and one when it ends: a text, and the figures for machines", async () => {
    const { look, again, toTell } = watch();
    await look(failing, failing);
    await again(2);
    await look(superseded);
    await again(2);
    const figures = {
      id: "com.example.shop@2.5.1:not_downloaded",
      app_id: "com.example.shop",
      ...aFinding(),
      began_at: "2026-11-28T12:05:00.000Z",
    };
    const [began, ended, ...rest] = receiver.received;
    expect(began?.body).to.deep.equal({ event: "alarm_began", text: beginning, ...figures });
    const { text, ...fields } = ended?.body ?? {};
    expect(text).to.match(/^2\.5\.1 of com\.example\.shop fails on ios no longer: 20 minutes after/);
    expect(fields).to.deep.equal({
      event: "alarm_ended",
      ...figures,
      ended_at: "2026-11-28T12:25:00.000Z",
      end: "superseded",
    });
    expect(rest).to.deep.equal([]);
    expect(began?.headers["content-type"]).to.equal("application/json; charset=utf-8");
    expect(began?.headers["idempotency-key"]).to.match(/^[0-9a-f]{32}$/);
    expect(ended?.headers["idempotency-key"]).to.not.equal(began?.headers["idempotency-key"]);
    expect(await toTell()).to.equal(0);
  });

  it("is told of a version whose name fits in no header", async () => {
    await watch().look(aLook({ findings: [aFinding({ version_name: "版本\r\nX: y" })] }));
    expect(receiver.received[0]?.body).to.include({ version_name: "版本\r\nX: y" });
  });

  it("is told again of an alarm that begins anew, with another key", async () => {
    const { look } = watch();
    await look(failing, superseded, failing);
    expect(told()).to.deep.equal(["alarm_began", "alarm_ended", "alarm_began"]);
    const keys = receiver.received.map(({ headers }) => headers["idempotency-key"]);
    expect(new Set(keys).size).to.equal(3);
  });

  for (const [what, answer] of Object.entries<Answer>({
    "answers 500": fail,
    "answers 404": (response) => response.writeHead(404).end(),
    "redirects, even to where it would be taken": (response, { path }) =>
      response.writeHead(path === "/elsewhere" ? 204 : 307, { Location: "/elsewhere" }).end(),
    "closes the connection": (response) => response.destroy(),
    "answers what is not HTTP": (response) => response.socket?.end("hello\r\n\r\n"),
    hangs: hang,
  })) {
    it(`that ${what} is told at the next look at which it takes it, and then no more`, async () => {
      const { look, again, told: kept } = watch();
      receiver.answer = answer;
      await look(failing, failing);
      expect(told()).to.deep.equal(["alarm_began", "alarm_began"]);
      expect(await kept()).to.deep.equal({ began: { log: "taken" }, ended: {} });
      receiver.answer = take;
      await again(3);
      expect(told()).to.have.length(3);
      expect(await kept()).to.deep.equal({ began: { log: "taken", webhook: "taken" }, ended: {} });
      expect(new Set(receiver.received.map(({ headers }) => headers["idempotency-key"])).size).to.equal(1);
      expect(logged("began")).to.have.length(1);
    });
  }

  it("that is down is told when it is up again", async () => {
    const port = Number(new URL(receiver.url).port);
    const { look, again } = watch();
    receiver.close();
    await look(failing);
    expect(logs.at(-1)).to.deep.include({
      severity: "WARNING",
      alarms: 1,
      reasons: ["it could not be reached (ECONNREFUSED)"],
    });
    receiver = await startWebhookReceiver(port);
    await again(2);
    expect(told()).to.deep.equal(["alarm_began"]);
  });

  it("that answers slowly, but within the bound, has taken it", async () => {
    receiver.answer = (response) => setTimeout(() => response.writeHead(200).end("ok"), BOUND / 2);
    const { look, again } = watch();
    await look(failing);
    await again(2);
    expect(told()).to.deep.equal(["alarm_began"]);
  });

  it("that sends the end of its answer never has taken it: the status says all", async () => {
    receiver.answer = (response) => response.writeHead(200).write("o");
    const { look, again } = watch();
    await look(failing);
    await again(2);
    expect(told()).to.deep.equal(["alarm_began"]);
  });

  it("is waited for no longer than the bound", async () => {
    receiver.answer = hang;
    const before = performance.now();
    await watch().look(failing);
    expect(performance.now() - before).to.be.within(BOUND - 50, BOUND + 2_000);
    expect(logs.at(-1)).to.deep.include({ reasons: ["it did not answer within 0.4 s"] });
  });

  it("is tried for a day, and then given up with one line", async () => {
    receiver.answer = fail;
    const { look, again, toTell } = watch();
    await look(failing);
    await again(23, HOUR);
    expect(logged("not_told")).to.deep.equal([]);
    expect(told()).to.have.length(24);
    await again(5, HOUR);
    expect(told()).to.have.length(25);
    expect(logged("not_told")).to.have.length(1);
    expect(logged("not_told")[0]).to.include({
      severity: "ERROR",
      message: `ALARM_WEBHOOK_URL is no longer told of this, since it answered 500: ${beginning}`,
    });
    expect(await toTell()).to.equal(0);
  });

  it("has a day for the end, too, from the end on", async () => {
    const { look, again } = watch();
    await look(failing);
    await again(1, 72 * HOUR);
    receiver.answer = fail;
    await look(superseded);
    await again(22, HOUR);
    receiver.answer = take;
    await again(2, HOUR);
    expect(told().filter((event) => event === "alarm_ended")).to.have.length(24);
    expect(logged("not_told")).to.deep.equal([]);
  });

  it("is tried once of what nobody has told for longer than a day", async () => {
    const db = createFirestore();
    await createAlarmStore(db, () => start - 48 * HOUR).apply(failing);
    await watch(receiver.url, db).again();
    expect(told()).to.deep.equal(["alarm_began"]);
  });

  it("hears neither of the beginning nor of the end of an alarm that ended before it took its beginning", async () => {
    receiver.answer = fail;
    const { look, again, toTell } = watch();
    await look(failing);
    receiver.answer = take;
    await look(superseded);
    await again(3);
    expect(told()).to.deep.equal(["alarm_began"]); // That which was refused.
    expect([...logged("began"), ...logged("ended")]).to.have.length(2);
    expect(await toTell()).to.equal(0);
  });

  it("hears of alarms that begin after it was set, and not of those before", async () => {
    const { look, tellerTo, db } = watch("");
    await look(failing);
    await tellerTo(receiver.url)();
    expect(receiver.received).to.deep.equal([]);
    await watch(receiver.url, db).look(superseded);
    expect(receiver.received).to.deep.equal([]);
    await watch(receiver.url, db).look(failing);
    expect(told()).to.deep.equal(["alarm_began"]);
  });

  it("that is set no longer leaves nothing to tell", async () => {
    receiver.answer = fail;
    const { look, tellerTo, toTell } = watch();
    await look(failing);
    expect(await toTell()).to.equal(1);
    await tellerTo("")();
    expect(await toTell()).to.equal(0);
  });

  it("that refuses one alarm is told of the others", async () => {
    receiver.answer = (response, received) =>
      (received.body.version_name === "2.5.1" ? fail : take)(response, received);
    const { look, again } = watch();
    await look(
      aLook({ findings: ["2.5.0", "2.5.1", "2.5.2"].map((version_name) => aFinding({ version_name })) }),
    );
    await again();
    const versions = receiver.received.map(({ body }) => body.version_name);
    expect(versions.toSorted()).to.deep.equal(["2.5.0", "2.5.1", "2.5.1", "2.5.2"]);
  });

  it("is told of the others where Firestore refuses to keep what became of one", async () => {
    const { tell, db } = watch();
    const findings = ["2.5.0", "2.5.1", "2.5.2"].map((version_name) => aFinding({ version_name }));
    await createAlarmStore(db, () => start).apply(aLook({ findings }));
    interceptCalls(db, ({ method, request, proceed }) =>
      method === "commit" && JSON.stringify(request.writes).includes("@2.5.1:")
        ? Promise.reject(firestoreError(7))
        : proceed(),
    );
    const error = await tell().catch((reason) => reason);
    expect(error.message).to.match(/^What was told of alarms could not be kept/);
    const versions = receiver.received.map(({ body }) => body.version_name);
    expect(versions.toSorted()).to.deep.equal(["2.5.0", "2.5.2"]);
  });

  it("is told of several alarms at once, but of no more than four", async () => {
    let most = 0;
    let underWay = 0;
    receiver.answer = (response) => {
      most = Math.max(most, ++underWay);
      setTimeout(() => {
        underWay--;
        response.writeHead(200).end();
      }, 30);
    };
    await watch().look(
      aLook({ findings: Array.from({ length: 12 }, (_, n) => aFinding({ version_name: `2.5.${n}` })) }),
    );
    expect(told()).to.have.length(12);
    expect(most).to.equal(4);
  });

  it("gets the text alone where it is Google Chat's or Slack's, which refuse fields they do not know", async () => {
    const real = globalThis.fetch;
    const bodies: string[] = [];
    globalThis.fetch = async (_, init) => {
      bodies.push(String(init?.body));
      return new Response();
    };
    try {
      await watch("https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t").look(failing);
      await watch("https://hooks.slack.com/services/T/B/x").look(failing);
    } finally {
      globalThis.fetch = real;
    }
    expect(bodies.map((body) => JSON.parse(body))).to.deep.equal([{ text: beginning }, { text: beginning }]);
  });

  it("keeps its URL out of the log and of the alarms: it may hold a secret", async () => {
    const { look, again, db } = watch();
    receiver.answer = fail;
    await look(failing);
    receiver.answer = hang;
    await again();
    receiver.close();
    await again(2, 12 * HOUR);
    await watch("http://127.0.0.1:99999/s3cret", db).look(
      aLook({ findings: [aFinding({ measure: "crashed" })] }),
    );
    const stored = (await db.collection("alarms").get()).docs.map((doc) => doc.data());
    expect(logs.length).to.be.greaterThan(4);
    expect(JSON.stringify([logs, stored])).to.not.include("s3cret");
  });
});

describe("two watchers at the same time", () => {
  it("tell once, also where the webhook is slow", async () => {
    receiver.answer = (response, received) => setTimeout(() => take(response, received), 100);
    const { look, tellerTo, db } = watch("");
    const store = createAlarmStore(db, () => start);
    await store.apply(failing);
    const tellers = [receiver.url, receiver.url, receiver.url].map(tellerTo);
    await Promise.all(tellers.map((tell) => tell()));
    expect(told()).to.deep.equal(["alarm_began"]);
    expect(logged("began")).to.have.length(1);
    await look(superseded);
    expect(logged("ended")).to.have.length(1);
  });
});

describe("a watcher that dies", () => {
  /** Lets Firestore refuse what would keep that the webhook has taken it. */
  const dieAfterPost = (db: Firestore) =>
    interceptCalls(db, ({ method, proceed }) =>
      method === "commit" && receiver.received.length > 0 ? Promise.reject(firestoreError(7)) : proceed(),
    );

  it("between the POST and the write leaves it to the next, which tells it again under the same key", async () => {
    const { look, again, db } = watch();
    const end = dieAfterPost(db);
    const error = await look(failing).catch((reason) => reason);
    expect(error.message).to.equal('What was told of alarms could not be kept: ["7 injected"]');
    end();
    await again(3);
    expect(told()).to.deep.equal(["alarm_began", "alarm_began"]);
    const [first, second] = receiver.received;
    expect(first?.headers["idempotency-key"]).to.equal(second?.headers["idempotency-key"]);
    expect(logged("began")).to.have.length(1);
  });

  it("holds up no other for longer than two minutes, in which it may only be slow", async () => {
    const { look, again, db } = watch();
    const end = dieAfterPost(db);
    await look(failing).catch(() => {});
    end();
    await again(1, MINUTE);
    expect(told()).to.have.length(1);
    await again(1, MINUTE);
    expect(told()).to.have.length(2);
  });

  it("before the POST has told nothing, and the next does", async () => {
    const { look, again, db } = watch();
    let commits = 0;
    const end = interceptCalls(db, ({ method, proceed }) =>
      method === "commit" && ++commits > 1 ? Promise.reject(firestoreError(7)) : proceed(),
    );
    await look(failing).catch(() => {});
    end();
    expect([...receiver.received, ...logged("began")]).to.deep.equal([]);
    await again(2);
    expect(told()).to.deep.equal(["alarm_began"]);
    expect(logged("began")).to.have.length(1);
  });
});

describe("an alarm that changes while it is told", () => {
  const during = (store: ReturnType<typeof createAlarmStore>, ...looks: Look[]): Answer => {
    let isFirst = true;
    return async (response, received) => {
      const apply = isFirst ? looks : [];
      isFirst = false;
      for (const look of apply) await store.apply(look);
      take(response, received);
    };
  };

  it("is told of its end next, and not of its beginning again", async () => {
    const { look, again, db } = watch();
    receiver.answer = during(
      createAlarmStore(db, () => start + 6 * MINUTE),
      superseded,
    );
    await look(failing);
    await again(2);
    expect(told()).to.deep.equal(["alarm_began", "alarm_ended"]);
  });

  it("and begins anew is told of anew", async () => {
    const { look, again, db } = watch();
    receiver.answer = during(
      createAlarmStore(db, () => start + 6 * MINUTE),
      superseded,
      failing,
    );
    await look(failing);
    await again(2);
    expect(told()).to.deep.equal(["alarm_began", "alarm_began"]);
    expect(logged("began")).to.have.length(2);
  });
});
