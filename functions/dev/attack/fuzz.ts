/** `npm run fuzz`: sends requests that nobody should send, and watches what they do to the server and to the events of others. */

import http from "node:http";
import net from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import pLimit from "p-limit";
import { z } from "zod";
import { type Command, main, wholeNumber } from "../../tools/lib/command.ts";
import { addTo } from "../../tools/lib/tally.ts";
import { MEMORY_MEBIBYTES } from "../local/framework.ts";
import { anEvent } from "../testing/events.ts";
import { type Instance, type Measurement, startInstance } from "./instance.ts";
import { conclude, createProgress, statuses } from "./report.ts";
import { type AttackRequest, attackRequest, brokenMessage } from "./requests.ts";

const AT_ONCE = 64;
const CHUNK = 2_000;
const ANSWER_MILLISECONDS = 30_000;

/** One in so many requests is written to a socket of its own, since no HTTP client would send it. */
const BROKEN_SHARE = 25;
const SOCKET_MILLISECONDS = 300;

/** A valid event comes in between when the attack has been going on for so long. */
const INTO_ATTACK_MILLISECONDS = 100;

const MAX_FAILURES = 20;

/** Bounds the growth of `stats` after the first requests, in bytes. It grows by some 130 MiB, and then no more. */
const MAX_GROWTH = 192 * 1024 * 1024;

export interface FuzzReport {
  requests: number;
  /** Requests by the status of their answer; `none` where the request was cut off. */
  statuses: Map<number | "none", number>;
  /** Valid events that were sent in between, and that are stored and counted. */
  counted: number;
  /** By how much the server's memory grew after the first requests, and the most that it was, in bytes. */
  growth: number;
  peak: number;
  /** What went wrong, in words; empty if all is well. */
  failures: string[];
}

export interface FuzzOptions {
  requests: number;
  seed: number;
  onProgress?(sent: number): void;
}

/** The same seed sends the same requests. Ends early where the server does. */
export async function fuzz({ requests, seed, onProgress }: FuzzOptions): Promise<FuzzReport> {
  const report: FuzzReport = {
    requests: 0,
    statuses: new Map(),
    counted: 0,
    growth: 0,
    peak: 0,
    failures: [],
  };
  let alive = true;
  const server = await startInstance({
    onDeath: (lastWords) => {
      alive = false;
      report.failures.push(`the server ended: ${lastWords}`);
    },
  });
  let agent = new http.Agent();
  const note = (answer: RawAnswer | undefined, fault: string | undefined) => {
    const status = answer?.status ?? "none";
    addTo(report.statuses, status, 1);
    if (fault && report.failures.length < MAX_FAILURES) report.failures.push(fault);
    onProgress?.(++report.requests);
  };
  const send = async (request: AttackRequest) => {
    const answer = await deliver(agent, server.statsUrl, request).catch(String);
    if (typeof answer !== "string") note(answer, faultOf(answer, request));
    else note(undefined, request.delivery === "cut" ? undefined : `${answer}: ${inWords(request)}`);
  };
  const sendBroken = async (message: Buffer) => {
    const answer = await deliverBroken(server.statsUrl, message);
    note(answer, answer && faultOf(answer, message));
  };

  let first: Measurement | undefined;
  try {
    for (let sent = 0; sent < requests && alive; sent += CHUNK) {
      const numRuns = Math.min(CHUNK, requests - sent);
      agent = new http.Agent({ keepAlive: true, maxSockets: AT_ONCE });
      const victim = sendValidEvent(server, sent)
        .then((app) => counterFault(server, app))
        .catch(String);
      await pLimit(AT_ONCE).map(samples(server, seed + sent, numRuns), async (request) => {
        if (alive) await ("method" in request ? send(request) : sendBroken(request));
      });
      agent.destroy(); // A connection that stays open keeps its last request in the server's memory.
      if (!alive) break;
      const fault = await victim;
      if (fault) report.failures.push(fault);
      else report.counted++;
      const now = await server.measure();
      first ??= now;
      report.growth = (now?.now ?? 0) - (first?.now ?? 0);
      report.peak = now?.peak ?? 0;
    }
  } finally {
    server.stop();
    agent.destroy();
  }
  if (report.growth > MAX_GROWTH) report.failures.push(`memory grew by ${report.growth} bytes`);
  if (report.peak > MEMORY_MEBIBYTES * 1024 * 1024)
    report.failures.push(`memory rose to ${report.peak} bytes`);
  return report;
}

interface RawAnswer {
  status: number;
  body: string;
}

/** Rejects where no answer came. */
function deliver(agent: http.Agent, url: string, request: AttackRequest): Promise<RawAnswer> {
  const { method, suffix, headers, body, delivery } = request;
  return new Promise((resolve, reject) => {
    const outgoing = http.request(url + suffix, {
      agent,
      method,
      headers: { ...headers, "Content-Length": body.length },
      timeout: ANSWER_MILLISECONDS,
    });
    outgoing.on("timeout", () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () => {
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() });
      });
    });
    const middle = body.length >> 1;
    if (delivery === "whole") outgoing.end(body);
    else {
      outgoing.write(body.subarray(0, middle));
      const rest = body.subarray(middle);
      setTimeout(() => (delivery === "slow" ? outgoing.end(rest) : outgoing.destroy()), 50);
    }
  });
}

/** Writes to a socket; resolves with the answer, or nothing where none came before the connection ended. */
function deliverBroken(url: string, message: Buffer): Promise<RawAnswer | undefined> {
  const { port, hostname } = new URL(url);
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(Number(port), hostname, () => socket.write(message));
    socket.setTimeout(SOCKET_MILLISECONDS, () => socket.destroy());
    socket.on("data", (chunk) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => {
      const body = Buffer.concat(chunks).toString("latin1");
      const status = body.match(/^HTTP\/1\.1 (\d{3})/)?.[1];
      resolve(status === undefined ? undefined : { status: Number(status), body });
    });
  });
}

function samples(server: Instance, seed: number, numRuns: number): (AttackRequest | Buffer)[] {
  const broken = brokenMessage(new URL(server.statsUrl).pathname);
  const any = fc.oneof(
    { arbitrary: attackRequest, weight: BROKEN_SHARE - 1 },
    { arbitrary: broken, weight: 1 },
  );
  return fc.sample(any, { seed, numRuns });
}

/** Finds what is wrong with an answer: a 5xx, or a stack trace or path in it. */
function faultOf({ status, body }: RawAnswer, request: AttackRequest | Buffer): string | undefined {
  if (status >= 500) return `answered ${status}: ${inWords(request)}`;
  if (/node_modules|file:\/\/|\n\s+at |\.[jt]s:\d/.test(body))
    return `leaks ${body.slice(0, 200)}: ${inWords(request)}`;
  return undefined;
}

function inWords(request: AttackRequest | Buffer): string {
  const start = (bytes: Buffer) => JSON.stringify(bytes.toString("latin1").slice(0, 300));
  if (!("method" in request)) return start(request);
  const { method, suffix, headers, body, delivery } = request;
  return `${delivery} ${method} ${suffix} ${JSON.stringify(headers)} ${start(body)} (${body.length} bytes)`;
}

/** Sends a valid event while the attack goes on; resolves with its app. */
async function sendValidEvent(server: Instance, sent: number): Promise<string> {
  await sleep(INTO_ATTACK_MILLISECONDS);
  const app_id = `com.example.victim${sent}`;
  const body = JSON.stringify(anEvent({ app_id }));
  const { status } = await fetch(server.statsUrl, { method: "POST", body });
  if (status !== 200) throw new Error(`a valid event was answered ${status}`);
  return app_id;
}

/** Finds what is wrong with the counter of one valid event. The counter may take a moment to follow. */
async function counterFault(server: Instance, app: string): Promise<string | undefined> {
  const until = Date.now() + ANSWER_MILLISECONDS;
  const path = `counters/${app}@2.5.1`;
  for (;;) {
    const response = await fetch(`${server.documents}/documents/${path}`);
    const { data } = await response.json();
    if (data?.actions?.set === 1) return undefined;
    if (Date.now() > until) return `a valid event is not counted: ${path} is ${JSON.stringify(data)}`;
    await sleep(100);
  }
}

const options = z.object({
  requests: wholeNumber(1, 100_000, "how many requests"),
  seed: wholeNumber(0, Date.now() % 2 ** 29, "the same seed sends the same requests"),
});

export const command: Command<typeof options> = {
  name: "fuzz",
  summary:
    "Sends requests that nobody should send to stats, in a process of its own with the function's memory, and valid " +
    "events in between. Fails on a 5xx, a leak, a valid event that is not counted, or too much memory.",
  example: "--requests 4000 --seed 7",
  options,
  async run({ requests, seed }, session) {
    session.print(`seed ${seed}`);
    const onProgress = createProgress(session, 10_000, requests, "requests");
    const report = await fuzz({ requests, seed, onProgress });
    const mebibytes = (bytes: number) => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
    return conclude(session, report.failures, [
      `${report.requests} requests: ${statuses(report.statuses)}`,
      `${report.counted} valid events in between are stored and counted`,
      `stats has ${MEMORY_MEBIBYTES} MiB: it held at most ${mebibytes(report.peak)}, and grew by ${mebibytes(report.growth)} after the first requests`,
    ]);
  },
};

if (import.meta.main) await main(command);
