/** `npm run emulators` and `npm run test:emulators`: the official Emulator Suite, or what is missing for it. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { type Command, ExitCode, flag, main } from "../../tools/lib/command.ts";
import { createProjectWithoutUi, createTestProject } from "./emulated-project.ts";
import {
  downloadPathOf,
  emulatorEnvironment,
  findOfficialFirestore,
  type OfficialFirestore,
} from "./official-firestore.ts";

/**
 * The Functions emulator starts a process of its own for each call at once, 50 at most. On two cores, 500 events took as long to
 * be counted by one process, two, four or 50; two of them contend for counters, as instances do.
 */
const CALLS_AT_ONCE = 2;

const functions = join(import.meta.dirname, "../..");
const firebase = join(functions, "node_modules/.bin/firebase");

const options = z.object({
  test: flag("run the tests on it, and end"),
  check: flag("only say whether it can run without a download"),
});

const command: Command<typeof options> = {
  name: "emulators",
  summary: "Starts the official Emulator Suite with the functions, or says what is missing for it.",
  example: "--test",
  options,
  async run({ test, check }) {
    if (check) {
      const found = findOfficialFirestore();
      if ("missing" in found) throw new Error(found.missing);
      return ExitCode.done;
    }
    const firestore = requireFirestore();
    execFileSync("npm", ["run", "build"], { cwd: functions, stdio: "inherit" });
    const suite = spawn(firebase, test ? testArguments() : startArguments(), {
      cwd: functions,
      env: {
        ...process.env,
        ...emulatorEnvironment(firestore),
        ...(test && testEnvironment),
      },
      stdio: "inherit",
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {}); // The suite ends, then this.
    const [code] = await once(suite, "exit");
    return code === 0 ? ExitCode.done : ExitCode.failed;
  },
};

const testEnvironment = {
  FUNCTIONS_EMULATOR_PARALLEL: String(CALLS_AT_ONCE),
  METADATA_SERVER_DETECTION: "none", // Google's libraries would ask another machine who they are.
};

/** The emulators say nothing of the thousands of calls: the tests say what failed. */
function testArguments(): string[] {
  return ["--config", createTestProject(), "emulators:exec", "--log-verbosity", "SILENT", "mocha"];
}

/** The suite would end if it could not download its UI. */
function startArguments(): string[] {
  const start = ["emulators:start"];
  if (existsSync(downloadPathOf("ui"))) return start;
  const reason = download("ui");
  if (reason === undefined) return start;
  console.log(`The Emulator Suite starts without its UI, which cannot be downloaded: ${reason}`);
  return ["--config", createProjectWithoutUi(), ...start];
}

/** Finds it, or downloads it. */
function requireFirestore(): OfficialFirestore {
  const found = findOfficialFirestore();
  if (!("missing" in found)) return found;
  const { missing, advice, downloadPath } = found;
  if (downloadPath === undefined) fail(`${missing}.`, advice);
  console.log("Downloading the Firestore emulator …");
  const reason = download("firestore");
  const downloaded = findOfficialFirestore();
  if (!("missing" in downloaded)) return downloaded;
  fail(
    `the Firestore emulator cannot be downloaded: ${reason ?? downloaded.missing}`,
    `Behind a proxy, set HTTPS_PROXY. Or copy it from a machine that has it, to ${downloadPath}`,
    `Or ${advice.charAt(0).toLowerCase()}${advice.slice(1)}`,
  );
}

/** Lets the Firebase CLI download it. Returns the reason if it cannot. */
function download(emulator: "firestore" | "ui"): string | undefined {
  const setup = spawnSync(firebase, [`setup:emulators:${emulator}`], { cwd: functions, encoding: "utf8" });
  if (setup.status === 0 && existsSync(downloadPathOf(emulator))) return undefined;
  return setup.stdout?.match(/Error: (.*)/)?.[1] ?? "the Firebase CLI does not say why";
}

function fail(...lines: string[]): never {
  const advice = "`npm start` and `npm test` need neither Java nor a download: they run the same functions.";
  throw new Error(`the Emulator Suite cannot start: ${[...lines, advice].join("\n")}`);
}

await main(command);
