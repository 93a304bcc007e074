/**
 * `npm run proof:official`: the deployed build counts exactly on the official Firestore emulator, while instances are killed and
 * Firestore stops.
 */

import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { uncountedEvents } from "../../../src/counting/documents.ts";
import { Status } from "../../../src/firestore/errors.ts";
import { type Command, ExitCode, main, wholeNumber } from "../../../tools/lib/command.ts";
import { conclude, statuses } from "../../attack/report.ts";
import { createChance } from "../../bench/health/random.ts";
import { findOfficialFirestore } from "../../local/official-firestore.ts";
import type { Delivered } from "./deliveries.ts";
import { type Deployment, startDeployment } from "./deployment.ts";
import { makeRequests, type SentEvent, sendAll } from "./load.ts";
import { recount } from "./recount.ts";

const STOP_SECONDS = 5;

const options = z.object({
  events: wholeNumber(100, 5_000, "how many events are sent"),
  seed: wholeNumber(0, Date.now() % 2 ** 29, "the same seed sends the same requests"),
});

const command: Command<typeof options> = {
  name: "proof:official",
  summary:
    "Counts events by the deployed build on the official Firestore emulator, while deliveries come twice or never, instances " +
    "are killed and Firestore stops. Fails where an event that was answered 200 is not counted exactly once. Exits with " +
    `${ExitCode.unavailable} where there is no emulator.`,
  example: "--seed 7",
  options,
  async run({ events, seed }, session) {
    const official = findOfficialFirestore();
    if ("missing" in official) {
      session.complain(`proof:official: ${official.missing}.\n${official.advice}`);
      return ExitCode.unavailable;
    }
    session.print(`seed ${seed}: --seed ${seed} sends the same requests again`);
    const { differences, report } = await prove(await startDeployment(official), events, seed);
    return conclude(session, differences, report);
  },
};

/** Sends events, lets mishaps happen meanwhile, and recounts when everything is counted. */
async function prove(deployment: Deployment, events: number, seed: number) {
  const { statsUrl, firestore, db, countEvent, addDeltas } = deployment;
  const from = new Date();
  const chance = createChance(seed);
  const requests = makeRequests(events, chance);
  const answered: SentEvent[] = [];
  const milestones = createMilestones();
  const onTaken = (taken: readonly SentEvent[]) => {
    answered.push(...taken);
    milestones.reach(answered.length / events);
  };

  const cutOff: number[] = [];
  const kill = () => {
    cutOff.push(deployment.events.underWay());
    return countEvent.killOne();
  };
  let stops = 0;
  const stop = async () => {
    stops++;
    firestore.pause();
    await sleep(STOP_SECONDS * 1_000).finally(firestore.resume);
  };
  const haveMishaps = async () => {
    for (const [share, mishap] of [
      [0.2, kill],
      [0.4, stop],
      [0.6, kill],
      [0.8, stop],
    ] as const) {
      await milestones.reached(share);
      await mishap();
    }
  };
  const [answers] = await Promise.all([sendAll(statsUrl, requests, chance, onTaken), haveMishaps()]);
  await deployment.settled();
  const lost = await uncountedButDelivered(deployment);
  await deployment.sweep();
  await deployment.settled();

  const { counters, days, differences } = await recount(db, answered, [from, new Date()]);
  differences.unshift(...lost);
  const seconds = ((Date.now() - from.getTime()) / 1_000).toFixed(0);
  return {
    differences,
    report: [
      `${requests.length} requests with ${events} events, each sent until it was answered 200: ${statuses(answers)}`,
      `events: ${told(deployment.events.delivered)}`,
      `deltas: ${told(deployment.deltas.delivered)}`,
      `${cutOff.length} instances of countEvent were killed, with ${cutOff.join(" and ")} deliveries under way`,
      `Firestore was stopped ${stops} times for ${STOP_SECONDS} s`,
      `refused calls of countEvent: ${named(countEvent.refusedCalls())}; of addDeltas: ${named(addDeltas.refusedCalls())}`,
      `${answered.length} events were answered 200; ${counters} counters and ${days} days ${differences.length > 0 ? "differ" : "hold exactly these"}, after ${seconds} s`,
    ],
  };
}

/** What `countEvent` has acknowledged and not counted. The sweep would hide it. */
async function uncountedButDelivered({ db, events }: Deployment): Promise<string[]> {
  const uncounted = (await uncountedEvents(db).count().get()).data().count;
  const { withheld } = events.delivered;
  if (uncounted === withheld) return [];
  return [`${uncounted} events are not counted before the sweep, and ${withheld} were not delivered`];
}

function told({ documents, deliveries, duplicates, failures, withheld }: Delivered): string {
  return (
    `${documents} created, ${deliveries} deliveries, ${duplicates} of them duplicates and ${failures} after a failure; ` +
    `${withheld} never delivered, and left to the sweep`
  );
}

/** Calls by the name of the status that they ended with. */
function named(calls: ReadonlyMap<number, number>): string {
  const nameOf = (code: number) => Object.entries(Status).find(([, known]) => known === code)?.[0] ?? code;
  return [...calls].map(([code, number]) => `${number} × ${nameOf(code)}`).join(", ") || "none";
}

/** Lets wait until a growing number reaches another. */
function createMilestones() {
  let number = 0;
  const waiting = new Map<number, () => void>();
  return {
    reach(reached: number) {
      number = reached;
      for (const [milestone, resolve] of waiting) if (number >= milestone) resolve();
    },
    reached(milestone: number): Promise<void> {
      return new Promise((resolve) => {
        waiting.set(milestone, resolve);
        this.reach(number);
      });
    },
  };
}

for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => process.exit(ExitCode.failed));
await main(command);
process.exit(); // What it has started ends with it.
