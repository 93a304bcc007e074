import http from "node:http";
import { expect } from "chai";
import { listen } from "../../dev/local/listen.ts";
import { newApp } from "../../dev/testing/events.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { measuresOf } from "../../src/health/measures.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import { readCounters } from "../../tools/counters.ts";
import { deviceRequests, type Update } from "../../tools/lib/device.ts";
import { command, simulate } from "../../tools/simulate.ts";
import { backend, storedEvents } from "../backend.ts";
import { run, runTool } from "./operator.ts";

const update: Update = {
  app: "com.example.shop",
  version: "2.5.1",
  from: "2.5.0",
  failures: 0.1,
  repeats: 0.2,
  seed: "test",
  end: Date.UTC(2026, 10, 23, 12),
};

const devices = (count: number, changed: Partial<Update> = {}) =>
  Array.from({ length: count }, (_, index) => deviceRequests({ ...update, ...changed }, index));

const eventsOf = (count: number, changed: Partial<Update> = {}) =>
  devices(count, changed).map((requests) => requests.flatMap(({ body }) => body));

describe("a simulated device", () => {
  it("sends valid events only, of its own, in order, and none from the future", () => {
    const parseEvent = createEventParser(new Set());
    const ids = new Set<unknown>();
    for (const events of eventsOf(500)) {
      let latest = update.end - 3_600_000;
      for (const event of events) {
        expect(parseEvent(event)).to.include({ ok: true });
        if (typeof event.timestamp !== "number") continue;
        expect(event.timestamp).to.be.within(latest, update.end);
        latest = event.timestamp;
      }
      expect(new Set(events.map(({ device_id }) => device_id))).to.have.property("size", 1);
      ids.add(events[0]?.device_id);
    }
    expect(ids).to.have.property("size", 500);
  });

  it("sends arrays with times from android and ios, single events without from electron", () => {
    const shapes = new Set<string>();
    for (const requests of devices(300)) {
      for (const { body } of requests) {
        const [first] = Array.isArray(body) ? body : [body];
        shapes.add([first?.platform, Array.isArray(body), first && "timestamp" in first].join());
      }
    }
    // The download worker of android sends an event by itself.
    expect(shapes).to.have.keys(
      "android,true,true",
      "android,false,false",
      "ios,true,true",
      "electron,false,false",
    );
  });

  it("installs the update, or fails once", () => {
    const counts = { installed: 0, failed: 0 };
    for (const events of eventsOf(500)) {
      const actions = Object.fromEntries(events.map(({ action }) => [action, 1]));
      const { failed, rolled_back } = measuresOf(actions);
      const installed = actions.app_launch_ready ?? 0;
      expect(failed + rolled_back + installed).to.equal(1);
      if (installed) {
        expect(actions).to.include({
          download_0: 1,
          download_50: 1,
          download_90: 1,
          download_complete: 1,
          set: 1,
        });
      }
      counts.failed += failed + rolled_back;
      counts.installed += installed;
    }
    expect(counts.failed).to.be.within(30, 70);
  });

  it("fails as often as it is told, and more on a bad platform", () => {
    const rate = (platform: string, changed: Partial<Update>) => {
      const fates = eventsOf(2_000, changed)
        .filter(([first]) => first?.platform === platform)
        .map((events) => measuresOf(Object.fromEntries(events.map(({ action }) => [action, 1]))))
        .map(({ failed, rolled_back }) => failed + rolled_back);
      return fates.reduce((sum, failed) => sum + failed, 0) / fates.length;
    };
    expect(rate("android", { failures: 0 })).to.equal(0);
    expect(rate("android", { failures: 1 })).to.equal(1);
    const bad = { failures: 0.01, bad: { platform: "ios" as const, failures: 0.5 } };
    expect(rate("android", bad)).to.be.within(0.001, 0.03);
    expect(rate("ios", bad)).to.be.within(0.4, 0.6);
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
    const result = await simulate(url, { ...update, app, repeats: 1 }, { devices: 30, concurrency: 5 });
    expect(result).to.include({ refused: 0, unknown: 0 });
    expect([...result.answers.keys()]).to.deep.equal(["200"]);
    const stored = await storedEvents(app);
    expect(result.events).to.be.greaterThan(stored.length);
    await backend().settled();
    const counted = await readCounters(backend().firestore, { app });
    const shown = counted.map(({ id, app_id, version_name, updated_at, ...counts }) => [
      version_name,
      counts,
    ]);
    const said = result.counters.map(({ version_name, counts }) => [version_name, counts]);
    expect(Object.fromEntries(shown)).to.deep.equal(Object.fromEntries(said));
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
    expect(result.unknown).to.equal(seen.size - batches.length);
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
    expect(result.unknown).to.equal(eventsOf(1)[0]?.length);
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
