/**
 * `npm run build`: bundles the functions and all that they import into `lib/functions.cjs`, with a source map, and the
 * dashboard's page into `lib/dashboard/`. An instance that loads one file answers earlier than one that has to find and load 850.
 */

import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { decode, encode, type SourceMapSegment } from "@jridgewell/sourcemap-codec";
import { build, type Plugin } from "esbuild";
import { buildPage } from "./build-page.ts";

const functions = join(import.meta.dirname, "..");
const lib = join(functions, "lib");

/**
 * Leaves out the parts of the Admin SDK of which nothing is used: `firebase-functions` imports them for callable
 * functions. Loading them took 6 % of a cold start. The SDK is taken as CommonJS, which its ES modules only wrap:
 * esbuild would take the wrappers wrongly once a plugin has resolved them.
 */
const withoutUnusedParts: Plugin = {
  name: "without-unused-parts",
  setup(build) {
    build.onResolve({ filter: /^firebase-admin\// }, async ({ path, kind, resolveDir, importer }) => {
      if (kind === "require-call") return undefined; // As the next line asks.
      const resolved = await build.resolve(path, { kind: "require-call", resolveDir, importer });
      return { ...resolved, sideEffects: false };
    });
  },
};

/**
 * Bundles. It is CommonJS, because the Functions Framework loads further packages before it loads an ES module. Space
 * is left out, because reading it took 5 % of a cold start; names stay, because leaving them out gained nothing.
 */
async function bundle() {
  const { outputFiles } = await build({
    absWorkingDir: functions,
    entryPoints: ["src/index.ts"],
    outfile: "lib/functions.cjs",
    bundle: true,
    platform: "node",
    target: "node24",
    format: "cjs",
    define: { "import.meta.filename": "__filename" },
    plugins: [withoutUnusedParts],
    minifyWhitespace: true,
    minifySyntax: true,
    lineLimit: 160, // Node prints the line of an error that nobody caught.
    legalComments: "none",
    sourcemap: true,
    sourcesContent: false,
    write: false,
  });
  return outputFiles;
}

/**
 * Keeps of a source map what leads to the lines of `src/`. Node reads a map at every start, and decodes it as soon as
 * the Admin SDK makes an error for its stack trace: the whole map, of 3 MB, took 40 % of a cold start. Where other code
 * follows ours, a segment says so by naming no source.
 */
function ownLines(map: string): string {
  const { version, sources, mappings } = JSON.parse(map);
  const own: string[] = sources.filter((source: string) => source.startsWith("../src/"));
  let previous: string | undefined;
  const keep = ([
    column,
    source = -1,
    line = 0,
    originalColumn = 0,
  ]: SourceMapSegment): SourceMapSegment[] => {
    const position = own.indexOf(sources[source]);
    const place = position < 0 ? undefined : `${position}:${line}`;
    if (place === previous) return [];
    previous = place;
    return [place === undefined ? [column] : [column, position, line, originalColumn]];
  };
  const kept = decode(mappings).map((segments) => segments.flatMap(keep));
  return JSON.stringify({ version, sources: own, names: [], mappings: encode(kept) });
}

const files = await bundle();
await rm(lib, { recursive: true, force: true }); // What another version has built would be deployed, too.
await mkdir(lib);
for (const { path, text } of files) await writeFile(path, path.endsWith(".map") ? ownLines(text) : text);
await buildPage();
