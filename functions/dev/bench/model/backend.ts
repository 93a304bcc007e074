/**
 * Wires the functions that count to the model, as `src/index.ts` wires them to Google's services. The sweep is left out: what waits for
 * it is never in the counter here.
 */

import type { DocumentSnapshot } from "firebase-admin/firestore";
import { createDeltaAdder } from "../../../src/counting/add-deltas.ts";
import { createEventCounter } from "../../../src/counting/count-events.ts";
import { countInTransaction } from "../baseline-transaction.ts";
import { type CommitTally, createAdminSdk, createCommitTally, triggerSnapshot } from "./admin-sdk.ts";
import { createFirestore, type ModelFirestore } from "./firestore.ts";
import { createFleet, type Fleet } from "./fleet.ts";
import { followProgress } from "./progress.ts";
import { createSubscription, type Subscription } from "./pubsub.ts";
import { createVirtualTime, type VirtualTime } from "./time.ts";
import type { World } from "./world.ts";

export type Contender = "ours" | "baseline";

/**
 * CPU time of one invocation of a trigger, in milliseconds: the framework, decoding, and its part of a commit. Twice what
 * `counted-rate.ts` measures for a hot version.
 */
export const CPU_PER_INVOCATION = 0.7;

/** As deployed: see `src/index.ts`. The baseline sets nothing, so these are the defaults of Cloud Functions. */
export const deployed = {
  ours: {
    countEvent: { maxInstances: 3, concurrency: 250 },
    addDeltas: { maxInstances: 1, concurrency: 1_000 },
  },
  baseline: { countEvent: { maxInstances: 100, concurrency: 80 } },
};

/** A function with a trigger on new documents. */
export interface TriggeredFunction {
  fleet: Fleet<DocumentSnapshot>;
  subscription: Subscription<DocumentSnapshot>;
  commits: CommitTally;
  /** How many deliveries were acknowledged, but left for the sweep. */
  leftForSweep(): number;
}

export interface Backend {
  time: VirtualTime;
  firestore: ModelFirestore;
  progress: ReturnType<typeof followProgress>;
  /** The functions that count, by their names. */
  functions: Record<string, TriggeredFunction>;
}

/** Makes a backend in a world of its own, whose time begins at 0. Unless told otherwise, with as many instances as by default. */
export function createBackend(
  contender: Contender,
  world: World,
  maxInstances = deployed[contender].countEvent.maxInstances,
): Backend {
  const time = createVirtualTime();
  const firestore = createFirestore(time, world);
  const progress = followProgress(firestore, time.clock.now);
  const { concurrency } = deployed[contender].countEvent;

  const deploy = (
    collection: string,
    options: { maxInstances: number; concurrency: number },
    createHandler: (
      sdk: ReturnType<typeof createAdminSdk>,
    ) => (snapshot: DocumentSnapshot) => Promise<unknown>,
  ): TriggeredFunction => {
    const commits = createCommitTally();
    const fleet = createFleet<DocumentSnapshot>(time, {
      ...options,
      cpu: () => CPU_PER_INVOCATION,
      createHandler: () => createHandler(createAdminSdk(firestore, time, commits)),
    });
    let left = 0;
    const subscription = createSubscription<DocumentSnapshot>(time, async (snapshot) => {
      if ((await fleet.request(snapshot)) === "left") left++;
    });
    firestore.onCreated((path, document) => {
      if (path.startsWith(`${collection}/`)) subscription.publish(triggerSnapshot(path, document));
    });
    return { fleet, subscription, commits, leftForSweep: () => left };
  };

  const functions: Record<string, TriggeredFunction> =
    contender === "baseline"
      ? {
          countEvent: deploy(
            "events",
            { maxInstances, concurrency },
            ({ db }) =>
              (snapshot) =>
                countInTransaction(db, snapshot),
          ),
        }
      : {
          countEvent: deploy("events", { maxInstances, concurrency }, ({ db, ...time }) =>
            createEventCounter(db, time),
          ),
          addDeltas: deploy("deltas", deployed.ours.addDeltas, ({ db, ...time }) =>
            createDeltaAdder(db, time),
          ),
        };
  return { time, firestore, progress, functions };
}
