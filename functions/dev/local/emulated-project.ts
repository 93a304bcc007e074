/** Makes projects for the Emulator Suite that differ from this one in their configuration. */

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
import { dirname, join } from "node:path";

/** As in `test/hooks.ts`: tests that send much share an instance. */
const TEST_SETTINGS = "MAX_EVENTS_PER_SECOND=0\n";

const project = join(import.meta.dirname, "../../..");
const firebaseJson = JSON.parse(readFileSync(join(project, "firebase.json"), "utf8"));

/**
 * Makes the project of the tests. The Firebase CLI takes settings from `.env` files only, asks for those that are in none, and
 * writes the answers beside the functions. Here each has its default, and the operator's are neither read nor written. Returns
 * the path of its `firebase.json`.
 */
export function createTestProject(): string {
  const functions = firebaseJson.functions.map((source: { ignore: string[] }) => ({
    ...source,
    configDir: "settings",
    ignore: [...source.ignore, "lib"], // The emulator would load the functions anew when a test builds the page.
  }));
  const path = createProject({ functions });
  const settings = join(dirname(path), "settings");
  mkdirSync(settings);
  copyFileSync(join(project, "functions/.env.example"), join(settings, ".env"));
  writeFileSync(join(settings, ".env.local"), TEST_SETTINGS);
  return path;
}

/** Makes this project without the suite's UI. Returns the path of its `firebase.json`. */
export function createProjectWithoutUi(): string {
  return createProject({ emulators: { ...firebaseJson.emulators, ui: { enabled: false } } });
}

/** Makes a project on the functions of this one. It lives as long as this process. */
function createProject(changes: object): string {
  const folder = mkdtempSync(join(tmpdir(), "emulated-project-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  for (const file of [".firebaserc", "firestore.rules", "firestore.indexes.json"]) {
    copyFileSync(join(project, file), join(folder, file));
  }
  symlinkSync(join(project, "functions"), join(folder, "functions"), "dir");
  const path = join(folder, "firebase.json");
  writeFileSync(path, JSON.stringify({ ...firebaseJson, ...changes }));
  return path;
}
