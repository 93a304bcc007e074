import fc from "fast-check";
import { run, schedule } from "../../dev/proof/schedule.ts";

describe("counting under random schedules", () => {
  // `npm run proof` runs 10,000 of them, and `npm run proof:mutants` shows what they notice.
  it("holds for duplicates, lost answers, dying instances, deleted and poison events", async () => {
    const property = fc.asyncProperty(schedule, run);
    await Promise.all(Array.from({ length: 30 }, () => fc.assert(property, { numRuns: 10 })));
  });
});
