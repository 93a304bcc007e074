/** Which functions are deployed, with which options; nothing else. */

import { onInit } from "firebase-functions/core";
import { onDocumentCreated } from "firebase-functions/firestore";
import { onRequest } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { onSchedule } from "firebase-functions/scheduler";
import { systemClock } from "./clock.ts";
import { createEventCounter } from "./counting/count-events.ts";
import { EVENTS } from "./counting/documents.ts";
import { moveShards } from "./counting/shards.ts";
import { createDashboardHandler } from "./dashboard/handler.ts";
import { createCounterReader } from "./dashboard/reader.ts";
import { firestore } from "./firestore/connection.ts";
import { createLoopTimers } from "./firestore/deadline.ts";
import { leaveBodiesUnparsed } from "./ingest/body.ts";
import { createEventStore } from "./ingest/event-store.ts";
import { createStatsHandler } from "./ingest/handler.ts";
import { params, readSettings } from "./settings.ts";

const settings = readSettings(process.env);
const db = firestore();
const time = { clock: systemClock, timers: createLoopTimers() };

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
  createStatsHandler(createEventStore(db, { ...settings, ...time }), {
    ...settings,
    maxEventsPerSecond: settings.maxEventsPerSecond / settings.statsMaxInstances,
    clock: systemClock,
  }),
);

const countOnce = createEventCounter(db, {
  interval: settings.counterCommitIntervalMs,
  shards: settings.counterShards,
  ...time,
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
  createDashboardHandler(createCounterReader(db, Date.now), Date.now),
);
