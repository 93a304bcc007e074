/** Declares the functions that are deployed, with their options, and wires them up. */

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

/** Cloud Functions names the function that this instance serves here. The other functions need parsed bodies. */
if (process.env.FUNCTION_TARGET === "stats") leaveBodiesUnparsed();

onInit(() => {
  if (settings.appIds.size === 0) logger.warn("APP_IDS is empty: events of every app are taken.");
});

/**
 * Takes the plugin's events. It is public, because the plugin cannot send credentials. Its memory holds the costliest
 * 80 requests at once: see `ingest/body.ts`.
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
 * Counts each event that `stats` stores. Invocations of one instance share commits, so each instance takes as many as
 * Cloud Run allows. An invocation mostly waits and holds a few kB, so one CPU and 512 MiB serve 1,000 of them. The
 * timeout covers two commits of 25 seconds: the one before, and the invocation's own.
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

/** Moves the counts in shards to their counters. It is not deployed where counters are not sharded. */
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

/** Shows the counters to people whom Google's IAM lets in. It has one instance, so that all viewers share its reads. */
export const dashboard = onRequest(
  { region: params.region, invoker: "private", maxInstances: 1, concurrency: 80, memory: "256MiB" },
  createDashboardHandler(createCounterReader(db, Date.now), Date.now),
);
