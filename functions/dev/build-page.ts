/** Bundles the dashboard's page into `lib/dashboard/`: one script and one stylesheet, named by their content; each also compressed. */

import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type BuildOptions, build, context, type OutputFile } from "esbuild";
import { words } from "../page/words.ts";

const functions = join(import.meta.dirname, "..");
/** These two are no part of what esbuild bundles. */
const html = join(functions, "page/index.html");
const icon = join(functions, "page/icon.svg");
const target = join(functions, "lib/dashboard");

const options = {
  absWorkingDir: functions,
  entryPoints: ["page/main.tsx", "page/styles/main.css"],
  outdir: "lib/dashboard",
  entryNames: "[name]-[hash]",
  bundle: true,
  format: "esm",
  target: ["chrome125", "firefox128", "safari18"],
  jsx: "automatic",
  jsxImportSource: "preact",
  minify: true,
  legalComments: "none",
  write: false,
} satisfies BuildOptions;

/** Loads a page that is developed again as soon as another one is served. */
const RELOAD = `
let tag;
setInterval(async () => {
  const answer = await fetch(location.pathname, { method: "HEAD" }).catch(() => undefined);
  const now = answer?.headers.get("etag") ?? tag;
  if (tag !== undefined && now !== tag) location.reload();
  tag = now;
}, 500);`;

/** Builds the page once. Rejects with what esbuild says is wrong. */
export async function buildPage(): Promise<void> {
  const { outputFiles } = await build(options);
  await write(outputFiles);
}

/** Builds the page, and again whenever a file of it changes, until the process ends; `onBuilt` is called after each time. */
export async function watchPage(onBuilt: () => void): Promise<void> {
  const watching = await context({
    ...options,
    minify: false,
    logLevel: "warning",
    banner: { js: RELOAD },
    plugins: [
      {
        name: "write-page",
        setup({ onResolve, onEnd }) {
          onResolve({ filter: /main\.tsx$/ }, () => ({ watchFiles: [html, icon] }));
          onEnd(async ({ outputFiles, errors }) => {
            if (errors.length > 0) return;
            await write(outputFiles ?? []);
            onBuilt();
          });
        },
      },
    ],
  });
  await watching.watch();
}

async function write(built: readonly OutputFile[]): Promise<void> {
  const image = await readFile(icon);
  const names = {
    icon: `icon-${hashOf(image)}.svg`,
    style: nameOf(built, ".css"),
    script: nameOf(built, ".js"),
  };
  const { title, noScript } = words.frame;
  const blanks = new Map(Object.entries({ ...names, title, noScript }));
  // Its links begin with the function's name, so that they work with and without a slash after it in the address.
  const template = await readFile(html, "utf8");
  const page = template.replace(/\{(\w+)\}/g, (blank, name) => blanks.get(name) ?? blank);
  const files = [
    ...built.map(({ path, contents }) => [basename(path), contents] as const),
    [names.icon, image] as const,
    ["index.html", Buffer.from(page)] as const,
  ];
  const contents = files.flatMap(([name, content]) => [
    [`${name}.br`, brotliCompressSync(content)] as const,
    [`${name}.gz`, gzipSync(content, { level: 9 })] as const,
    [name, content] as const, // The last: whoever finds it finds the others too.
  ]);
  await replaceFolder(target, new Map(contents));
}

/** Another process may serve the folder, so each file is replaced at once, and what is none of them is removed at last. */
async function replaceFolder(folder: string, contents: ReadonlyMap<string, Uint8Array>): Promise<void> {
  const made = `${folder}-${process.pid}`;
  await mkdir(folder, { recursive: true });
  await mkdir(made, { recursive: true });
  for (const [name, content] of contents) {
    await writeFile(join(made, name), content);
    await rename(join(made, name), join(folder, name));
  }
  await rm(made, { recursive: true });
  const others = (await readdir(folder)).filter((name) => !contents.has(name));
  for (const name of others) await rm(join(folder, name), { force: true });
}

function nameOf(built: readonly OutputFile[], end: string): string {
  const file = built.find(({ path }) => path.endsWith(end));
  if (!file) throw new Error(`The page has no ${end} file.`);
  return basename(file.path);
}

function hashOf(content: Uint8Array): string {
  return createHash("sha256").update(content).digest("hex").slice(0, 8).toUpperCase();
}
