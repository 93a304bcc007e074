/**
 * The Firebase CLI: the command, and the parts with which a deployment looks at a project. Those are not public, so the version of
 * `firebase-tools` is fixed, and `test/tools/deploy` runs each against a stand-in for Google.
 */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { UsageError } from "../session.ts";

/** The folder of `firebase.json`. */
export const root = join(import.meta.dirname, "../../../..");

/** The project that a command of the CLI works on. */
export interface ChosenProject {
  id: string;
  /** Its name in `.firebaserc`, if it was chosen by that: `functions/.env.{alias}` holds for it. */
  alias: string | undefined;
}

interface CommandOptions {
  cwd: string;
  project?: string;
  projectId?: string;
  projectAlias?: string;
}

/** A function as it is deployed. */
export interface DeployedFunction {
  id: string;
  region: string;
  codebase: string;
  environmentVariables?: Record<string, string>;
  /** Its e-mail address. */
  serviceAccount?: string | null;
}

export interface Database {
  locationId: string;
  type: string;
  databaseEdition?: string;
}

/** An index or a field of Firestore's API, of which only the CLI reads more. */
export interface Named {
  name: string;
}

export interface FirebaseCli {
  Command: new (
    name: string,
  ) => { action(run: () => void): { runner(): (options: CommandOptions) => Promise<void> } };
  requireAuth(options: CommandOptions): Promise<unknown>;
  FirestoreApi: new () => {
    getDatabase(project: string, database: string): Promise<Database>;
    listIndexes(project: string, database: string): Promise<Named[]>;
    listFieldOverrides(project: string, database: string): Promise<Named[]>;
    indexMatchesSpec(index: Named, spec: unknown, edition: string): boolean;
    fieldMatchesSpec(field: Named, spec: unknown): boolean;
  };
  rules: {
    listAllReleases(project: string): Promise<{ name: string; rulesetName: string }[]>;
    getRulesetContent(ruleset: string): Promise<{ content: string }[]>;
  };
  backend: {
    existingBackend(context: { projectId: string }): Promise<unknown>;
    allEndpoints(backend: unknown): DeployedFunction[];
  };
  env: {
    loadUserEnvs(options: {
      functionsSource: string;
      projectDir: string;
      projectId: string;
      projectAlias?: string | undefined;
    }): Record<string, string>;
  };
}

/** Loads them, which takes a second. */
export function firebaseCli(): FirebaseCli {
  const load = createRequire(import.meta.url);
  return {
    Command: load("firebase-tools/lib/command.js").Command,
    requireAuth: load("firebase-tools/lib/requireAuth.js").requireAuth,
    FirestoreApi: load("firebase-tools/lib/firestore/api.js").FirestoreApi,
    rules: load("firebase-tools/lib/gcp/rules.js"),
    backend: load("firebase-tools/lib/deploy/functions/backend.js"),
    env: load("firebase-tools/lib/functions/env.js"),
  };
}

/**
 * The project that the CLI would take: the one given, or the one of `firebase use`. Signs in with the CLI's account. Throws a
 * `UsageError` where only the placeholder of `.firebaserc` is left, and the CLI's error where nobody is signed in.
 */
export async function chooseProject(cli: FirebaseCli, given: string | undefined): Promise<ChosenProject> {
  const options: CommandOptions = { cwd: root, ...(given && { project: given }) };
  await new cli.Command("deploy").action(() => {}).runner()(options); // It completes the options.
  const { projectId: id, projectAlias: alias } = options;
  if (id === undefined || id.startsWith("demo-")) {
    const reason = given
      ? `${given} is a name for emulators`
      : "only the placeholder of .firebaserc is there";
    throw new UsageError(
      `No project is chosen: ${reason}. ` +
        "Choose yours with `npx --prefix functions firebase use PROJECT`, or name it with --project.",
    );
  }
  await cli.requireAuth(options);
  return { id, alias };
}

/** An error of the CLI: its message may say little, and wrap what Google answered. */
interface CliError extends Error {
  original?: Error;
  children?: Error[];
}

/** The error and those that it wraps, outermost first. */
export function reasonsOf(error: unknown): Error[] {
  if (!(error instanceof Error)) return [];
  const { original, children = [] }: CliError = error;
  return [error, ...[...(original ? [original] : []), ...children].flatMap(reasonsOf)];
}

/** What the CLI has to say, without the colours that it uses. */
export function sayReasons(error: unknown): string {
  const messages = reasonsOf(error).map(({ message }) => stripVTControlCharacters(message).trim());
  return [...new Set(messages.filter(Boolean))].join("\n") || String(error);
}

/** Runs `firebase deploy` in this terminal. Answers whether it succeeded. */
export async function firebaseDeploy({ id, alias }: ChosenProject, ...flags: string[]): Promise<boolean> {
  const firebase = join(root, "functions/node_modules/.bin/firebase");
  const args = ["deploy", "--project", alias ?? id, ...flags];
  const child = spawn(firebase, args, { cwd: root, stdio: "inherit" });
  const [code] = await once(child, "exit");
  return code === 0;
}
