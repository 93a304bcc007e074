/** A process that runs one case with some seeds, and prints the results in the last line: `node job.ts JSON`. */

import { type Case, cases, type Job } from "./cases.ts";

const { name, args, seeds }: Job<keyof typeof cases> = JSON.parse(process.argv[2] ?? "");
const run = cases[name] as Case;
const results: unknown[] = [];
for (const seed of seeds) results.push(await run(seed, ...args));
console.log(JSON.stringify(results));
