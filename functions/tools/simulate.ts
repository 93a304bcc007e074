/** `npm run simulate`: sends what many devices send over an update. */

import { randomUUID } from "node:crypto";
import pLimit from "p-limit";
import { z } from "zod";
import { type Clock, systemClock } from "../src/clock.ts";
import {
  addCounts,
  type CounterIdentity,
  type Counts,
  countedFields,
  countsOf,
} from "../src/counting/documents.ts";
import { counterTable } from "./counters.ts";
import { type Command, ExitCode, main, optionHelp, wholeNumber, yes } from "./lib/command.ts";
import { type DeviceEvent, type DeviceRequest, deviceRequests, type Update } from "./lib/device.ts";
import { devicePlatforms } from "./lib/plugin.ts";
import { UsageError } from "./lib/session.ts";
import { amount } from "./lib/table.ts";
import { addTo } from "./lib/tally.ts";

/** A batch is sent so often at most; a plugin that sends it again never gives up. */
const MAX_ATTEMPTS = 10;
const REQUEST_TIMEOUT_MILLISECONDS = 60_000;
const DEFAULT_RETRY_AFTER_SECONDS = 1;
const LONGEST_RETRY_AFTER_SECONDS = 60;

export interface Simulated {
  requests: number;
  /** The events that the requests carried, those sent again included. */
  events: number;
  /** Answers by their status. `no answer` is one of them. */
  answers: Map<string, number>;
  /** Events that the server will not have. */
  refused: number;
  /** Events that nobody sends again, though the server could not take them, or did not say so. */
  lost: number;
  seconds: number;
  /** The counts that the accepted events add to the counters. */
  counters: Counted[];
}

interface Counted extends CounterIdentity {
  counts: Counts;
}

/**
 * Sends the requests of `devices` devices over an update to `url`, `concurrency` of them at a time. Those with a plugin
 * from 8.51.5, 7.51.15 or 6.51.15 on send a batch again after 408, 429, 5xx and lost connections: a second later, or
 * after the `Retry-After` of a 429. Older ones lose it.
 */
export async function simulate(
  url: URL,
  update: Update,
  {
    devices,
    concurrency,
    clock = systemClock,
    onProgress,
  }: { devices: number; concurrency: number; clock?: Clock; onProgress?: (devices: number) => void },
): Promise<Simulated> {
  const result: Simulated = {
    ...{ requests: 0, events: 0, answers: new Map(), refused: 0, lost: 0, seconds: 0, counters: [] },
  };
  const started = clock.now();
  await pLimit(concurrency).map(Array(devices).keys(), async (index) => {
    for (const request of deviceRequests(update, index)) {
      await deliver(url, request, result, clock);
      if (request.repeated) await send(url, request.body, result);
    }
    onProgress?.(1);
  });
  return { ...result, seconds: (clock.now() - started) / 1_000 };
}

/** Sends a request until it is answered for good, and adds what was accepted to the counters. */
async function deliver(
  url: URL,
  { body, sentUntilTaken }: DeviceRequest,
  result: Simulated,
  clock: Clock,
): Promise<void> {
  const events = Array.isArray(body) ? body : [body];
  for (let attempt = 1; ; attempt++) {
    const answer = await send(url, body, result);
    if (answer.isAccepted) {
      result.refused += answer.refused.size;
      for (const [index, event] of events.entries()) {
        if (!answer.refused.has(index)) count(result.counters, event);
      }
      return;
    }
    if (answer.isFinal) {
      result.refused += events.length;
      return;
    }
    if (!sentUntilTaken || attempt === MAX_ATTEMPTS) {
      result.lost += events.length;
      return;
    }
    await clock.sleep(answer.retryAfterSeconds * 1_000);
  }
}

interface Reception {
  isAccepted: boolean;
  /** Whether the plugin drops the events then, as on most of 4xx. */
  isFinal: boolean;
  /** The indexes of the events of an accepted batch that were refused. */
  refused: Set<number>;
  retryAfterSeconds: number;
}

const batchAnswer = z.object({ results: z.array(z.object({ status: z.string(), index: z.number() })) });

async function send(url: URL, body: DeviceEvent | DeviceEvent[], result: Simulated): Promise<Reception> {
  result.requests++;
  result.events += Array.isArray(body) ? body.length : 1;
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
      redirect: "manual",
      signal: AbortSignal.timeout(REQUEST_TIMEOUT_MILLISECONDS),
    });
    const { results } = batchAnswer.catch({ results: [] }).parse(parseJson(await response.text()));
    addTo(result.answers, String(response.status), 1);
    const { status, ok } = response;
    return {
      isAccepted: ok,
      isFinal: !ok && status < 500 && status !== 408 && status !== 429,
      refused: new Set(results.flatMap((each) => (each.status === "ok" ? [] : [each.index]))),
      retryAfterSeconds: retryAfterSeconds(status === 429 ? response.headers.get("Retry-After") : null),
    };
  } catch {
    addTo(result.answers, "no answer", 1);
    const retryAfterSeconds = DEFAULT_RETRY_AFTER_SECONDS;
    return { isAccepted: false, isFinal: false, refused: new Set(), retryAfterSeconds };
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function retryAfterSeconds(header: string | null): number {
  const seconds = header === null ? Number.NaN : Number(header);
  return seconds >= 0 ? Math.min(seconds, LONGEST_RETRY_AFTER_SECONDS) : DEFAULT_RETRY_AFTER_SECONDS;
}

/** Adds an event to the counter that `countEvent` adds it to. */
function count(counters: Counted[], event: DeviceEvent): void {
  const counted = countedFields.parse({ version_name: "", ...event }); // As the backend reads an absent one.
  const { app_id, version_name } = counted;
  const counter = counters.find((open) => open.app_id === app_id && open.version_name === version_name);
  const { hours: _, ...counts } = addCounts([counter?.counts ?? {}, countsOf(counted, 0)]);
  if (counter) counter.counts = counts;
  else counters.push({ app_id, version_name, counts });
}

const percentage = z
  .string()
  .regex(/^\d{1,3}(\.\d+)?%?$/, { error: "a percentage like 5%" })
  .transform((share) => Number.parseFloat(share) / 100)
  .refine((share) => share <= 1, { error: "at most 100%" });

const named = (value: string, initial: string, text: string) =>
  z
    .string()
    .min(1, { error: "a value" })
    .default(initial)
    .register(optionHelp, { value, text: `${text} (default ${initial})` });

/** Mostly the newest, and one of each kind of older ones. */
const COMMON_PLUGINS = [...Array<string>(8).fill("8.51.23"), "7.43.3", "6.25.1"];

const pluginVersions = z
  .string()
  .regex(/^\d+\.\d+\.\d+(-[\w.]+)?(,\d+\.\d+\.\d+(-[\w.]+)?)*$/, {
    error: "versions of the plugin like 5.50.2,8.51.23",
  })
  .transform((versions) => versions.split(","));

const options = z.object({
  url: z
    .url({ protocol: /^https?$/, error: "the URL of the stats function" })
    .transform((url) => new URL(url))
    .register(optionHelp, { value: "URL", text: "where the stats function is" }),
  devices: wholeNumber(1, 100, "how many devices"),
  app: named("ID", "com.example.shop", "their app"),
  version: named("VERSION", "2.5.1", "the version they update to"),
  from: named("VERSION", "2.5.0", "the version they have"),
  plugin: pluginVersions.default(COMMON_PLUGINS).register(optionHelp, {
    value: "VERSIONS",
    text: "the versions of the plugin, over which android and ios devices are shared out (default 8.51.23, and some older)",
  }),
  failures: percentage.default(0.02).register(optionHelp, {
    value: "SHARE",
    text: "the share of devices that end without the update (default 2%)",
  }),
  badPlatform: z
    .enum(devicePlatforms, { error: devicePlatforms.join(", ") })
    .optional()
    .register(optionHelp, { value: "PLATFORM", text: "where it is worse: android, ios or electron" }),
  badFailures: percentage
    .optional()
    .register(optionHelp, { value: "SHARE", text: "the share that fails there" }),
  repeats: percentage
    .default(0.05)
    .register(optionHelp, { value: "SHARE", text: "the share of batches that are sent twice (default 5%)" }),
  concurrency: wholeNumber(1, 20, "how many devices send at a time"),
  seed: z.string().optional().register(optionHelp, {
    value: "TEXT",
    text: "the same devices and failures as in another run with this seed",
  }),
  yes,
});

export const command: Command<typeof options> = {
  name: "simulate",
  summary:
    "Sends what devices send over an update: progress, installation, failures, rollbacks, batches that come twice, " +
    "in the dialect of each version of the plugin. The events are stored and counted like any others: use an app " +
    "id of your own on a deployment that has real ones.",
  example:
    "--devices 1000 --url http://127.0.0.1:5001/demo-updater-stats/us-central1/stats --bad-platform ios --bad-failures 8%",
  options,
  async run({ url, devices, concurrency, yes, seed = randomUUID(), ...update }, session) {
    const { badPlatform: platform, badFailures: failures, plugin: plugins, ...rest } = update;
    if ((platform === undefined) !== (failures === undefined)) {
      throw new UsageError("--bad-platform and --bad-failures go together");
    }
    const bad = platform !== undefined && failures !== undefined ? { platform, failures } : undefined;
    const question = `Send the events of ${amount(devices, "made-up device")} to ${url.host}, to be stored and counted?`;
    if (!(await session.confirm(question, yes || isLoopback(url)))) return ExitCode.done;
    const progress = session.progress(devices);
    const result = await simulate(
      url,
      { ...rest, plugins, seed, end: Date.now(), ...(bad && { bad }) },
      { devices, concurrency, onProgress: progress.advance },
    ).finally(progress.stop);
    session.print(report(result, seed));
    return result.refused + result.lost === 0 ? ExitCode.done : ExitCode.failed;
  },
};

function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}

function report({ requests, events, answers, refused, lost, seconds, counters }: Simulated, seed: string) {
  const lines = [
    `${amount(requests, "request")} with ${amount(events, "event")} in ${seconds.toFixed(1)} s: ${Math.round(events / seconds)} events/s`,
    `answers: ${[...answers].map(([status, count]) => `${count} × ${status}`).join(", ")}`,
  ];
  if (refused > 0) lines.push(`${amount(refused, "event")} refused for good`);
  if (lost > 0)
    lines.push(`${amount(lost, "event")} given up by the plugin without a good answer: stored or not`);
  const added = counters.map(({ counts, ...identity }) => ({ ...identity, ...counts }));
  return [...lines, `seed: ${seed}`, "", "This adds to the counters:", counterTable(added)].join("\n");
}

if (import.meta.main) await main(command);
