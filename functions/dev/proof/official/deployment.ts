/** Runs what `firebase deploy` deploys for counting, as processes of this machine on the official Firestore emulator. */

import { initializeApp } from "firebase-admin/app";
import { type Firestore, getFirestore } from "firebase-admin/firestore";
import { DELTAS, EVENTS, uncountedEvents } from "../../../src/counting/documents.ts";
import { SWEEP_MINUTES } from "../../../src/counting/sweep.ts";
import { startFunction } from "../../local/framework.ts";
import type { OfficialFirestore } from "../../local/official-firestore.ts";
import { projectId } from "../../local/stack.ts";
import { concurrencyOf } from "../../local/triggers.ts";
import { createDeliveries, type Deliveries } from "./deliveries.ts";
import { type RunningFirestore, runOfficialFirestore } from "./firestore.ts";
import { type Instances, startInstances } from "./instances.ts";

/** As many as a deployment has by default. */
const COUNT_EVENT_INSTANCES = 3;

/** One event and one delta in so many are never delivered, and wait for the sweep. */
const WITHHELD_EVENT_EVERY = 50;
const WITHHELD_DELTA_EVERY = 10;

/** The sweep leaves what is young to its trigger. Where the clock is ahead, nothing is young. */
const clockAhead = `
  const ahead = ${SWEEP_MINUTES + 1} * 60_000;
  const RealDate = Date;
  globalThis.Date = class extends RealDate {
    constructor(...time) {
      super(...(time.length > 0 ? time : [RealDate.now() + ahead]));
    }
    static now() {
      return RealDate.now() + ahead;
    }
  };
`;

export interface Deployment {
  statsUrl: string;
  firestore: RunningFirestore;
  db: Firestore;
  countEvent: Instances;
  addDeltas: Instances;
  events: Deliveries;
  deltas: Deliveries;
  /** Resolves when every event and every delta is delivered, but for those that never are. */
  settled(): Promise<void>;
  /** Runs the sweep once, as its schedule does, on an instance whose clock is ahead. Rejects if it fails. */
  sweep(): Promise<void>;
}

/** Starts it, empty. It ends with this process. */
export async function startDeployment(official: OfficialFirestore): Promise<Deployment> {
  process.env.METADATA_SERVER_DETECTION = "none"; // The Admin SDK asks for a machine of Google's otherwise.
  const declared = await import("../../../src/index.ts");
  const firestore = await runOfficialFirestore(official);
  const env = { GCLOUD_PROJECT: projectId, FIRESTORE_EMULATOR_HOST: firestore.host };
  process.env.FIRESTORE_EMULATOR_HOST = firestore.host;
  const db = getFirestore(initializeApp({ projectId }, "proof"));
  const [stats, countEvent, addDeltas] = await Promise.all([
    startFunction("stats", env),
    startInstances("countEvent", COUNT_EVENT_INSTANCES, env),
    startInstances("addDeltas", 1, env),
  ]);
  const events = createDeliveries({
    undone: uncountedEvents(db),
    nextUrl: countEvent.nextUrl,
    atOnce: COUNT_EVENT_INSTANCES * concurrencyOf(declared.countEvent),
    withholdEvery: WITHHELD_EVENT_EVERY,
  });
  const deltas = createDeliveries({
    undone: db.collection(DELTAS),
    nextUrl: addDeltas.nextUrl,
    atOnce: concurrencyOf(declared.addDeltas),
    withholdEvery: WITHHELD_DELTA_EVERY,
  });
  await firestore.onCreated(EVENTS, events.take);
  await firestore.onCreated(DELTAS, deltas.take);
  return {
    statsUrl: stats.url,
    firestore,
    db,
    countEvent,
    addDeltas,
    events,
    deltas,
    async settled() {
      await events.settled();
      await deltas.settled(); // A delta is there before the deliveries of its events are answered.
    },
    async sweep() {
      const preload = `--import=data:text/javascript,${encodeURIComponent(clockAhead)}`;
      const sweep = await startFunction("sweep", { ...env, NODE_OPTIONS: preload });
      const { status } = await fetch(sweep.url, { method: "POST" });
      if (status !== 200) throw new Error(`the sweep failed:\n${sweep.output().slice(-2_000)}`);
    },
  };
}
