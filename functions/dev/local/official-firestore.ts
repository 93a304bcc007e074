/** Finds the official Firestore emulator on this machine, and a Java that runs it. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const MIN_JAVA = 21;

/** The class that the Cloud CLI's command `cloud_firestore_emulator` runs. */
const MAIN_CLASS = "com.google.cloud.datastore.emulator.firestore.CloudFirestore";

export interface OfficialFirestore {
  /** The path of a `java` that is new enough. */
  java: string;
  /** What it runs: `java -jar {jar} --host 127.0.0.1 --port {port}`. */
  jar: string;
}

/** Why the emulator cannot run here, in a line, and what to do about it. */
export interface Missing {
  missing: string;
  advice: string;
  /** Where the Firebase CLI would download the emulator to, if that is all that is missing. */
  downloadPath?: string;
}

const INSTALL_COMPONENT =
  "Install the Cloud CLI's: `gcloud components install cloud-firestore-emulator`, or the Debian package " +
  "google-cloud-cli-firestore-emulator.";

/**
 * Finds the emulator: the one that `FIRESTORE_EMULATOR_BINARY_PATH` names, else the Firebase CLI's download, else the Cloud
 * CLI's component. Downloads nothing.
 */
export function findOfficialFirestore(): OfficialFirestore | Missing {
  const found = findJava();
  if ("missing" in found) return found;
  const { java } = found;
  const named = process.env.FIRESTORE_EMULATOR_BINARY_PATH;
  if (named) {
    if (existsSync(named)) return { java, jar: named };
    const missing = `the Firestore emulator is not where FIRESTORE_EMULATOR_BINARY_PATH says: there is no ${named}`;
    return { missing, advice: "Set it to the path of a jar, or unset it." };
  }
  const downloadPath = downloadPathOf("firestore");
  if (existsSync(downloadPath)) return { java, jar: downloadPath };
  const component = findComponent();
  if (component) return runnable(component, java);
  const missing = "the Firestore emulator is neither downloaded nor a component of the Cloud CLI";
  return { missing, advice: INSTALL_COMPONENT, downloadPath };
}

/** The variables with which the Firebase CLI runs this emulator by this Java. */
export function emulatorEnvironment({ java, jar }: OfficialFirestore): Record<string, string> {
  return {
    PATH: [dirname(java), process.env.PATH].join(delimiter),
    FIRESTORE_EMULATOR_BINARY_PATH: jar,
  };
}

/** Looks where `JAVA_HOME` points, at the `java` on the PATH, and at what is installed beside that one. */
function findJava(): { java: string } | Missing {
  const { JAVA_HOME, PATH = "" } = process.env;
  const onPath = PATH.split(delimiter)
    .map((folder) => join(folder, "java"))
    .find(existsSync);
  const candidates = [
    ...(JAVA_HOME ? [join(JAVA_HOME, "bin/java")] : []),
    ...(onPath ? [onPath, ...neighbours(onPath)] : []),
  ];
  const java = candidates.find((candidate) => versionOf(candidate) >= MIN_JAVA);
  if (java) return { java: realpathSync(java) };
  const found = onPath
    ? `the one on the PATH is ${versionOf(onPath) || "of an unknown version"}`
    : "there is none on the PATH";
  return {
    missing: `the Firestore emulator needs Java ${MIN_JAVA} or later, and ${found}`,
    advice: "Install it (https://adoptium.net), and see that `java -version` shows it.",
  };
}

/** Systems install each version of Java in a folder of its own, side by side, and put one of them on the PATH. */
function neighbours(java: string): string[] {
  const home = dirname(dirname(realpathSync(java)));
  const homes = readdirSync(dirname(home)).map((name) => join(dirname(home), name, "bin/java"));
  return homes.filter(existsSync);
}

/** The major version; 0 where it does not say. */
function versionOf(java: string): number {
  const { stderr } = spawnSync(java, ["-version"], { encoding: "utf8" });
  return Number(stderr?.match(/version "(\d+)/)?.[1] ?? 0);
}

/** Where the Firebase CLI has its downloads: one of 130 MB for Firestore and one for the UI, once per version of the CLI. */
export function downloadPathOf(emulator: "firestore" | "ui"): string {
  const emulators = "firebase-tools/lib/emulator/downloadableEmulators.js";
  const { getDownloadDetails } = createRequire(import.meta.url)(emulators);
  return getDownloadDetails(emulator).downloadPath;
}

/** The jar of the Cloud CLI's component, where it is installed. */
function findComponent(): string | undefined {
  const { stdout } = spawnSync("gcloud", ["info", "--format=value(installation.sdk_root)"], {
    encoding: "utf8",
  });
  const root = stdout?.trim();
  if (!root) return undefined;
  const jar = join(root, "platform/cloud-firestore-emulator/cloud-firestore-emulator.jar");
  return existsSync(jar) ? jar : undefined;
}

/** The component names no main class, as `java -jar` wants it: a jar that points to it does. It lives as long as this process. */
function runnable(component: string, java: string): OfficialFirestore | Missing {
  const folder = mkdtempSync(join(tmpdir(), "official-firestore-"));
  process.once("exit", () => rmSync(folder, { recursive: true }));
  const manifest = join(folder, "manifest");
  const jar = join(folder, "cloud-firestore-emulator.jar");
  writeFileSync(manifest, `Main-Class: ${MAIN_CLASS}\nClass-Path: ${pathToFileURL(component).href}\n`);
  const { status } = spawnSync(join(dirname(java), "jar"), ["cfm", jar, manifest]);
  if (status === 0) return { java, jar };
  const missing = `the Firestore emulator of the Cloud CLI needs a whole JDK, and there is no \`jar\` beside ${java}`;
  return { missing, advice: "Install a JDK (https://adoptium.net) instead of a JRE." };
}
