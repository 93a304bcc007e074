/** Devices that live through releases, and report what their plugins report. */

import type { Platform } from "../../../src/counting/documents.ts";
import { createPlugin, type Report } from "../../../tools/lib/plugin.ts";
import type { SentEvent } from "./observed-app.ts";
import { type Chance, exponential, pick } from "./random.ts";

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** How devices fail that have nothing to do with the version. Shares are from 0 to 1. */
export interface World {
  devices: number;
  /** The share of devices that do not get a version, anew for each version. */
  failing: number;
  /** How often such a device reports that it has failed, before it tries no more. */
  reports: number;
  /** The share of devices that fail with every version, every ten minutes, as long as the world lasts. */
  stubborn: number;
  /** The share of attempts that end with the app, or with the network, and are made up for later. */
  interrupted: number;
  /** The share of installs that do not start and go back. */
  rolledBack: number;
  /** The share of starts that tell of a crash. */
  crashes: number;
}

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
  plugin: ReturnType<typeof createPlugin>;
  plugin_version: string;
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
  ["5.9.5", 10],
] as const;

/** Makes a world's devices. */
export function createDevices(world: World, chance: Chance): Device[] {
  return Array.from({ length: world.devices }, () => {
    const platform = pick(platformShares, chance);
    const plugin_version = platform === "electron" ? "0.0.1" : pick(pluginShares, chance);
    return {
      id: Array.from({ length: 4 }, () =>
        Math.floor(chance() * 2 ** 32)
          .toString(16)
          .padStart(8, "0"),
      ).join(""),
      platform,
      plugin_version,
      plugin: createPlugin(platform, plugin_version),
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

/** A device opens the app now and then, tries to get the version, installs it at the next opening, and starts it. */
function live(world: World, device: Device, release: Release, chance: Chance, events: SentEvent[]): void {
  const { plugin } = device;
  const { version: target, from: running, bad } = release;
  const send = (reports: readonly Report[], at: number): number => {
    let time = at;
    for (const { action, version_name = "unknown", after, queued } of reports) {
      time += after;
      if (time >= release.ends) break;
      events.push({
        device_id: device.id,
        platform: device.platform,
        plugin_version: device.plugin_version,
        action,
        version_name,
        received_at: time + 1_000 * chance(),
        ...(queued && { occurred_at: time }),
      });
    }
    return time;
  };
  const fail = (at: number) => {
    const outcome = pick(
      [
        ["network", 6],
        ["checksum", 2],
        ["disk_space", 0],
      ] as const,
      chance,
    );
    return send(plugin.attempt({ target, running, kind: "zip", outcome }), at);
  };

  const isIll = chance() < world.failing;
  const isHit = bad !== undefined && bad.platforms.includes(device.platform) && chance() < bad.share;
  let failures = 0;
  let time = release.begins + exponential(chance, device.opensEvery * 0.5);
  for (; time < release.ends; time += exponential(chance, device.opensEvery)) {
    if (device.isStubborn) {
      for (; time < release.ends; time += 10 * MINUTE) fail(time);
      return;
    }
    const fails = isIll || (isHit && bad.way !== "rolled_back" && time >= (bad.since ?? 0));
    if (fails) {
      if (failures < world.reports) {
        fail(time);
        failures++;
        // The app stays open, or is opened again soon, so the plugin checks again.
        if (failures < world.reports && chance() < 0.7) {
          for (; failures < world.reports && chance() < 0.7; failures++) {
            time += 10 * MINUTE;
            if (time < release.ends) fail(time);
          }
        }
      }
      continue;
    }
    if (chance() < world.interrupted) {
      send(plugin.attempt({ target, running, kind: "zip", outcome: "killed" }), time);
      continue;
    }
    time = send(plugin.attempt({ target, running, kind: "zip", outcome: "downloaded" }), time);
    break;
  }
  time += exponential(chance, HOUR);
  if (time >= release.ends) return;
  time = send(plugin.install({ target, running }), time);
  if (chance() < world.rolledBack || (isHit && bad.way === "rolled_back")) {
    send(plugin.rollBack({ target, fallback: running, native: "1.0.0" }), time);
    return;
  }
  for (let starts = 0; starts < 3; starts++) {
    time += exponential(chance, device.opensEvery);
    if (time >= release.ends) return;
    send(plugin.start({ running: target }), time);
    if (chance() < world.crashes && device.platform !== "electron") {
      events.push({
        device_id: device.id,
        platform: device.platform,
        plugin_version: device.plugin_version,
        action: "app_crash",
        version_name: target,
        received_at: time + 2_000,
        occurred_at: time + 1_000,
      });
    }
  }
}
