/** Gives a tool its world: a Firestore, a terminal to print to, somebody to ask. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import net from "node:net";
import { createInterface } from "node:readline/promises";
import { SingleBar } from "cli-progress";
import { applicationDefault, type Credential, initializeApp } from "firebase-admin/app";
import type { Firestore } from "firebase-admin/firestore";
import { connectFirestore } from "../../src/firestore/connection.ts";

/** A fault that the operator can put right. It is shown as it is, with exit code 2. */
export class UsageError extends Error {}

export interface Session {
  /**
   * The Firestore of a project, by Application Default Credentials; the emulator's if `FIRESTORE_EMULATOR_HOST` is set.
   * Throws a `UsageError` that says what is missing.
   */
  firestore(project: string | undefined): Promise<Firestore>;
  /** Whether that Firestore is the emulator, where a change needs no question. */
  isEmulator: boolean;
  /** Prints a result. */
  print(text: string): void;
  /** Prints what went wrong. */
  complain(text: string): void;
  /** Asks before something changes, unless `agreed`. Throws a `UsageError` where nobody can answer. */
  confirm(question: string, agreed: boolean): Promise<boolean>;
  /** Begins a progress bar of `total` steps; nothing is shown where nobody watches. */
  progress(total: number): Progress;
}

export interface Progress {
  advance(steps: number): void;
  stop(): void;
}

/** As the Admin SDK understands it: an empty value means production. */
const emulatorHost = process.env.FIRESTORE_EMULATOR_HOST || undefined;

/** The session of this process. */
export const terminal: Session = {
  firestore: connect,
  isEmulator: emulatorHost !== undefined,
  print: (text) => console.log(text),
  complain: (text) => console.error(text),
  async confirm(question, agreed) {
    if (agreed) return true;
    if (!process.stdin.isTTY) {
      throw new UsageError(
        `${question} Nobody can be asked here, so nothing was done. Add -- --yes to agree.`,
      );
    }
    const dialogue = createInterface({ input: process.stdin, output: process.stderr });
    // Rejects on Ctrl-C and Ctrl-D.
    const answer = await dialogue.question(`${question} [y/N] `).catch(() => "");
    dialogue.close();
    const agrees = /^y(es)?$/i.test(answer.trim());
    if (!agrees) console.error("Nothing was done.");
    return agrees;
  },
  progress(total) {
    const bar = new SingleBar({
      format: "{bar} {percentage}% | {value} of {total} | {eta_formatted} left",
      stream: process.stderr,
      clearOnComplete: true,
      etaBuffer: 100,
    });
    bar.start(total, 0);
    return { advance: (steps) => bar.increment(steps), stop: () => bar.stop() };
  },
};

async function connect(project: string | undefined): Promise<Firestore> {
  const named = project || process.env.GOOGLE_CLOUD_PROJECT || undefined;
  if (emulatorHost !== undefined) {
    await reachEmulator(emulatorHost);
    return connectFirestore(initializeApp({ projectId: named ?? defaultProject() }));
  }
  if (named === undefined) {
    throw new UsageError(
      "No project. Name it with --project ID or GOOGLE_CLOUD_PROJECT, " +
        "or set FIRESTORE_EMULATOR_HOST (127.0.0.1:8080) for the emulator.",
    );
  }
  return connectFirestore(initializeApp({ projectId: named, credential: await usableCredential() }));
}

async function usableCredential(): Promise<Credential> {
  try {
    const credential = applicationDefault();
    await credential.getAccessToken();
    return credential;
  } catch {
    throw new UsageError(
      "No Google credentials that work. Run `gcloud auth application-default login`, " +
        "or set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account.",
    );
  }
}

/** The Admin SDK waits for an absent emulator for minutes; this does not. */
async function reachEmulator(address: string): Promise<void> {
  try {
    const { hostname, port } = new URL(`http://${address}`);
    const socket = net.connect(Number(port), hostname.replace(/^\[|\]$/g, ""));
    await once(socket, "connect", { signal: AbortSignal.timeout(5_000) }).finally(() => socket.destroy());
  } catch {
    throw new UsageError(
      `Nothing answers at FIRESTORE_EMULATOR_HOST=${address}. Start it: npm run emulators`,
    );
  }
}

/** The project that the emulators of this repository run as. */
function defaultProject(): string {
  return JSON.parse(readFileSync(new URL("../../../.firebaserc", import.meta.url), "utf8")).projects.default;
}
