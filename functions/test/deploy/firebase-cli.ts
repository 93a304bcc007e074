/** The parts of the Firebase CLI that work offline: what `firebase deploy` does before it talks to Google. */

import { createRequire } from "node:module";

/** A function to deploy, as far as tests look at it. */
export interface Endpoint {
  platform: string;
  region: string[];
  maxInstances?: number | string;
  minInstances?: number | string;
}

/** The findings of discovery in a source folder. */
export interface Build {
  params: { name: string; type: string; default?: unknown; label?: string; description?: string }[];
  endpoints: Record<string, Endpoint>;
}

/** The functions that are deployed with the settings given, by region and name. */
export interface Resolved {
  backend: { endpoints: Record<string, Record<string, { maxInstances?: number; minInstances?: number }>> };
}

interface Cli {
  validator: () => { (config: unknown): boolean; errors?: unknown[] | null };
  pack: (
    projectDir: string,
    sourceDir: string,
    config: { ignore: string[] },
    additionalSources: string[],
    runtimeConfig: undefined,
    options: { exportType: "tar.gz" },
  ) => Promise<{ pathToSource: string }>;
  Delegate: new (
    projectId: string,
    projectDir: string,
    sourceDir: string,
    runtime: string,
  ) => { discoverBuild(config: object, env: Record<string, string>): Promise<Build> };
  resolveBackend: (options: {
    build: Build;
    firebaseConfig: { projectId: string };
    userEnvs: Record<string, string>;
    nonInteractive: true;
    isEmulator: false;
  }) => Promise<Resolved>;
  loadUserEnvs: (options: {
    functionsSource: string;
    configDir: string;
    projectDir: string;
    projectId: string;
  }) => Record<string, string>;
}

/** Loads them. They are not public: a new version of the CLI may have them elsewhere. */
export function firebaseCli(): Cli {
  const load = createRequire(import.meta.url);
  const deploy = "firebase-tools/lib/deploy/functions";
  return {
    validator: load("firebase-tools/lib/firebaseConfigValidate.js").getValidator,
    pack: load(`${deploy}/prepareFunctionsUpload.js`).prepareFunctionsUpload,
    Delegate: load(`${deploy}/runtimes/node/index.js`).Delegate,
    resolveBackend: load(`${deploy}/build.js`).resolveBackend,
    loadUserEnvs: load("firebase-tools/lib/functions/env.js").loadUserEnvs,
  };
}
