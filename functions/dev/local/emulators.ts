/** `npm run emulators` and `npm run test:emulators`: the official Emulator Suite, or what is missing for it. */

import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { type Command, ExitCode, flag, main } from "../../tools/lib/command.ts";

const MIN_JAVA = 21;

const functions = join(import.meta.dirname, "../..");
const firebase = join(functions, "node_modules/.bin/firebase");

const options = z.object({ test: flag("run the tests on it, and end") });

const command: Command<typeof options> = {
  name: "emulators",
  summary: "Starts the official Emulator Suite with the functions, or says what is missing for it.",
  example: "--test",
  options,
  async run({ test }) {
    requireJava();
    requireFirestoreEmulator();
    execFileSync("npm", ["run", "build"], { cwd: functions, stdio: "inherit" });
    const args = test ? ["emulators:exec", "mocha"] : ["emulators:start"];
    const suite = spawn(firebase, args, { cwd: functions, stdio: "inherit" });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => {}); // The suite ends, then this.
    const [code] = await once(suite, "exit");
    return code === 0 ? ExitCode.done : ExitCode.failed;
  },
};

function requireJava(): void {
  const { error, stderr } = spawnSync("java", ["-version"], { encoding: "utf8" });
  const version = Number(stderr?.match(/version "(\d+)/)?.[1]);
  if (version >= MIN_JAVA) return;
  const found = error
    ? "there is none on the PATH"
    : `the one on the PATH is ${version || "of an unknown version"}`;
  fail(
    `the Firestore emulator needs Java ${MIN_JAVA} or later, and ${found}.`,
    `Install it (https://adoptium.net), and see that \`java -version\` shows it.`,
  );
}

/** The emulator is a download of 130 MB, once per version of the Firebase CLI. */
function requireFirestoreEmulator(): void {
  const { getDownloadDetails } = createRequire(import.meta.url)(
    "firebase-tools/lib/emulator/downloadableEmulators.js",
  );
  const { downloadPath } = getDownloadDetails("firestore");
  if (existsSync(downloadPath)) return;
  console.log("Downloading the Firestore emulator …");
  const { status, stdout } = spawnSync(firebase, ["setup:emulators:firestore"], {
    cwd: functions,
    encoding: "utf8",
  });
  if (status === 0 && existsSync(downloadPath)) return;
  const reason = stdout?.match(/Error: (.*)/)?.[1] ?? "the Firebase CLI does not say why";
  fail(
    `the Firestore emulator cannot be downloaded: ${reason}`,
    `Behind a proxy, set HTTPS_PROXY. Or copy it from a machine that has it, to ${downloadPath}`,
  );
}

function fail(...lines: string[]): never {
  const advice = "`npm start` and `npm test` need neither Java nor a download: they run the same functions.";
  throw new Error(`the Emulator Suite cannot start: ${[...lines, advice].join("\n")}`);
}

await main(command);
