/** Which functions are deployed, with which options; nothing else. */

import { onInit } from "firebase-functions/core";
import { onDocumentCreated } from "firebase-functions/firestore";
import { onRequest } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { onSchedule } from "firebase-functions/scheduler";
import { systemClock } from "./clock.ts";
import { eventCounter } from "./counting/count-events.ts";
import { EVENTS } from "./counting/documents.ts";
import { moveShards } from "./counting/shards.ts";
import { dashboardHandler } from "./dashboard/handler.ts";
import { counterReader } from "./dashboard/reader.ts";
import { firestore } from "./firestore/connection.ts";
import { leaveBodiesUnparsed } from "./ingest/body.ts";
import { eventStore } from "./ingest/event-store.ts";
import { statsHandler } from "./ingest/handler.ts";
import { params, settings } from "./settings.ts";

const db = firestore();

/** Every instance loads all functions, and serves the one that Cloud Functions names here. The others need parsed bodies. */
if (process.env.FUNCTION_TARGET === "stats") leaveBodiesUnparsed();

onInit(() => {
  if (settings.appIds.size === 0) logger.warn("APP_IDS is empty: events of every app are taken.");
});

/**
 * Takes the plugin's events. Public: the plugin cannot send credentials. What 80 requests can hold at once decides the
 * memory: `body.ts` says how much.
 */
export const stats = onRequest(
  {
    region: params.region,
    invoker: "public",
    maxInstances: params.statsMaxInstances,
    minInstances: params.statsMinInstances,
    memory: "512MiB",
    timeoutSeconds: 60,
  },
  statsHandler(eventStore(db, { ...settings, clock: systemClock }), {
    ...settings,
    maxEventsPerSecond: settings.maxEventsPerSecond / settings.statsMaxInstances,
    clock: systemClock,
  }),
);

const countOnce = eventCounter(db, {
  interval: settings.counterCommitIntervalMs,
  shards: settings.counterShards,
  clock: systemClock,
});

/**
 * Counts each event that `stats` stores. Invocations in one instance share commits: so as many as can be in one
 * instance, in as few instances as keep up. An invocation mostly waits, and holds a few kB: a CPU and 512 MiB are
 * enough for 1,000. Its timeout has room for the commit before its own and for that, each tried for 25 seconds.
 */
export const countEvent = onDocumentCreated(
  {
    region: params.region,
    document: `${EVENTS}/{eventId}`,
    retry: true,
    concurrency: 1_000,
    maxInstances: params.counterMaxInstances,
    memory: "512MiB",
    timeoutSeconds: 120,
  },
  async ({ data }) => data && countOnce(data),
);

/** Moves the counts in shards to their counters. Not deployed where counters are not sharded. */
export const sumShards = onSchedule(
  {
    region: params.region,
    schedule: "every 1 minutes",
    omit: params.counterShards.lessThan(2),
    maxInstances: 1,
    timeoutSeconds: 300,
  },
  async () => {
    await moveShards(db);
  },
);

/** Shows the counters to people that Google's IAM lets in. One instance, so that all viewers share its reads. */
export const dashboard = onRequest(
  { region: params.region, invoker: "private", maxInstances: 1, concurrency: 80, memory: "256MiB" },
  dashboardHandler(counterReader(db, Date.now), Date.now),
);
