/** Answers requests for the dashboard: with its page, the page's files, or the data that it shows. */

import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { findPackageJSON } from "node:module";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import type { Request, Response } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { type Timers, within } from "../firestore/deadline.ts";
import { Status, statusOf } from "../firestore/errors.ts";
import { actions } from "../ingest/actions.ts";
import { answerData } from "./answer-data.ts";
import type { DashboardFailure } from "./data.ts";
import { type Query, readDataQuery } from "./query.ts";
import type { DashboardReader } from "./reader.ts";

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

/** What answers with JSON needs no script, so its policy is short: a page asks for it every ten seconds. */
const policyOfData = "default-src 'none'; frame-ancestors 'none'";

/** An answer that takes longer is none. A page would rather say so, and ask again. */
const LONGEST_ANSWER = 20_000;

export interface DashboardOptions {
  /** Reads counters and alarms, never events. */
  reader: DashboardReader;
  /** Milliseconds since 1970. */
  now(): number;
  /** The hash of the page's files. */
  page: string;
  timers: Timers;
}

/** Makes the handler of the `dashboard` function. It never throws. */
export function createDashboardHandler({ reader, now, page, timers }: DashboardOptions) {
  const answers: ReadonlyMap<string, Answer> = new Map([
    ["data", (query: Query, time: number) => answerData(readDataQuery(query), reader, page, time)],
  ]);

  const sendAnswer = async (request: Request, response: Response, answer: Answer) => {
    const time = now();
    response.set("Content-Security-Policy", policyOfData).set("Date", new Date(time).toUTCString());
    try {
      const data = await within(LONGEST_ANSWER, answer(request.query, time), timers);
      const plain = Buffer.from(JSON.stringify(data));
      response.set("Cache-Control", "private, no-cache").set("ETag", etagOf(plain));
      // Most answers to a page that stays open are what it has already.
      if (request.fresh) response.status(304).end();
      else send(request, response, { type: types.json, plain, gzip: gzipSync(plain) });
    } catch (error) {
      logger.error("The dashboard cannot read the counters.", { error: String(error) });
      sendFailure(response, 503, "unavailable", explain(error));
    }
  };

  return async (request: Request, response: Response): Promise<void> => {
    response.set(securityHeaders);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.set("Allow", "GET, HEAD");
      return sendFailure(response, 405, "method_not_allowed", `expected GET, got ${request.method}`);
    }
    const file = PATH.exec(request.path)?.groups?.file;
    const answer = answers.get(file ?? "");
    if (answer) return sendAnswer(request, response, answer);
    const content = file === undefined ? undefined : fileContent(file || "index.html");
    if (!content)
      return sendFailure(response, 404, "not_found", "expected the dashboard or one of its files");
    response.set("Cache-Control", "private, no-cache").set("ETag", content.etag);
    send(request, response, content);
  };
}

/** Answers a query by what becomes JSON; rejects with Firestore's error. `time` is in milliseconds since 1970. */
type Answer = (query: Query, time: number) => Promise<object>;

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
  return { type, plain, gzip: gzipSync(plain), etag: etagOf(plain) };
}

function etagOf(plain: Buffer): string {
  return `W/"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
}

/** Express answers 304 by itself where the browser has the same content already. */
function send(request: Request, response: Response, { type, plain, gzip }: Omit<Content, "etag">): void {
  response.set("Content-Type", type);
  if (request.acceptsEncodings("gzip")) response.set("Content-Encoding", "gzip").send(gzip);
  else response.send(plain);
}

function sendFailure(response: Response, status: number, error: string, message: string): void {
  const failure: DashboardFailure = { error, message };
  response.set("Cache-Control", "no-store").status(status).json(failure);
}
