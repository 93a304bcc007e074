/** Makes the project that the Emulator Suite runs for the tests. */

import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** As in `test/hooks.ts`: tests that send much share an instance. */
const SETTINGS = "MAX_EVENTS_PER_SECOND=0\n";

const project = join(import.meta.dirname, "../../..");

/**
 * Makes a project of its own on the functions of this one. The Firebase CLI takes settings from `.env` files only, asks for
 * those that are in none, and writes the answers beside the functions: here each has its default, and the operator's are
 * neither read nor written. Returns the path of its `firebase.json`; it lives as long as this process.
 */
export function createTestProject(): string {
  const folder = mkdtempSync(join(tmpdir(), "test-project-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  for (const file of [".firebaserc", "firestore.rules", "firestore.indexes.json"]) {
    copyFileSync(join(project, file), join(folder, file));
  }
  symlinkSync(join(project, "functions"), join(folder, "functions"), "dir");

  const settings = join(folder, "settings");
  mkdirSync(settings);
  copyFileSync(join(project, "functions/.env.example"), join(settings, ".env"));
  writeFileSync(join(settings, ".env.local"), SETTINGS);

  const config = JSON.parse(readFileSync(join(project, "firebase.json"), "utf8"));
  const path = join(folder, "firebase.json");
  const withSettings = config.functions.map((source: object) => ({ ...source, configDir: "settings" }));
  writeFileSync(path, JSON.stringify({ ...config, functions: withSettings }));
  return path;
}
