/** `npm run proof:mutants`: breaks counting in the obvious ways, and checks that the proof notices each. */

import { spawn } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

const RUNS = "2000";
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

const copy = await mkdtemp(join(tmpdir(), "mutants-"));
for (const part of ["src", "dev", "package.json"])
  await cp(join(functions, part), join(copy, part), { recursive: true });
await symlink(join(functions, "node_modules"), join(copy, "node_modules"));

let survived = 0;
for (const { name, file, changes } of mutants) {
  const source = await readFile(join(functions, file), "utf8");
  const mutated = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`${file} has no ${JSON.stringify(from)} to change`);
    return text.replace(from, to);
  }, source);
  await writeFile(join(copy, file), mutated);
  const holds = await proofHolds();
  await writeFile(join(copy, file), source);
  console.log(`${holds ? "SURVIVED" : "noticed "}  ${name}`);
  if (holds) survived++;
}
await rm(copy, { recursive: true });
console.log(`${mutants.length - survived} of ${mutants.length} mutants noticed`);
process.exit(survived > 0 ? 1 : 0);

function proofHolds(): Promise<boolean> {
  const proof = spawn(process.execPath, ["dev/proof/run.ts"], {
    cwd: copy,
    env: { ...process.env, RUNS },
    stdio: "ignore",
  });
  return new Promise((resolve) => proof.on("exit", (code) => resolve(code === 0)));
}
