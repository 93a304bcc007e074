/** Makes the requests of many devices, and sends them as the plugin does: each again until it is answered 200. */

import { setTimeout as sleep } from "node:timers/promises";
import pLimit from "p-limit";
import { addTo } from "../../../tools/lib/tally.ts";
import { type Chance, pick } from "../../bench/health/random.ts";
import { payload } from "../../testing/events.ts";
import type { CountedEvent } from "../by-hand.ts";

/** So many devices send at once, each with a pause of up to so many milliseconds after a request. */
const DEVICES = 40;
const PAUSE_MILLISECONDS = 600;

/** Android's old plugins wait no longer for an answer. */
const PATIENCE_MILLISECONDS = 2_500;

/** The plugin waits so long before it sends again. */
const AGAIN_MILLISECONDS = 1_000;

/** The share of requests that come again although they were answered 200, as after an answer that got lost. */
const REPEATED_SHARE = 0.05;

/** Requests as plugins send them, and how often each is sent for others: arrays of 15 and 5 events, and single events. */
const payloads = [
  ["android-8.51.23-batch", 1],
  ["ios-8.51.23-batch", 2],
  ["android-8.51.23-download-worker", 2],
  ["android-5.3.4-single", 1],
  ["ios-4.9.0-single", 1],
  ["electron-0.0.6-single", 1],
] as const;

/** What stands in the place of the payloads' 2.5.1: one hot version, and one whose counter has an encoded id. */
const versions = [
  ["2.5.1", 12],
  ["2.6.0", 2],
  ["3.0.0-beta/1", 1],
] as const;

/** Builds as devices tell them, in the place of a payload that tells. */
const builds: [build: Pick<CountedEvent, "is_prod" | "is_emulator">, weight: number][] = [
  [{ is_prod: true, is_emulator: false }, 18],
  [{ is_prod: false, is_emulator: false }, 1],
  [{ is_prod: true, is_emulator: true }, 1],
];

/** Events have no id; here, each has a time of its own. */
const FIRST_TIMESTAMP = 1_795_392_000_000;

export interface SentEvent extends CountedEvent {
  app_id: string;
  device_id: string;
  version_name: string;
  timestamp: number;
}

export interface Request {
  events: SentEvent[];
  /** Whether the body is an array. */
  isArray: boolean;
  /** Whether it comes again although it was answered 200. */
  isRepeated: boolean;
}

/**
 * Makes requests of so many events in all, no two of them alike. Old plugins send no `timestamp`; here, they do, since only
 * with one a request can come again without counting twice.
 */
export function makeRequests(events: number, chance: Chance): Request[] {
  const requests: Request[] = [];
  for (let made = 0; made < events; ) {
    const body: SentEvent | SentEvent[] = payload(pick(payloads, chance));
    const version = pick(versions, chance);
    const build = pick(builds, chance);
    const device_id = `4b7c9f0e-7d0b-4a57-9a3c-${String(requests.length).padStart(12, "0")}`;
    const sent = [body].flat().slice(0, events - made);
    requests.push({
      events: sent.map((event, n) => ({
        ...event,
        ...("is_prod" in event && build),
        device_id,
        version_name: event.version_name.replace("2.5.1", version),
        timestamp: FIRST_TIMESTAMP + made + n,
      })),
      isArray: Array.isArray(body),
      isRepeated: chance() < REPEATED_SHARE,
    });
    made += sent.length;
  }
  return requests;
}

/** Requests by the status of their answer. */
export type Answers = Map<number | "none", number>;

/** Sends all requests to `stats`. Resolves when each is answered 200, and tells of each. Rejects if one cannot be taken. */
export async function sendAll(
  url: string,
  requests: readonly Request[],
  chance: Chance,
  onTaken: (events: readonly SentEvent[]) => void,
): Promise<Answers> {
  const answers: Answers = new Map();
  const devices = pLimit(DEVICES);

  const send = async ({ events, isArray }: Request): Promise<boolean> => {
    const { status, text } = await post(url, JSON.stringify(isArray ? events : events[0]));
    addTo(answers, status, 1);
    if (status === "none" || status === 429 || status === 503) return false;
    if (status === 200 && !text.includes('"error"')) return true;
    throw new Error(`stats answers ${status}: ${text.slice(0, 200)}`);
  };
  await devices.map(requests, async (request) => {
    while (!(await send(request))) await sleep(AGAIN_MILLISECONDS);
    onTaken(request.events);
    if (request.isRepeated) await send(request);
    await sleep(chance() * PAUSE_MILLISECONDS);
  });
  return answers;
}

/** Posts as a device does, which waits for a while and reads the status. */
async function post(url: string, body: string): Promise<{ status: number | "none"; text: string }> {
  try {
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json" },
      signal: AbortSignal.timeout(PATIENCE_MILLISECONDS),
    });
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: "none", text: "" };
  }
}
