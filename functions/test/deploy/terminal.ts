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

export interface Terminal {
  /** Waits for a text, and types an answer to it. What was there before the last answer is not looked at. */
  answer(question: string, text: string): Promise<void>;
  /** Resolves when the command has ended. */
  ended: Promise<number | null>;
  /** All that was shown, without colours. */
  shown(): string;
  /** Ends the command, if it has not ended. */
  close(): void;
}

/** Runs a command in a terminal. */
export function openTerminal(command: string, cwd: string, env: Record<string, string>): Terminal {
  const child = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
    cwd,
    env: { ...env, TERM: "xterm", COLUMNS: "200", SHELL: "/bin/sh" },
    stdio: ["pipe", "pipe", "pipe"],
    detached: true, // So that it can be ended with all that it has started.
  });
  let output = "";
  let seen = 0;
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close").then(([exitCode]) => exitCode);
  const shown = () => stripVTControlCharacters(output);
  return {
    ended,
    shown,
    async answer(question, text) {
      while (!shown().slice(seen).includes(question)) {
        const more = once(child.stdout, "data", { signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) });
        const goesOn = await Promise.race([more, ended.then(() => false)]).catch(() => false);
        if (!goesOn) throw new Error(`It did not ask "${question}":\n${shown().slice(seen)}`);
      }
      seen = shown().length;
      child.stdin.write(`${text}\r`);
    },
    close() {
      if (child.pid && child.exitCode === null) process.kill(-child.pid, "SIGKILL");
    },
  };
}
