/** Measures how many events a second get from a request to their counter, and what they cost on the way, on one machine. */

import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import { type Row, thousands } from "./row.ts";
import type { Contender, ServerReport } from "./server.ts";
import { validation } from "./validation.ts";

const EVENTS = 20_000;
/** The baseline counts about a hundredth of that in a second. */
const BASELINE_EVENTS = 1_000;
const CONNECTIONS = 64;
/** The default of `COUNTER_MAX_INSTANCES`. */
const FLEET = 3;
const TRICKLE = { events: 10, pause: 2_000 };

/** Sends events to either contender, in turn, and tells what became of them. */
export async function throughputRows(progress: (text: string) => void): Promise<Row[]> {
  progress("validation");
  const validated = validation();

  progress(`${EVENTS} events as single requests`);
  const single = {
    ours: await throughput("ours", EVENTS, 1),
    baseline: await throughput("baseline", BASELINE_EVENTS, 1),
  };
  progress(`${EVENTS} events in arrays of 20`);
  const arrays = {
    ours: await throughput("ours", EVENTS, 20),
    baseline: await throughput("baseline", BASELINE_EVENTS, 20),
  };
  // The baseline is no faster with more instances: they contend for the same document.
  const fleet = { ours: await throughput("ours", EVENTS, 20, FLEET), baseline: arrays.baseline };
  progress(`${TRICKLE.events} events, one every two seconds`);
  const trickle = await trickled();

  return [
    {
      figure: "billed writes per event, one hot version",
      ours: perEvent(single.ours, "writes").toFixed(3),
      baseline: perEvent(single.baseline, "writes").toFixed(3),
      required: "≤ 2.05",
      reached: perEvent(single.ours, "writes") <= 2.05,
    },
    {
      figure: "billed reads per event",
      ours: perEvent(single.ours, "reads").toFixed(3),
      baseline: perEvent(single.baseline, "reads").toFixed(3),
      required: "≤ 0.01",
      reached: perEvent(single.ours, "reads") <= 0.01,
    },
    {
      figure: "longest wait for a commit, an event every two seconds",
      ours: `${trickle.longestWait.toFixed(0)} ms`,
      baseline: "",
      required: "no wait added",
      reached: trickle.longestWait < 50 && trickle.commits === TRICKLE.events,
    },
    ratioRow("events/s to counted, single requests, one instance", single, 5),
    ratioRow("events/s to counted, arrays of 20, one instance", arrays, 10),
    ratioRow(`the same, ${FLEET} instances as by default`, fleet, 10),
    {
      figure: "validation alone: events/s in a core, valid and invalid",
      ours: `${thousands(validated.valid)} and ${thousands(validated.invalid)}`,
      baseline: "",
      required: "reported",
      reached: undefined,
    },
    validationShareRow(validated.valid, single.ours),
    {
      figure: "most writes to one counter document in any second",
      ours: `${most(single.ours, arrays.ours)}, with ${FLEET} instances ${most(fleet.ours)}`,
      baseline: String(most(single.baseline, arrays.baseline)),
      required: "≤ 4 for each instance, and 2 of addDeltas",
      reached: most(single.ours, arrays.ours) <= 4 + 2 && most(fleet.ours) <= 4 * FLEET + 2,
    },
  ];
}

interface Throughput extends ServerReport {
  events: number;
  perSecond: number;
}

/** Starts a server, sends it events from another process, and waits until all are counted. */
async function throughput(
  contender: Contender,
  events: number,
  perRequest: number,
  instances = 1,
): Promise<Throughput> {
  const server = await startServer(contender, instances);
  const before = await server.report();
  const started = performance.now();
  const args = ["dev/bench/load.ts", server.url, String(events), String(perRequest), String(CONNECTIONS)];
  await promisify(execFile)(process.execPath, args);
  const report = await server.counted(events);
  const perSecond = events / ((performance.now() - started) / 1_000);
  server.end();
  return { ...report, cpu: report.cpu - before.cpu, events, perSecond };
}

async function trickled() {
  const server = await startServer("ours");
  for (let sent = 0; sent < TRICKLE.events; sent++) {
    await promisify(execFile)(process.execPath, [
      "dev/bench/load.ts",
      server.url,
      "1",
      "1",
      "1",
      String(sent),
    ]);
    await sleep(TRICKLE.pause);
  }
  const { waits } = await server.counted(TRICKLE.events);
  server.end();
  return { longestWait: Math.max(...waits), commits: waits.length };
}

async function startServer(contender: Contender, instances = 1) {
  const server = fork("dev/bench/server.ts", [contender, String(instances)], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const [{ url }] = await once(server, "message");
  const report = async (): Promise<ServerReport> => {
    server.send("report");
    const [answer] = await once(server, "message");
    return answer;
  };
  return {
    url: String(url),
    report,
    async counted(events: number): Promise<ServerReport> {
      for (;;) {
        const so_far = await report();
        if (so_far.counted >= events) return so_far;
        await sleep(50);
      }
    },
    end: () => server.send("end"),
  };
}

function most(...runs: Throughput[]): number {
  return Math.max(...runs.map(({ mostWritesPerSecond }) => mostWritesPerSecond));
}

function perEvent({ events, ...report }: Throughput, operation: "writes" | "reads"): number {
  return report[operation] / events;
}

function ratioRow(
  figure: string,
  { ours, baseline }: Record<"ours" | "baseline", Throughput>,
  required: number,
): Row {
  const ratio = ours.perSecond / baseline.perSecond;
  return {
    figure,
    ours: `${thousands(ours.perSecond)} (${ratio.toFixed(1)} ×)`,
    baseline: thousands(baseline.perSecond),
    required: `≥ ${required} × baseline`,
    reached: ratio >= required,
  };
}

function validationShareRow(validPerSecond: number, { cpu, events }: Throughput): Row {
  const share = 1_000 / validPerSecond / (cpu / events);
  return {
    figure: "validation, of the CPU time per ingested and counted event",
    ours: `${(share * 100).toFixed(1)} %`,
    baseline: "",
    required: "≤ 10 %",
    reached: share <= 0.1,
  };
}
