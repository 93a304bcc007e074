/** A clone of this repository, in which an operator runs the Firebase CLI against a stand-in for Google's APIs. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Google, Request } from "../../dev/google/stand-in.ts";

const repository = join(import.meta.dirname, "../../..");

/** What git does not track, or what a deployment has no use for. */
const LEFT_OUT = /\/functions\/(node_modules|lib|test|\.env(\..+)?)$/;

/** A run of the CLI that has ended. */
export interface Run {
  exitCode: number | null;
  /** What it printed. */
  output: string;
  /** What it sent, in order. */
  requests: Request[];
}

export interface Clone {
  /** The folder of `firebase.json`. */
  root: string;
  /** The folder of the functions in it. */
  functions: string;
  /** Runs the CLI until it ends. Nobody is there to answer questions. */
  firebase(google: Google, ...args: string[]): Promise<Run>;
  /** Deploys without questions. */
  deploy(google: Google, ...args: string[]): Promise<Run>;
  remove(): Promise<void>;
}

/**
 * Makes a clone in which `.env` holds the settings of `.env.example`, except those given. Its path is as awkward as paths
 * get: it has a space, and the names of folders of ours.
 */
export async function createClone(settings: Record<string, string> = {}): Promise<Clone> {
  const folder = await mkdtemp(join(tmpdir(), "clone-"));
  const root = join(folder, "functions/lib/our clone");
  const functions = join(root, "functions");
  await mkdir(root, { recursive: true });
  for (const name of ["firebase.json", ".firebaserc", "firestore.rules", "firestore.indexes.json"]) {
    await cp(join(repository, name), join(root, name));
  }
  await cp(join(repository, "functions"), functions, {
    recursive: true,
    filter: (path) => path.endsWith(".env.example") || !LEFT_OUT.test(path.slice(repository.length)),
  });
  await symlink(join(repository, "functions/node_modules"), join(functions, "node_modules"));
  await writeSettings(functions, settings);

  async function firebase(google: Google, ...args: string[]): Promise<Run> {
    const before = google.requests.length;
    // What an operator's shell may hold is no part of what is deployed.
    const env = { ...google.env, OPERATORS_SECRET: "s3cret", STATS_TOKEN: "of-the-shell" };
    const child = spawn(join(functions, "node_modules/.bin/firebase"), args, {
      cwd: root,
      env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        output += text;
      });
    }
    const [exitCode] = await once(child, "close");
    return { exitCode, output, requests: google.requests.slice(before) };
  }

  return {
    root,
    functions,
    firebase,
    deploy: (google, ...args) =>
      firebase(google, "deploy", "--project", google.project.projectId, "--non-interactive", ...args),
    remove: () => rm(folder, { recursive: true }),
  };
}

/** Writes `.env`, with the settings of `.env.example` except those given. */
export async function writeSettings(functions: string, settings: Record<string, string>): Promise<void> {
  let text = await readFile(join(functions, ".env.example"), "utf8");
  for (const [name, value] of Object.entries(settings)) {
    text = text.replace(new RegExp(`^${name}=.*$`, "m"), `${name}=${value}`);
  }
  await writeFile(join(functions, ".env"), text);
}

/** The requests that create (POST), update (PATCH) or delete (DELETE) functions, by the name of the function. */
export function functionChanges(requests: Request[], method: string): Map<string, Request> {
  const calls = requests.filter(
    ({ api, path, method: other }) =>
      api === "cloudfunctions.googleapis.com" && other === method && !path.includes(":generateUploadUrl"),
  );
  const nameOf = ({ path }: Request) =>
    /functionId=(\w+)/.exec(path)?.[1] ?? /functions\/(\w+)/.exec(path)?.[1];
  return new Map(calls.map((call) => [nameOf(call) ?? "", call]));
}
