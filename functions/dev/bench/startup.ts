/**
 * Measures how long an instance takes to load `lib/index.js`, against a function that only imports the same parts of
 * the SDK.
 */

import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ROUNDS = 15;
const functions = new URL("../..", import.meta.url).pathname;

export interface Startup {
  /** The median, in milliseconds. */
  milliseconds: number;
  modules: number;
}

/** Loads each in processes of their own, in turn. The build must be there. */
export function startup(): { ours: Startup; sdkOnly: Startup } {
  const folder = mkdtempSync(join(functions, "lib/startup-"));
  try {
    const sdkOnly = join(folder, "sdk-only.js");
    writeFileSync(sdkOnly, `${sdkImports().join("\n")}\ninitializeApp();\n`);
    const ours = join(functions, "lib/index.js");
    const rounds = Array.from({ length: ROUNDS }, () => ({ ours: load(ours), sdkOnly: load(sdkOnly) }));
    return {
      ours: median(rounds.map((round) => round.ours)),
      sdkOnly: median(rounds.map((round) => round.sdkOnly)),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The imports of the SDK in the build, each entry point once. */
function sdkImports(): string[] {
  const sources = readdirSync(join(functions, "lib"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".js") && !file.startsWith("startup-"))
    .map((file) => readFileSync(join(functions, "lib", file), "utf8"));
  const imported = sources.flatMap((source) => [
    ...source.matchAll(/^import .* from ("firebase-[^"]+");$/gm),
  ]);
  const entryPoints = new Set(imported.map(([, entryPoint]) => entryPoint));
  return [
    'import { initializeApp } from "firebase-admin/app";',
    ...[...entryPoints].map((entryPoint) => `import ${entryPoint};`),
  ];
}

function load(file: string): Startup {
  const script = `
    let modules = 0;
    require("node:module").registerHooks({ load: (url, context, next) => (modules++, next(url, context)) });
    const started = performance.now();
    import(${JSON.stringify(file)}).then(() => {
      process.stdout.write(JSON.stringify({ milliseconds: performance.now() - started, modules }));
      process.exit();
    });`;
  const env = { ...process.env, GCLOUD_PROJECT: "demo-bench" };
  return JSON.parse(
    execFileSync(process.execPath, ["-e", script], { cwd: functions, env, encoding: "utf8" }),
  );
}

function median(rounds: readonly Startup[]): Startup {
  const sorted = [...rounds].sort((a, b) => a.milliseconds - b.milliseconds);
  return sorted[Math.floor(sorted.length / 2)] ?? { milliseconds: Number.NaN, modules: 0 };
}
