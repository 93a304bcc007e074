/** Starts the process that is attacked, holds the Firestore behind it, and answers what its attacker may ask. */

import http from "node:http";
import type { Firestore, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { COUNTERS, countedFields, counterId, EVENTS } from "../../src/counting/documents.ts";
import { SettingError } from "../../src/settings.ts";
import { serveFirestore } from "../local/firestore-server.ts";
import { startFunction } from "../local/framework.ts";
import { listen } from "../local/listen.ts";
import { projectId, startStack } from "../local/stack.ts";
import { firestoreError, interceptCalls } from "../testing/faults.ts";
import type { Audit, Measurement, Question, Started } from "./instance.ts";

const stack = await startStack(0).catch((error) => {
  if (!(error instanceof SettingError)) throw error;
  console.error(error.message);
  process.exit(1);
});
const { host } = await serveFirestore(stack.firestore);
const stats = await startFunction("stats", {
  GCLOUD_PROJECT: projectId,
  FIRESTORE_EMULATOR_HOST: host,
  MAX_EVENTS_PER_SECOND: "0",
});
stats.child.once("exit", (code, signal) => {
  console.error(`stats has ended (${code ?? signal})\n${stats.output().slice(-2_000)}`);
  process.exit(1);
});
const statsUrl = new URL(stats.url);
const admitted = Number(process.env.ADMITTED);
const front = admitted > 0 ? await startFront(admitted) : statsUrl.port;
const endFaults = injectFaults(stack.firestore, Number(process.env.FAULT_RATE ?? 0));

process.on("message", async (question: Question) => {
  await stack.settled();
  process.send?.(question === "measure" ? await measure(stack.firestore) : await audit(stack.firestore));
});
process.on("disconnect", () => process.exit());
const started: Started = { statsUrl: `http://127.0.0.1:${front}`, documents: stack.url };
process.send?.(started);

/** Empties the database, so that this process does not grow with the attack. */
async function measure(firestore: Firestore): Promise<Measurement> {
  const memory = stats.memory();
  const writer = firestore.bulkWriter({ throttling: false });
  for (const collection of await firestore.listCollections()) {
    await firestore.recursiveDelete(collection, writer);
  }
  await writer.close();
  return memory;
}

/** Compares what is stored with the counters. */
async function audit(firestore: Firestore): Promise<Audit> {
  endFaults();
  const events = await firestore.collection(EVENTS).get();
  const counters = await firestore.collection(COUNTERS).get();
  const expected = Map.groupBy(events.docs, (event) => counterId(countedFields.parse(event.data())));
  const counted = new Map(counters.docs.map((counter) => [counter.id, sumOfActions(counter)]));
  return {
    stored: events.docs.map((event) => event.get("custom_id")),
    uncounted: events.docs.filter((event) => event.get("counted") !== true).length,
    wrongCounters: [...expected].flatMap(([id, { length }]) =>
      counted.get(id) === length ? [] : [`${id}: ${length} events, counted ${counted.get(id)}`],
    ),
  };
}

function sumOfActions(counter: QueryDocumentSnapshot): number {
  const actions: Record<string, number> = counter.get("actions");
  return Object.values(actions).reduce((sum, count) => sum + count, 0);
}

/**
 * Makes calls of Firestore fail at random, as it does under load: half of them unheard, the other half after they were
 * carried out. Returns what ends that.
 */
function injectFaults(firestore: Firestore, rate: number): () => void {
  return interceptCalls(firestore, async ({ proceed }) => {
    if (Math.random() >= rate) return proceed();
    if (Math.random() < 0.5) await proceed();
    throw firestoreError(Math.random() < 0.5 ? 8 : 14);
  });
}

/**
 * Stands in front of an instance as Cloud Run does: admits as many requests at once as the instance takes, and
 * answers 429 to the others. (Cloud Run lets them wait for an instance for a few seconds first.) Resolves with its
 * port.
 */
async function startFront(limit: number): Promise<number> {
  const agent = new http.Agent({ keepAlive: true });
  let underWay = 0;
  const server = http.createServer((request, response) => {
    if (underWay >= limit) {
      request.resume();
      response.writeHead(429, { "Content-Type": "text/plain" }).end("Rate exceeded.");
      return;
    }
    underWay++;
    response.on("close", () => underWay--);
    const { method, headers, url } = request;
    const onward = http.request(
      { agent, host: "127.0.0.1", port: statsUrl.port, path: url, method, headers },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
      },
    );
    onward.on("error", () => response.destroy());
    request.pipe(onward);
  });
  return listen(server, 0, 4_096);
}
