import { expect } from "chai";
import { type Firestore, Timestamp } from "firebase-admin/firestore";
import { aFinding } from "../../dev/testing/alarms.ts";
import { attempts, writeCounter } from "../../dev/testing/counters.ts";
import { interceptCalls } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { alarmRef } from "../../src/health/alarm-documents.ts";
import { createAlarmStore } from "../../src/health/alarm-store.ts";
import { command } from "../../tools/health.ts";
import { report, updates } from "../health/updates.ts";
import { contents, run } from "./operator.ts";

const app = "com.example.shop";

/** What `npm run health -- --app com.example.shop` says. */
async function health(db: Firestore, ...args: string[]) {
  return run(command, ["--app", app, ...args], db);
}

async function healthData(db: Firestore, ...args: string[]) {
  return JSON.parse((await health(db, "--json", ...args)).output);
}

/** 2.5.1 fails for 8 % of iOS devices, those of an old native build; 2.5.0 is good; 1.0.0 is no update. */
async function badRelease(): Promise<Firestore> {
  const db = createFirestore();
  await report(db, [...updates(300, 1, "2.5.0"), ...updates(300, 1, "2.5.0", { platform: "android" })]);
  await report(db, [
    ...updates(150, 12, "2.5.1", { version_build: "2.4.1" }, { version_build: "2.4.0" }),
    ...updates(150, 0, "2.5.1", { platform: "android" }),
  ]);
  return db;
}

describe("health", () => {
  it("names the version that 8 % of iOS devices do not get, with the cause, and fails", async () => {
    const db = await badRelease();
    const before = await contents(db);
    const writes: string[] = [];
    interceptCalls(db, ({ method, proceed }) => {
      if (!/^(run|batchGet)/.test(method)) writes.push(method);
      return proceed();
    });
    const { exitCode, output } = await health(db);
    expect(output.split("\n")).to.deep.equal([
      "com.example.shop  2.5.1  alarm: fails on ios: 12 of 150 devices that began the download did not get it (8.0 %), " +
        "0.3 % with earlier versions. The watch has not seen it yet.",
      "    version_build 2.4.0: 100 % of those that fail, 0 % of the others",
      "    action checksum_fail: 100 % of those that fail, 0 % of the others",
      "com.example.shop  2.5.0  good: 2 of 600 attempts did not get it (0.3 %), and 10 % is the most that the settings allow",
      "1 other version, which hardly any device installs now",
    ]);
    expect(exitCode).to.equal(1);
    expect(writes).to.deep.equal([]);
    expect(await contents(db)).to.deep.equal(before);
  });

  it("says since when the alarm is open", async () => {
    const db = await badRelease();
    await openAlarm(db, "2.5.1", Date.parse("2026-11-28T07:40:30Z"));
    const { exitCode, output } = await health(db, "--version", "2.5.1");
    expect(exitCode).to.equal(1);
    // The figures are fresh, those of the alarm are 24 of 300.
    expect(output).to.include("alarm: fails on ios: 12 of 150 devices ");
    expect(output).to.include("Open since 2026-11-28 07:40 UTC.");
  });

  it("takes an open alarm for one that it can neither confirm nor clear", async () => {
    const db = createFirestore();
    await report(db, updates(40, 2, "2.5.1"));
    await openAlarm(db, "2.5.1");
    const { exitCode, output } = await health(db);
    expect(exitCode).to.equal(1);
    expect(output).to.match(
      /2\.5\.1 {2}alarm: fails on ios: 24 of 300 .* Open since .*; whether it fails still cannot be told now\./,
    );
  });

  it("says that the alarm of a version whose counter is gone is ending", async () => {
    const db = createFirestore();
    await openAlarm(db, "2.5.1");
    for (const args of [[], ["--version", "2.5.1"]]) {
      const { exitCode, output } = await health(db, ...args);
      expect(exitCode).to.equal(0);
      expect(output).to.match(/2\.5\.1 {2}ending: .*, but devices no longer get it\./);
    }
  });

  it("says that an alarm is ending, and succeeds, where the version is good again", async () => {
    const db = createFirestore();
    await report(db, updates(300, 0, "2.5.1"));
    await openAlarm(db, "2.5.1");
    const { exitCode, output } = await health(db);
    expect(exitCode).to.equal(0);
    expect(output).to.match(/2\.5\.1 {2}ending: fails on ios: .* Open since .*, but it is good again\./);
  });

  it("says that an alarm is ending, and succeeds, where devices get another version", async () => {
    const db = createFirestore();
    await writeCounter(db, app, "2.5.1", { 1: { ios: attempts(400, 32) } });
    await report(db, updates(500, 0, "2.5.2"));
    await openAlarm(db, "2.5.1");
    const { exitCode, output } = await health(db);
    expect(exitCode).to.equal(0);
    expect(output).to.match(
      /2\.5\.1 {2}ending: fails on ios: .* Open since .*, but devices no longer get it\./,
    );
    expect(output).to.match(/2\.5\.2 {2}good: 0 of 500 /);
  });

  it("does not take an alarm that has ended for one", async () => {
    const db = createFirestore();
    await report(db, updates(300, 0, "2.5.1"));
    await openAlarm(db, "2.5.1");
    await alarmRef(db, { app_id: app, version_name: "2.5.1", measure: "not_downloaded" }).update({
      ...{ open: false, end: "good_again", ended_at: Timestamp.now() },
    });
    const { exitCode, output } = await health(db);
    expect({ exitCode, output }).to.deep.equal({
      exitCode: 0,
      output:
        "com.example.shop  2.5.1  good: 0 of 300 attempts did not get it (0.0 %), and 10 % is the most that the settings allow",
    });
  });

  it("says of a version with few attempts that it is too early, and succeeds", async () => {
    const db = createFirestore();
    await report(db, updates(49, 0, "2.5.1"));
    expect(await health(db)).to.deep.include({
      exitCode: 0,
      output: "com.example.shop  2.5.1  too little yet: 49 attempts, 50 are enough to tell",
    });
    await report(db, updates(1, 0, "2.5.1"));
    expect((await health(db)).output).to.include("2.5.1  good: 0 of 50 attempts");
  });

  it("does not call a version good whose counts are worse than its devices", async () => {
    const db = createFirestore();
    await report(db, updates(300, 0, "2.5.0"));
    const [stubborn = {}] = updates(1, 1, "2.5.1");
    const before = Date.now() - 900_000;
    const again = Array.from({ length: 30 }, (_, index) => ({
      ...stubborn,
      timestamp: before - index,
    }));
    await report(db, [...updates(200, 0, "2.5.1"), ...again]);
    const { exitCode, output } = await health(db, "--version", "2.5.1");
    expect({ exitCode, output }).to.deep.equal({
      exitCode: 0,
      output:
        "com.example.shop  2.5.1  uncertain: 30 of 230 attempts did not get it (13.0 %), 0.0 % with earlier versions. " +
        "Its devices do not confirm that it fails.",
    });
  });

  it("says of a version that devices no longer get, or that is no update, only that", async () => {
    const db = await badRelease();
    await writeCounter(db, app, "2.4.0", { 2: { ios: attempts(400) } });
    await report(db, updates(2, 0, "2.5.2"));
    const line = async (version: string) => (await health(db, "--version", version)).output;
    expect(await line("2.4.0")).to.equal(
      "com.example.shop  2.4.0  no longer installed: devices get another version, or none",
    );
    expect(await line("1.0.0")).to.equal(
      "com.example.shop  1.0.0  no update: no device has begun to download it, or installed it",
    );
    expect(await line("2.5.2")).to.equal(
      "com.example.shop  2.5.2  too little yet: 2 attempts, 50 are enough to tell",
    );
    expect((await health(db)).output).to.include("\n3 other versions, which hardly any device installs now");
  });

  it("judges a version that few devices get so far", async () => {
    const db = createFirestore();
    await report(db, updates(1_000, 4, "2.5.0"));
    await report(db, updates(40, 30, "2.6.0"));
    const { exitCode, output } = await health(db);
    expect(exitCode).to.equal(1);
    expect(output).to.include("2.6.0  alarm: fails on ios: 30 of 40 devices");
  });

  it("succeeds for a good version beside one that fails", async () => {
    const { exitCode, output } = await health(await badRelease(), "--version", "2.5.0");
    expect(exitCode).to.equal(0);
    expect(output)
      .to.match(/^com\.example\.shop {2}2\.5\.0 {2}good: /)
      .and.not.include("\n");
  });

  it("takes another threshold for a version that has none before it", async () => {
    const db = createFirestore();
    await report(db, updates(200, 16, "2.5.1"));
    expect(await health(db)).to.deep.include({ exitCode: 0 });
    const strict = await health(db, "--threshold", "2");
    expect(strict.exitCode).to.equal(1);
    expect(strict.output).to.include("16 of 200 devices").and.include("and 2 % is the most");
    const { exitCode, complaints } = await health(db, "--threshold", "101");
    expect(exitCode).to.equal(2);
    expect(complaints[0]).to.include('--threshold: expected a whole number from 1 to 100, got "101"');
  });

  it("takes neither a version nor an app that nobody knows for healthy", async () => {
    const db = await badRelease();
    const unknown = await health(db, "--version", "2.5.l");
    expect(unknown).to.deep.include({ exitCode: 2, output: "" });
    expect(unknown.complaints[0]).to.include("Nothing is counted of version 2.5.l of com.example.shop.");
    const { exitCode, complaints } = await run(command, ["--app", "com.example.shp", "--json"], db);
    expect(exitCode).to.equal(2);
    expect(complaints[0]).to.include("Nothing is counted of com.example.shp.");
    expect(await run(command, [], db)).to.deep.include({ exitCode: 2 });
  });

  it("judges no app but the one that is asked for", async () => {
    const db = await badRelease();
    await report(db, updates(100, 0, "2.5.1", { app_id: "com.example.other" }));
    const { exitCode, output } = await run(command, ["--app", "com.example.other"], db);
    expect(exitCode).to.equal(0);
    expect(output).to.match(/^com\.example\.other {2}2\.5\.1 {2}good: 0 of 100 .*$/);
  });

  it("fails where Firestore does", async () => {
    const db = await badRelease();
    interceptCalls(db, ({ request, proceed }) =>
      JSON.stringify(request).includes('"alarms"')
        ? Promise.reject(Object.assign(new Error("Firestore is gone"), { code: 7 }))
        : proceed(),
    );
    const { exitCode, output, complaints } = await health(db);
    expect({ exitCode, output }).to.deep.equal({ exitCode: 1, output: "" });
    expect(complaints[0]).to.include("Firestore is gone");
  });

  it("says the same as JSON, with all figures", async () => {
    const db = await badRelease();
    const { exitCode } = await health(db, "--json");
    expect(exitCode).to.equal(1);
    const [bad, good, ...others] = await healthData(db);
    expect(others).to.deep.equal([]);
    expect(bad).to.deep.include({
      app_id: app,
      version_name: "2.5.1",
      verdict: "alarm",
      live: true,
      attempts: 300,
    });
    expect(bad.alarms).to.deep.equal([
      {
        ...{
          measure: "not_downloaded",
          scopes: ["ios"],
          look: "failing",
          began_at: null,
          rule: "earlier_versions",
        },
        ...{ now: { count: 12, of: 150 }, before: { count: 1, of: 300 } },
        parts: [{ scope: "ios", now: { count: 12, of: 150 }, before: { count: 1, of: 300 } }],
        causes: [
          {
            ...{ field: "version_build", value: "2.4.0" },
            ...{ failing: { count: 12, of: 12 }, others: { count: 0, of: 138 } },
          },
          {
            ...{ field: "action", value: "checksum_fail" },
            ...{ failing: { count: 12, of: 12 }, others: { count: 0, of: 30 } },
          },
        ],
      },
    ]);
    expect(bad.comparisons).to.deep.include({
      ...{ measure: "not_downloaded", scope: "ios", rule: "earlier_versions", suspicious: true },
      ...{ now: { count: 12, of: 150 }, before: { count: 1, of: 300 } },
    });
    expect(good).to.deep.include({ version_name: "2.5.0", verdict: "good", alarms: [] });
    await openAlarm(db, "2.5.1", Date.parse("2026-11-28T07:40:30Z"));
    const [{ alarms }] = await healthData(db, "--version", "2.5.1");
    expect(alarms[0]).to.deep.include({ began_at: "2026-11-28T07:40:30.000Z" });
  });

  it("shows hostile names without obeying them", async () => {
    const db = createFirestore();
    const hostile = "2.5\u001b]0;owned\u0007\r\n\u202e";
    const message = "\u001b[2Jcom.example.shop  2.5.1  good";
    await report(db, updates(100, 40, hostile, {}, { version_os: message }));
    const { exitCode, output } = await health(db);
    expect(exitCode).to.equal(1);
    expect(output.split("\n")).to.have.length(4);
    expect(output).to.match(visible);
    expect(output).to.include("2.5\\u{1b}]0;owned\\u{7}\\u{d}\\u{a}\\u{202e}  alarm: ");
    expect(output).to.include("    version_os \\u{1b}[2Jcom");
    const json = await health(db, "--json", "--version", JSON.stringify(hostile));
    expect(json.output).to.match(visible);
    expect(JSON.parse(json.output)[0].version_name).to.equal(hostile);
    const { complaints } = await health(db, "--version", "\u001b[2J\nall is well");
    expect(complaints[0]).to.match(visible).and.include("\\u{1b}[2J\\u{a}all is well");
  });
});

/** Text in which nothing is invisible but the ends of lines. */
const visible = /^(\n|[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])*$/u;

/** Opens an alarm of 24 of 300 devices, as the watch does. */
async function openAlarm(db: Firestore, version_name: string, at = Date.now() - 3_600_000): Promise<void> {
  const look = { app_id: app, findings: [aFinding({ version_name })], good: [], superseded: [] };
  await createAlarmStore(db, () => at).apply(look);
}
