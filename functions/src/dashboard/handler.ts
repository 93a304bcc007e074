/** Answers requests for the dashboard: with its page, the page's files, or the data that it shows. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Request, Response } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { Status, statusOf } from "../firestore/errors.ts";
import { alarmTest } from "../health/alarms.ts";
import { actions } from "../ingest/actions.ts";
import type { DashboardReader } from "./reader.ts";
import {
  type AppReport,
  type AppSummary,
  chooseVersions,
  MIN_ATTEMPTS,
  reportApp,
  summarizeApps,
} from "./report.ts";

/** Content types by the end of a file's name. */
const types = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  svg: "image/svg+xml",
  json: "application/json; charset=utf-8",
};

/**
 * Names the file that a path asks for. The function cannot see where it is mounted: its URL ends in its name on
 * cloudfunctions.net, and in nothing on run.app and behind a proxy, each with or without a slash. The page links to
 * `dashboard/{file}`, which the browser turns into one of the paths that this matches.
 */
const PATH = /^(?:\/dashboard)*\/?(?<file>[a-z.]*)$/;

const securityHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  Vary: "Accept-Encoding",
};

/**
 * Makes the handler of the `dashboard` function. It reads counters and alarms by `reader`, never events; `now` is the time in
 * milliseconds since 1970. It never throws.
 */
export function createDashboardHandler(reader: DashboardReader, now: () => number) {
  return async (request: Request, response: Response): Promise<void> => {
    response.set(securityHeaders);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.set("Allow", "GET, HEAD");
      return sendFailure(response, 405, "method_not_allowed", `expected GET, got ${request.method}`);
    }
    const file = PATH.exec(request.path)?.groups?.file;
    if (file === "data") return sendData(request, response, reader, now());
    const content = file === undefined ? undefined : fileContent(file || "index.html");
    if (!content)
      return sendFailure(response, 404, "not_found", "expected the dashboard or one of its files");
    response.set("Cache-Control", "private, no-cache").set("ETag", content.etag);
    send(request, response, content);
  };
}

/** `data?app={app_id}`: the apps, and the report of one of them; of the one with the most installs without `app`. */
async function sendData(request: Request, response: Response, reader: DashboardReader, time: number) {
  response.set("Cache-Control", "no-store");
  try {
    const { counters, alarms, incomplete } = await reader.read();
    const { apps, apps_left_out } = summarizeApps(counters, alarms);
    const app_id = typeof request.query.app === "string" ? request.query.app : apps[0]?.app_id;
    const ofApp = {
      counters: counters.filter((counter) => counter.app_id === app_id),
      alarms: alarms.filter((alarm) => alarm.app_id === app_id),
    };
    const days = await Promise.all(
      chooseVersions(ofApp).updates.map(
        async (counter) => [counter.id, await reader.daysOf(counter)] as const,
      ),
    );
    const known = app_id !== undefined && ofApp.counters.length > 0;
    const data: DashboardData = {
      read_at: time,
      apps,
      apps_left_out,
      incomplete,
      test: { description: alarmTest, min_attempts: MIN_ATTEMPTS },
      app: known ? reportApp(app_id, ofApp, new Map(days), time) : null,
    };
    send(request, response, compressed(Buffer.from(JSON.stringify(data)), types.json));
  } catch (error) {
    logger.error("The dashboard cannot read the counters.", { error: String(error) });
    sendFailure(response, 503, "unavailable", explain(error));
  }
}

/** Says what an operator can do about a failure. Who reads this has passed Google's IAM. */
function explain(error: unknown): string {
  switch (statusOf(error)) {
    case Status.PERMISSION_DENIED:
      return "the function's service account may not read Firestore; give it the role roles/datastore.user";
    case Status.NOT_FOUND:
      return "this project has no Firestore database; create one named (default)";
    case Status.RESOURCE_EXHAUSTED:
      return "Firestore's quota is used up";
    default:
      return "Firestore does not answer; the function's log has the reason";
  }
}

interface Content {
  type: string;
  plain: Buffer;
  gzip: Buffer;
  etag: string;
}

const contents = new Map<string, Content>();

/** Reads a file when it is first asked for: the other functions load this module too, and have no use for it. */
function fileContent(file: string): Content | undefined {
  const known = contents.get(file);
  if (known) return known;
  const content = readContent(file);
  if (content) contents.set(file, content);
  return content;
}

/** Finds the page's files in `page/`, which lies beside `package.json`: this module runs in `src/` and in the bundle. */
function readContent(file: string): Content | undefined {
  if (file === "actions.json")
    return compressed(Buffer.from(JSON.stringify(Object.fromEntries(actions))), types.json);
  const type = Object.entries(types).find(([end]) => file.endsWith(`.${end}`))?.[1];
  const path = join(findPackageJSON(".", import.meta.filename) ?? "", "../page", file);
  return type && existsSync(path) ? compressed(readFileSync(path), type) : undefined;
}

function compressed(plain: Buffer, type: string): Content {
  const hash = createHash("sha256").update(plain).digest("base64url").slice(0, 22);
  return { type, plain, gzip: gzipSync(plain), etag: `W/"${hash}"` };
}

/** Express answers 304 by itself where the browser has the same content already. */
function send(request: Request, response: Response, { type, plain, gzip }: Content): void {
  response.set("Content-Type", type);
  if (request.acceptsEncodings("gzip")) response.set("Content-Encoding", "gzip").send(gzip);
  else response.send(plain);
}

function sendFailure(response: Response, status: number, error: string, message: string): void {
  response.status(status).json({ error, message });
}

/** The answer to `data`, for the page. */
export interface DashboardData {
  /** Milliseconds since 1970. */
  read_at: number;
  apps: AppSummary[];
  apps_left_out: number;
  /** Whether there are more counters or alarms than are read. */
  incomplete: boolean;
  test: { description: string; min_attempts: number };
  app: AppReport | null;
}
