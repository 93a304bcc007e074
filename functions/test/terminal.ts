/** Gives a command a terminal, and somebody who types. */

import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";

/** `script` of util-linux gives a process a terminal. */
export const hasTerminals = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes(
  "util-linux",
);

/** Runs Node in a terminal and types each text once its cue is shown, in order. Answers with what was shown. */
export async function inTerminal(
  args: string,
  { cwd, env, timeout = 60_000 }: { cwd: string; env: NodeJS.ProcessEnv; timeout?: number },
  dialogue: ReadonlyArray<readonly [cue: string, typed: string]>,
) {
  const started = spawn(
    "script",
    // `exec`, since some shells stay beside the command, die of its Ctrl-C and end with 130 in its place.
    ["--quiet", "--flush", "--return", "--command", `exec "${process.execPath}" ${args}`, "/dev/null"],
    { cwd, env, stdio: ["pipe", "pipe", "ignore"], timeout },
  );
  const exited = once(started, "exit");
  const turns = [...dialogue];
  let shown = "";
  let unread = 0;
  for await (const chunk of started.stdout) {
    shown += chunk;
    for (let turn = turns[0]; turn; turn = turns[0]) {
      const at = shown.indexOf(turn[0], unread);
      if (at < 0) break;
      unread = at + turn[0].length;
      started.stdin.write(turn[1]);
      turns.shift();
    }
  }
  const [exitCode] = await exited;
  return { exitCode, shown };
}
