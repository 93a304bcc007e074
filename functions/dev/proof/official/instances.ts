/** Runs several instances of a trigger, any of which may be killed, and another takes its place. */

import { once } from "node:events";
import { setTimeout as sleep } from "node:timers/promises";
import { addTo } from "../../../tools/lib/tally.ts";
import { type FunctionProcess, startFunction } from "../../local/framework.ts";

/** It takes a moment until another instance is started for one that died. */
const NOTICED_MILLISECONDS = 500;

/** The Admin SDK tells how each of its calls ends, then. */
const trace = { GRPC_VERBOSITY: "DEBUG", GRPC_TRACE: "subchannel_call" };
const ENDED = /ended with status: code=(\d+)/g;

export interface Instances {
  /** The URLs of the instances, in turn. One that was killed is among them until another has taken its place. */
  nextUrl(): string;
  /** Kills the instance that has lived longest, as `kill -9` does. Resolves when another has taken its place. */
  killOne(): Promise<void>;
  /** The calls that Firestore refused or did not answer, by gRPC status; also those of instances that were killed. */
  refusedCalls(): Map<number, number>;
}

/** Starts so many instances of a trigger. They end with this process. */
export async function startInstances(
  target: string,
  number: number,
  env: Record<string, string>,
): Promise<Instances> {
  const start = () => startFunction(target, { ...env, ...trace }, "cloudevent");
  const living = await Promise.all(Array.from({ length: number }, start));
  const all = [...living];
  let turn = 0;
  return {
    nextUrl: () => instanceAt(living, turn++ % number).url,
    async killOne() {
      const { child } = instanceAt(living, 0);
      const dead = once(child, "exit");
      child.kill("SIGKILL");
      await dead;
      await sleep(NOTICED_MILLISECONDS);
      const successor = await start();
      all.push(successor);
      living.shift();
      living.push(successor);
    },
    refusedCalls() {
      const refused = new Map<number, number>();
      for (const { output } of all) {
        for (const [, code] of output().matchAll(ENDED)) if (code !== "0") addTo(refused, Number(code), 1);
      }
      return refused;
    },
  };
}

function instanceAt(instances: readonly FunctionProcess[], index: number): FunctionProcess {
  const instance = instances[index];
  if (!instance) throw new Error(`expected an instance at ${index}, got none`);
  return instance;
}
