/** `npm run proof:mutants`: breaks counting in the obvious ways, and checks that the proof notices each. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type Command, ExitCode, main, wholeNumber } from "../../tools/lib/command.ts";

const functions = new URL("../..", import.meta.url).pathname;

interface Mutant {
  name: string;
  file: string;
  /** Pairs of a piece of source and its replacement. */
  changes: [from: string, to: string][];
}

const mutants: Mutant[] = [
  {
    name: "the precondition of events is dropped",
    file: "src/counting/count-events.ts",
    changes: [["{ counted: true }, { lastUpdateTime: updateTime }", "{ counted: true, t: updateTime }"]],
  },
  {
    name: "events are not marked counted",
    file: "src/counting/count-events.ts",
    changes: [["{ counted: true }, { lastUpdateTime", "{ counted: false }, { lastUpdateTime"]],
  },
  {
    name: "an event is acknowledged before its commit",
    file: "src/counting/count-events.ts",
    changes: [["await count(event);", "count(event).catch(() => {});"]],
  },
  {
    name: "duplicates in one commit are counted twice",
    file: "src/counting/count-events.ts",
    changes: [
      ["inOrder(events)", "[...events]"],
      ["of events) {\n    batch.update", "of inOrder(events)) {\n    batch.update"],
    ],
  },
  {
    name: "duplicates of a delta in one commit are added twice",
    file: "src/counting/add-deltas.ts",
    changes: [
      ["thatFit(inOrder(deltas))", "[[...deltas]]"],
      ["of deltas) {\n    batch.delete", "of inOrder(deltas)) {\n    batch.delete"],
    ],
  },
  {
    name: "the commit behind a poison event is lost",
    file: "src/counting/commit-together.ts",
    changes: [["return commitHalves(work, left, hadTrouble, deadline);", "return new Map();"]],
  },
  {
    name: "the commit behind a poison event fails for good",
    file: "src/counting/commit-together.ts",
    changes: [["return commitHalves(work, left, hadTrouble, deadline);", "return noneDone(left, error);"]],
  },
  {
    name: "only the first half is looked at",
    file: "src/counting/commit-together.ts",
    changes: [["new Map([...first, ...second])", "first"]],
  },
  {
    name: "an event pays for its counter",
    file: "src/counting/commit-together.ts",
    changes: [['failure === "poisoned" && hadTrouble', 'failure === "poisoned"']],
  },
  {
    name: "after a failed precondition the others are dropped",
    file: "src/counting/commit-together.ts",
    changes: [["left = await within(timeFor(0), work.refresh(left), timers)", "left = []"]],
  },
  {
    name: "after a failed precondition counted events go again",
    file: "src/counting/count-events.ts",
    changes: [['now?.updateTime && now.get("counted") !== true && !isParked(now)', "now?.updateTime"]],
  },
  {
    name: "update times are not refreshed",
    file: "src/counting/count-events.ts",
    changes: [["{ ...event, updateTime: now.updateTime }", "event"]],
  },
  {
    name: "a transient failure counts as done",
    file: "src/counting/commit-together.ts",
    changes: [
      [
        "const failure = classify(error);",
        'const failure = classify(error); if (failure === "transient") return new Map();',
      ],
    ],
  },
  {
    name: "events and their counter are committed apart",
    file: "src/counting/count-events.ts",
    changes: [
      [
        "function commitDirectly(db: Firestore, counter: CounterIdentity, events: readonly UncountedEvent[]) {\n  const batch = markCounted(db, events);",
        "async function commitDirectly(db: Firestore, counter: CounterIdentity, events: readonly UncountedEvent[]) {\n  await markCounted(db, events).commit(); const batch = db.batch();",
      ],
    ],
  },
  {
    name: "events and their delta are committed apart",
    file: "src/counting/count-events.ts",
    changes: [
      [
        "function commitDelta(db: Firestore, counter: CounterIdentity, events: readonly UncountedEvent[]) {\n  const batch = markCounted(db, events);",
        "async function commitDelta(db: Firestore, counter: CounterIdentity, events: readonly UncountedEvent[]) {\n  await markCounted(db, events).commit(); const batch = db.batch();",
      ],
    ],
  },
  {
    name: "deltas and their counter are committed apart",
    file: "src/counting/add-deltas.ts",
    changes: [
      ["function commitDeltas(", "async function commitDeltas("],
      ["const batch = db.batch();", "let batch = db.batch();"],
      [
        "addToCounter(batch, db, counter, parts);",
        "addToCounter(batch, db, counter, parts); await batch.commit(); batch = db.batch();",
      ],
    ],
  },
  {
    name: "added deltas are not deleted",
    file: "src/counting/add-deltas.ts",
    changes: [
      [
        "batch.delete(db.collection(DELTAS).doc(id), { lastUpdateTime: updateTime })",
        "void [id, updateTime]",
      ],
    ],
  },
  {
    name: "deltas are deleted whether they were added or not",
    file: "src/counting/add-deltas.ts",
    changes: [["doc(id), { lastUpdateTime: updateTime })", "doc(id)); void updateTime"]],
  },
  {
    name: "a delta is acknowledged before its commit",
    file: "src/counting/add-deltas.ts",
    changes: [
      ['return delta ? add(delta) : "left";', 'if (delta) add(delta).catch(() => {}); return "added";'],
    ],
  },
  {
    name: "deltas are refused while their counter cannot be written",
    file: "src/counting/add-deltas.ts",
    changes: [['if (classify(error) === "final") throw error;', "throw error;"]],
  },
  {
    name: "a poison event is not parked",
    file: "src/counting/count-events.ts",
    changes: [["if (isOurs) {", "if (!isOurs) {"]],
  },
  {
    name: "the sweep leaves events",
    file: "src/counting/sweep.ts",
    changes: [
      [
        "return sweep(uncountedEvents(db), before, countEvent, options);",
        "return sweep(uncountedEvents(db), 0, countEvent, options);",
      ],
    ],
  },
  {
    name: "the sweep leaves deltas",
    file: "src/counting/sweep.ts",
    changes: [
      [
        "return sweep(db.collection(DELTAS), before, addDelta, options);",
        "return sweep(db.collection(DELTAS), 0, addDelta, options);",
      ],
    ],
  },
  {
    name: "platforms are not counted",
    file: "src/counting/documents.ts",
    changes: [["const platforms = { [platform]: { [action]: 1 } };", "const platforms = {};"]],
  },
  {
    name: "development builds are counted like those of production",
    file: "src/counting/documents.ts",
    changes: [["return is_prod !== false && is_emulator !== true;", "return !void [is_prod, is_emulator];"]],
  },
  {
    name: "development builds are not counted",
    file: "src/counting/documents.ts",
    changes: [["development: { [action]: 1 }", "development: {}"]],
  },
  {
    name: "an event counts for the hour of its counting, not of its receipt",
    file: "src/counting/documents.ts",
    changes: [["[hourId(receivedAt)]", "[hourId(Date.now())]"]],
  },
  {
    name: "hours are lost in deltas",
    file: "src/counting/documents.ts",
    changes: [
      [
        "days: z.record(z.string(), dayDocument) });",
        "days: z.record(z.string(), dayDocument.transform((day) => ({ ...day, hours: {} }))) });",
      ],
    ],
  },
  {
    name: "a map of which a commit has nothing replaces the one that is stored",
    file: "src/counting/documents.ts",
    changes: [['typeof value === "number" || figuresIn(value)', "value !== undefined"]],
  },
  {
    name: "a checksum that differs is not taken from what was downloaded",
    file: "src/health/measures.ts",
    changes: [["{ ...mobile, checksum_fail: { downloaded: -1 } }", "mobile"]],
  },
];

const options = z.object({ runs: wholeNumber(1, 2_000, "how many schedules for each") });

const command: Command<typeof options> = {
  name: "proof:mutants",
  summary: "Breaks a copy of the counting code in the obvious ways, and checks that the proof notices each.",
  example: "--runs 500",
  options,
  async run({ runs }, session) {
    const copy = await mkdtemp(join(tmpdir(), "mutants-"));
    try {
      for (const part of ["src", "page", "tools", "dev", "package.json"]) {
        await cp(join(functions, part), join(copy, part), { recursive: true });
      }
      await symlink(join(functions, "node_modules"), join(copy, "node_modules"));
      if (!(await proofHolds(copy, runs))) throw new Error("The proof does not hold for the code as it is.");
      let survived = 0;
      for (const mutant of mutants) {
        const holds = await provesMutant(copy, mutant, runs);
        session.print(`${holds ? "SURVIVED" : "noticed "}  ${mutant.name}`);
        if (holds) survived++;
      }
      session.print(`${mutants.length - survived} of ${mutants.length} mutants noticed`);
      return survived > 0 ? ExitCode.failed : ExitCode.done;
    } finally {
      await rm(copy, { recursive: true });
    }
  },
};

/** Whether the proof holds although the copy is broken. Mends the copy. */
async function provesMutant(copy: string, { file, changes }: Mutant, runs: number): Promise<boolean> {
  const source = await readFile(join(functions, file), "utf8");
  const mutated = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)} to change`);
    return text.replace(from, to);
  }, source);
  await writeFile(join(copy, file), mutated);
  const holds = await proofHolds(copy, runs);
  await writeFile(join(copy, file), source);
  return holds;
}

async function proofHolds(folder: string, runs: number): Promise<boolean> {
  const args = ["dev/proof/run.ts", "--runs", String(runs)];
  const proof = spawn(process.execPath, args, { cwd: folder, stdio: "ignore" });
  const [code] = await once(proof, "exit");
  return code === 0;
}

await main(command);
