/** `npm run bench`: what it costs and how far it goes, against `baseline.ts` in the same run. */

import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { promisify } from "node:util";
import { z } from "zod";
import { type Command, ExitCode, flag, main } from "../../tools/lib/command.ts";
import { coldStart } from "./cold-start.ts";
import { countedRateRows } from "./counted-rate.ts";
import { costRows, hotVersionRows } from "./model/rows.ts";
import type { Row } from "./row.ts";
import { throughputRows } from "./throughput.ts";

/** Runs everything, in turn. */
async function benchmark(progress: (text: string) => void) {
  const rows: Row[] = [];

  progress("building");
  await promisify(execFile)("npm", ["run", "build"]);

  progress("cold starts");
  const cold = await coldStart();
  const coldRatio = cold.ours / cold.baseline;
  rows.push({
    figure: "first answer of a cold stats, from spawn to 200, median of 11",
    ours: `${cold.ours.toFixed(0)} ms (${coldRatio.toFixed(2)} ×)`,
    baseline: `${cold.baseline.toFixed(0)} ms`,
    required: "≤ 0.85 × baseline",
    reached: coldRatio <= 0.85,
  });

  rows.push(...(await throughputRows(progress)));
  progress("events/s counted per core");
  rows.push(...(await countedRateRows()));
  rows.push(...(await hotVersionRows(progress)));
  rows.push(...(await costRows(progress)));
  return { rows };
}

function machine(): string {
  return `${cpus().length} cores, ${cpus()[0]?.model}, Node ${process.versions.node}`;
}

function report({ rows }: Awaited<ReturnType<typeof benchmark>>): string {
  const figures = rows.map(({ figure, ours, baseline, required, reached }) => {
    const verdict = reached === undefined ? "" : reached ? "yes" : "no";
    return `| ${figure} | ${ours} | ${baseline} | ${required} | ${verdict} |`;
  });
  return [
    `\n${machine()}\n`,
    "| figure | ours | baseline | required | reached |\n|---|---|---|---|---|",
    ...figures,
  ].join("\n");
}

const options = z.object({ json: flag("print JSON") });

const command: Command<typeof options> = {
  name: "bench",
  summary:
    "Measures what counting costs and how far it goes, against `baseline.ts` in the same run. Takes eight minutes, and needs Linux.",
  example: "--json",
  options,
  async run({ json }, session) {
    const result = await benchmark(session.complain);
    session.print(json ? JSON.stringify({ machine: machine(), ...result }, null, 2) : report(result));
    return ExitCode.done;
  },
};

await main(command);
process.exit();
