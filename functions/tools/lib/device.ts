/** Simulates a device that lives through an update, with a plugin of any generation. */

import { createHash } from "node:crypto";
import {
  createPlugin,
  type DevicePlatform,
  type DownloadKind,
  type Failure,
  isFrom,
  type Plugin,
  type Report,
} from "./plugin.ts";

/** An update as its devices live through it. Shares are numbers from 0 to 1. */
export interface Update {
  app: string;
  version: string;
  /** The version before it. */
  from: string;
  /** The versions of the plugin, over which the devices are shared out evenly. */
  plugins: readonly string[];
  /** The share of devices that end without the update. */
  failures: number;
  /** The platform where it is worse, and its share. */
  bad?: { platform: DevicePlatform; failures: number };
  /** The share of batches that are sent again although they were taken, as if the answer had been lost. */
  repeats: number;
  /** The devices, and what happens to them, follow from it. */
  seed: string;
  /** When the update is over, in milliseconds since 1970. */
  end: number;
}

/** An event as the plugin sends it. */
export type DeviceEvent = Record<string, unknown> & {
  platform: DevicePlatform;
  app_id: string;
  version_name?: string;
  action: string;
};

/** One POST: a batch, or an event. */
export interface DeviceRequest {
  body: DeviceEvent[] | DeviceEvent;
  /** Whether the plugin sends it again until it is taken. Only batches of newer plugins are. */
  sentUntilTaken: boolean;
  /** Whether it is sent again although it was taken. Only such batches are. */
  repeated: boolean;
}

/** The requests of device number `index`, in order. They are the same for the same `update`. */
export function deviceRequests(update: Update, index: number): DeviceRequest[] {
  const random = randomNumbers(`${update.seed}/${index}`);
  const platform = pick(platformShares, random);
  const version = update.plugins[index % update.plugins.length];
  if (version === undefined) throw new Error("expected at least one version of the plugin");
  const plugin = createPlugin(platform, version);
  const device = describeDevice(update, platform, plugin, random);
  const reports = story(update, plugin, device, random);
  return requests(update, plugin, device, reports, random);
}

/**
 * The backend takes what began less than five minutes ago, by the device's clock, for under way: at its end an update
 * has been quiet for a bit longer.
 */
const QUIET_END_MILLISECONDS = 360_000;
const FLUSH_MILLISECONDS = 1_000;

/** Puts reports into requests as the plugin does: what is queued goes once a second, the rest at once and by itself. */
function requests(
  { end, repeats }: Update,
  { sendsAgain }: Plugin,
  device: DeviceFields,
  reports: readonly Report[],
  random: () => number,
): DeviceRequest[] {
  const duration = reports.reduce((sum, { after }) => sum + after, 0);
  let time = end - QUIET_END_MILLISECONDS - Math.floor(random() * 10_000) - duration;
  const made: DeviceRequest[] = [];
  let queue: (DeviceEvent & { timestamp: number })[] = [];
  const flush = () => {
    if (queue.length > 0) {
      made.push({ body: queue, sentUntilTaken: sendsAgain, repeated: random() < repeats && sendsAgain });
    }
    queue = [];
  };
  for (const { after, queued, worker, ...fields } of reports) {
    time += after;
    const [first] = queue;
    if (first && time >= first.timestamp + FLUSH_MILLISECONDS) flush();
    const { key_id, ...known } = device;
    const event = { ...known, ...(key_id !== undefined && !worker && { key_id }), ...fields };
    if (queued) queue.push({ ...event, timestamp: time });
    else made.push({ body: event, sentUntilTaken: false, repeated: false });
  }
  flush();
  return made;
}

/** What the plugin reports from before the update until the device has it, or has failed for the last time. */
function story(
  { version: target, from, failures, bad }: Update,
  plugin: Plugin,
  { platform, version_build, version_os }: DeviceFields,
  random: () => number,
): Report[] {
  const failing = random() < (bad?.platform === platform ? bad.failures : failures);
  const happens = (share: number) => random() < share;
  const crashes = (share: number) => happens(share) && version_os !== "10"; // Android tells from 11 on.
  const fallback = happens(0.8) ? from : undefined; // The others have had no update before.
  const running = fallback ?? plugin.storeBundle(version_build);
  const kind: DownloadKind = happens(0.5) ? "manifest" : "zip";

  const start = plugin.start({ running, crashed: crashes(0.01) });
  const idle = happens(0.05) ? plugin.nothingNew({ running }) : [];
  const download = plugin.attempt({ target, running, kind, outcome: "downloaded" });
  const killed = [...plugin.attempt({ target, running, kind, outcome: "killed" }), ...later(start)];
  if (!failing) {
    return [
      ...start,
      ...later(idle),
      ...(happens(0.03) ? killed : []),
      ...download,
      ...plugin.install({ target, running }),
      ...(happens(0.05) ? later(plugin.nothingNew({ running: target })) : []),
    ];
  }
  const fate = pick(fates, random);
  const checks = 1 + Math.floor(random() * 4);
  if (fate === "killed") return [...start, ...Array(checks).fill(killed).flat()];
  if (fate === "rolled back") {
    return [
      ...start,
      ...download,
      ...plugin.install({ target, running, ready: false }),
      ...plugin.rollBack({ target, fallback, version_build }),
      ...later(plugin.start({ running, crashed: crashes(0.25) })),
    ];
  }
  const reports = [...start];
  for (let check = 0; check < checks; check++) {
    const again = check > 0 && happens(0.5); // Otherwise the app was started anew.
    if (check > 0 && !again) reports.push(...later(start));
    const attempt = plugin.attempt({ target, running, kind, outcome: fate, again });
    reports.push(...(again ? later(attempt) : attempt));
  }
  return reports;
}

const MINUTES_BETWEEN_CHECKS = 11;

/** The same after some minutes: the plugin checks every ten at most. */
function later(reports: readonly Report[]): Report[] {
  const after = MINUTES_BETWEEN_CHECKS * 60_000;
  return reports.map((report, index) => (index === 0 ? { ...report, after } : report));
}

const platformShares = [
  ["android", 6],
  ["ios", 3],
  ["electron", 1],
] as const;

/** How an update fails, with the frequency. */
const fates: ReadonlyArray<readonly [Failure | "killed" | "rolled back", number]> = [
  ["network", 5],
  ["http", 4],
  ["checksum", 3],
  ["unzip", 1],
  ["decrypt", 1],
  ["disk_space", 1],
  ["killed", 1],
  ["rolled back", 4],
];

interface DeviceFields {
  platform: DevicePlatform;
  device_id: string;
  app_id: string;
  version_build: string;
  version_code: string;
  version_os: string;
  plugin_version: string;
  custom_id?: string;
  is_emulator?: boolean;
  is_prod?: boolean;
  install_source?: string;
  defaultChannel?: string;
  key_id?: string;
}

/** The fields that all events of a device have in common, as far as its plugin knows them. */
function describeDevice(
  { app }: Update,
  platform: DevicePlatform,
  { plugin_version, generation }: Plugin,
  random: () => number,
): DeviceFields {
  const id = deviceId(random);
  const version_build = pick(builds, random);
  const device: DeviceFields = {
    platform,
    device_id: platform === "ios" ? id.toUpperCase() : id,
    app_id: app,
    version_build,
    version_code: platform === "electron" ? version_build : version_build.replaceAll(".", ""),
    version_os: pick(systems[platform], random),
    plugin_version,
  };
  const install_source = pick(sources[platform], random);
  if (platform !== "electron") device.custom_id = "";
  if (generation !== "G0") Object.assign(device, { is_emulator: false, is_prod: true });
  if (generation === "E" || isFrom(generation, "G2")) device.defaultChannel = "production";
  if (platform !== "electron" && (isFrom(generation, "G6") || plugin_version.startsWith("8."))) {
    Object.assign(device, { install_source, key_id: "MIIBCgKCAQEA" });
  }
  return device;
}

const builds: Weighted = [
  ["2.4.0", 7],
  ["2.3.1", 2],
  ["2.2.0", 1],
];

const systems: Record<DevicePlatform, Weighted> = {
  android: [
    ["14", 4],
    ["15", 3],
    ["13", 2],
    ["10", 1],
  ],
  ios: [
    ["17.5.1", 4],
    ["18.1", 4],
    ["16.7", 1],
  ],
  electron: [
    ["10.0.22631", 2],
    ["6.8.0-45-generic", 1],
  ],
};

const sources: Record<DevicePlatform, Weighted> = {
  android: [
    ["com.android.vending", 8],
    ["com.sec.android.app.samsungapps", 1],
    ["com.huawei.appmarket", 1],
  ],
  ios: [["app_store", 1]],
  electron: [["", 1]],
};

function deviceId(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Numbers from 0 up to 1 that follow from the seed, and only from it. */
function randomNumbers(seed: string): () => number {
  let drawn = 0;
  return () => createHash("sha256").update(`${seed}/${drawn++}`).digest().readUInt32BE() / 2 ** 32;
}

type Weighted<Choice = string> = ReadonlyArray<readonly [Choice, number]>;

/** One of the choices, each as often as its weight says. */
function pick<Choice>(choices: Weighted<Choice>, random: () => number): Choice {
  let point = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of choices) {
    point -= weight;
    if (point < 0) return choice;
  }
  throw new Error("expected at least one choice");
}
