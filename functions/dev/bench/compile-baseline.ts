/** Compiles the baseline as a function that `tsc` builds and nobody bundles. */

import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const functions = join(import.meta.dirname, "../..");

/** Compiles it, with what it imports from `src/`, to where it finds the modules of this package. Resolves with its file. */
export async function compileBaseline(): Promise<string> {
  const folder = join(functions, "node_modules/.cache/baseline");
  const config = {
    extends: join(functions, "tsconfig.json"),
    compilerOptions: { noEmit: false, rootDir: functions, outDir: folder },
    include: [join(import.meta.dirname, "baseline.ts")],
  };
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify(config));
  await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  await promisify(execFile)("tsc", ["-p", folder], { cwd: functions });
  return join(folder, "dev/bench/baseline.js");
}
