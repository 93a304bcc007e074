/**
 * Prints what the model says: `node dev/bench/model/run.ts`. Parts of it: `run.ts hot RATE SECONDS [INSTANCES] [CONTENDER]` in every world,
 * and `run.ts cost [RATE] [PER_REQUEST]`.
 */

import type { Contender } from "./backend.ts";
import type { CostOptions, CostResult } from "./cost.ts";
import type { HotVersionOptions, HotVersionResult } from "./hot-version.ts";
import { costs, hotVersionInAllWorlds } from "./jobs.ts";
import { worldName } from "./world.ts";

const RATES = [0.38, 1, 10, 100, 1_000];
/** The baseline cannot count more of one version in a second. */
const BASELINE_RATES = [0.38, 1, 10];
const PER_REQUEST = [1, 15];

const [, , part, ...figures] = process.argv;
if (part === "hot") {
  const [rate = 1_000, seconds = 60, instances] = figures.slice(0, 3).map(Number);
  const contender: Contender = figures[3] === "baseline" ? "baseline" : "ours";
  await printHot({
    contender,
    eventsPerSecond: rate,
    seconds,
    ...(instances && { maxInstances: instances }),
  });
} else if (part === "cost") {
  await printCosts(
    figures[0] ? [Number(figures[0])] : RATES,
    figures[1] ? [Number(figures[1])] : PER_REQUEST,
  );
} else {
  await printHot({ contender: "baseline", eventsPerSecond: 1_000, seconds: 60 });
  await printHot({ contender: "ours", eventsPerSecond: 1_000, seconds: 60 });
  await printHot({ contender: "ours", eventsPerSecond: 10_000, seconds: 40, maxInstances: 30 });
  await printCosts(RATES, PER_REQUEST);
}

async function printHot(options: Omit<HotVersionOptions, "world">): Promise<void> {
  const { contender, eventsPerSecond, seconds } = options;
  const { results, worst } = await hotVersionInAllWorlds(options);
  console.log(
    `\n${contender}, ${eventsPerSecond} events/s of one version for ${seconds} s; the worst: ${worldName(worst.world)}`,
  );
  printTable(
    "world|in counter|twice|drained|within 5 s from|lag p50, p99|longest lag in each 10 s|writes, deletes, reads an event|instances|aborted, late, stale commits|failed deliveries, left for the sweep|billed s",
    results.map(hotRow),
  );
}

function hotRow(result: HotVersionResult): string[] {
  const { world, offered, inCounter, countedTwice, drained, inTimeFrom, lag, perEvent, functions } = result;
  const each = (figure: (report: (typeof functions)[string]) => string | number) =>
    Object.values(functions).map(figure).join(" + ");
  return [
    worldName(world),
    `${inCounter} of ${offered}`,
    String(countedTwice),
    seconds(drained),
    seconds(inTimeFrom),
    `${seconds(lag.p50)}, ${seconds(lag.p99)}`,
    lag.longest.map(seconds).join(", "),
    [perEvent.writes, perEvent.deletes, perEvent.reads].map((value) => value.toFixed(3)).join(", "),
    each(({ instances }) => instances),
    each(
      ({ abortedCommits, callsOutOfTime, staleCommits }) =>
        `${abortedCommits}, ${callsOutOfTime}, ${staleCommits}`,
    ),
    each(({ failedDeliveries, leftForSweep }) => `${failedDeliveries}, ${leftForSweep}`),
    each(({ billedSeconds }) => billedSeconds.toFixed(0)),
  ];
}

async function printCosts(rates: readonly number[], perRequests: readonly number[]): Promise<void> {
  const options = perRequests.flatMap((perRequest) =>
    (["ours", "baseline"] as const).flatMap((contender) =>
      rates
        .filter((rate) => contender === "ours" || BASELINE_RATES.includes(rate))
        .map((eventsPerSecond): CostOptions => ({ contender, eventsPerSecond, perRequest })),
    ),
  );
  console.log("\nDollars for a million events, 2 ms a write, locks wait, preconditions last");
  printTable(
    "contender|events/s|a request|total|stats: writes, instances, rest|counting: writes, reads + deletes, instances, rest|keeping|writes a million|billed s a million|lag p50, p99",
    (await costs(options)).map(costRow),
  );
}

function costRow({
  contender,
  eventsPerSecond,
  perRequest,
  dollars,
  usage,
  billedSeconds,
  lag,
}: CostResult): string[] {
  const seconds = Object.entries(billedSeconds).map(([name, value]) => `${name} ${value.toFixed(0)}`);
  const identity = [contender, String(eventsPerSecond), String(perRequest)];
  const rest = [
    (usage.stats.writes + usage.counting.writes).toFixed(0),
    seconds.join(", "),
    `${lag.p50} s, ${lag.p99} s`,
  ];
  if (!dollars) return [...identity, "never counted", "", "", "", ...rest];
  const { total, stats, counting, keeping } = dollars;
  const money = (...values: number[]) => values.reduce((sum, value) => sum + value, 0).toFixed(2);
  return [
    ...identity,
    money(total),
    `${money(...Object.values(stats))}: ${money(stats.writes)}, ${money(stats.instances)}, ${money(stats.invocations, stats.logs)}`,
    `${money(...Object.values(counting))}: ${money(counting.writes)}, ${money(counting.reads, counting.deletes)}, ${money(counting.instances)}, ${money(counting.invocations, counting.messages, counting.logs)}`,
    money(...Object.values(keeping)),
    ...rest,
  ];
}

function printTable(heads: string, rows: readonly (readonly string[])[]): void {
  const columns = heads.split("|");
  const lines = [columns, columns.map(() => "---"), ...rows];
  console.log(lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n"));
}

function seconds(value: number | null): string {
  return value === null ? "never" : `${value.toFixed(1)} s`;
}
