import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { deviceIn, storeReports } from "../../dev/testing/devices.ts";
import { interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { EVENTS } from "../../src/counting/documents.ts";
import { MOST_READS_FOR_DEVICES, MOST_SAMPLED_EVENTS, MOST_SHOWN_DEVICES } from "../../src/dashboard/data.ts";
import { createDeviceFinder, type DeviceRequest } from "../../src/dashboard/devices.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;
const APP = "com.example.shop";
const VERSION = "2.5.1";

type Reports = readonly Record<string, unknown>[];

/** A Firestore with what devices reported an hour ago, unless they say when. */
async function withReports(...reports: Reports): Promise<Firestore> {
  const db = createFirestore();
  await storeReports(db, reports, NOW - 60 * MINUTE);
  return db;
}

function find(db: Firestore, request: Partial<DeviceRequest> = {}, random = Math.random) {
  return createDeviceFinder(
    db,
    () => NOW,
    random,
  )({ app_id: APP, version_name: VERSION, platform: "all", measure: "not_downloaded", ...request });
}

const device = (number: number) => deviceIn(number % 16, number);

/** What a device reports that gets and starts the version. */
function good(number: number, fields: Record<string, unknown> = {}): Reports {
  const actions = ["download_zip_start", "download_complete", "set", "app_launch_start"];
  return actions.map((action, index) => ({
    device_id: device(number),
    action,
    occurred_at: NOW - 90 * MINUTE + index,
    ...fields,
  }));
}

/** What a device reports that does not get it: why stands under the version that it has. */
function notDownloaded(number: number, fields: Record<string, unknown> = {}): Reports {
  return [
    { device_id: device(number), action: "download_zip_start", ...fields },
    { device_id: device(number), action: "checksum_fail", ...fields, version_name: "2.5.0" },
  ];
}

const idsOf = ({ devices }: { devices: { device_id: string }[] }) => devices.map((found) => found.device_id);

/** How many documents the queries of `db` ask for at most, from now on: one list of bounds for each field they are found by. */
function boundsOf(db: Firestore) {
  const bounds: Record<string, number[]> = { counter: [], device_id: [] };
  interceptReads(db, ({ request, proceed }) => {
    const text = JSON.stringify(request);
    const limit = Number(/"limit":\{"value":(\d+)\}/.exec(text)?.[1] ?? Number.POSITIVE_INFINITY);
    bounds[text.includes('"fieldPath":"counter"},"op":"EQUAL"') ? "counter" : "device_id"]?.push(limit);
    return proceed();
  });
  return bounds;
}

describe("the devices that fail", () => {
  it("did not get the version, rolled it back or crashed: each way has its own", async () => {
    const db = await withReports(
      ...good(1),
      ...good(2),
      ...notDownloaded(3),
      ...good(4),
      { device_id: device(4), action: "update_fail" },
      ...good(5),
      { device_id: device(5), action: "app_crash" },
    );
    const missing = await find(db);
    expect(missing.sample).to.deep.equal({ count: 1, of: 5 });
    expect(idsOf(missing)).to.deep.equal([device(3)]);
    const undone = await find(db, { measure: "rolled_back" });
    expect(undone.sample).to.deep.equal({ count: 1, of: 4 });
    expect(idsOf(undone)).to.deep.equal([device(4)]);
    const crashed = await find(db, { measure: "crashed" });
    expect(crashed.sample).to.deep.equal({ count: 1, of: 4 });
    expect(idsOf(crashed)).to.deep.equal([device(5)]);
    expect(crashed).to.deep.include({
      ...{ app_id: APP, version_name: VERSION, platform: "all", measure: "crashed" },
    });
  });

  it("are those of the platform that is asked for, or of all", async () => {
    const ios = { platform: "ios" };
    const db = await withReports(...good(1), ...notDownloaded(2), ...good(3, ios), ...notDownloaded(4, ios));
    const found = await find(db, { platform: "ios" });
    expect(found.sample).to.deep.equal({ count: 1, of: 2 });
    expect(found.devices.map(({ device_id, platform }) => [device_id, platform])).to.deep.equal([
      [device(4), "ios"],
    ]);
    expect((await find(db)).sample).to.deep.equal({ count: 2, of: 4 });
    expect((await find(db, { platform: "electron" })).sample).to.deep.equal({ count: 0, of: 0 });
  });

  it("are not those whose download is under way", async () => {
    const under = (number: number, age: number) =>
      notDownloaded(number, { received_at: NOW, occurred_at: NOW - age });
    const db = await withReports(...under(1, 4 * MINUTE), ...under(2, 6 * MINUTE));
    const { sample, devices } = await find(db);
    expect(sample).to.deep.equal({ count: 1, of: 1 });
    expect(idsOf({ devices })).to.deep.equal([device(2)]);
  });

  it("are no debug builds and no emulators, and none of other versions and apps", async () => {
    const db = await withReports(
      ...notDownloaded(1, { is_prod: false }),
      ...notDownloaded(2, { is_emulator: true }),
      ...notDownloaded(3, { version_name: "2.5.2" }),
      ...notDownloaded(4, { app_id: "com.example.other" }),
      ...notDownloaded(5),
    );
    expect(idsOf(await find(db))).to.deep.equal([device(5)]);
  });

  it("are the last twenty, the last first", async () => {
    const numbers = Array.from({ length: 25 }, (_, number) => number);
    const db = await withReports(
      ...numbers.flatMap((number) => notDownloaded(number, { received_at: NOW - (60 + number) * MINUTE })),
    );
    const found = await find(db);
    expect(found.sample).to.deep.equal({ count: 25, of: 25 });
    expect(idsOf(found)).to.deep.equal(numbers.slice(0, MOST_SHOWN_DEVICES).map(device));
  });

  it("are none of a version that nobody has, at the cost of no document", async () => {
    const found = await find(await withReports(...good(1)), { version_name: "9.9.9" });
    expect(found).to.deep.include({ reads: 0, sample: { count: 0, of: 0 }, devices: [] });
  });
});

describe("a failing device", () => {
  it("has its events of the app in their order, under whatever version, and none of another app", async () => {
    const at = (minutes: number) => ({ received_at: NOW, occurred_at: NOW - minutes * MINUTE });
    const device_id = device(7);
    const db = await withReports(
      { device_id, action: "download_fail", version_name: "2.5.0", message: "Checksum failed", ...at(50) },
      { device_id, action: "download_zip_start", ...at(55) },
      { device_id, action: "set", version_name: "2.5.0", ...at(300) },
      { device_id, action: "checksum_fail", version_name: "2.5.0:assets/main.js", ...at(52) },
      { device_id, action: "set", app_id: "com.example.other", ...at(51) },
      ...good(8),
    );
    const { devices, reads } = await find(db);
    expect(devices).to.have.length(1);
    expect(devices[0]?.events).to.deep.equal([
      { at: NOW - 300 * MINUTE, action: "set", version_name: "2.5.0" },
      { at: NOW - 55 * MINUTE, action: "download_zip_start", version_name: "2.5.1" },
      { at: NOW - 52 * MINUTE, action: "checksum_fail", version_name: "2.5.0:assets/main.js" },
      { at: NOW - 50 * MINUTE, action: "download_fail", version_name: "2.5.0", message: "Checksum failed" },
    ]);
    expect(reads).to.equal(5 + 5); // Five about the version, and five of the device.
  });

  it("is known by what it said last, and never by what names a person", async () => {
    const device_id = device(7);
    const told = { custom_id: "ada@example.com", metadata: { plan: "gold" }, message: "…" };
    const db = await withReports(
      {
        ...{ device_id, action: "download_zip_start", ...told },
        ...{ version_os: "18.1", channel: "beta", defaultChannel: "production", install_source: "app_store" },
      },
      {
        ...{ device_id, action: "checksum_fail", version_name: "2.5.0", ...told },
        ...{ version_os: "18.2", version_build: "", occurred_at: NOW - 50 * MINUTE, received_at: NOW },
      },
    );
    const [found] = (await find(db)).devices;
    expect(found?.facts).to.deep.equal([
      { field: "version_build", value: "2.4.0" },
      { field: "version_os", value: "18.2" },
      { field: "plugin_version", value: "8.51.23" },
      { field: "channel", value: "beta" },
      { field: "defaultChannel", value: "production" },
      { field: "install_source", value: "app_store" },
    ]);
    expect(JSON.stringify(found)).not.to.match(/ada|gold|custom_id|metadata/);
  });

  it("shows its last fifty events, and messages as far as 200 characters", async () => {
    const device_id = device(7);
    const later = Array.from({ length: 90 }, (_, index) => ({
      ...{ device_id, action: "app_moved_to_foreground", version_name: "2.5.0" },
      occurred_at: NOW - (200 - index) * 1_000,
      received_at: NOW,
    }));
    const message = `${"x".repeat(199)}🚀🚀`;
    const last = { device_id, action: "download_fail", version_name: "2.5.0", message, received_at: NOW };
    const db = await withReports({ device_id, action: "download_zip_start" }, ...later, last);
    const [found] = (await find(db)).devices;
    expect(found?.events).to.have.length(50);
    expect(found?.events[0]?.at).to.equal(NOW - (200 - 41) * 1_000);
    expect(found?.events.at(-1)?.message).to.equal(`${"x".repeat(199)}🚀`);
  });

  it("shows all about the version, though it has reported more than is read of it", async () => {
    const device_id = device(7);
    const noise = Array.from({ length: 400 }, () => ({
      ...{ device_id, action: "app_moved_to_foreground", version_name: "2.5.0" },
      received_at: NOW - 600 * MINUTE,
    }));
    const ofVersion = { device_id, action: "download_zip_start" }; // Its document is the last by id.
    const db = await withReports(...noise, ofVersion);
    const bounds = boundsOf(db);
    const { devices, reads } = await find(db);
    expect(devices[0]?.events.at(-1)).to.deep.include({ action: "download_zip_start" });
    expect(reads).to.equal(1 + 200);
    expect(bounds.device_id).to.deep.equal([200]);
  });

  it("is shown without documents that somebody has edited until they are no events", async () => {
    const db = await withReports(...notDownloaded(7), ...notDownloaded(8));
    const documents = db.collection(EVENTS);
    await documents.doc("edited1").set({ device_id: device(7), app_id: APP, action: 7 });
    await documents.doc("edited2").set({ device_id: device(7), counter: `${APP}@${VERSION}` });
    await documents.doc(`e2-${device(8)}-download_zip_start`).update({ message: { $gt: 1 }, channel: 7 });
    const found = await find(db);
    expect(found.sample).to.deep.equal({ count: 2, of: 2 });
    const events = found.devices.map((one) => one.events.map(({ action }) => action));
    expect(events).to.deep.equal([
      ["download_zip_start", "checksum_fail"],
      ["download_zip_start", "checksum_fail"],
    ]);
  });
});

describe("the cost of finding them", () => {
  it("is bounded, however many events a version has, and they are a sample from another place each time", async () => {
    const numbers = Array.from({ length: 5_000 }, (_, number) => number);
    const db = await withReports(
      ...numbers.flatMap((number) => (number % 10 === 0 ? notDownloaded(number) : good(number))),
    );
    const bounds = boundsOf(db);
    const found = await find(db, {}, () => 0.4);
    const asked = (bounds.counter ?? []).reduce((sum, limit) => sum + limit, 0);
    expect(asked).to.equal(MOST_SAMPLED_EVENTS);
    expect(bounds.device_id).to.have.length(MOST_SHOWN_DEVICES);
    const askedOfAll = (bounds.device_id ?? []).reduce((sum, limit) => sum + limit, asked);
    expect(askedOfAll, "what the page says").to.equal(MOST_READS_FOR_DEVICES);
    expect(found.reads).to.equal(MOST_SAMPLED_EVENTS + 2 * MOST_SHOWN_DEVICES);
    // Devices have 3.7 events about the version.
    expect(found.sample.of).to.be.within(780, 840);
    expect(found.sample.count / found.sample.of).to.be.closeTo(0.1, 0.05);
    const ids = idsOf(found).map((id) => Number.parseInt(id.slice(0, 1), 16));
    expect(Math.min(...ids)).to.be.at.least(6);
    const [other] = idsOf(await find(db, {}, () => 0.9));
    expect(idsOf(found)).not.to.include(other);
    // At the end of all ids it begins again, and reads what is left of its bound.
    expect((await find(db, {}, () => 15 / 16)).reads).to.equal(found.reads);
  });

  it("buys all devices of a version that has few, wherever it begins", async () => {
    const numbers = Array.from({ length: 32 }, (_, number) => number);
    const db = await withReports(...numbers.flatMap((number) => notDownloaded(number)));
    for (const random of [0, 0.3, 0.999_999]) {
      expect((await find(db, {}, () => random)).sample).to.deep.equal({ count: 32, of: 32 });
    }
  });

  it("buys whole stories only: a device of which not all could be read is left out", async () => {
    const flood = Array.from({ length: MOST_SAMPLED_EVENTS }, () => ({
      device_id: deviceIn(15),
      action: "download_zip_start",
    }));
    const db = await withReports(...notDownloaded(1), ...notDownloaded(2), ...flood);
    const { sample, devices, reads } = await find(db, {}, () => 0);
    expect(sample).to.deep.equal({ count: 2, of: 2 });
    expect(idsOf({ devices }).sort()).to.deep.equal([device(1), device(2)].sort());
    expect(reads).to.equal(MOST_SAMPLED_EVENTS + 4);
  });
});
