/** Says what the models show, as rows of the benchmark: how far counting goes in the worst world, and what a million events cost. */

import { type Row, thousands } from "../row.ts";
import type { CostOptions, CostResult } from "./cost.ts";
import type { HotVersionResult } from "./hot-version.ts";
import { costs, hotVersionInAllWorlds } from "./jobs.ts";
import { worldName } from "./world.ts";

/** The longest that an event may take to its counter, in seconds. */
const IN_TIME = 5;

/** The instances of `countEvent` that 10,000 events a second take. */
const INSTANCES = 20;

/** Stretches of ten seconds in which the first instances start. */
const COLD_STRETCHES = 2;

/** What a million events cost at each of these rates, as single requests and as arrays of 15. */
const RATES = [0.38, 1, 10, 100, 1_000];
const ARRAY = 15;
/** The baseline cannot count more of one version in a second. */
const BASELINE_RATES = [0.38, 1];

/** Runs a hot version at both rates in every world. */
export async function hotVersionRows(progress: (text: string) => void): Promise<Row[]> {
  progress("model of 1,000 events/s of one version, in every world");
  const thousand = { eventsPerSecond: 1_000, seconds: 60 } as const;
  const ours = await hotVersionInAllWorlds({ contender: "ours", ...thousand });
  const baseline = await hotVersionInAllWorlds({ contender: "baseline", ...thousand });
  progress(`model of 10,000 events/s of one version, ${INSTANCES} instances, in every world`);
  const tenThousand = await hotVersionInAllWorlds({
    contender: "ours",
    eventsPerSecond: 10_000,
    seconds: 40,
    maxInstances: INSTANCES,
  });
  const all = [...ours.results, ...tenThousand.results];
  const surplus = sum(all, ({ countedTwice }) => countedTwice);
  const most = (figure: "writes" | "reads") =>
    Math.max(...ours.results.map(({ perEvent }) => perEvent[figure]));
  const failedMerges = sum(tenThousand.results, failedMergesOf);
  return [
    {
      figure:
        "model, 1,000 events/s of one version for 60 s, default settings, worst world: all in the counter after the end",
      ours: `${seconds(ours.worst.drained)} (${worldName(ours.worst.world)})`,
      baseline: `${seconds(baseline.worst.drained)}: ${thousands(baseline.worst.inCounter)} of ${thousands(baseline.worst.offered)}`,
      required: `≤ ${IN_TIME} s`,
      reached: isInTime(ours.worst.drained),
    },
    {
      figure: `model, 10,000 events/s of one version, COUNTER_MAX_INSTANCES=${INSTANCES}, worst world: longest from an event to its counter after the first 20 s`,
      ours: `${seconds(longestLag(tenThousand.worst))} (${worldName(tenThousand.worst.world)})`,
      baseline: "",
      required: `≤ ${IN_TIME} s`,
      reached: isInTime(longestLag(tenThousand.worst)),
    },
    {
      figure: "model, 10,000 events/s: failed merges of addDeltas, in all worlds",
      ours: `${failedMerges}, and ${sum(tenThousand.results, abortedMergesOf)} that the Admin SDK repeated`,
      baseline: "",
      required: "0",
      reached: failedMerges === 0,
    },
    {
      figure: "model, 1,000 events/s, worst world: writes per event",
      ours: most("writes").toFixed(3),
      baseline: "never counted all",
      required: "≤ 2.05",
      reached: most("writes") <= 2.05,
    },
    {
      figure: "model, 1,000 events/s, worst world: reads per event, where 0.1 % are delivered twice",
      ours: most("reads").toFixed(3),
      baseline: "never counted all",
      required: "≤ 0.05",
      reached: most("reads") <= 0.05,
    },
    {
      figure: "models: events counted twice, or refused, or left for the sweep",
      ours: String(surplus + sum(all, lostOf)),
      baseline: "",
      required: "0",
      reached: surplus + sum(all, lostOf) === 0,
    },
  ];
}

/** Prices a million events at each rate. */
export async function costRows(progress: (text: string) => void): Promise<Row[]> {
  progress("cost of a million events at each rate");
  const asked = [1, ARRAY].flatMap((perRequest) =>
    RATES.flatMap((eventsPerSecond): CostOptions[] => [
      { contender: "ours", eventsPerSecond, perRequest },
      ...(BASELINE_RATES.includes(eventsPerSecond)
        ? [{ contender: "baseline" as const, eventsPerSecond, perRequest }]
        : []),
    ]),
  );
  const results = await costs(asked);
  const ours = results.filter(({ contender }) => contender === "ours");
  const rows = ours.map((result) => {
    const baseline = results.find(
      (other) =>
        other.contender === "baseline" &&
        other.eventsPerSecond === result.eventsPerSecond &&
        other.perRequest === result.perRequest,
    );
    return { result, baseline };
  });
  const [slowest] = rows;
  return [
    ...rows.map(({ result, baseline }) => costRow(result, baseline)),
    ...(slowest ? [rowWithoutRequests(slowest.result, slowest.baseline)] : []),
  ];
}

/** Both take the same requests, each of which is billed for 100 ms. */
function rowWithoutRequests(ours: CostResult, baseline: CostResult | undefined): Row {
  const [dollars, others] = [ours, baseline].map((result) => {
    if (!result?.dollars) return Number.POSITIVE_INFINITY;
    const { totalWithoutRequestLogs, stats } = result.dollars;
    return totalWithoutRequestLogs - stats.instances - stats.invocations - stats.logs;
  }) as [number, number];
  return {
    figure: `a million events one by one at ${ours.eventsPerSecond} events/s: the same without the instances and invocations of stats`,
    ours: `$${dollars.toFixed(2)}`,
    baseline: `$${others.toFixed(2)}`,
    required: "≤ $7.50 and ≤ baseline",
    reached: dollars <= 7.5 && dollars <= others,
  };
}

function costRow(ours: CostResult, baseline: CostResult | undefined): Row {
  const { eventsPerSecond, perRequest } = ours;
  const how = perRequest === 1 ? "one by one" : `in arrays of ${perRequest}`;
  const bound = boundOf(ours);
  const dollars = ours.dollars?.totalWithoutRequestLogs ?? Number.POSITIVE_INFINITY;
  const others = baseline?.dollars?.totalWithoutRequestLogs ?? Number.POSITIVE_INFINITY;
  return {
    figure: `a million events ${how} at ${eventsPerSecond} events/s, without Google's log of requests`,
    ours: money(ours),
    baseline: baseline ? money(baseline) : "cannot count so many of one version",
    required: bound === undefined ? "reported" : `≤ $${bound.toFixed(2)} and ≤ baseline`,
    reached: bound === undefined ? undefined : dollars <= bound && dollars <= others,
  };
}

function boundOf({ eventsPerSecond, perRequest }: CostOptions): number | undefined {
  if (perRequest === 1) return eventsPerSecond === 0.38 ? 7.5 : undefined;
  if (eventsPerSecond === 0.38) return 4;
  return eventsPerSecond >= 100 ? 3.2 : undefined;
}

/** `$10.53: stats 4.02, counting 5.98, keeping 0.48; with the log 11.46`. */
function money({ dollars }: CostResult): string {
  if (!dollars) return "never counted";
  const { total, totalWithoutRequestLogs, stats, counting, keeping } = dollars;
  const part = ({ requestLogs = 0, ...items }: Record<string, number>) =>
    Object.values(items)
      .reduce((sum, item) => sum + item, 0)
      .toFixed(2);
  return (
    `$${totalWithoutRequestLogs.toFixed(2)}: stats ${part(stats)}, counting ${part(counting)}, ` +
    `keeping ${part(keeping)}; with the log $${total.toFixed(2)}`
  );
}

/** Merges that did not come back in time, were refused, or were left for the sweep. */
function failedMergesOf({ functions: { addDeltas } }: HotVersionResult): number {
  if (!addDeltas) return 0;
  return addDeltas.callsOutOfTime + addDeltas.failedDeliveries + addDeltas.leftForSweep;
}

function abortedMergesOf({ functions }: HotVersionResult): number {
  return functions.addDeltas?.abortedCommits ?? 0;
}

function lostOf({ functions }: HotVersionResult): number {
  return sum(
    Object.values(functions),
    ({ failedDeliveries, leftForSweep }) => failedDeliveries + leftForSweep,
  );
}

function longestLag({ lag }: HotVersionResult): number | null {
  const lags = lag.longest.slice(COLD_STRETCHES);
  return lags.includes(null) ? null : Math.max(...lags.map(Number));
}

function isInTime(value: number | null): boolean {
  return value !== null && value <= IN_TIME;
}

function seconds(value: number | null): string {
  return value === null ? "never" : `${value.toFixed(1)} s`;
}

function sum<Item>(items: readonly Item[], figure: (item: Item) => number): number {
  return items.reduce((total, item) => total + figure(item), 0);
}
