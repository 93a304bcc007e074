/** Serves the files of the dashboard's page, which the build has put into `lib/dashboard/`. */

import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, extname, join } from "node:path";
import { type Content, etagOf } from "./content.ts";

/** Content types by the end of a file's name. */
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".svg": "image/svg+xml",
};

/** The page itself. All other files are named by their content, so a browser may keep them. */
export const INDEX = "index.html";

/** How the page links to a file: see `page/index.html`. */
const LINK = /(?:href|src)="dashboard\/([^"]+)"/g;

/** The page's files, by their names. */
export interface PageFiles {
  /** The content of a file; nothing where there is none of this name. */
  find(name: string): Content | undefined;
  /** The names of the files that the page consists of. */
  names(): string;
}

/**
 * Makes a way to the page's files. A file is read when it is first asked for: the other functions load this module too, and have no
 * use for it. The module runs in `src/dashboard/`, and in the bundle in `lib/`.
 */
export function createPageFiles(): PageFiles {
  const here = dirname(import.meta.filename);
  const folder = basename(here) === "lib" ? join(here, "dashboard") : join(here, "../../lib/dashboard");
  const contents = new Map<string, Content>();
  const find = (name: string) => {
    const content = contents.get(name) ?? read(folder, name);
    if (content) contents.set(name, content);
    return content;
  };
  const names = () => {
    const index = find(INDEX)?.plain.toString() ?? "";
    return [...index.matchAll(LINK)].map(([, name]) => name).join(" ");
  };
  return { find, names };
}

function read(folder: string, name: string): Content | undefined {
  const type = types[extname(name)];
  if (!type || !existsSync(join(folder, name))) return undefined;
  const [plain, br, gzip] = ["", ".br", ".gz"].map((end) => readFileSync(join(folder, name + end)));
  if (!plain || !br || !gzip) return undefined;
  return { type, etag: etagOf(plain), plain, br: () => br, gzip: () => gzip };
}
