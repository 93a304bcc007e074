/** Reads the settings of a deployment where `firebase deploy` will read them, so that it asks for none and finds none wrong. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { declaredParams } from "firebase-functions/params";
import { readSettings, SettingError, type Settings } from "../../../src/settings.ts";
import { type ChosenProject, type FirebaseCli, root } from "./firebase-cli.ts";

const functions = join(root, "functions");

/** Reads `functions/.env` and that of the project. Throws an error that says which setting is missing or wrong. */
export function readEnvironment(cli: FirebaseCli, { id, alias }: ChosenProject): Settings {
  const names = [".env", `.env.${id}`, ...(alias ? [`.env.${alias}`] : [])];
  const files = names.filter((name) => existsSync(join(functions, name)));
  if (files.length === 0) {
    throw new Error(
      "there are no settings yet. Copy functions/.env.example to functions/.env, and set REGION and APP_IDS there.",
    );
  }
  const env = cli.env.loadUserEnvs({
    functionsSource: functions,
    projectDir: root,
    projectId: id,
    projectAlias: alias,
  });
  const where = files.map((name) => `functions/${name}`).join(" or ");
  const missing = declaredParams.map(({ name }) => name).filter((name) => env[name] === undefined);
  if (missing.length > 0) {
    throw new Error(
      `settings are missing in ${where}. Add these lines, and change what should differ:\n${examples(missing)}`,
    );
  }
  try {
    return readSettings(env);
  } catch (error) {
    throw error instanceof SettingError ? new Error(`a wrong setting in ${where}. ${error.message}`) : error;
  }
}

/** The lines of these settings in `.env.example`, with their comments. */
function examples(names: string[]): string {
  const blocks = readFileSync(join(functions, ".env.example"), "utf8").split("\n\n");
  return blocks.filter((block) => names.some((name) => block.includes(`\n${name}=`))).join("\n");
}
