/** Which functions are deployed, with which options; nothing else. */

import { onDocumentCreated } from "firebase-functions/firestore";
import { onRequest } from "firebase-functions/https";
import { counterCommitIntervalMs, REGION } from "./config.ts";
import { eventCounter } from "./counter.ts";
import { counterReader } from "./dashboard/counters.ts";
import { dashboardHandler } from "./dashboard.ts";
import { eventStore } from "./event-store.ts";
import { EVENTS, firestore } from "./firestore.ts";
import { systemClock } from "./group-commit.ts";
import { statsHandler } from "./stats.ts";

/** Takes the plugin's events. Public: the plugin cannot send credentials. */
export const stats = onRequest(
  { region: REGION, invoker: "public", timeoutSeconds: 60 },
  statsHandler(eventStore(firestore())),
);

const countEventOnce = eventCounter(firestore(), counterCommitIntervalMs(), systemClock);

/** Counts each event that `stats` stores. */
export const countEvent = onDocumentCreated(
  { region: REGION, document: `${EVENTS}/{eventId}`, retry: true, timeoutSeconds: 120 },
  async ({ data }) => data && countEventOnce(data),
);

/** Shows the counters to people that Google's IAM lets in. One instance, so that all viewers share its reads. */
export const dashboard = onRequest(
  { region: REGION, invoker: "private", maxInstances: 1, concurrency: 80, memory: "256MiB" },
  dashboardHandler(counterReader(firestore(), Date.now), Date.now),
);
