/** Declares the functions that are deployed, with their options, and wires them up. */

import { onInit } from "firebase-functions/core";
import { onDocumentCreated } from "firebase-functions/firestore";
import { onRequest } from "firebase-functions/https";
import * as logger from "firebase-functions/logger";
import { RESET_VALUE, setGlobalOptions } from "firebase-functions/options";
import { onSchedule } from "firebase-functions/scheduler";
import { systemClock } from "./clock.ts";
import { createDeltaAdder } from "./counting/add-deltas.ts";
import { createEventCounter } from "./counting/count-events.ts";
import { DELTAS, EVENTS } from "./counting/documents.ts";
import { createSweep, SWEEP_MINUTES } from "./counting/sweep.ts";
import { createDeviceFinder } from "./dashboard/devices.ts";
import { createEndedAlarms } from "./dashboard/ended-alarms.ts";
import { createDashboardHandler } from "./dashboard/handler.ts";
import { createPageFiles } from "./dashboard/page-files.ts";
import { createDashboardReader } from "./dashboard/reader.ts";
import { firestore } from "./firestore/connection.ts";
import { createLoopTimers } from "./firestore/deadline.ts";
import { createAlarmStore } from "./health/alarm-store.ts";
import { createCounterReader } from "./health/counter-reader.ts";
import { createEvidence } from "./health/evidence.ts";
import { createJudge } from "./health/judge.ts";
import { createTeller } from "./health/tell.ts";
import { createWatch, WATCH_MINUTES, watchedReads } from "./health/watch.ts";
import { keepLook } from "./health/watch-state.ts";
import { createWebhook } from "./health/webhook.ts";
import { leaveBodiesUnparsed } from "./ingest/body.ts";
import { createEventStore } from "./ingest/event-store.ts";
import { createStatsHandler } from "./ingest/handler.ts";
import { params, readSettings } from "./settings.ts";

const settings = readSettings(process.env);
const db = firestore();
const time = { clock: systemClock, timers: createLoopTimers() };

setGlobalOptions({ region: params.region, serviceAccount: settings.serviceAccount || RESET_VALUE });

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

const countEventOnce = createEventCounter(db, time);
const addDeltaOnce = createDeltaAdder(db, time);

/** Invocations of one instance share commits. They mostly wait, and hold a few kB, so one CPU and 512 MiB serve many. */
const trigger = { retry: true, memory: "512MiB", timeoutSeconds: 120 } as const;

/**
 * Counts each event that `stats` stores: in its counter, or in a delta. With more invocations at once, instances would start
 * only when their CPU is busy, and a rush would wait for that.
 */
export const countEvent = onDocumentCreated(
  {
    ...trigger,
    document: `${EVENTS}/{eventId}`,
    concurrency: 250,
    maxInstances: params.counterMaxInstances,
  },
  async ({ data }) => {
    if (data) await countEventOnce(data);
  },
);

/** Adds each delta to its counter. One instance takes those of all, and does not contend with itself. */
export const addDeltas = onDocumentCreated(
  { ...trigger, document: `${DELTAS}/{deltaId}`, concurrency: 1_000, maxInstances: 1 },
  async ({ data }) => {
    if (data) await addDeltaOnce(data);
  },
);

/** Counts what was not delivered to the two above. What is left when its time is up, the next one finds. */
export const sweep = onSchedule(
  {
    schedule: `every ${SWEEP_MINUTES} minutes`,
    maxInstances: 1,
    memory: "512MiB",
    timeoutSeconds: SWEEP_MINUTES * 60 - 30,
  },
  createSweep(db, countEventOnce, addDeltaOnce),
);

const alarms = createAlarmStore(db, Date.now);
const webhook = settings.alarmWebhookUrl === "" ? undefined : createWebhook(settings.alarmWebhookUrl);

/** Judges the versions of each app, and tells when one fails. One instance, so that it remembers what it has read. */
export const watch = onSchedule(
  {
    schedule: `every ${WATCH_MINUTES} minutes`,
    maxInstances: 1,
    memory: "512MiB",
    timeoutSeconds: WATCH_MINUTES * 60 - 10,
  },
  createWatch({
    reader: createCounterReader(db, Date.now, watchedReads),
    alarms,
    judge: createJudge({ evidence: createEvidence(db), ...settings }),
    tell: createTeller(alarms, Date.now, webhook),
    keepLook: (at) => keepLook(db, at),
    now: Date.now,
  }),
);

/**
 * Shows the counters and the alarms to people whom Google's IAM lets in. It has one instance, so that all viewers share its
 * reads.
 */
export const dashboard = onRequest(
  { invoker: "private", maxInstances: 1, concurrency: 80, memory: "256MiB" },
  createDashboardHandler({
    pageFiles: createPageFiles(),
    reader: createDashboardReader(db, Date.now),
    endedAlarms: createEndedAlarms(db, Date.now),
    findDevices: createDeviceFinder(db, Date.now),
    now: Date.now,
    timers: time.timers,
  }),
);
