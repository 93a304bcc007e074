/**
 * Runs the official Firestore emulator in a process of its own, which can be stopped for a while. It tells of created documents as
 * Eventarc does.
 */

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import http from "node:http";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { buffer } from "node:stream/consumers";
import { freePort } from "../../local/framework.ts";
import { listen } from "../../local/listen.ts";
import type { OfficialFirestore } from "../../local/official-firestore.ts";
import { projectId } from "../../local/stack.ts";
import type { EventarcMessage } from "../../testing/eventarc.ts";

/** What it prints when it takes calls. */
const READY = "Dev App Server is now running";

export interface RunningFirestore {
  /** For `FIRESTORE_EMULATOR_HOST`. */
  host: string;
  /** Calls `onMessage` once for each document that is created in a collection from now on. */
  onCreated(collection: string, onMessage: (message: EventarcMessage) => void): Promise<void>;
  /** Stops its process: connections stay open, and nothing is answered. What it holds, it keeps. */
  pause(): void;
  resume(): void;
}

/** Starts it, empty, on a port of its own. It ends with this process. */
export async function runOfficialFirestore({ java, jar }: OfficialFirestore): Promise<RunningFirestore> {
  const listeners = new Map<string, (message: EventarcMessage) => void>();
  const receiver = http.createServer(async (request, response) => {
    const collection = request.url?.split("/").at(-1) ?? "";
    const message = await messageOf(request);
    response.end();
    listeners.get(collection)?.(message);
  });
  const host = `127.0.0.1:${await freePort()}`;
  const [address = "", port = ""] = host.split(":");
  const told = ["--functions_emulator", `127.0.0.1:${await listen(receiver)}`];
  const child = spawn(java, ["-jar", jar, "--host", address, "--port", port, ...told], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  await isReady(child);
  return {
    host,
    async onCreated(collection, onMessage) {
      listeners.set(collection, onMessage);
      // As the Functions emulator asks it to tell of triggers. The id is the end of the path that is called.
      const url = `http://${host}/emulator/v1/projects/${projectId}/eventarcTrigger?eventarcTriggerId=${collection}`;
      const { status } = await fetch(url, {
        method: "POST",
        body: JSON.stringify({
          eventType: "google.cloud.firestore.document.v1.created",
          database: "(default)",
          namespace: "(default)",
          document: { value: `${collection}/{id}`, matchType: "PATH_PATTERN" },
        }),
      });
      if (status !== 200) throw new Error(`the emulator answers a trigger with ${status}`);
    },
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
  };
}

/** The emulator sends the document in base64, where Eventarc sends it as it is. */
async function messageOf(request: http.IncomingMessage): Promise<EventarcMessage> {
  const attributes = Object.entries(request.headers).filter(([name]) => /^(ce-|content-type$)/.test(name));
  const text = (await buffer(request)).toString("latin1");
  return {
    headers: Object.fromEntries(attributes.map(([name, value]) => [name, String(value)])),
    body: Buffer.from(text, "base64"),
  };
}

/** Resolves when it takes calls. Rejects, with what it said, if it ends before. */
async function isReady(child: ChildProcessByStdio<null, Readable, Readable>): Promise<void> {
  let complaints = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    complaints = (complaints + text).slice(-2_000);
  });
  const ready = new Promise<void>((resolve) => {
    createInterface(child.stdout).on("line", (line) => {
      if (line.includes(READY)) resolve();
    });
  });
  const ended = once(child, "exit").then(() => {
    throw new Error(`the official Firestore emulator has ended:\n${complaints}`);
  });
  ended.catch(() => {});
  await Promise.race([ready, ended]);
}
