import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import fc from "fast-check";
import { FieldValue, type Firestore } from "firebase-admin/firestore";
import { storeEvent } from "../../dev/testing/events.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { printable } from "../../src/printable.ts";
import { command } from "../../tools/counters.ts";
import { printableJson, table } from "../../tools/lib/table.ts";
import { countAllEvents, run } from "./operator.ts";

describe("counters", () => {
  it("shows the measures and rates of each version and platform, the latest version first", async () => {
    const { exitCode, output } = await run(command, [], await shop());
    expect(exitCode).to.equal(0);
    expect(output).to.equal(
      [
        "app                  version  platform  begun  downloaded  not downloaded  installed  rolled back  crash-free",
        "com.example.desktop  1.0.0    all           0           0  no update               0  –            –",
        "com.example.shop     2.5.1    all           5           4  20.00 %                 3  25.00 %      75.00 %",
        "                              android       3           3  0.00 %                  2  0.00 %       75.00 %",
        "                              ios           2           1  50.00 %                 1  50.00 %      –",
        "com.example.shop     2.5.0    all           0           1  –                       1  0.00 %       –",
        "                              android       0           1  –                       1  0.00 %       –",
      ].join("\n"),
    );
  });

  it("says of a version that was never begun or set that it is no update, whatever its name", async () => {
    const db = createFirestore();
    await storeEvent(db, { version_name: "2.4.0", action: "app_launch_start" });
    await storeEvent(db, { version_name: "2.4.0", action: "download_fail" });
    await storeEvent(db, { version_name: "3.0.0-test", is_prod: false });
    await storeEvent(db, { version_name: "builtin", action: "set" });
    await countAllEvents(db);
    const { output } = await run(command, [], db);
    expect(output).to.match(/ 2\.4\.0 +all +0 +0 +no update +0 +– +100\.00 %\n/);
    expect(output).to.match(/ 3\.0\.0-test +all +0 +0 +development only +0 +– +–/);
    expect(output).to.match(/ builtin +all +0 +0 +– +1 +0\.00 % +–/);
  });

  it("reads counters that were written before there were development builds", async () => {
    const db = createFirestore();
    await storeEvent(db);
    await countAllEvents(db);
    await db.doc("counters/com.example.shop@2.5.1").update({ development: FieldValue.delete() });
    const [counter] = JSON.parse((await run(command, ["--json"], db)).output);
    expect(counter).to.deep.include({ installed: 1, development: {} });
  });

  it("shows one app, or one version, or both", async () => {
    const db = await shop();
    const versions = async (...args: string[]) => {
      const { output } = await run(command, [...args, "--json"], db);
      return JSON.parse(output).map((counter: { version_name: string }) => counter.version_name);
    };
    expect(await versions("--app", "com.example.shop")).to.deep.equal(["2.5.1", "2.5.0"]);
    expect(await versions("--version", "1.0.0")).to.deep.equal(["1.0.0"]);
    expect(await versions("--app", "com.example.shop", "--version", "2.5.0")).to.deep.equal(["2.5.0"]);
    expect(await versions("--app", "com.example.shop", "--version", "1.0.0")).to.deep.equal([]);
  });

  it("prints every count as JSON, with the rates of production devices as numbers", async () => {
    const { output } = await run(command, ["--version", "2.5.1", "--json"], await shop());
    const [{ updated_at, ...counter }] = JSON.parse(output);
    expect(Date.now() - Date.parse(updated_at)).to.be.within(0, 60_000);
    expect(counter).to.deep.equal({
      app_id: "com.example.shop",
      version_name: "2.5.1",
      is_update: true,
      ...{ begun: 5, downloaded: 4, installed: 3, rolled_back: 1, starts: 4, crashes: 1 },
      ...{ not_downloaded_rate: 0.2, rolled_back_rate: 0.25, crash_free_rate: 0.75 },
      actions: {
        ...{ download_zip_start: 5, download_complete: 5, checksum_fail: 1, set: 3, update_fail: 2 },
        ...{ app_launch_start: 4, app_crash: 1, download_fail: 1 },
      },
      platforms: {
        android: {
          ...{ begun: 3, downloaded: 3, installed: 2, rolled_back: 0, starts: 4, crashes: 1 },
          ...{ not_downloaded_rate: 0, rolled_back_rate: 0, crash_free_rate: 0.75 },
          actions: {
            ...{ download_zip_start: 3, download_complete: 3, set: 2, app_launch_start: 4, app_crash: 1 },
            download_fail: 1,
          },
        },
        ios: {
          ...{ begun: 2, downloaded: 1, installed: 1, rolled_back: 1, starts: 0, crashes: 0 },
          ...{ not_downloaded_rate: 0.5, rolled_back_rate: 0.5, crash_free_rate: null },
          actions: { download_zip_start: 2, download_complete: 2, checksum_fail: 1, set: 1, update_fail: 1 },
        },
      },
      development: { update_fail: 1 },
    });
  });

  it("says so when nothing is counted", async () => {
    expect((await run(command, [], createFirestore())).output).to.equal("Nothing is counted yet.");
  });

  it("names a document that is no counter, and fails", async () => {
    const db = createFirestore();
    await db.doc("counters/by-hand").set({ actions: "many" });
    const { exitCode, complaints } = await run(command, [], db);
    expect(exitCode).to.equal(1);
    expect(complaints[0]).to.include("counters/by-hand is not a counter");
  });

  it("shows a hostile version name without obeying it", async () => {
    const db = createFirestore();
    const hostile = "1.0\u001b]0;owned\u0007\u009b2J\r\n\u202e\u2028\u{e0041}\u3164";
    await storeEvent(db, { version_name: hostile });
    await countAllEvents(db);
    const { output } = await run(command, [], db);
    expect(output).to.match(visible).and.include("1.0\\u{1b}]0;owned\\u{7}\\u{9b}2J\\u{d}\\u{a}");
    const json = (await run(command, ["--json"], db)).output;
    expect(json).to.match(visible);
    expect(JSON.parse(json)[0].version_name).to.equal(hostile);
  });
});

describe("what tools print", () => {
  it("is no formula in a table, and as it is elsewhere", async () => {
    const db = createFirestore();
    await storeEvent(db, { version_name: "=1+1" });
    await countAllEvents(db);
    expect((await run(command, [], db)).output).to.include("com.example.shop  '=1+1 ");
    const [counter] = JSON.parse((await run(command, ["--json"], db)).output);
    expect(counter.version_name).to.equal("=1+1");
    expect(table(["n"], [[-1]])).to.equal(" n\n-1");
  });

  /** Much of Latin-1's controls, what fonts leave out, something of all else, halves of characters included. */
  const leftOut = fc.constantFrom(0x34f, 0x115f, 0x3164, 0xfe0f, 0xe0100);
  const unit = fc.oneof(fc.nat(0xff), leftOut, fc.nat(0xffff)).map((code) => String.fromCodePoint(code));
  const text = fc.string({ unit });

  it("holds nothing that a terminal obeys or nobody sees, whatever it is given", () => {
    fc.assert(
      fc.property(text, (input) => {
        expect(printable(input)).to.match(visible).and.not.include("\n");
        expect(printableJson({ [input]: input })).to.match(visible);
        expect(JSON.parse(printableJson([input]))).to.deep.equal([input]);
        expect(table(["a", "b"], [[input, 1]]).split("\n")).to.have.length(2);
      }),
    );
  });

  it("cuts what is too long for a table", () => {
    const [, row] = table(["version"], [["x".repeat(500)]]).split("\n");
    expect(row).to.equal(`${"x".repeat(47)}…`);
  });
});

/** Text in which nothing is invisible but the ends of lines. */
const visible = /^(\n|[^\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}])*$/u;

/** Counters of two apps and three versions. */
async function shop(): Promise<Firestore> {
  const db = createFirestore();
  await storeEvent(db, {
    app_id: "com.example.desktop",
    version_name: "1.0.0",
    platform: "electron",
    action: "get",
  });
  const store = async (fields: Record<string, unknown>, count = 1) => {
    for (let i = 0; i < count; i++) await storeEvent(db, fields);
  };
  // An old plugin, which does not report beginnings.
  await store({ version_name: "2.5.0", action: "download_complete", plugin_version: "7.0.1" });
  await store({ version_name: "2.5.0", plugin_version: "7.0.1" });
  await countAllEvents(db);
  await sleep(5);
  await store({ action: "download_zip_start" }, 3);
  await store({ action: "download_complete" }, 3);
  await store({ action: "set" }, 2);
  await store({ action: "app_launch_start" }, 4);
  await store({ action: "app_crash" });
  await store({ action: "download_fail" });
  await store({ action: "download_zip_start", platform: "ios" }, 2);
  await store({ action: "download_complete", platform: "ios" }, 2);
  await store({ action: "checksum_fail", platform: "ios" });
  await store({ action: "set", platform: "ios" });
  await store({ action: "update_fail", platform: "ios" });
  await store({ action: "update_fail", is_prod: false });
  await countAllEvents(db);
  return db;
}
