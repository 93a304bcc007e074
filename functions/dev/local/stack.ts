/** The stack on one machine: the deployed functions, served and triggered, on an in-memory Firestore. */

import { readFileSync } from "node:fs";
import http, { type ServerResponse } from "node:http";
import { type FirestoreController, FirestoreMock } from "@firebase-bridge/firestore-admin";
import { type HttpFunction, http as registerHttpFunction } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import type { Firestore } from "firebase-admin/firestore";
import type { HttpsFunction } from "firebase-functions/https";
import { SWEEP_MINUTES } from "../../src/counting/sweep.ts";
import { useFirestore } from "../../src/firestore/connection.ts";
import { leaveUnparsed } from "../../src/ingest/body.ts";
import { readSettings } from "../../src/settings.ts";
import { readDocuments } from "./documents.ts";
import { listen } from "./listen.ts";
import { deliverTriggers } from "./triggers.ts";

/** The project of `.firebaserc`: a `demo-` one, which no Firebase tool takes for a real project. */
export const projectId: string = JSON.parse(
  readFileSync(new URL("../../../.firebaserc", import.meta.url), "utf8"),
).projects.default;

/** For who wants to watch the stack work. */
export interface StackObserver {
  onAnswer?(answer: { method: string; path: string; status: number; milliseconds: number }): void;
  onCounted?(event: Record<string, unknown>): void;
  /** A function that was triggered has failed; it is called again. */
  onTriggerError?(error: unknown): void;
}

export interface Stack {
  /** `http://127.0.0.1:{port}` */
  url: string;
  /** The names of the HTTPS functions, and where they are served: URLs shaped like the Functions emulator's. */
  functionUrls: Map<string, string>;
  /** The Firestore that the functions work on. */
  firestore: Firestore;
  /** The database behind it, which counts billed operations. */
  database: FirestoreController;
  /** Resolves when all triggers that were due have been delivered. */
  settled(): Promise<void>;
  /** Runs `watch` once, as its schedule does. */
  watch(): Promise<void>;
}

/** The functions that are served: the exports of `src/index.ts`, or others in their place. */
export type Functions = Pick<Deployed, "stats" | "countEvent"> & Partial<Deployed>;
type Deployed = typeof import("../../src/index.ts");

/**
 * Starts the stack on 127.0.0.1, until the process ends. A process can start it once, since it loads the functions
 * once, as an instance of Cloud Functions does. Rejects if the port is in use. Our `stats` reads bodies itself; other
 * functions may want them parsed.
 */
export async function startStack(
  port: number,
  observer: StackObserver = {},
  load: () => Promise<Functions> = () => import("../../src/index.ts"),
  bodies: "unparsed" | "parsed" = "unparsed",
): Promise<Stack> {
  process.env.NODE_ENV = "production"; // As in Cloud Functions: without it Express shows stack traces to strangers.
  process.env.GCLOUD_PROJECT = projectId;
  process.env.STATS_MAX_INSTANCES ??= "1"; // As many as there are here: this one takes all of MAX_EVENTS_PER_SECOND.
  const database = new FirestoreMock().createDatabase(projectId);
  const firestore = database.firestore();
  useFirestore(firestore);
  const { region } = readSettings(process.env);
  const functions = await load();

  const triggers = [functions.countEvent, ...(functions.addDeltas ? [functions.addDeltas] : [])];
  const deliveries = deliverTriggers(database, triggers, (error) => observer.onTriggerError?.(error));
  const runScheduled = async (name: "sweep" | "watch") => {
    try {
      await functions[name]?.run({ scheduleTime: new Date().toISOString() });
    } catch (error) {
      observer.onTriggerError?.(error);
    }
  };
  setInterval(runScheduled, SWEEP_MINUTES * 60_000, "sweep");
  database.database.registerTrigger({
    route: "events/{eventId}",
    callback: ({ doc }) => {
      if (doc.data?.counted === true) observer.onCounted?.(doc.data);
    },
  });

  const served = new Map<string, http.Server>();
  for (const [name, exported] of Object.entries(functions)) {
    if (!isHttpsFunction(exported)) continue;
    registerHttpFunction(name, exported as HttpFunction);
    served.set(`/${projectId}/${region}/${name}`, getTestServer(name));
  }

  const server = http.createServer(async (request, response) => {
    const started = performance.now();
    const nowhere = new URL("http://127.0.0.1"); // For what is no URL, like `//`.
    const { pathname, searchParams, search } = URL.parse(request.url ?? "/", nowhere) ?? nowhere;
    response.on("finish", () => {
      const milliseconds = performance.now() - started;
      observer.onAnswer?.({
        method: request.method ?? "",
        path: pathname,
        status: response.statusCode,
        milliseconds,
      });
    });
    const prefix = [...served.keys()].find((path) => pathname === path || pathname.startsWith(`${path}/`));
    if (prefix) {
      request.url = `${pathname.slice(prefix.length) || "/"}${search}`;
      if (prefix.endsWith("/stats") && bodies === "unparsed") leaveUnparsed(request);
      served.get(prefix)?.emit("request", request, response);
    } else if (pathname.startsWith("/documents/") && request.method === "GET") {
      const { status, body } = await readDocuments(
        firestore,
        pathname.slice("/documents/".length),
        searchParams.get("limit"),
      );
      sendJson(response, status, body);
    } else {
      sendJson(response, 404, {
        error: "not_found",
        message: `served here: ${[...served.keys()].join(", ")}, /documents/{path}`,
      });
    }
  });
  const url = `http://127.0.0.1:${await listen(server, port)}`;

  return {
    url,
    functionUrls: new Map([...served.keys()].map((path) => [path.split("/").at(-1) ?? "", url + path])),
    firestore,
    database,
    settled: deliveries.settled,
    watch: () => runScheduled("watch"),
  };
}

function isHttpsFunction(exported: { __endpoint: object }): exported is HttpsFunction {
  return "httpsTrigger" in exported.__endpoint;
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response
    .writeHead(status, { "Content-Type": "application/json; charset=utf-8" })
    .end(`${JSON.stringify(body, null, 2)}\n`);
}
