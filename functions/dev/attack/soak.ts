/** `npm run soak`: sends more than the functions can take, and checks that what they took is stored and counted, each event once. */

import http from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { type Command, main, wholeNumber } from "../../tools/lib/command.ts";
import { addTo } from "../../tools/lib/tally.ts";
import { anEvent } from "../testing/events.ts";
import { startInstance } from "./instance.ts";
import { conclude, createProgress, statuses } from "./report.ts";

/** An instance of `stats` takes so many requests at once: Cloud Functions' default. */
const CONCURRENCY = 80;

/** So many times as many devices send, each as soon as it may. */
const OVERLOAD = 5;

/** The share of Firestore's calls that fail meanwhile. */
const FAULT_RATE = 0.1;

/** A slow sender needs longer to send too much: up to this many times as long. */
const LONGEST_TO_OVERLOAD = 10;

const MAX_BATCH_EVENTS = 10;

/** A device waits this long when it is refused. The plugin waits for a second; this keeps the pressure up. */
const RETRY_MILLISECONDS = 100;

/** The share of batches that come again although they were taken, as after a lost answer. */
const REPEATED_SHARE = 0.05;

const VERSIONS = ["2.5.0", "2.5.1", "2.5.2", "builtin"];

export interface SoakReport {
  requests: number;
  /** Requests by the status of their answer. */
  statuses: Map<number, number>;
  /** Events that were answered 200, and events that are stored: some were stored and then refused. */
  accepted: number;
  stored: number;
  /** What went wrong, in words; empty if all is well. */
  failures: string[];
}

export interface SoakOptions {
  seconds: number;
  onProgress?(elapsedSeconds: number): void;
}

/**
 * Lets devices send events for `seconds` through a front that admits as many requests as one instance takes.
 * `OVERLOAD` times as many devices send: arrays with timestamps that come again until they are taken, and single
 * events without, as old plugins send them. Firestore fails now and then meanwhile.
 */
export async function soak({ seconds, onProgress }: SoakOptions): Promise<SoakReport> {
  const report: SoakReport = { requests: 0, statuses: new Map(), accepted: 0, stored: 0, failures: [] };
  const server = await startInstance({
    admitted: CONCURRENCY,
    faultRate: FAULT_RATE,
    onDeath: (lastWords) => report.failures.push(`the server ended: ${lastWords}`),
  });
  const agent = new http.Agent({ keepAlive: true });
  const accepted = new Set<string>();
  const startedAt = performance.now();
  const elapsedSeconds = () => (performance.now() - startedAt) / 1_000;
  const ticking = setInterval(() => onProgress?.(Math.round(elapsedSeconds())), 1_000);

  const send = async (body: object): Promise<boolean> => {
    const { status, text } = await post(agent, server.statsUrl, JSON.stringify(body));
    report.requests++;
    addTo(report.statuses, status, 1);
    if (status === 429 || status === 503) return false;
    if (status !== 200 || text.includes('"error"')) {
      report.failures.push(`answered ${status}: ${text.slice(0, 200)}`);
    }
    return true;
  };
  const isTooMuch = () => report.statuses.has(429);
  const mayGoOn = () =>
    report.failures.length === 0 &&
    elapsedSeconds() < (isTooMuch() ? seconds : seconds * LONGEST_TO_OVERLOAD);

  /** From 8.51.5: the batch comes again until it is taken, and now and then once more. */
  const device = async () => {
    while (mayGoOn()) {
      const batch = Array.from({ length: 1 + random(MAX_BATCH_EVENTS) }, () => newEvent(Date.now()));
      while (!(await send(batch))) {
        await sleep(RETRY_MILLISECONDS * (0.5 + Math.random()));
        if (!mayGoOn()) return;
      }
      for (const { custom_id } of batch) accepted.add(custom_id);
      if (Math.random() < REPEATED_SHARE) await send(batch);
    }
  };
  /** 5.3: an event at a time, without `timestamp`, and never again. */
  const oldDevice = async () => {
    while (mayGoOn()) {
      const event = newEvent();
      if (await send(event)) accepted.add(event.custom_id);
      else await sleep(RETRY_MILLISECONDS);
    }
  };

  try {
    await Promise.all(
      Array.from({ length: CONCURRENCY * OVERLOAD }, (_, index) => (index % 10 ? device() : oldDevice())),
    );
    clearInterval(ticking);
    const { stored, uncounted, wrongCounters } = await server.audit();
    const once = new Set(stored);
    const missing = [...accepted].filter((id) => !once.has(id)).length;
    report.accepted = accepted.size;
    report.stored = once.size;
    if (missing > 0) report.failures.push(`${missing} events were answered 200 and are not stored`);
    if (once.size < stored.length) {
      report.failures.push(`${stored.length - once.size} events are stored more than once`);
    }
    if (uncounted > 0) report.failures.push(`${uncounted} stored events are not counted`);
    report.failures.push(...wrongCounters);
    if (!isTooMuch()) report.failures.push("nothing was refused with 429: this was no overload");
  } catch (error) {
    report.failures.push(String(error));
  } finally {
    clearInterval(ticking);
    server.stop();
    agent.destroy();
  }
  return report;
}

let nextId = 0;

/** An event of a version at random, with an id by which it is found again. */
function newEvent(timestamp?: number) {
  const custom_id = `event-${nextId++}`;
  const version_name = VERSIONS[random(VERSIONS.length)];
  // Events of one device may share a millisecond, and the custom id does not tell events apart. `metadata` does.
  const times = timestamp === undefined ? {} : { timestamp, metadata: { id: custom_id } };
  return { ...anEvent({ version_name }), custom_id, ...times };
}

function random(below: number): number {
  return Math.floor(Math.random() * below);
}

function post(agent: http.Agent, url: string, body: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
    const request = http.request(url, { agent, method: "POST", headers }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, text }));
    });
    request.on("error", reject).end(body);
  });
}

const options = z.object({ seconds: wholeNumber(1, 60, "how long devices send") });

export const command: Command<typeof options> = {
  name: "soak",
  summary:
    "Sends more events than stats can take, while Firestore fails now and then. Fails where an event that was answered " +
    "200 is not stored, or not counted exactly once.",
  example: "--seconds 10",
  options,
  async run({ seconds }, session) {
    const report = await soak({ seconds, onProgress: createProgress(session, 10, seconds, "seconds") });
    return conclude(session, report.failures, [
      `${report.requests} requests: ${statuses(report.statuses)}`,
      `${report.accepted} events were answered 200, and ${report.stored} are stored and counted, each once`,
    ]);
  },
};

if (import.meta.main) await main(command);
