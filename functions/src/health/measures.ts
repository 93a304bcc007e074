/** Tells what events say about how an update fares: one table, by platform and action. Pure. */

import type { Proportion } from "./statistics.ts";

/** How often each action was reported. */
type ActionCounts = Readonly<Record<string, number>>;

/** The figures of a version, or of a part of its events. Each counts reports, not devices. */
export interface Measures {
  /** Attempts to download it that began. Android from 8.51.20 and 7.51.20 begins an archive again when its transfer is tried again. */
  begun: number;
  /**
   * Those that ended with the version on the device, checked and unpacked. Less than 0 in a short time at whose beginning an iOS
   * device found that a checksum differs.
   */
  downloaded: number;
  /**
   * How often it became the running version. This includes returns to it: after a rollback, the plugin reports `set` of the version
   * that it fell back to, and the event does not tell why.
   */
  installed: number;
  /** How often it did not start properly and was undone. */
  rolled_back: number;
  /** Starts of the app, where the plugin reports crashes too. */
  starts: number;
  /** Crashes. The plugin reports a crash at the next start, under the version that runs then. */
  crashes: number;
}

export const measureNames = [
  "begun",
  "downloaded",
  "installed",
  "rolled_back",
  "starts",
  "crashes",
] as const satisfies (keyof Measures)[];

/** What one event adds to the figures of the version that it is reported under. */
type Signs = Readonly<Partial<Measures>>;

/**
 * Only what is reported under the version that it is about is here. `download_fail` and most other failures are not: the plugin
 * reports them under the version that was running, and some also when there is no update. They say why, never how often.
 */
const mobile: Readonly<Record<string, Signs>> = {
  download_zip_start: { begun: 1 },
  download_manifest_start: { begun: 1 },
  download_complete: { downloaded: 1 },
  set: { installed: 1 },
  update_fail: { rolled_back: 1 },
  app_launch_start: { starts: 1 },
  app_crash: { crashes: 1 },
  app_crash_native: { crashes: 1 },
  app_anr: { crashes: 1 },
  app_initialization_failure: { crashes: 1 },
};

/** On iOS, `download_complete` comes before the test of the checksum. */
const ios: typeof mobile = { ...mobile, checksum_fail: { downloaded: -1 } };

/**
 * The Electron plugin has a dialect of its own. It reports no beginning and no install, so every end of a download is a beginning
 * too, and a good one an install. `set` is a start, of any version; it is no measure, since crashes are not reported.
 */
const electron: typeof mobile = {
  download_complete: { begun: 1, downloaded: 1, installed: 1 },
  download_fail: { begun: 1 },
  set_fail: { rolled_back: 1 },
};

function signsOf(platform: string, action: string): Signs {
  const signs = platform === "electron" ? electron : platform === "ios" ? ios : mobile;
  return (Object.hasOwn(signs, action) ? signs[action] : undefined) ?? {};
}

/** The fields of an event that decide what it says. */
export interface ReportedAction {
  platform: string;
  action: string;
  plugin_version: string;
}

/**
 * What one event says. Where a plugin reports only one half of a rate, that half says nothing: a plugin that does not report
 * beginnings would make up for the failures of one that does.
 */
export function measuresOfEvent({ platform, action, plugin_version }: ReportedAction): Signs {
  const signs = signsOf(platform, action);
  if (platform === "electron") return signs;
  if (platform === "ios" && action === "download_manifest_complete" && lacksManifestsEnd(plugin_version)) {
    return { downloaded: 1 };
  }
  const isOfDownload = "begun" in signs || "downloaded" in signs;
  if (isOfDownload && !isFrom(plugin_version, firstWithBeginnings)) return {};
  const isOfStart = "starts" in signs || "crashes" in signs;
  if (isOfStart && !isFrom(plugin_version, firstWithStarts)) return {};
  return signs;
}

/**
 * What the counts of a platform say. Counts do not know the plugins that they come from, so halves of rates are in them: more may
 * be downloaded than begun, crashes come from plugins that report no starts, and some iOS manifests never end. The hours of a day are without all of that.
 */
export function measuresOfCounts(counts: ActionCounts, platform: string): Measures {
  return addMeasures(
    Object.entries(counts).map(([action, count]) => {
      const signs = Object.entries(signsOf(platform, action));
      return Object.fromEntries(signs.map(([name, sign]) => [name, sign * count]));
    }),
  );
}

/** What the counts of a version say, of all its platforms. */
export function measuresOf(platforms: Readonly<Record<string, ActionCounts>>): Measures {
  return addMeasures(Object.entries(platforms).map(([name, counts]) => measuresOfCounts(counts, name)));
}

export function addMeasures(parts: Iterable<Signs>): Measures {
  const sum: Measures = { begun: 0, downloaded: 0, installed: 0, rolled_back: 0, starts: 0, crashes: 0 };
  for (const part of parts) {
    for (const name of measureNames) sum[name] += part[name] ?? 0;
  }
  return sum;
}

/**
 * Whether a version is an update. What was never begun and never set is none, whatever its name: the version of the store, or
 * `unknown`. Downloads do not tell: plugins up to 5.8 report them under the version that was running.
 */
export function isUpdate({ begun, installed }: Measures): boolean {
  return begun > 0 || installed > 0;
}

/**
 * The attempts that began and did not end with the version on the device; those that are under way are among them. None of none
 * where more was downloaded than begun: then some plugins report no beginnings, and nothing can be said.
 */
export function notDownloaded({ begun, downloaded }: Measures): Proportion {
  if (downloaded > begun) return { count: 0, of: 0 };
  return { count: begun - Math.max(downloaded, 0), of: begun };
}

/** The rollbacks, of installs and rollbacks: from 8.47.6 on, a `directUpdate` that fails is no install first. */
export function rolledBack({ installed, rolled_back }: Measures): Proportion {
  return { count: rolled_back, of: installed + rolled_back };
}

/**
 * The crashes, of starts; at most one for each. Android reports up to eight old crashes at the first start of a plugin that can, and
 * iOS takes every session in the foreground that did not end properly for a crash.
 */
export function crashed({ starts, crashes }: Measures): Proportion {
  return { count: Math.min(crashes, starts), of: starts };
}

/** The first plugin of each major version from 5 on that has something; one without it is `undefined`. */
type First = Readonly<Record<number, readonly [minor: number, patch: number]>>;

/** `download_zip_start` and `download_manifest_start`. */
const firstWithBeginnings: First = { 5: [43, 3], 6: [25, 2], 7: [26, 0], 8: [2, 0] };

/** `app_launch_start`. Crashes are older. */
const firstWithStarts: First = { 6: [51, 15], 7: [51, 15], 8: [51, 0] };

/** npm has two versions that are numbered higher than the code in them, which is that of 5.8. */
const misnumbered: readonly string[] = ["9.0.0", "10.0.0"];

/** Whether a plugin has something. One whose version cannot be read, or is newer than what is known here, has everything. */
function isFrom(pluginVersion: string, first: First): boolean {
  const [major, minor, patch] = numbersOf(pluginVersion);
  if (major === undefined || minor === undefined || patch === undefined) return true;
  if (major > 8) return !misnumbered.includes(pluginVersion);
  const from = first[major];
  return from !== undefined && (minor > from[0] || (minor === from[0] && patch >= from[1]));
}

/** On iOS, 6.25.2 to 6.25.6 and 7.26.0 to 7.27.6 report beginnings, but no `download_complete` for a manifest. */
function lacksManifestsEnd(pluginVersion: string): boolean {
  const [major, minor, patch] = numbersOf(pluginVersion);
  if (minor === undefined || patch === undefined) return false;
  if (major === 6) return minor === 25 && patch >= 2 && patch <= 6;
  return major === 7 && (minor === 26 || (minor === 27 && patch <= 6));
}

function numbersOf(pluginVersion: string): number[] {
  return /^(\d+)\.(\d+)\.(\d+)/.exec(pluginVersion)?.slice(1).map(Number) ?? [];
}
