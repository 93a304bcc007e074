/** `npm run bench:health`: how good the judgement of releases is, in simulated releases with what plugins really report. */

import { z } from "zod";
import { type Command, ExitCode, flag, main, wholeNumber } from "../../../tools/lib/command.ts";
import { priceOf } from "../model/prices.ts";
import { simulate } from "./cases.ts";
import { unkindWorld } from "./population.ts";
import type { MadeUp } from "./scenarios.ts";

interface Row {
  figure: string;
  is: string;
  required: string;
  /** `undefined` where a figure is only reported. */
  reached: boolean | undefined;
}

/** Assumed: what Cloud Run bills for a look, in seconds, and the memory of the function, in GiB. */
const LOOK_SECONDS = 0.5;
const GIB = 0.5;
const DAYS_OF_MONTH = 30;
/** A release every 5 to 14 days. */
const RELEASES_A_MONTH = DAYS_OF_MONTH / 9.5;
/** https://cloud.google.com/scheduler/pricing: for each job, beyond three that are free for a billing account. */
const SCHEDULED_JOB = 0.1;

/** Simulates everything: so many releases of each kind, and single cases from fewer seeds. */
async function benchmark(releases: number, seed: number): Promise<Row[]> {
  const trials = Array.from({ length: Math.ceil(releases / 4) }, (_, index) => seed + index);
  const few = trials.slice(0, Math.ceil(releases / 20));

  const healthy = [1_000, 10_000].flatMap((devices) => [
    ...[1, 3, 10].map((reports) => ({ ...unkindWorld, devices, reports })),
    { ...unkindWorld, devices, stubborn: 0.001 },
  ]);
  const bad = [
    { ...unkindWorld, devices: 1_000, stubborn: 0.001 },
    { ...unkindWorld, devices: 10_000 },
  ];
  const [healthyResults, badResults, needed, first, old, madeUp, newest, minutes, days] = await Promise.all([
    Promise.all(healthy.map((world) => simulate("simulateReleases", [seed], { world, judged: releases }))),
    Promise.all(
      bad.map((world) => simulate("simulateReleases", [seed], { world, judged: releases, badShare: 0.08 })),
    ),
    Promise.all([0.08, 0.02, 0.01].map((share) => simulate("devicesNeeded", trials, share))),
    simulate("looksUntilFirstVersionAlarms", trials),
    simulate("looksUntilOldVersionAlarms", few, KNOWN_TO_HAVE_FAILED),
    Promise.all(madeUpKinds.map((kind) => simulate("alarmsBesideMadeUp", few, kind))),
    simulate("daysThatNameTheNewest", [seed]),
    simulate("minutesToAlarm", trials),
    simulate("watchedDay", [seed]),
  ]);

  const rows: Row[] = [];
  for (const [index, [result]] of badResults.entries()) {
    const world = bad[index];
    if (!result || !world) continue;
    rows.push({
      figure: `a release fails for 8 % of one platform's devices, ${describe(world)}: it is named with its platform; and nothing else is`,
      is: `${result.named}; ${result.namedAlone} of ${result.judged}`,
      required: `≥ ${Math.floor(releases * 0.995)} of ${releases}`,
      reached: result.namedAlone >= Math.floor(releases * 0.995),
    });
  }
  for (const [index, [result]] of [...healthyResults, ...badResults].entries()) {
    const world = [...healthy, ...bad][index];
    if (!result || !world) continue;
    rows.push({
      figure: `healthy releases that alarm, ${describe(world)}${index < healthy.length ? "" : ", every second release bad"}`,
      is: `${result.falseAlarms} of ${result.judged}`,
      required: `≤ ${Math.ceil(releases * 0.005)} of ${releases}`,
      reached: result.falseAlarms <= Math.ceil(releases * 0.005),
    });
  }
  for (const [index, [share, most]] of [
    ["8 %", 60],
    ["2 %", 600],
    ["1 %", 4_000],
  ].entries() as Iterable<[number, [string, number]]>) {
    const median = medianOf(needed[index] ?? []);
    rows.push({
      figure: `devices that an alarm needs for ${share} after 0.4 %, median of ${trials.length}`,
      is: thousands(median),
      required: `≤ ${thousands(most)}`,
      reached: median <= most,
    });
  }
  rows.push(
    {
      figure:
        "all attempts at a first version fail: looks from the first at which five devices are known to have failed",
      is: `${Math.max(...first)} at most`,
      required: "1",
      reached: Math.max(...first) <= 1,
    },
    {
      figure: `30 % of 100 a day fail from day 24 of the only version: looks from ${KNOWN_TO_HAVE_FAILED} devices that are known to have failed`,
      is: `${Math.max(...old)} at most, ${medianOf(old)} in the middle`,
      required: "1",
      reached: Math.max(...old) <= 1,
    },
  );
  for (const [index, kind] of madeUpKinds.entries()) {
    if (index === 0) continue;
    const same = (madeUp[index] ?? []).filter((alarms, trial) => alarms === madeUp[0]?.[trial]).length;
    rows.push({
      figure: `the alarms beside ${kind} that strangers make up`,
      is: `unchanged in ${same} of ${few.length}`,
      required: "unchanged",
      reached: same === few.length,
    });
  }
  const named = newest[0] ?? { days: 0, named: 0 };
  rows.push(
    {
      figure:
        "40 live versions, named by hashes and as pre-releases, the newest bad: daily looks that show its alarm, alone",
      is: `${named.named} of ${named.days}`,
      required: "every look",
      reached: named.named === named.days,
    },
    {
      figure: "minutes from the first bad device's event to the alarm, 100 updates a minute, 8 % of iOS",
      is: `${medianOf(minutes).toFixed(0)}, ${Math.max(...minutes).toFixed(0)} at most`,
      required: "≤ 15",
      reached: Math.max(...minutes) <= 15,
    },
  );

  const watched = days[0] ?? { looks: 0, reads: 0 };
  const evidence = Math.max(...healthyResults.map(([result]) => result?.readsPerRelease ?? 0));
  const reads = watched.reads * DAYS_OF_MONTH + evidence * RELEASES_A_MONTH;
  const looks = watched.looks * DAYS_OF_MONTH;
  const none = { deletes: 0, messageBytes: 0, logBytes: 0, requestLogBytes: 0 };
  const done = { reads, writes: looks, billedSeconds: looks * LOOK_SECONDS, invocations: looks };
  const price = priceOf({ ...none, ...done }, GIB);
  const dollars = price.reads + price.writes + price.instances + price.invocations + SCHEDULED_JOB;
  rows.push({
    figure: `watching an app with five busy versions for a month: ${thousands(watched.reads)} reads a day for counters, ${thousands(evidence)} a release for devices in the world that takes most, a write and ${LOOK_SECONDS} s a look, a scheduled job`,
    is: `$${dollars.toFixed(2)}`,
    required: "≤ $0.50",
    reached: dollars <= 0.5,
  });
  return rows;
}

/** So few devices that fail are still no chance, where one in 200 did before. */
const KNOWN_TO_HAVE_FAILED = 12;

const madeUpKinds: readonly MadeUp[] = ["nothing", "a version of 50 events", "500 versions of 50 events"];

function describe({ devices, reports, stubborn }: typeof unkindWorld): string {
  const again = stubborn > 0 ? `, ${stubborn * 100} % of devices fail for ever` : "";
  return `${thousands(devices)} devices, those that fail report ${reports} ×${again}`;
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}

function report(rows: readonly Row[], seed: number): string {
  const lines = rows.map(({ figure, is, required, reached }) => {
    const verdict = reached === undefined ? "" : reached ? "yes" : "no";
    return `| ${figure} | ${is} | ${required} | ${verdict} |`;
  });
  return [`\nseed ${seed}\n`, "| figure | is | to reach | reached |\n|---|---|---|---|", ...lines].join("\n");
}

const options = z.object({
  releases: wholeNumber(10, 200, "how many releases, or trials, of each kind"),
  seed: wholeNumber(0, 1, "the seed that all chances follow from"),
  json: flag("print JSON"),
});

const command: Command<typeof options> = {
  name: "bench:health",
  summary:
    "Simulates releases, with what plugins of all generations really report, and counts right and wrong alarms. Takes 15 minutes on two cores.",
  example: "--releases 20 --seed 7",
  options,
  async run({ releases, seed, json }, session) {
    const rows = await benchmark(releases, seed);
    session.print(json ? JSON.stringify({ seed, releases, rows }, null, 2) : report(rows, seed));
    return rows.every(({ reached }) => reached !== false) ? ExitCode.done : ExitCode.failed;
  },
};

await main(command);
