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
    name: "the precondition is dropped",
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
    changes: [["await laneOf(event.counter)(event);", "laneOf(event.counter)(event).catch(() => {});"]],
  },
  {
    name: "duplicates in one commit are counted twice",
    file: "src/counting/count-events.ts",
    changes: [
      ["[...distinct.values()]", "[...events]"],
      [
        "of events) {\n    batch.update",
        "of new Map(events.map((event) => [event.id, event])).values()) {\n    batch.update",
      ],
    ],
  },
  {
    name: "the commit behind a poison event is lost",
    file: "src/counting/count-events.ts",
    changes: [["return countHalves(context, events);", "return new Map();"]],
  },
  {
    name: "the commit behind a poison event fails for good",
    file: "src/counting/count-events.ts",
    changes: [["return countHalves(context, events);", "return noneCounted(events, error);"]],
  },
  {
    name: "only the first half is looked at",
    file: "src/counting/count-events.ts",
    changes: [["new Map([...first, ...second])", "first"]],
  },
  {
    name: "after a failed precondition the others are dropped",
    file: "src/counting/count-events.ts",
    changes: [["events = await inTime(readUncounted(db, events), timers)", "events = []"]],
  },
  {
    name: "after a failed precondition counted events go again",
    file: "src/counting/count-events.ts",
    changes: [['now?.updateTime && now.get("counted") !== true', "now?.updateTime"]],
  },
  {
    name: "update times are not refreshed",
    file: "src/counting/count-events.ts",
    changes: [["{ ...event, updateTime: now.updateTime }", "event"]],
  },
  {
    name: "a transient failure counts as done",
    file: "src/counting/count-events.ts",
    changes: [
      ['if (failure === "transient") shard.change();', 'if (failure === "transient") return new Map();'],
    ],
  },
  {
    name: "events and counters are committed apart",
    file: "src/counting/count-events.ts",
    changes: [
      ["const batch = db.batch();", "let batch = db.batch();"],
      ["const n = shard.current();", "await batch.commit(); batch = db.batch(); const n = shard.current();"],
    ],
  },
  {
    name: "platforms are not counted",
    file: "src/counting/documents.ts",
    changes: [["platforms: { [platform]: { [action]: 1 } } };", "platforms: {} };"]],
  },
  {
    name: "moved shards are not deleted",
    file: "src/counting/shards.ts",
    changes: [["batch.delete(ref, { lastUpdateTime: updateTime })", "void [ref, updateTime]"]],
  },
  {
    name: "shards are deleted whatever they hold by then",
    file: "src/counting/shards.ts",
    changes: [["batch.delete(ref, { lastUpdateTime: updateTime })", "void updateTime, batch.delete(ref)"]],
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
