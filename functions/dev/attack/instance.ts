/** Starts the process that is attacked, and asks it questions. */

import { fork } from "node:child_process";
import { once } from "node:events";
import type { Memory } from "../local/framework.ts";

/** The message of `serve.ts` when it is ready: the URL of `stats`, and the one before `/documents/`. */
export interface Started {
  statsUrl: string;
  documents: string;
}

/** `measure` empties the database and measures the memory of `stats`; `audit` compares what is stored with what is counted. */
export type Question = "measure" | "audit";

/** Nothing where the system does not say. */
export type Measurement = Memory | undefined;

export interface Audit {
  /** The `custom_id` of every stored event. */
  stored: string[];
  /** The number of stored events that are not marked counted. */
  uncounted: number;
  /** Counters that are not the number of their events, in words. */
  wrongCounters: string[];
}

export interface Instance extends Started {
  /** Asks once all triggers have been delivered. */
  measure(): Promise<Measurement>;
  audit(): Promise<Audit>;
  stop(): void;
}

export interface InstanceOptions {
  /** The number of requests that are admitted at once; the others get 429. All are, if this is not given. */
  admitted?: number;
  /** The share of Firestore's calls that fail. */
  faultRate?: number;
  /** Called if the process ends by itself, with what it said last. */
  onDeath(lastWords: string): void;
}

/** Starts `stats` in a process with the function's memory, and Firestore with the other functions in another, on 127.0.0.1. */
export async function startInstance({ admitted, faultRate, onDeath }: InstanceOptions): Promise<Instance> {
  const child = fork(new URL("serve.ts", import.meta.url), {
    execArgv: [],
    env: { ...process.env, ADMITTED: String(admitted ?? 0), FAULT_RATE: String(faultRate ?? 0) },
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let lastWords = "";
  child.stderr?.on("data", (text) => {
    lastWords = (lastWords + text).slice(-2_000);
  });
  let stopped = false;
  const death = once(child, "exit").then(() => {
    if (!stopped) onDeath(lastWords);
    throw new Error(`The server has ended.\n${lastWords}`);
  });
  death.catch(() => {});
  const answer = async () => (await Promise.race([once(child, "message"), death]))[0];
  const ask = (question: Question) => {
    child.send(question);
    return answer();
  };
  const started: Started = await answer();
  return {
    ...started,
    measure: () => ask("measure"),
    audit: () => ask("audit"),
    stop() {
      stopped = true;
      child.disconnect(); // It ends then, and ends what it has started.
    },
  };
}
