import type { Server } from "node:http";
import { type HttpFunction, http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { expect } from "chai";
import { type HttpsFunction, onRequest } from "firebase-functions/https";
import { listen } from "../../dev/local/listen.ts";
import { logs } from "../../dev/testing/captured-logs.ts";
import { systemTime } from "../../dev/testing/clocks.ts";
import { anEvent } from "../../dev/testing/events.ts";
import { type Clock, systemClock } from "../../src/clock.ts";
import { createEventStore } from "../../src/ingest/event-store.ts";
import { createStatsHandler } from "../../src/ingest/handler.ts";
import { backend } from "../backend.ts";

const servers: Server[] = [];

/** A `stats` function with settings of its own, on a Firestore of its own. */
async function deploy(settings: {
  appIds?: string[];
  statsToken?: string;
  extraActions?: string[];
  eventRetentionDays?: number;
  storeCustomId?: boolean;
  storeMetadata?: boolean;
  maxEventsPerSecond?: number;
  clock?: Clock;
}) {
  const {
    appIds = [],
    statsToken = "",
    extraActions = [],
    eventRetentionDays = 90,
    storeCustomId = true,
    storeMetadata = true,
    maxEventsPerSecond = 0,
    clock = systemClock,
  } = settings;
  const db = backend().newFirestore();
  const store = createEventStore(db, {
    eventRetentionDays,
    storeCustomId,
    storeMetadata,
    ...systemTime,
  });
  const options = {
    appIds: new Set(appIds),
    statsToken,
    extraActions: new Set(extraActions),
    maxEventsPerSecond,
    clock,
  };
  const stats: HttpsFunction = onRequest(createStatsHandler(store, options));
  const name = `stats-${servers.length}`;
  http(name, stats as HttpFunction);
  const server = getTestServer(name);
  servers.push(server);
  const url = `http://127.0.0.1:${await listen(server)}/`;
  return {
    async send(body: unknown, query = "", method = "POST") {
      const response = await fetch(url + query, {
        method,
        ...(method === "POST" && { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    },
    async stored() {
      return (await db.collection("events").get()).docs.map((snapshot) => snapshot.data());
    },
  };
}

after(() => {
  for (const server of servers) server.close();
});

describe("APP_IDS", () => {
  it("refuses events of other apps, singly with 403 and in a batch one by one", async () => {
    const { send, stored } = await deploy({ appIds: ["com.example.mine"] });
    const mine = anEvent({ app_id: "com.example.mine" });
    const other = anEvent({ app_id: "com.example.other" });
    const refusal = { error: "app_not_allowed", message: "app_id: com.example.other is not served here" };
    expect(await send(other)).to.deep.equal({ status: 403, body: refusal });
    expect(await send([other, mine])).to.deep.equal({
      status: 200,
      body: {
        status: "ok",
        results: [
          { status: "error", index: 0, ...refusal },
          { status: "ok", index: 1 },
        ],
      },
    });
    expect((await stored()).map(({ app_id }) => app_id)).to.deep.equal(["com.example.mine"]);
  });

  it("takes events of every app when it is empty", async () => {
    const { send } = await deploy({});
    expect((await send(anEvent({ app_id: "com.example.other" }))).status).to.equal(200);
  });
});

describe("STATS_TOKEN", () => {
  it("refuses what does not carry it", async () => {
    const { send, stored } = await deploy({ statsToken: "s3cret" });
    for (const query of [
      "",
      "?token=",
      "?token=s3cre",
      "?token=s3cret2",
      "?token=a&token=s3cret",
      "?token[]=s3cret",
      "?Token=s3cret",
    ]) {
      const { status, body } = await send(anEvent(), query);
      expect(status, query).to.equal(401);
      expect(body).to.deep.equal({
        error: "unauthorized",
        message: "expected the token of this endpoint: statsUrl?token=…",
      });
    }
    expect((await send(undefined, "", "GET")).status).to.equal(401);
    expect(await stored()).to.have.length(0);
  });

  it("takes what does, and anything when it is empty", async () => {
    const { send } = await deploy({ statsToken: "s3cret" });
    expect((await send(anEvent(), "?token=s3cret")).status).to.equal(200);
    expect((await send(undefined, "?token=s3cret", "GET")).status).to.equal(200);
    const open = await deploy({});
    expect((await open.send(anEvent(), "?token=whatever")).status).to.equal(200);
  });
});

describe("EXTRA_ACTIONS", () => {
  it("lets a new action in, which is refused otherwise", async () => {
    const event = anEvent({ action: "quantum_update" });
    expect((await (await deploy({})).send(event)).status).to.equal(400);
    expect((await (await deploy({ extraActions: ["quantum_update"] })).send(event)).status).to.equal(200);
  });
});

describe("EVENT_RETENTION_DAYS", () => {
  it("sets when an event expires, and 0 that it never does", async () => {
    const week = await deploy({ eventRetentionDays: 7 });
    await week.send(anEvent());
    const [event] = await week.stored();
    expect(event?.expire_at.toMillis() - event?.received_at.toMillis()).to.equal(7 * 86_400_000);

    const always = await deploy({ eventRetentionDays: 0 });
    await always.send(anEvent());
    expect((await always.stored())[0]).not.to.have.property("expire_at");
  });
});

describe("STORE_CUSTOM_ID", () => {
  it("keeps custom_id, or leaves it out", async () => {
    for (const storeCustomId of [true, false]) {
      const { send, stored } = await deploy({ storeCustomId });
      await send(anEvent({ custom_id: "user_1842" }));
      expect((await stored()).map(({ custom_id }) => custom_id)).to.deep.equal([
        storeCustomId ? "user_1842" : undefined,
      ]);
    }
  });
});

describe("STORE_METADATA", () => {
  it("keeps message and metadata, or leaves them out", async () => {
    for (const storeMetadata of [true, false]) {
      const { send, stored } = await deploy({ storeMetadata });
      await send(anEvent({ message: "typed by a user", metadata: { error: "typed by a user" } }));
      const [event] = await stored();
      expect(event).to.include({ action: "set" });
      expect([event?.message, event?.metadata]).to.deep.equal(
        storeMetadata ? ["typed by a user", { error: "typed by a user" }] : [undefined, undefined],
      );
    }
  });
});

describe("MAX_EVENTS_PER_SECOND", () => {
  it("answers 503 beyond it and logs that once a minute, and takes events again later", async () => {
    let now = 0;
    const clock = { ...systemClock, now: () => now };
    const { send, stored } = await deploy({ maxEventsPerSecond: 2, clock });
    const batch = Array.from({ length: 120 }, () => anEvent());
    expect((await send(batch)).status).to.equal(200);

    for (const body of [batch, anEvent()]) {
      const { status, body: answer } = await send(body);
      expect(status).to.equal(503);
      expect(answer).to.deep.equal({
        error: "too_many_events",
        message: "more events come than are taken; send them again later",
      });
    }
    const complaints = () => logs.filter(({ severity }) => severity === "ERROR");
    expect(complaints().map(({ message }) => message)).to.deep.equal([
      "More events come than MAX_EVENTS_PER_SECOND allows; devices are told to send them again.",
    ]);
    expect(await stored()).to.have.length(120);

    now += 61_000;
    expect((await send(batch)).status).to.equal(200);
    expect((await send(batch)).status).to.equal(503);
    expect(complaints()).to.have.length(2);
  });

  it("does not count what is refused anyway", async () => {
    const { send } = await deploy({ maxEventsPerSecond: 1, clock: { ...systemClock, now: () => 0 } });
    await send(Array.from({ length: 500 }, () => anEvent({ app_id: "nodots" })));
    expect((await send(anEvent())).status).to.equal(200);
  });
});

describe("the log", () => {
  it("has one line per request: counts, and which fields were at fault", async () => {
    const { send } = await deploy({ appIds: ["com.example.shop"] });
    const event = anEvent({ timestamp: 1_795_392_000_000 });
    const batch = [
      event,
      event,
      anEvent({ app_id: "com.example.other" }),
      anEvent({ platform: 1, version_os: null }),
      "junk",
    ];
    await send(batch);
    expect(logs.map(({ severity, message, ...fields }) => ({ severity, message, ...fields }))).to.deep.equal([
      {
        severity: "INFO",
        message: "events",
        app_id: "com.example.shop",
        events: 5,
        stored: 1,
        duplicate: 1,
        refused: 0,
        not_allowed: 1,
        invalid: { platform: 1, version_os: 1, event: 1 },
      },
    ]);
  });

  it("names the app that is not allowed", async () => {
    const { send } = await deploy({ appIds: ["com.example.shop"] });
    await send(anEvent({ app_id: "com.example.other" }));
    expect(logs).to.have.length(1);
    expect(logs[0]).to.include({ app_id: "com.example.other", stored: 0, not_allowed: 1 });
  });

  it("names an unknown action once per instance, and never one that no plugin would send", async () => {
    const { send } = await deploy({});
    for (const action of ["new_action", "new_action", "<script>", "x".repeat(200), "a\nb"])
      await send(anEvent({ action }));
    const warnings = logs.filter(({ severity }) => severity === "WARNING");
    expect(warnings.map(({ action }) => action)).to.deep.equal(["new_action"]);
    expect(JSON.stringify(logs)).not.to.match(/script|xxxx|a\\nb/);
  });

  it("does not grow without bound when strangers make up actions", async () => {
    const { send } = await deploy({});
    await send(Array.from({ length: 500 }, (_, i) => anEvent({ action: `made_up_${i}` })));
    expect(logs.filter(({ severity }) => severity === "WARNING")).to.have.length(50);
  });

  it("has the stack of a failure that nobody foresaw, without what was sent; others of the batch are stored", async () => {
    const { send, stored } = await deploy({ extraActions: ["quantum_update"] });
    const { has } = Set.prototype;
    Set.prototype.has = function (value) {
      if (value === "secret-action") throw new TypeError(`cannot read ${value}`);
      return has.call(this, value);
    };
    const { status, body } = await send([anEvent(), anEvent({ action: "secret-action" }), anEvent()]).finally(
      () => {
        Set.prototype.has = has;
      },
    );
    expect(status).to.equal(200);
    expect(body.results.map((result: { status: string }) => result.status)).to.deep.equal([
      "ok",
      "error",
      "ok",
    ]);
    expect(await stored()).to.have.length(2);
    const [failure] = logs.filter(({ severity }) => severity === "ERROR");
    expect(failure?.message).to.match(/^An unforeseen failure: TypeError\n {4}at .*settings\.test\.ts/);
    expect(JSON.stringify(logs)).not.to.include("secret");
  });

  it("never holds a device id, a custom id or a payload", async () => {
    const { send } = await deploy({});
    const secrets = {
      device_id: "secret-device",
      custom_id: "secret-user",
      metadata: { note: "secret-note" },
    };
    await send([
      anEvent(secrets),
      anEvent({ ...secrets, action: "nonsense" }),
      { ...secrets, app_id: "secret" },
    ]);
    expect(logs).to.have.length.greaterThan(0);
    expect(JSON.stringify(logs)).not.to.include("secret");
  });
});
