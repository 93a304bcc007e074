import { randomUUID } from "node:crypto";
import { expect } from "chai";
import fc from "fast-check";
import { createRunner, program } from "../../dev/testing/firestore-programs.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { backend, onEmulators } from "../backend.ts";

const PROGRAMS = 50;

/** Programs mostly wait, so several properties run side by side. */
const LANES = 10;

describe("the Firestore in memory, on which the other tests run", () => {
  const title = "does what the official one does, in random programs of all that we ask of it";
  if (!onEmulators) {
    it(`${title} (needs the official one: npm run test:emulators)`);
    return;
  }

  it(title, async () => {
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
    await Promise.all(
      Array.from({ length: LANES }, () => fc.assert(property, { numRuns: PROGRAMS / LANES })),
    );
  });
});
