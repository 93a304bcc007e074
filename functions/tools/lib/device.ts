/** Simulates a device that updates, in the shapes of plugin 8.51 and of the Electron plugin. */

import { createHash } from "node:crypto";
import type { DevicePlatform } from "./plugin.ts";

/** An update as its devices live through it. Shares are numbers from 0 to 1. */
export interface Update {
  app: string;
  version: string;
  /** The version before it. */
  from: string;
  /** The share of devices that fail to install it. */
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
  version_name: string;
  action: string;
};

/** One POST: a batch, which the plugin sends until it is taken, or an event, which it sends once. */
export interface DeviceRequest {
  body: DeviceEvent[] | DeviceEvent;
  /** Whether it is sent again although it was taken. Only batches are. */
  repeated: boolean;
}

/** The requests of device number `index`, in order. They are the same for the same `update`. */
export function deviceRequests(update: Update, index: number): DeviceRequest[] {
  const random = randomNumbers(`${update.seed}/${index}`);
  const platform = pick(platformShares, random);
  const failures = update.bad?.platform === platform ? update.bad.failures : update.failures;
  const failure = random() < failures ? pick<string>(failureShares[platform], random) : undefined;
  const id = deviceId(random);
  const device = {
    ...platformFields[platform],
    platform,
    device_id: platform === "ios" ? id.toUpperCase() : id,
    app_id: update.app,
  };

  let time = update.end - LONGEST_UPDATE_MILLISECONDS - Math.floor(random() * 10_000);
  const asEvent = ({ action, after, version = update.version, old = "", metadata }: Step): DeviceEvent => {
    time += after;
    const timed = { timestamp: time, ...(metadata && { metadata }) };
    const event = { ...device, version_name: version, old_version_name: old, action };
    return platform === "electron" ? event : { ...event, ...timed };
  };
  const batches = [download(update, failure, random), installation(update, failure, random)]
    .filter((steps) => steps.length > 0)
    .map((steps) => steps.map(asEvent));

  if (platform === "electron") return batches.flat().map((body) => ({ body, repeated: false }));
  const requests = batches.map((body) => ({ body, repeated: random() < update.repeats }));
  if (platform === "ios") return requests;
  const worker = {
    ...device,
    version_name: update.version,
    old_version_name: "",
    action: "download_zip_start",
  };
  return [{ body: worker, repeated: false }, ...requests];
}

const platformShares = [
  ["android", 6],
  ["ios", 3],
  ["electron", 1],
] as const;

/**
 * Causes of failed updates with their frequency; `manifest_file` stands for a file that fails and the update with it.
 */
const failureShares = {
  android: [
    ["download_fail", 8],
    ["checksum_fail", 3],
    ["unzip_fail", 2],
    ["insufficient_disk_space", 1],
    ["manifest_file", 2],
    ["update_fail", 4],
  ],
  ios: [
    ["download_fail", 8],
    ["checksum_fail", 3],
    ["unzip_fail", 1],
    ["decrypt_fail", 2],
    ["manifest_file", 2],
    ["update_fail", 4],
  ],
  electron: [
    ["download_fail", 8],
    ["checksum_fail", 2],
    ["update_fail", 2],
  ],
} as const;

const platformFields = {
  android: {
    custom_id: "",
    version_build: "2.4.0",
    version_code: "240",
    version_os: "14",
    plugin_version: "8.51.23",
    is_emulator: false,
    is_prod: true,
    install_source: "com.android.vending",
    defaultChannel: "production",
    key_id: "MIIBCgKCAQEA",
  },
  ios: {
    custom_id: "",
    version_build: "2.4.0",
    version_code: "240",
    version_os: "17.5.1",
    plugin_version: "8.51.23",
    is_emulator: false,
    is_prod: true,
    install_source: "app_store",
    defaultChannel: "",
  },
  electron: {
    version_build: "2.4.0",
    version_code: "2.4.0",
    version_os: "6.8.0-45-generic",
    plugin_version: "0.0.6",
    is_emulator: false,
    is_prod: true,
    defaultChannel: "production",
  },
};

const LONGEST_UPDATE_MILLISECONDS = 30_000;

/** An action of the plugin, so many milliseconds after the one before. */
interface Step {
  action: string;
  after: number;
  /** The version it is about, where that is not the new one. */
  version?: string;
  old?: string;
  metadata?: Record<string, string>;
}

const progress: readonly Step[] = [0, 10, 20, 30, 40, 50, 60, 70, 80, 90].map((percent) => ({
  action: `download_${percent}`,
  after: 370,
}));

function download({ version, from }: Update, failure: string | undefined, random: () => number): Step[] {
  const foreground = { action: "app_moved_to_foreground", after: 0, version: from };
  const begun = [foreground, ...progress.slice(0, 1 + Math.floor(random() * progress.length))];
  switch (failure) {
    case undefined:
    case "update_fail":
      return [foreground, ...progress, { action: "download_complete", after: 970 }];
    case "insufficient_disk_space":
      return [foreground, { action: failure, after: 100 }];
    case "download_fail":
      return [...begun, { action: failure, after: 5_000 }];
    case "manifest_file":
      return [
        ...begun,
        { action: "download_manifest_file_fail", after: 100, version: `${version}:assets/main.js` },
        { action: "download_fail", after: 100 },
      ];
    default:
      return [foreground, ...progress, { action: failure, after: 400 }];
  }
}

function installation({ version, from }: Update, failure: string | undefined, random: () => number): Step[] {
  const set = { action: "set", after: 3_800, old: from };
  if (failure === "update_fail") {
    return [
      set,
      { action: "update_fail", after: 10_000 },
      { action: "reset", after: 13, version: "builtin", old: version },
    ];
  }
  if (failure) return [];
  const duration = 300 + Math.floor(random() * 900);
  const metadata = { duration_ms: String(duration), source: "set" };
  return [
    { action: "set_next", after: 100, old: from },
    set,
    { action: "app_launch_ready", after: duration, metadata },
  ];
}

function deviceId(random: () => number): string {
  const digits = Array.from({ length: 32 }, () => Math.floor(random() * 16).toString(16)).join("");
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Numbers from 0 up to 1 that follow from the seed, and only from it. */
function randomNumbers(seed: string): () => number {
  let drawn = 0;
  return () => createHash("sha256").update(`${seed}/${drawn++}`).digest().readUInt32BE() / 2 ** 32;
}

/** One of the choices, each as often as its weight says. */
function pick<Choice>(choices: ReadonlyArray<readonly [Choice, number]>, random: () => number): Choice {
  let point = random() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of choices) {
    point -= weight;
    if (point < 0) return choice;
  }
  throw new Error("expected at least one choice");
}
