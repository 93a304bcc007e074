/** `npm run proof`: counting holds under random schedules of deliveries and faults. `RUNS` and `SEED` can be set. */

import fc from "fast-check";
import { run, schedule } from "./schedule.ts";

const RUNS = Number(process.env.RUNS ?? 10_000);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);

/** Schedules mostly wait, so several properties run side by side, each with a seed of its own. */
const LANES = Math.min(100, RUNS);

/** Without `SHRINK=1` a failure is told as it was found, which is at once. */
const endOnFailure = process.env.SHRINK !== "1";

const started = performance.now();
let done = 0;

const outcomes = await Promise.all(
  Array.from({ length: LANES }, async (_, lane) => {
    const seed = SEED + lane;
    const property = fc.asyncProperty(schedule, async (one) => {
      await run(one);
      if (++done % 1_000 === 0) console.error(`${done} of ${RUNS} schedules hold`);
    });
    const details = await fc.check(property, {
      seed,
      timeout: 60_000,
      numRuns: Math.ceil(RUNS / LANES),
      endOnFailure,
    });
    return { seed, details };
  }),
);

console.log(`seeds ${SEED} to ${SEED + LANES - 1}, ${((performance.now() - started) / 1_000).toFixed(0)} s`);
const failed = outcomes.filter(({ details }) => details.failed);
for (const { details } of failed.slice(0, 3)) console.log(fc.defaultReportMessage(details));
console.log(`${outcomes.length - failed.length} of ${LANES} properties hold over ${RUNS} random schedules`);
process.exit(failed.length > 0 ? 1 : 0);
