/** Answers requests for the dashboard: with its page, the page's files, or the data that it shows. */

import type { Request, Response } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { type Timers, within } from "../firestore/deadline.ts";
import { Status, statusOf } from "../firestore/errors.ts";
import { answerData } from "./answer-data.ts";
import { jsonContent, send } from "./content.ts";
import type { DashboardFailure } from "./data.ts";
import type { FindFailingDevices } from "./devices.ts";
import type { ReadEndedAlarms } from "./ended-alarms.ts";
import { INDEX, type PageFiles } from "./page-files.ts";
import { type Query, readDataQuery, readDevicesQuery, textIn } from "./query.ts";
import type { DashboardReader } from "./reader.ts";
import { createTurns } from "./turns.ts";

/**
 * Names the file that a path asks for. The function cannot see where it is mounted: its URL ends in its name on
 * cloudfunctions.net, and in nothing on run.app and behind a proxy, each with or without a slash. The page links to
 * `dashboard/{file}`, which the browser turns into one of the paths that this matches.
 */
const PATH = /^(?:\/dashboard)*\/?(?<file>[A-Za-z0-9.-]*)$/;

/** Of every answer. */
const securityHeaders = {
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
};

/** What is shown by itself is the page alone; it is answered seldom. */
const pageHeaders = {
  "Content-Security-Policy":
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; " +
    "require-trusted-types-for 'script'; trusted-types 'none'",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "no-referrer",
  "Cross-Origin-Opener-Policy": "same-origin",
};

/** Of all else, a page asks every ten seconds: its policy is short. */
const filePolicy = "default-src 'none'; frame-ancestors 'none'";

/** An answer that takes longer is none. A page would rather say so, and ask again. */
const LONGEST_ANSWER = 20_000;

export interface DashboardOptions {
  pageFiles: PageFiles;
  /** Reads counters and alarms, never events. */
  reader: DashboardReader;
  endedAlarms: ReadEndedAlarms;
  /** Reads events, on request. */
  findDevices: FindFailingDevices;
  /** Milliseconds since 1970. */
  now(): number;
  timers: Timers;
}

/** Makes the handler of the `dashboard` function. It never throws. */
export function createDashboardHandler(options: DashboardOptions) {
  const { pageFiles, reader, endedAlarms, now, timers } = options;
  // Thousands of events for each of 80 requests are more than the memory of the instance.
  const findDevices = createTurns(options.findDevices, LONGEST_ANSWER, now, timers);
  const all: Record<string, Route> = {
    data: {
      answer: (query, time) => answerData(readDataQuery(query), reader, pageFiles.names(), time),
      keep: true,
    },
    alarms: {
      answer: (query) => answerAlarms(query, endedAlarms),
      needs: "app",
      keep: true,
    },
    devices: {
      answer: (query) => answerDevices(query, findDevices),
      needs: "app, version and measure",
      keep: false,
    },
  };
  const routes = new Map(Object.entries(all)); // A path may be `constructor`.

  const sendAnswer = async (request: Request, response: Response, route: Route) => {
    const { answer, needs, keep } = route;
    const time = now();
    response.set("Date", new Date(time).toUTCString());
    try {
      const answered = await within(LONGEST_ANSWER, answer(request.query, time), timers);
      if (!answered) return sendFailure(response, 400, "invalid_query", `expected ${needs}`);
      // Most answers to a page that stays open are what its browser has already.
      response.set("Cache-Control", keep ? "private, no-cache" : "no-store");
      send(request, response, jsonContent(answered));
    } catch (error) {
      logger.error("The dashboard cannot read Firestore.", { error: String(error) });
      sendFailure(response, 503, "unavailable", explain(error));
    }
  };

  return async (request: Request, response: Response): Promise<void> => {
    response.set(securityHeaders).set("Content-Security-Policy", filePolicy);
    if (request.method !== "GET" && request.method !== "HEAD") {
      response.set("Allow", "GET, HEAD");
      return sendFailure(response, 405, "method_not_allowed", `expected GET, got ${request.method}`);
    }
    const file = PATH.exec(request.path)?.groups?.file;
    const route = routes.get(file ?? "");
    if (route && isForeign(request)) {
      return sendFailure(response, 403, "forbidden", "expected a request of the dashboard's own page");
    }
    if (route) return sendAnswer(request, response, route);
    const content = file === undefined ? undefined : pageFiles.find(file || INDEX);
    if (!content)
      return sendFailure(response, 404, "not_found", "expected the dashboard or one of its files");
    if ((file || INDEX) === INDEX) response.set(pageHeaders).set("Cache-Control", "private, no-cache");
    else response.set("Cache-Control", "private, max-age=31536000, immutable");
    send(request, response, content);
  };
}

/**
 * Whether the page of another site asks, as the browser says. It could not read the answer, but it would pay for reads with the rights
 * of whoever is signed in, or runs a proxy on their own machine.
 */
function isForeign(request: Request): boolean {
  return !["same-origin", "none"].includes(request.get("Sec-Fetch-Site") ?? "none");
}

interface Route {
  /**
   * Answers a query by what becomes JSON; nothing where the query lacks something. Rejects with Firestore's error. `time` is in
   * milliseconds since 1970.
   */
  answer(query: Query, time: number): Promise<object | undefined>;
  /** What a query may lack. */
  needs?: string;
  /** Whether a browser may keep the answer, and ask whether there is another one. */
  keep: boolean;
}

async function answerAlarms({ app }: Query, endedAlarms: ReadEndedAlarms): Promise<object | undefined> {
  const app_id = textIn(app);
  return app_id === undefined ? undefined : endedAlarms(app_id);
}

async function answerDevices(query: Query, findDevices: FindFailingDevices): Promise<object | undefined> {
  const asked = readDevicesQuery(query);
  return asked && findDevices(asked);
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

function sendFailure(response: Response, status: number, error: string, message: string): void {
  const failure: DashboardFailure = { error, message };
  response.set("Cache-Control", "no-store").status(status).json(failure);
}
