import { expect } from "chai";
import { declaredParams } from "firebase-functions/params";
import { readSettings } from "../src/settings.ts";

const wrong: Record<string, string[]> = {
  APP_IDS: [
    "nodots",
    "com.example.app,,x",
    "com.example.app;com.example.b",
    "com.example.app com.example.b",
    `com.example.a,com.${"x".repeat(197)}`,
  ],
  STATS_TOKEN: ["with space", "a&b", "x".repeat(129)],
  EXTRA_ACTIONS: ["a-b", "9lives", "__proto__", "a b"],
  EVENT_RETENTION_DAYS: ["", "-1", "1.5", "ninety", "36501", "99999", "100000", "1e3"],
  STORE_CUSTOM_ID: ["", "yes", "TRUE", "1"],
  STORE_METADATA: ["no"],
  MAX_EVENTS_PER_SECOND: ["-1", "1000001", "1k"],
  ALARM_WEBHOOK_URL: [
    "example.com/alarms",
    "http://example.com/alarms",
    "http://localhost.example.com/alarms",
    "http://127.0.0.1@example.com/alarms",
    "https://user:password@example.com/",
    "https://example.com/a b",
    "https://example.com/#alarms",
    "https:///alarms",
    "ftp://example.com/",
  ],
  ALARM_THRESHOLD_PERCENT: ["0", "000", "101", "10%"],
  REGION: ["", "us", "us-central1,europe-west1", "us-central3", "europe-moon1", "nam5", "eur3"],
  SERVICE_ACCOUNT: [
    "updater-stats",
    "updater-stats@",
    "someone@example.com",
    "serviceAccount:updater-stats@my-project.iam.gserviceaccount.com",
  ],
  STATS_MAX_INSTANCES: ["0", "1001", "2000", "many"],
  STATS_MIN_INSTANCES: ["-1", "1001"],
  COUNTER_MAX_INSTANCES: ["0", "x"],
};

/** A setting as the Firebase CLI learns of it. The types of `firebase-functions` hide the method. */
interface Asked {
  toSpec(): {
    name: string;
    default: unknown;
    input: { text: { validationRegex: string; validationErrorMessage: string } };
  };
}

const asked = () => (declaredParams as unknown as Asked[]).map((param) => param.toSpec());

describe("settings", () => {
  it("have defaults that suit most", () => {
    expect(readSettings({})).to.deep.equal({
      appIds: new Set(),
      statsToken: "",
      extraActions: new Set(),
      eventRetentionDays: 90,
      storeCustomId: true,
      storeMetadata: true,
      maxEventsPerSecond: 1_000,
      alarmWebhookUrl: "",
      alarmThresholdPercent: 10,
      statsMaxInstances: 3,
      statsMinInstances: 0,
      counterMaxInstances: 3,
      region: "us-central1",
      serviceAccount: "",
    });
  });

  it("are read from the environment that `firebase deploy` fills", () => {
    const settings = readSettings({
      APP_IDS: "com.example.a, com.example.b,",
      STATS_TOKEN: "a-b_c.d~e",
      EXTRA_ACTIONS: "new_action",
      EVENT_RETENTION_DAYS: "0",
      STORE_CUSTOM_ID: "false",
      STORE_METADATA: "false",
      MAX_EVENTS_PER_SECOND: "500",
      ALARM_WEBHOOK_URL: "https://hooks.slack.com/services/T0/B0/x?a=b&c=%20",
      ALARM_THRESHOLD_PERCENT: "25",
      STATS_MAX_INSTANCES: "5",
      STATS_MIN_INSTANCES: "2",
      COUNTER_MAX_INSTANCES: "7",
      REGION: "europe-west1",
      SERVICE_ACCOUNT: "updater-stats@my-project.iam.gserviceaccount.com",
    });
    expect(settings).to.deep.equal({
      appIds: new Set(["com.example.a", "com.example.b"]),
      statsToken: "a-b_c.d~e",
      extraActions: new Set(["new_action"]),
      eventRetentionDays: 0,
      storeCustomId: false,
      storeMetadata: false,
      maxEventsPerSecond: 500,
      alarmWebhookUrl: "https://hooks.slack.com/services/T0/B0/x?a=b&c=%20",
      alarmThresholdPercent: 25,
      statsMaxInstances: 5,
      statsMinInstances: 2,
      counterMaxInstances: 7,
      region: "europe-west1",
      serviceAccount: "updater-stats@my-project.iam.gserviceaccount.com",
    });
  });

  for (const [name, values] of Object.entries(wrong)) {
    for (const value of values) {
      it(`stop the start with a message that names ${name} when it is ${JSON.stringify(value.slice(0, 40))}`, () => {
        expect(() => readSettings({ [name]: value })).to.throw(new RegExp(`^${name}: expected .*, got "`));
      });
    }
  }

  it("are asked for again when an answer is wrong: the Firebase CLI knows the same rules", () => {
    for (const { name, default: fallback, input } of asked()) {
      const rule = new RegExp(input.text.validationRegex);
      expect(rule.test(String(fallback)), `${name}: its default`).to.equal(true);
      for (const value of wrong[name] ?? []) expect(rule.test(value), `${name}=${value}`).to.equal(false);
      expect(input.text.validationErrorMessage).to.match(new RegExp(`^${name}: expected `));
    }
  });

  it("are whole numbers within their ranges, to the last", () => {
    const ranges = [
      ["EVENT_RETENTION_DAYS", 0, 36_500],
      ["ALARM_THRESHOLD_PERCENT", 1, 100],
      ["STATS_MAX_INSTANCES", 1, 1_000],
      ["STATS_MIN_INSTANCES", 0, 1_000],
    ] as const;
    for (const [name, least, most] of ranges) {
      const rule = new RegExp(asked().find((param) => param.name === name)?.input.text.validationRegex ?? "");
      for (let number = 0; number <= 2 * most; number++) {
        expect(rule.test(String(number)), `${name}=${number}`).to.equal(number >= least && number <= most);
      }
    }
  });

  it("take as many apps as there are", () => {
    const apps = Array.from({ length: 100 }, (_, index) => `com.example.app${index}`);
    expect([...readSettings({ APP_IDS: apps.join(", ") }).appIds]).to.deep.equal(apps);
  });

  it("keep no more instances than there may be", () => {
    expect(() => readSettings({ STATS_MIN_INSTANCES: "4" })).to.throw(
      /^STATS_MIN_INSTANCES: expected at most STATS_MAX_INSTANCES, which is 3, got "4"$/,
    );
    expect(readSettings({ STATS_MIN_INSTANCES: "3" }).statsMinInstances).to.equal(3);
  });

  for (const url of [
    "https://chat.googleapis.com/v1/spaces/A/messages?key=k&token=t",
    "https://example.com:8443",
    "http://localhost:8080/alarms",
    "http://127.0.0.1:8080",
    "http://[::1]:8080/?a",
  ]) {
    it(`take ${url} for ALARM_WEBHOOK_URL`, () => {
      expect(readSettings({ ALARM_WEBHOOK_URL: url }).alarmWebhookUrl).to.equal(url);
    });
  }

  it("show nothing of a wrong ALARM_WEBHOOK_URL, which may hold a secret", () => {
    const read = () => readSettings({ ALARM_WEBHOOK_URL: "https://example.com/secret " });
    expect(read).to.throw(/^ALARM_WEBHOOK_URL: expected [^"]*, got "…" \(not shown: it may hold a secret\)$/);
  });
});
