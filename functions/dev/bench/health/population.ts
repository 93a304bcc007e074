/** Devices that live through releases, and report what their plugins report. */

import type { Platform } from "../../../src/counting/documents.ts";
import { measuresOfEvent } from "../../../src/health/measures.ts";
import {
  createPlugin,
  type Failure,
  type Outcome,
  type Plugin,
  type Report,
} from "../../../tools/lib/plugin.ts";
import type { SentEvent } from "./observed-app.ts";
import { type Chance, exponential, pick } from "./random.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How devices behave whatever the version. Shares are from 0 to 1. */
export interface World {
  devices: number;
  /** The share of devices that do not get a version, anew for each version. */
  failing: number;
  /** How often such a device tries, until it tries no more. */
  reports: number;
  /** The share of devices that fail with every version, every ten minutes, as long as the world lasts. */
  stubborn: number;
  /** The share of attempts that end with the app or the network, and are made up for later. */
  interrupted: number;
  /** The share of installs that do not start and go back. */
  rolledBack: number;
  /** The share of starts that tell of a crash. */
  crashes: number;
  /** The share of updates by manifest. */
  manifests: number;
}

/** A world as unkind as the plugin's sources allow, but for `reports` and `stubborn`. */
export const unkindWorld: World = {
  devices: 1_000,
  failing: 0.004,
  reports: 3,
  stubborn: 0,
  interrupted: 0.03,
  rolledBack: 0.002,
  crashes: 0.005,
  manifests: 0.3,
};

/** What a release does, beside what the world does. */
export interface Release {
  version: string;
  /** The version before it. */
  from: string;
  /** Milliseconds since 1970. */
  begins: number;
  ends: number;
  /** The share of devices that it fails for, by platform; they try again, `reports` times. */
  bad?: {
    share: number;
    platforms: readonly Platform[];
    since?: number;
    way?: "not_downloaded" | "rolled_back";
  };
  /** The share of the devices that may have it. */
  rollout?: number;
}

interface Device {
  id: string;
  platform: Platform;
  plugin: Plugin;
  isStubborn: boolean;
  /** The mean time between two openings of the app. */
  opensEvery: number;
}

const platformShares = [
  ["android", 60],
  ["ios", 35],
  ["electron", 5],
] as const;

const pluginShares = [
  ["8.51.23", 55],
  ["8.47.2", 10],
  ["7.51.21", 10],
  ["8.41.1", 10],
  ["6.30.0", 5],
  ["6.14.1", 3],
  ["5.9.5", 4],
  ["5.3.4", 3],
] as const;

/** Makes a world's devices. */
export function createDevices(world: World, chance: Chance): Device[] {
  return Array.from({ length: world.devices }, () => {
    const platform = pick(platformShares, chance);
    return {
      id: Array.from({ length: 4 }, () =>
        Math.floor(chance() * 2 ** 32)
          .toString(16)
          .padStart(8, "0"),
      ).join(""),
      platform,
      plugin: createPlugin(platform, pick(pluginShares, chance)),
      isStubborn: chance() < world.stubborn,
      opensEvery: DAY * Math.exp(2 * (chance() - 0.5)),
    };
  });
}

/** What the devices report about a release, in the order in which it comes. */
export function eventsOf(
  world: World,
  devices: readonly Device[],
  release: Release,
  chance: Chance,
): SentEvent[] {
  const events: SentEvent[] = [];
  for (const device of devices) {
    if (chance() < (release.rollout ?? 1)) live(world, device, release, chance, events);
  }
  return events.sort((a, b) => a.received_at - b.received_at);
}

const failureShares: readonly (readonly [Failure, number])[] = [
  ["network", 6],
  ["http", 2],
  ["checksum", 2],
  ["unzip", 1],
  ["disk_space", 1],
];

/** A device opens the app now and then, tries to get the version, installs it at the next opening, and starts it. */
function live(world: World, device: Device, release: Release, chance: Chance, events: SentEvent[]): void {
  const { plugin, opensEvery } = device;
  const { version: target, from: running, bad, ends } = release;
  const kind = chance() < world.manifests ? "manifest" : "zip";
  const send = (reports: readonly Report[], at: number): number => {
    let time = at;
    let silent = 0;
    for (const { action, version_name = "unknown", after, queued } of reports) {
      time += after;
      if (time >= ends) break;
      const said = { platform: device.platform, plugin_version: plugin.plugin_version, action };
      if (Object.keys(measuresOfEvent(said)).length === 0) {
        silent++;
        continue;
      }
      events.push({
        ...said,
        device_id: device.id,
        version_name,
        received_at: time + 1_000 * chance(),
        stands_for: 1 + silent,
        ...(queued && { occurred_at: time }),
      });
      silent = 0;
    }
    return time;
  };
  const attempt = (at: number, outcome: Outcome, again = false) =>
    send(plugin.attempt({ target, running, kind, outcome, again }), at);

  const isIll = chance() < world.failing;
  const isHit = bad?.platforms.includes(device.platform) === true && chance() < bad.share;
  const failure = pick(failureShares, chance);
  let tries = 0;
  let time = release.begins + exponential(chance, opensEvery * 0.5);
  for (; time < ends; time += exponential(chance, opensEvery)) {
    if (device.isStubborn) {
      for (; time < ends; time += 10 * MINUTE) attempt(time, failure, tries++ > 0);
      return;
    }
    if (isIll || (isHit && bad?.way !== "rolled_back" && time >= (bad?.since ?? 0))) {
      if (tries < world.reports) attempt(time, failure, false);
      tries++;
      // The app stays open, or is opened again soon, so the plugin checks again.
      for (; tries < world.reports && chance() < 0.7; tries++) {
        time += 10 * MINUTE;
        if (time < ends) attempt(time, failure, true);
      }
    } else if (chance() < world.interrupted) {
      attempt(time, "killed");
    } else {
      time = attempt(time, "downloaded");
      break;
    }
  }
  time += exponential(chance, HOUR);
  if (time >= ends) return;
  const fails = chance() < world.rolledBack || (isHit && bad?.way === "rolled_back");
  time = send(plugin.install({ target, running, ready: !fails }), time);
  if (fails) {
    send(plugin.rollBack({ target, fallback: running, version_build: "1.0.0" }), time);
    return;
  }
  for (let starts = 0; starts < 3; starts++) {
    time += exponential(chance, opensEvery);
    if (time >= ends) return;
    send(plugin.start({ running: target, crashed: chance() < world.crashes }), time);
  }
}
