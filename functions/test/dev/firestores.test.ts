import { randomUUID } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { createRunner, program } from "../../dev/testing/firestore-programs.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { backend, onEmulators } from "../backend.ts";

const PROGRAMS = 40;

/** Programs mostly wait, so several properties run side by side. */
const LANES = 10;

describe("the Firestore in memory, on which the other tests run", () => {
  it("does what the official one does (npm run test:emulators), in random programs of all that we ask of it", async function () {
    if (!onEmulators) this.skip();
    const memory = createFirestore();
    const official = backend().newFirestore();
    const property = fc.asyncProperty(program, async (steps) => {
      const name = randomUUID();
      const runInMemory = createRunner(memory, name);
      const runOfficially = createRunner(official, name);
      for (const step of steps) {
        const [inMemory, officially] = await Promise.all([runInMemory(step), runOfficially(step)]);
        expect(inMemory).to.deep.equal(officially);
      }
    });
    const numRuns = PROGRAMS / LANES;
    await Promise.all(Array.from({ length: LANES }, () => fc.assert(property, { numRuns })));
  });
});
