/** `npm run proof`: counting holds under random schedules of deliveries and faults. */

import "../testing/captured-logs.ts"; // Before the logger: the schedules are full of what it tells.
import fc from "fast-check";
import { z } from "zod";
import { type Command, ExitCode, flag, main, wholeNumber } from "../../tools/lib/command.ts";
import { run, schedule } from "./schedule.ts";

/** Schedules mostly wait, so several properties run side by side, each with a seed of its own. */
const MAX_LANES = 100;

const options = z.object({
  runs: wholeNumber(1, 10_000, "how many schedules"),
  seed: wholeNumber(0, Date.now() % 2 ** 29, "the same seed runs the same schedules"),
  shrink: flag("look for the smallest schedule that fails, which takes a while"),
});

const command: Command<typeof options> = {
  name: "proof",
  summary:
    "Counts events under random schedules of duplicates, lost answers, contention, dying instances, deleted and poisoned " +
    "events, and checks that each is counted exactly once.",
  example: "--runs 1000 --seed 7",
  options,
  async run({ runs, seed, shrink }, session) {
    const started = performance.now();
    const lanes = Math.min(MAX_LANES, runs);
    let done = 0;
    const outcomes = await Promise.all(
      Array.from({ length: lanes }, (_, lane) => {
        const property = fc.asyncProperty(schedule, async (one) => {
          await run(one);
          if (++done % 1_000 === 0) session.complain(`${done} of ${runs} schedules hold`);
        });
        const numRuns = Math.ceil(runs / lanes);
        return fc.check(property, { seed: seed + lane, timeout: 60_000, numRuns, endOnFailure: !shrink });
      }),
    );
    const failed = outcomes.filter((outcome) => outcome.failed);
    const seconds = ((performance.now() - started) / 1_000).toFixed(0);
    session.print(`seeds ${seed} to ${seed + lanes - 1}, ${seconds} s`);
    for (const outcome of failed.slice(0, 3))
      session.print(`${fc.defaultReportMessage(outcome)}\n${outcome.errorInstance}`);
    session.print(`${lanes - failed.length} of ${lanes} properties hold over ${runs} random schedules`);
    return failed.length > 0 ? ExitCode.failed : ExitCode.done;
  },
};

await main(command);
process.exit(); // Dead instances would go on trying.
