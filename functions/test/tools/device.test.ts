import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { anEvent, payload, store, storeEvent } from "../../dev/testing/events.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { command, readStories } from "../../tools/device.ts";
import { contents, run } from "./operator.ts";

const device = String(anEvent().device_id);
const other = "9e2c1a54-6f1d-4e0c-8c57-0b7e4d2f9b31";

describe("device", () => {
  it("tells who a device is, how each version fared, and what happened", async () => {
    const db = createFirestore();
    await store(db, ...payload("android-8.51.23-batch"), ...payload("ios-8.51.23-batch"));
    const before = await contents(db);
    const { exitCode, output } = await run(command, ["--device", device.toUpperCase()], db);
    expect(exitCode).to.equal(0);
    expect(withoutReceipt(output)).to.deep.equal([
      `Device ${device} in com.example.shop`,
      "",
      "                last known           changed",
      "platform        android",
      "plugin version  8.51.23",
      "native build    2.4.0 (240)",
      "OS              14",
      "channel         production",
      "install source  com.android.vending",
      "",
      "version  begun  downloaded  installed  rolled back  started",
      "2.5.1    –               1          1            0        1",
      "–: no event of this device says so, and not every plugin reports it.",
      "",
      "15 events, in UTC by the device's clock. ~: by ours, when it was received.",
      "",
      "time                 action                    version  before",
      "2026-11-23 00:00:00  app_moved_to_foreground   2.5.0",
      "    The app was opened.",
      "2026-11-23 00:00:04  download_90               2.5.1",
      "    90 % is downloaded.",
      "    The last of 9 reports of progress in a row.",
      "2026-11-23 00:00:05  download_complete         2.5.1",
      "    The version is downloaded and unpacked; iOS tests the checksum of an archive only after it.",
      "2026-11-23 00:00:05  set_next                  2.5.1    2.5.0",
      "    The version waits for the next start or background of the app.",
      "2026-11-23 00:00:09  set                       2.5.1    2.5.0",
      "    The version is installed: the app runs it from now on; on Electron, the app started with it.",
      "2026-11-23 00:00:09  app_launch_ready          2.5.1",
      "    The app started and said that it is ready; reported once for each start.",
      "    It says: duration_ms: 684; source: set",
      "2026-11-23 00:00:15  webview_javascript_error  2.5.1",
      "    An error in the app's JavaScript was not caught.",
      "    It says: error_type: javascript_error; message: Cannot read properties of undefined (reading 'id'); " +
        "href: https://localhost/cart; line: 1; column: 20417",
    ]);
    expect(await contents(db)).to.deep.equal(before);
  });

  it("says when an event was received that came more than a minute late", async () => {
    const db = createFirestore();
    await store(db, { timestamp: Date.now() - 50_000 }, { timestamp: Date.now() - 70_000 });
    const { output } = await run(command, ["--device", device], db);
    expect(output.match(/Received at/g)).to.have.length(1);
  });

  it("marks the time of an event that has none of its own", async () => {
    const db = createFirestore();
    await storeEvent(db);
    expect((await run(command, ["--device", device], db)).output).to.match(/:\d\d ~ {2}set {5}/);
  });

  it("tells one app of several if that is asked", async () => {
    const db = createFirestore();
    await storeEvent(db);
    await storeEvent(db, { app_id: "com.example.desktop" });
    expect(titles((await run(command, ["--device", device], db)).output)).to.have.length(2);
    const { output } = await run(command, ["--device", device, "--app", "com.example.desktop"], db);
    expect(titles(output)).to.deep.equal([`Device ${device} in com.example.desktop`]);
  });

  it("tells all of each device that had a custom id, and of no other", async () => {
    const db = createFirestore();
    await storeEvent(db);
    await storeEvent(db, { custom_id: "Ada" });
    await storeEvent(db, { custom_id: "Ada", device_id: other });
    await storeEvent(db, { custom_id: "Ada", device_id: "" });
    await storeEvent(db, { device_id: "" });
    await storeEvent(db, { custom_id: "ada", device_id: "third" });
    const { output } = await run(command, ["--custom-id", "Ada"], db);
    expect(titles(output).sort()).to.deep.equal([
      `Device ${device} in com.example.shop`,
      `Device ${other} in com.example.shop`,
    ]);
    expect(output).to.include("2 events, ").and.include("1 event, ");
    await storeEvent(db, { app_id: "com.example.desktop" });
    const ofShop = await run(command, ["--custom-id", "Ada", "--app", "com.example.shop"], db);
    expect(titles(ofShop.output)).to.have.length(2);
  });

  it("shows what strangers sent as text, not as commands or formulas", async () => {
    const db = createFirestore();
    const hostile = "\u001b[2J=1+1\nDevice x in y";
    await store(db, {
      ...{ version_name: `=${hostile}`, old_version_name: hostile, version_os: hostile, message: hostile },
      metadata: { [hostile]: hostile },
      action: "download_manifest_file_fail",
    });
    await store(db, { version_name: `2.5.1:${hostile}`, action: "download_manifest_file_fail" });
    for (const args of [[], ["--json"]]) {
      const { output } = await run(command, ["--device", device, ...args], db);
      expect(output).not.to.include("\u001b");
      expect(titles(output)).to.have.length(args.length === 0 ? 1 : 0);
    }
    expect((await run(command, ["--device", device], db)).output).to.include("  '=\\u{1b}[2J=1+1\\u{a}");
  });

  it("shortens long texts", async () => {
    const db = createFirestore();
    await store(db, { message: "x".repeat(2_000) });
    const { output } = await run(command, ["--device", device], db);
    expect(output).to.match(/It says: x{199}…$/m);
  });

  it("prints all of it as JSON", async () => {
    const db = createFirestore();
    await store(db, ...payload("android-8.51.23-batch"));
    const { output } = await run(command, ["--device", device, "--json"], db);
    const { devices, gaps } = JSON.parse(output);
    expect(gaps).to.deep.equal([]);
    expect(devices[0].versions[0]).to.deep.equal({
      ...{ version_name: "2.5.1", begun: null, downloaded: 1, installed: 1, rolled_back: 0, started: 1 },
    });
    expect(devices[0].lines).to.have.length(15);
    expect(devices[0].lines[1]).to.deep.include({
      ...{ time: "2026-11-23T00:00:01.270Z", clock: "device", action: "download_10", notes: [] },
      ...{ meaning: "10 % is downloaded.", version_name: "2.5.1", old_version_name: "" },
    });
  });

  it("says that it knows no such device", async () => {
    const db = createFirestore();
    for (const [args, name] of [
      [["--device", "nobody"], "device nobody"],
      [["--custom-id", "Ada"], "custom id Ada"],
    ] as const) {
      const { exitCode, output } = await run(command, [...args], db);
      expect({ exitCode, output }).to.deep.equal({ exitCode: 0, output: `There is no event of ${name}.` });
      const { devices } = JSON.parse((await run(command, [...args, "--json"], db)).output);
      expect(devices).to.deep.equal([]);
    }
  });

  it("is asked for a device or for a custom id", async () => {
    const { exitCode, complaints } = await run(command, [], createFirestore());
    expect(exitCode).to.equal(2);
    expect(complaints.join()).to.include("device: expected either --device or --custom-id, got neither");
  });

  it("says what it has left out: events and devices beyond its limits, and what is no event", async () => {
    const db = createFirestore();
    for (let index = 0; index < 5; index++) await storeEvent(db, { custom_id: "Ada" });
    await db.doc("events/alien").set({ device_id: device, counted: false });
    expect((await readStories(db, { device })).gaps).to.deep.equal([
      `1 document of device ${device} could not be read.`,
    ]);
    expect(await linesWithin(db, 5)).to.deep.equal({
      lines: 4,
      gaps: [
        `Only 5 events of device ${device} were read. They do not come in the order of time, so any may be missing.`,
        `1 document of device ${device} could not be read.`,
      ],
    });
    expect((await linesWithin(db, 6)).lines).to.equal(5);

    await storeEvent(db, { custom_id: "Ada", device_id: other });
    const { stories, gaps } = await readStories(db, { customId: "Ada" }, { maxDevices: 1 });
    expect(stories).to.have.length(1);
    expect(gaps[0]).to.equal("Of 2 devices with this custom id, only 1 are shown.");
    expect((await readStories(db, { customId: "Ada" }, { maxEvents: 3 })).gaps[0]).to.equal(
      "Only 6 events with this custom id were read, so it may have more devices.",
    );
  });
});

async function linesWithin(db: Firestore, maxEvents: number) {
  const { stories, gaps } = await readStories(db, { device }, { maxEvents });
  return { lines: stories[0]?.lines.length, gaps };
}

function withoutReceipt(output: string): string[] {
  return output.split("\n").filter((line) => !line.startsWith("    Received at "));
}

function titles(output: string): string[] {
  return output.split("\n").filter((line) => line.startsWith("Device "));
}
