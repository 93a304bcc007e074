/** Somebody at a terminal, who reads questions and types answers. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";

/** Whether this machine can run a command in a terminal that nobody sees: `script` of util-linux can. */
export const hasTerminal = /util-linux/.test(
  spawnSync("script", ["--version"], { encoding: "utf8" }).stdout ?? "",
);

/** For how long a command may show nothing before it is given up. */
const PATIENCE_MILLISECONDS = 60_000;

/** Texts to wait for, one after the other, and what is typed at each. */
export type Dialogue = readonly (readonly [question: string, typed: string])[];

/**
 * Runs a command in a terminal, and types each answer when its question is shown. Resolves with all that was shown, without
 * colours, when the command has ended. Rejects where it does not ask.
 */
export async function inTerminal(
  command: string,
  { cwd, env }: { cwd: string; env: NodeJS.ProcessEnv },
  dialogue: Dialogue,
): Promise<{ exitCode: number | null; shown: string }> {
  // `exec`, since some shells stay beside the command, die of its Ctrl-C and end with 130 in its place.
  const run = ["--command", `exec ${command}`, "/dev/null"];
  const child = spawn("script", ["--quiet", "--flush", "--return", ...run], {
    cwd,
    env: { ...env, TERM: "xterm", COLUMNS: "200", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "ignore"],
    detached: true, // So that it can be ended with all that it has started.
  });
  const ended = once(child, "close").then(([exitCode]) => exitCode as number | null);
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const shown = () => stripVTControlCharacters(output);

  let seen = 0;
  async function answer(question: string, typed: string): Promise<void> {
    while (!shown().slice(seen).includes(question)) {
      const more = once(child.stdout, "data", { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
      const goesOn = await Promise.race([more, ended.then(() => false)]).catch(() => false);
      if (!goesOn) throw new Error(`It did not ask "${question}":\n${shown().slice(seen)}`);
    }
    seen = shown().length;
    child.stdin.write(typed);
  }

  try {
    for (const [question, typed] of dialogue) await answer(question, typed);
    return { exitCode: await ended, shown: shown() };
  } finally {
    if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
  }
}
