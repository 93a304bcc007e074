import { expect } from "chai";
import type { Firestore } from "firebase-admin/firestore";
import { deviceIn, storeReports } from "../../dev/testing/devices.ts";
import { interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { createEvidence, MOST_EVENTS } from "../../src/health/evidence.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;
const VERSION = { app_id: "com.example.shop", version_name: "2.5.1" };

const store = (db: Firestore, events: readonly Record<string, unknown>[]) => storeReports(db, events, NOW);

const sixteen = Array.from({ length: 16 }, (_, part) => ({ device_id: deviceIn(part) }));

/** The parts of the devices that are read. */
async function read(db: Firestore, share: number, random: number) {
  const stories = await createEvidence(db, () => random).storiesOf(VERSION, share);
  return stories.map(({ device_id }) => Number.parseInt(device_id.slice(0, 1), 16)).sort((a, b) => a - b);
}

/** Counts the queries of `db` from now on. */
function countQueries(db: Firestore): () => number {
  let queries = 0;
  interceptReads(db, ({ proceed }) => {
    queries++;
    return proceed();
  });
  return () => queries;
}

describe("a sample of devices", () => {
  it("holds its share of all ids, from a random place on, and begins again at their end", async () => {
    const db = createFirestore();
    await store(db, sixteen);
    expect(await read(db, 0.25, 0)).to.deep.equal([0, 1, 2, 3]);
    expect(await read(db, 0.25, 0.5)).to.deep.equal([8, 9, 10, 11]);
    expect(await read(db, 0.25, 0.75)).to.deep.equal([12, 13, 14, 15]);
    expect(await read(db, 0.25, 0.875)).to.deep.equal([0, 1, 14, 15]);
    expect(await read(db, 1, 0.3)).to.have.length(16);
  });

  it("has each device as often as any other, wherever it begins", async () => {
    const db = createFirestore();
    await store(db, sixteen);
    const times = new Map<number, number>();
    for (let place = 0; place < 16; place++) {
      for (const part of await read(db, 3 / 16, place / 16)) times.set(part, (times.get(part) ?? 0) + 1);
    }
    expect([...times.values()]).to.deep.equal(Array(16).fill(3));
  });

  it("has each device's whole story about the version, and none of other versions and apps", async () => {
    const db = createFirestore();
    const device_id = deviceIn(3);
    const received_at = NOW - 10 * MINUTE;
    await store(db, [
      { device_id, action: "download_zip_start", received_at, occurred_at: received_at - MINUTE },
      { device_id, action: "download_complete", received_at: received_at + MINUTE },
      { device_id, action: "set", version_name: "2.5.0" },
      { device_id, action: "update_fail", app_id: "com.example.other" },
      { device_id: deviceIn(4), action: "set", version_name: "2.5.0" },
    ]);
    const stories = await createEvidence(db).storiesOf(VERSION, 1);
    expect(stories).to.have.length(1);
    expect(stories[0]).to.deep.include({
      device_id,
      begun_at: received_at - MINUTE,
      downloaded_at: received_at + MINUTE,
      rolled_back: false,
    });
    expect(stories[0]).not.to.have.property("installed_at");
  });

  it("has no debug builds and no emulators", async () => {
    const db = createFirestore();
    await store(db, [
      { device_id: deviceIn(1), is_prod: false },
      { device_id: deviceIn(2), is_emulator: true, is_prod: true },
      { device_id: deviceIn(3), is_emulator: false, is_prod: true },
      { device_id: deviceIn(4) },
    ]);
    expect(await read(db, 1, 0)).to.deep.equal([3, 4]);
  });

  it("is as it was at another time: what was received later is left out", async () => {
    const db = createFirestore();
    await store(db, [
      { device_id: deviceIn(1), action: "download_zip_start", received_at: NOW - 60 * MINUTE },
      { device_id: deviceIn(1), action: "download_complete", received_at: NOW },
      { device_id: deviceIn(2), action: "download_zip_start", received_at: NOW },
    ]);
    const stories = await createEvidence(db).storiesOf(VERSION, 1, NOW);
    expect(stories).to.have.length(1);
    expect(stories[0]).not.to.have.property("downloaded_at");
  });

  it("is read page by page", async () => {
    const db = createFirestore();
    const events = sixteen.flatMap((_, part) =>
      Array.from({ length: 150 }, (_, number) => ({ device_id: deviceIn(part, number) })),
    );
    await store(db, events);
    const pages = countQueries(db);
    const stories = await createEvidence(db, () => 0.25).storiesOf(VERSION, 0.5);
    expect(stories).to.have.length(8 * 150);
    expect(pages()).to.equal(2);
  });

  it("ends somewhere, where one device has sent more than a look may read, and leaves that device out", async () => {
    const db = createFirestore();
    const flood = Array.from({ length: 2_500 }, () => ({ device_id: deviceIn(15, 1) }));
    await store(db, [{ device_id: deviceIn(15) }, ...flood, { device_id: deviceIn(0) }]);
    const pages = countQueries(db);
    const readUpTo = (most: number, share: number) =>
      createEvidence(db, () => 15 / 16, most).storiesOf(VERSION, share);
    const stories = await readUpTo(2_000, 1 / 8); // Its range begins again at the end of all ids.
    expect(stories.map(({ device_id }) => device_id)).to.deep.equal([deviceIn(15)]);
    expect(pages()).to.equal(2); // Of a thousand each.
    expect(await readUpTo(MOST_EVENTS, 1 / 8)).to.have.length(3);
  });
});

describe("what is known of a device", () => {
  it("is what sets devices apart, and why it failed: that stands under other versions", async () => {
    const db = createFirestore();
    const [failing, other] = [deviceIn(1), deviceIn(2)];
    const facts = {
      version_build: "2.4.0",
      version_os: "18.1",
      plugin_version: "8.51.22",
      channel: "beta",
      defaultChannel: "production",
      install_source: "app_store",
      message: "…",
    };
    await store(db, [
      { device_id: failing, platform: "ios", action: "download_zip_start", ...facts },
      { device_id: failing, platform: "ios", action: "checksum_fail", version_name: "2.5.0" },
      { device_id: failing, platform: "ios", action: "download_fail", version_name: "2.5.0" },
      { device_id: failing, action: "insufficient_disk_space", app_id: "com.example.other" },
      { device_id: failing, action: "unzip_fail", version_name: "2.4.0", received_at: NOW - 86_400_000 },
      { device_id: other, platform: "ios", action: "download_zip_start", ...facts },
      { device_id: other, platform: "ios", action: "set" },
    ]);
    const evidence = createEvidence(db);
    const stories = await evidence.storiesOf(VERSION, 1);
    const [known, ofOther] = await evidence.factsOf(VERSION.app_id, stories);
    const expected = Object.entries({ platform: "ios", ...facts }).map(([name, value]) => [name, [value]]);
    expect(known).to.deep.equal({ ...Object.fromEntries(expected), action: ["checksum_fail"] });
    expect(ofOther?.action).to.deep.equal([]);
  });

  it("is that its download failed, where it says nothing more telling", async () => {
    const db = createFirestore();
    const device_id = deviceIn(1);
    await store(db, [
      { device_id, action: "download_zip_start" },
      { device_id, action: "download_fail", version_name: "2.5.0" },
      { device_id, action: "app_moved_to_foreground", version_name: "2.5.0" },
    ]);
    const evidence = createEvidence(db);
    const [known] = await evidence.factsOf(VERSION.app_id, await evidence.storiesOf(VERSION, 1));
    expect(known?.action).to.deep.equal(["download_fail"]);
  });

  it("is nothing that it does not say", async () => {
    const db = createFirestore();
    await store(db, [{ device_id: deviceIn(1), action: "download_zip_start" }]);
    const evidence = createEvidence(db);
    const [known] = await evidence.factsOf(VERSION.app_id, await evidence.storiesOf(VERSION, 1));
    expect(known).to.have.keys(["platform", "version_build", "version_os", "plugin_version", "action"]);
  });
});
