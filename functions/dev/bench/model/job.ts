/** A process that runs one model and prints its result in the last line: `node job.ts JSON`. What counting logs stands before. */

import { costOfAMillion } from "./cost.ts";
import { hotVersion } from "./hot-version.ts";
import type { Job } from "./jobs.ts";
import { seedRandom } from "./random.ts";

const job: Job = JSON.parse(process.argv[2] ?? "");
seedRandom(1);
const result = job.kind === "hot" ? await hotVersion(job.options) : await costOfAMillion(job.options);
console.log(JSON.stringify(result));
