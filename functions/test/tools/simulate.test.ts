import http from "node:http";
import { expect } from "chai";
import { listen } from "../../dev/local/listen.ts";
import { newApp } from "../../dev/testing/events.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import { readCounters } from "../../tools/counters.ts";
import { type DeviceEvent, deviceRequests, type Update } from "../../tools/lib/device.ts";
import { command, simulate } from "../../tools/simulate.ts";
import { backend, storedEvents } from "../backend.ts";
import { run, runTool } from "./operator.ts";

const update: Update = {
  app: "com.example.shop",
  version: "2.5.1",
  from: "2.5.0",
  plugins: ["8.51.23"],
  failures: 0.1,
  repeats: 0.2,
  seed: "test",
  end: Date.UTC(2026, 10, 23, 12),
};

const devices = (count: number, changed: Partial<Update> = {}) =>
  Array.from({ length: count }, (_, index) => deviceRequests({ ...update, ...changed }, index));

const eventsOf = (count: number, changed: Partial<Update> = {}) =>
  devices(count, changed).map((requests) => requests.flatMap(({ body }) => body));

const everyGeneration = [
  "4.9.0",
  "5.3.4",
  "5.9.5",
  "6.25.1",
  "7.41.1",
  "8.43.5",
  "8.45.5",
  "5.50.2",
  "8.51.23",
];

/** Whether the device ends with the update. */
function hasUpdate(events: readonly DeviceEvent[]): boolean {
  const fate = events.findLast(({ action }) => ["set", "update_fail", "set_fail"].includes(action));
  return fate?.action === "set" && fate.version_name === update.version;
}

describe("a simulated device", () => {
  it("sends valid events only, of its own, in order, and none of the last six minutes", () => {
    const parseEvent = createEventParser(new Set());
    const ids = new Set<unknown>();
    for (const events of eventsOf(900, { plugins: everyGeneration, failures: 0.5 })) {
      let latest = update.end - 3 * 3_600_000;
      for (const event of events) {
        expect(parseEvent(event)).to.include({ ok: true });
        if (typeof event.timestamp !== "number") continue;
        expect(event.timestamp).to.be.within(latest, update.end - 360_000);
        latest = event.timestamp;
      }
      expect(new Set(events.map(({ device_id }) => device_id))).to.have.property("size", 1);
      ids.add(events[0]?.device_id);
    }
    expect(ids).to.have.property("size", 900);
  });

  it("sends arrays with times where its plugin does, and single events without", () => {
    const shapes = (plugins: string[]) => {
      const seen = new Set<string>();
      for (const { body } of devices(200, { plugins }).flat()) {
        for (const event of [body].flat()) {
          seen.add([event.platform, Array.isArray(body), "timestamp" in event].join());
        }
      }
      return seen;
    };
    const single = ["android,false,false", "ios,false,false", "electron,false,false"];
    expect(shapes(["7.41.1"])).to.have.keys(single);
    expect(shapes(["5.3.4"])).to.have.keys(single);
    // The download worker of android sends its events by themselves.
    const arrays = ["android,true,true", "android,false,false", "ios,true,true", "electron,false,false"];
    expect(shapes(["8.42.0"])).to.have.keys(arrays);
    expect(shapes(["8.51.23"])).to.have.keys(arrays);
  });

  it("has one of the plugins, each as often as another, as far as the platform has it", () => {
    const plugins = new Map<unknown, number>();
    for (const [first] of eventsOf(600, { plugins: ["5.50.2", "8.51.23"] })) {
      const key = first?.platform === "electron" ? "electron" : first?.plugin_version;
      plugins.set(key, (plugins.get(key) ?? 0) + 1);
      if (first?.platform === "electron") expect(first.plugin_version).to.equal("0.0.1");
    }
    expect(plugins).to.have.keys("5.50.1", "8.51.23", "electron");
    expect(plugins.get("5.50.1")).to.be.closeTo(plugins.get("8.51.23") ?? 0, 40);
  });

  it("knows the fields that its plugin knows", () => {
    const fields = (plugin: string, platform: string) =>
      eventsOf(60, { plugins: [plugin] }).find(([first]) => first?.platform === platform)?.[0];
    expect(fields("4.9.0", "ios")).not.to.have.any.keys(
      "is_prod",
      "is_emulator",
      "old_version_name",
      "key_id",
    );
    expect(fields("5.3.4", "android"))
      .to.include({ is_prod: true })
      .and.not.have.any.keys("old_version_name");
    expect(fields("8.51.23", "android")).to.include.keys(
      "old_version_name",
      "install_source",
      "defaultChannel",
    );
    expect(fields("8.51.23", "electron")).not.to.have.any.keys("custom_id", "key_id", "timestamp");
  });

  it("names no version where android's worker failed", () => {
    const failed = eventsOf(300, { failures: 1 })
      .flat()
      .filter(({ action, platform }) => action === "insufficient_disk_space" && platform === "android");
    expect(failed).not.to.have.length(0);
    expect(failed.every((event) => !("version_name" in event) && "timestamp" in event)).to.equal(true);
  });

  it("ends with the update or without, in the share that it is told, of each generation", () => {
    for (const plugin of everyGeneration) {
      const share = (failures: number) => {
        const fates = eventsOf(400, { plugins: [plugin], failures });
        return fates.filter((events) => !hasUpdate(events)).length / fates.length;
      };
      expect(share(0), plugin).to.equal(0);
      expect(share(1), plugin).to.equal(1);
      expect(share(0.1), plugin).to.be.within(0.06, 0.14);
    }
  });

  it("fails more on a bad platform", () => {
    const rate = (platform: string) => {
      const bad = { failures: 0.01, bad: { platform: "ios" as const, failures: 0.5 } };
      const fates = eventsOf(2_000, bad).filter(([first]) => first?.platform === platform);
      return fates.filter((events) => !hasUpdate(events)).length / fates.length;
    };
    expect(rate("android")).to.be.within(0.001, 0.03);
    expect(rate("ios")).to.be.within(0.4, 0.6);
  });

  it("that fails tries again, up to four times, each as long after the other as a plugin waits", () => {
    const attempts = eventsOf(300, { failures: 1 })
      .filter(([first]) => first?.platform === "ios")
      .map((events) => events.filter(({ action }) => /^download_(zip|manifest)_start$/.test(action)));
    // Without space on the disk, no download begins.
    expect(new Set(attempts.map(({ length }) => length))).to.deep.equal(new Set([0, 1, 2, 3, 4]));
    for (const starts of attempts) {
      const times = starts.map(({ timestamp }) => Number(timestamp));
      for (const [index, time] of times.slice(1).entries()) {
        expect(time - (times[index] ?? 0)).to.be.at.least(600_000);
      }
    }
  });

  it("reports crashes, but not with Android 10, which does not tell", () => {
    const crashes = eventsOf(2_000, { failures: 1 })
      .flat()
      .filter(({ action }) => action === "app_crash");
    expect(new Set(crashes.map(({ platform }) => platform))).to.have.keys("android", "ios");
    expect(crashes.map(({ version_os }) => version_os)).not.to.include("10");
  });

  it("that is rolled back runs the version before, or the store's bundle", () => {
    const undone = (platform: string) =>
      eventsOf(600, { failures: 1 })
        .filter(([first]) => first?.platform === platform)
        .flatMap((events) => {
          const failed = events.findIndex(({ action }) => ["update_fail", "set_fail"].includes(action));
          const next = events[failed + 1];
          return failed < 0 || !next ? [] : [`${next.action} ${next.version_name}`];
        });
    expect(new Set(undone("ios"))).to.have.keys("set 2.5.0", "reset 2.4.0", "reset 2.3.1", "reset 2.2.0");
    expect(new Set(undone("electron"))).to.have.keys("set 2.5.0", "set builtin");
  });

  it("does the same again for the same seed, and something else for another", () => {
    expect(devices(20)).to.deep.equal(devices(20));
    expect(devices(20)).not.to.deep.equal(devices(20, { seed: "another" }));
  });

  it("sends a share of its batches again, and never an event that would count twice", () => {
    const requests = devices(1_000).flat();
    const batches = requests.filter(({ body }) => Array.isArray(body));
    const repeated = requests.filter((request) => request.repeated);
    expect(repeated.length / batches.length).to.be.within(0.15, 0.25);
    expect(repeated.every(({ body }) => Array.isArray(body))).to.equal(true);
  });
});

describe("simulate", () => {
  it("says what the counters show afterwards, though batches come twice", async () => {
    const app = newApp();
    const url = new URL(backend().statsUrl);
    const result = await simulate(
      url,
      { ...update, app, plugins: everyGeneration, failures: 0.5, repeats: 1 },
      { devices: 40, concurrency: 5 },
    );
    expect(result).to.include({ refused: 0, lost: 0 });
    expect([...result.answers.keys()]).to.deep.equal(["200"]);
    const stored = await storedEvents(app);
    expect(result.events).to.be.greaterThan(stored.length);
    await backend().settled();
    const counted = await readCounters(backend().firestore, { app });
    const shown = counted.map(({ id, app_id, version_name, created_at, updated_at, ...counts }) => [
      version_name,
      counts,
    ]);
    const said = result.counters.map(({ version_name, counts }) => [version_name, counts]);
    expect(Object.fromEntries(shown)).to.deep.equal(Object.fromEntries(said));
  });

  it("sends a batch of an older plugin once, whatever the answer is, and says that it is lost", async () => {
    const bodies: string[] = [];
    const { url, close } = await server((body) => {
      bodies.push(body);
      return { status: 503 };
    });
    const sent = { ...update, plugins: ["8.51.4"], repeats: 1, failures: 0 };
    const result = await simulate(url, sent, { devices: 3, concurrency: 1 });
    await close();
    const requests = devices(3, sent).flat();
    expect(requests.some(({ body }) => Array.isArray(body))).to.equal(true);
    expect(bodies).to.deep.equal(requests.map(({ body }) => JSON.stringify(body)));
    expect(result.lost).to.equal(requests.flatMap(({ body }) => body).length);
  });

  it("waits as long as the Retry-After of a 429 says, and a second after a 503, and sends a batch again, but not a single event", async () => {
    const sleeps: number[] = [];
    const clock = { now: () => 0, sleep: async (milliseconds: number) => void sleeps.push(milliseconds) };
    const seen = new Map<string, number>();
    const { url, close } = await server((body) => {
      const times = (seen.get(body) ?? 0) + 1;
      seen.set(body, times);
      if (times > 2) return { status: 200 };
      return times === 1 ? { status: 429, retryAfter: "7" } : { status: 503, retryAfter: "30" };
    });
    const result = await simulate(url, { ...update, repeats: 0 }, { devices: 5, concurrency: 1, clock });
    await close();
    const batches = [...seen.keys()].filter((body) => body.startsWith("["));
    for (const [body, times] of seen) expect(times).to.equal(body.startsWith("[") ? 3 : 1);
    expect(sleeps).to.deep.equal(batches.flatMap(() => [7_000, 1_000]));
    expect(result.lost).to.equal(seen.size - batches.length);
    expect(Object.fromEntries(result.answers)).to.deep.equal({
      200: batches.length,
      429: seen.size,
      503: batches.length,
    });
  });

  it("sends a batch again when the connection breaks, and gives up at last", async () => {
    const clock = { now: () => 0, sleep: async () => {} };
    const { url, close } = await server(() => "hang up");
    const result = await simulate(url, { ...update, repeats: 0 }, { devices: 1, concurrency: 1, clock });
    await close();
    expect([...result.answers.keys()]).to.deep.equal(["no answer"]);
    expect(result.counters).to.deep.equal([]);
    expect(result.lost).to.equal(eventsOf(1)[0]?.length);
  });

  it("fails when the server refuses, and sends nothing of it again", async () => {
    const { url, close } = await server(() => ({ status: 404 }));
    const { exitCode, output } = await run(
      command,
      ["--url", url.href, "--devices", "3", "--seed", "x", "--repeats", "0"],
      createFirestore(),
    );
    await close();
    expect(exitCode).to.equal(1);
    expect(output).to.match(/answers: \d+ × 404\n\d+ events refused for good/);
  });

  it("sends as the plugins that it is told, and refuses what is no version", async () => {
    const bodies: string[] = [];
    const { url, close } = await server((body) => {
      bodies.push(body);
      return { status: 200 };
    });
    const args = ["--url", url.href, "--devices", "20", "--plugin"];
    await run(command, [...args, "5.3.4,6.25.1"], createFirestore());
    const wrong = await runTool("simulate", [...args, "5.3.4,newest"]);
    await close();
    const versions = bodies.map((body) => JSON.parse(body).plugin_version);
    expect(new Set(versions)).to.include.all.keys("5.3.4", "6.25.1").and.not.include("8.51.23");
    expect(wrong.exitCode).to.equal(2);
    expect(wrong.stderr).to.include(
      '--plugin: expected versions of the plugin like 5.50.2,8.51.23, got "5.3.4,newest"',
    );
  });

  it("asks before it sends to another machine", async () => {
    const args = ["--url", "https://stats.invalid/", "--devices", "7"];
    const { exitCode, questions } = await run(command, args, createFirestore(), false);
    expect(exitCode).to.equal(0);
    expect(questions).to.deep.equal([
      "Send the events of 7 made-up devices to stats.invalid, to be stored and counted?",
    ]);
  });

  it("runs as a command and shows what it did", async () => {
    const app = newApp();
    const args = [
      "--url",
      backend().statsUrl,
      "--devices",
      "5",
      "--app",
      app,
      "--seed",
      "x",
      "--version",
      "9.9.9",
    ];
    const { exitCode, stdout, stderr } = await runTool("simulate", args);
    expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: "" });
    expect(stdout).to.match(
      /^\d+ requests with \d+ events in [\d.]+ s: \d+ events\/s\nanswers: \d+ × 200\nseed: x\n/,
    );
    expect(stdout).to.match(new RegExp(`${app} +9\\.9\\.9 +all +\\d`));
    expect(await storedEvents(app)).not.to.have.length(0);
  });
});

/** A server that answers each POST as it is told. */
async function server(answer: (body: string) => { status: number; retryAfter?: string } | "hang up") {
  const listening = http.createServer(async (request, response) => {
    const body = Buffer.concat(await request.toArray()).toString();
    const answered = answer(body);
    if (answered === "hang up") {
      request.socket.destroy();
      return;
    }
    const { status, retryAfter } = answered;
    response.writeHead(status, retryAfter ? { "Retry-After": retryAfter } : {}).end("{}");
  });
  const port = await listen(listening);
  return {
    url: new URL(`http://127.0.0.1:${port}/stats`),
    close: () =>
      new Promise((resolve) => {
        listening.close(resolve);
        listening.closeAllConnections();
      }),
  };
}
