/** Runs one function in a process of its own, as an instance of Cloud Functions runs it. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { delimiter, dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { listen } from "./listen.ts";

/** The memory that `index.ts` asks for. */
export const MEMORY_MEBIBYTES = 512;

/** Google's buildpack leaves 64 MiB for what is not V8's heap. */
const HEAP_MEBIBYTES = MEMORY_MEBIBYTES - 64;

const START_MILLISECONDS = 30_000;

const functions = join(import.meta.dirname, "../..");

export interface Memory {
  now: number;
  peak: number;
}

export interface FunctionProcess {
  /** `http://127.0.0.1:{port}/` */
  url: string;
  /** Everything that it has printed until now. */
  output(): string;
  /**
   * The memory that it holds and the most that it has held, in bytes; nothing where the system does not say (Linux
   * does).
   */
  memory(): Memory | undefined;
  /** The CPU time of all its threads since it started, in milliseconds; nothing where the system does not say. */
  cpu(): number | undefined;
  child: ChildProcess;
}

type Signature = "http" | "cloudevent";

/**
 * Starts a function of the build in a process of its own. Resolves when it answers. `env` holds the operator's
 * settings, and the address of Firestore. A trigger is served as `cloudevent`.
 */
export async function startFunction(
  target: string,
  env: Record<string, string>,
  signature: Signature = "http",
  source = functions,
): Promise<FunctionProcess> {
  const started = spawnFunction(target, await freePort(), env, signature, source);
  const until = Date.now() + START_MILLISECONDS;
  while (!(await answers(started.url))) {
    if (started.child.exitCode !== null || Date.now() > until)
      throw new Error(`${target} did not start:\n${started.output()}`);
    await sleep(25);
  }
  return started;
}

/**
 * Starts the Functions Framework on the build in `lib/` as Google's buildpack does: by its command, with the
 * function's name in `FUNCTION_TARGET` and a heap that fits into the function's memory. It ends with this process.
 */
export function spawnFunction(
  target: string,
  port: number,
  env: Record<string, string>,
  signature: Signature,
  source = functions,
): FunctionProcess {
  const child = spawn(join(source, "node_modules/.bin/functions-framework"), {
    cwd: source,
    env: {
      PATH: [dirname(process.execPath), process.env.PATH].join(delimiter),
      HOME: process.env.HOME,
      NODE_ENV: "production",
      NODE_OPTIONS: `--max-old-space-size=${HEAP_MEBIBYTES}`,
      FUNCTION_TARGET: target,
      FUNCTION_SIGNATURE_TYPE: signature,
      PORT: String(port),
      METADATA_SERVER_DETECTION: "none", // Google's libraries would ask another machine who they are.
      ...env,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    output: () => output,
    memory: () => memory(child.pid),
    cpu: () => cpu(child.pid),
    child,
  };
}

/** A port that nothing listens to. */
export async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listen(server);
  await new Promise((closed) => server.close(closed));
  return port;
}

async function answers(url: string): Promise<boolean> {
  try {
    await (await fetch(url)).arrayBuffer();
    return true;
  } catch {
    return false;
  }
}

function memory(pid: number | undefined): Memory | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    const bytes = (name: string) =>
      Number(status.match(new RegExp(`^${name}:\\s+(\\d+) kB`, "m"))?.[1]) * 1024;
    return { now: bytes("VmRSS"), peak: bytes("VmHWM") };
  } catch {
    return undefined;
  }
}

/** Linux counts CPU time in hundredths of a second, whatever the machine. */
const TICK_MILLISECONDS = 10;

function cpu(pid: number | undefined): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // Field 2, the name, is in parentheses and may hold spaces; utime and stime are fields 14 and 15.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return (Number(fields[11]) + Number(fields[12])) * TICK_MILLISECONDS;
  } catch {
    return undefined;
  }
}
