/** Models what one plugin on one device reports of an update: which action, under which version, in which order. Pure. */

import { compareVersions } from "../../src/health/version-order.ts";

export const devicePlatforms = ["android", "ios", "electron"] as const;
export type DevicePlatform = (typeof devicePlatforms)[number];

/** An event, as far as it is the plugin's choice. */
export interface Report {
  action: string;
  /** Absent where the plugin leaves it out. */
  version_name?: string;
  /** Absent before generation G2. */
  old_version_name?: string;
  /** Milliseconds after the one before. */
  after: number;
  /** Whether it is part of an array and has a timestamp; else it is a request of its own, without one. */
  queued: boolean;
  /** Whether Android's download worker sends it: it knows less about the device. */
  worker?: true;
  metadata?: Record<string, string>;
}

/** One zip of everything, or the files that changed, by a manifest. */
export type DownloadKind = "zip" | "manifest";

/** The ways in which an attempt can fail. Every platform and kind of download knows them all, by its own events. */
export const failures = [
  /** The connection breaks. */
  "network",
  /** The server answers 404 or the like. */
  "http",
  "checksum",
  "unzip",
  "decrypt",
  "disk_space",
] as const;
export type Failure = (typeof failures)[number];

/** How an attempt ends. `killed`: the app is, in mid-download. */
export type Outcome = "downloaded" | "killed" | Failure;

export interface Plugin {
  /** As the plugin reports it, which is not always its version. */
  plugin_version: string;
  generation: Generation;
  /** Whether it sends an array again after 408, 429, 5xx and lost connections; others lose it. */
  sendsAgain: boolean;
  /** What the bundle that came from the store is called. */
  storeBundle(version_build: string): string;
  /**
   * An attempt to download `target`. `again`: the same process has tried before.
   *
   * @example
   * createPlugin("ios", "8.51.23").attempt({ target: "2.5.1", running: "2.5.0", kind: "zip", outcome: "disk_space" })
   * // [{ action: "insufficient_disk_space", version_name: "2.5.0", … }, { action: "download_fail", version_name: "2.5.0", … }]
   */
  attempt(attempt: {
    target: string;
    running: string;
    kind: DownloadKind;
    outcome: Outcome;
    again?: boolean;
  }): Report[];
  /**
   * The downloaded `target` becomes the running bundle, and is loaded. `ready`: it says so in time. `direct`: by
   * `directUpdate`, that is without waiting for the background.
   */
  install(install: { target: string; running: string; ready?: boolean; direct?: boolean }): Report[];
  /** `target` was not ready in time. What runs then is `fallback`, or the store's bundle where that is absent. */
  rollBack(rollback: { target: string; fallback?: string | undefined; version_build: string }): Report[];
  /** A start of the app. `crashed`: the session before it ended in a crash. */
  start(start: { running: string; ready?: boolean; crashed?: boolean }): Report[];
  /** An update check without an update, which the server answers with an `error` and without a `kind`. */
  nothingNew(check: { running: string }): Report[];
}

/** From old to new. `8.42.0+` is all of 8.x from there on; `5.2.10–5.9.5` is both and what is between. */
const generations = [
  ["G0", "4.0.0+"],
  ["G1", "4.14.1+, 5.0.0+"],
  ["G2", "5.9.0+, 6.0.0-alpha.2+, 7.0.0+"],
  ["G3", "6.7.7-alpha.3+, 7.0.2+"],
  ["G4", "6.25.2+, 7.26.0+, 8.0.0+"],
  ["G5", "5.43.3+, 6.42.9+, 7.42.9+, 8.42.0+"],
  ["G5b", "5.45.10+, 6.45.10+, 7.45.10+, 8.44.0+"],
  ["G6", "5.50.0+, 6.50.0+, 7.50.0+, 8.46.0+"],
  ["G7", "6.51.15+, 7.51.15+, 8.51.0+"],
] as const;
/** `E` is Electron's plugin. */
export type Generation = (typeof generations)[number][0] | "E";

/** What a generation does not tell. */
const ranges = {
  sendsAgain: "6.51.15+, 7.51.15+, 8.51.5+",
  manifests: "5.43.3+, 6.3.0+, 7.0.2+, 8.0.0+",
  iosManifestsComplete: "5.43.3+, 6.25.7+, 7.27.7+, 8.0.0+",
  androidDownload0: "5.0.0–5.9.5, 6.0.0–6.2.99, 7.0.0–7.0.1, 4.14.1+",
  androidDecryptFail: "4.0.0+, 5.0.0–5.9.5, 6.0.0–6.11.2, 7.0.0–7.0.1",
  androidZipsRetry: "7.51.20+, 8.51.20+",
  androidDelete: "6.51.15+, 7.51.15+, 8.51.1+",
  iosDownload0UnderX: "5.45.10+, 6.45.10+, 7.45.10+, 8.45.11+",
  storeBundleByItsVersion: "5.43.4+, 6.43.6+, 7.43.4+, 8.43.12+",
  rollsBackInOneStep: "5.45.10+, 6.45.10+, 7.45.10+, 8.45.5+",
  androidSetsWhenReady: "5.50.0+, 6.50.0+, 7.50.0+, 8.47.6+",
  nothingNewFails: "5.2.10–5.9.5, 6.25.5–6.25.8, 7.27.5–7.27.9, 5.45.10+, 6.45.10+, 7.45.10+, 8.45.11+",
  androidNothingNewFails: "6.0.0–6.14.24, 7.0.0–7.16.0",
} as const;

/** Versions that say they are another. */
const reportedVersions: Readonly<Record<string, string>> = { "5.50.2": "5.50.1", "6.43.5": "8.43.5" };
/** Newer numbers on old code. */
const oldCode = ["9.0.0", "10.0.0"];

/**
 * An attempt, event by event: the action, the version that it names, and the milliseconds since the one before where
 * that is not 200. X is the target, CUR the running bundle, ∅ no version. W is Android's worker, which names X.
 * `…40` is progress up to 40 %. Older generations say less: see `asSaidBy`.
 */
const attempts = {
  android: {
    zip: {
      downloaded: ["download_zip_start W", "…90", "download_zip_complete W", "download_complete X 800"],
      killed: ["download_zip_start W", "…40"],
      network: ["download_zip_start W", "…40", "download_fail ∅ 5000"],
      http: ["download_zip_start W", "download_fail ∅"],
      checksum: [
        ...["download_zip_start W", "…90", "download_zip_complete W"],
        ...["checksum_fail CUR", "download_fail CUR 10", "finish_download_fail X 10"],
      ],
      unzip: [
        ...["download_zip_start W", "…90", "download_zip_complete W"],
        ...["unzip_fail CUR", "download_fail CUR 10", "finish_download_fail X 10"],
      ],
      decrypt: [
        ...["download_zip_start W", "…90", "download_zip_complete W"],
        ...["decrypt_fail X", "download_fail CUR 10", "finish_download_fail X 10"],
      ],
      disk_space: ["download_zip_start W", "insufficient_disk_space ∅", "download_fail ∅ 10"],
    },
    manifest: {
      downloaded: [
        ...["download_manifest_start W", "…90", "download_manifest_complete W", "download_complete X"],
      ],
      killed: ["download_manifest_start W", "…40"],
      network: ["download_manifest_start W", "…40", "download_manifest_file_fail W:file", "download_fail ∅"],
      http: [
        ...["download_manifest_start W", "download_manifest_file_fail W:file"],
        ...["download_manifest_file_fail W:file 5", "download_fail ∅"],
      ],
      checksum: [
        ...["download_manifest_start W", "…40", "download_manifest_checksum_fail W:file"],
        ...["download_manifest_file_fail W:file 5", "download_fail ∅"],
      ],
      unzip: [
        ...["download_manifest_start W", "…40", "download_manifest_brotli_fail W:file"],
        ...["download_manifest_file_fail W:file 5", "download_fail ∅"],
      ],
      decrypt: ["download_manifest_start W", "…40", "download_manifest_file_fail W:file", "download_fail ∅"],
      // Nothing looks at the disk before: writing the file fails.
      disk_space: [
        ...["download_manifest_start W", "…40", "download_manifest_file_fail W:file", "download_fail ∅"],
      ],
    },
  },
  ios: {
    zip: {
      downloaded: ["download_zip_start X", "…90", "download_zip_complete X", "download_complete X 5"],
      killed: ["download_zip_start X", "…40"],
      network: ["download_zip_start X", "…40", "download_fail CUR 5000"],
      http: ["download_zip_start X", "…0", "download_fail CUR"],
      checksum: [
        ...["download_zip_start X", "…90", "download_zip_complete X", "download_complete X 5"],
        ...["checksum_fail X 20", "download_fail CUR 10"],
      ],
      unzip: ["download_zip_start X", "…80", "unzip_fail CUR", "download_fail CUR 10"],
      decrypt: ["download_zip_start X", "…70", "decrypt_fail X", "download_fail CUR 10"],
      disk_space: ["insufficient_disk_space CUR", "download_fail CUR 10"],
    },
    manifest: {
      downloaded: [
        ...["download_manifest_start X", "…90", "download_manifest_complete X", "download_complete X 5"],
      ],
      killed: ["download_manifest_start X", "…40"],
      network: [
        ...["download_manifest_start X", "…40", "download_manifest_file_fail X:file 5000"],
        "download_fail CUR 10",
      ],
      http: ["download_manifest_start X", "…0", "download_manifest_file_fail X:file", "download_fail CUR 10"],
      checksum: [
        ...["download_manifest_start X", "…40", "download_manifest_checksum_fail X:file"],
        "download_fail CUR 10",
      ],
      unzip: [
        ...["download_manifest_start X", "…40", "download_manifest_brotli_fail X:file"],
        "download_fail CUR 10",
      ],
      decrypt: ["download_manifest_start X", "…40", "decrypt_fail X", "download_fail CUR 10"],
      disk_space: ["insufficient_disk_space CUR", "download_fail CUR 10"],
    },
  },
} as const satisfies Record<"android" | "ios", Record<DownloadKind, Record<Outcome, readonly string[]>>>;

/** From 8.51.20 on, Android's worker tries a broken download again, ever later, and the failure is never reported. */
const retriedZip = [
  ...["download_zip_start W", "…40", "download_zip_start W 10000", "download_zip_start W 20000"],
];

const DEFAULT_PAUSE = 200;
const APP_READY_TIMEOUT = 10_000;
const FAILED_FILE = "assets/main.js";

/** The generation of a version of the plugin, by the table of its attributions. */
export function generationOf(plugin_version: string): Generation {
  return generations.findLast(([, versions]) => isWithin(plugin_version, versions))?.[0] ?? "G0";
}

/** Whether a generation is `first` or came after it. */
export function isFrom(generation: Generation, first: Generation): boolean {
  const place = (of: Generation) => generations.findIndex(([name]) => name === of);
  return place(generation) >= place(first);
}

function isWithin(plugin_version: string, versions: string): boolean {
  const version = oldCode.includes(plugin_version) ? "5.0.0" : plugin_version;
  const major = Math.min(Number.parseInt(version, 10), 8); // What comes after 8 is taken for the newest of it.
  return versions.split(", ").some((range) => {
    const [first = "", last = first] = range.split(/[+–]/);
    if (Number.parseInt(first, 10) !== major || compareVersions(version, first) < 0) return false;
    return last === "" || compareVersions(version, last) <= 0;
  });
}

/** Makes the model of a plugin on a device. */
export function createPlugin(platform: DevicePlatform, plugin_version: string): Plugin {
  return platform === "electron" ? createElectronPlugin() : createCapacitorPlugin(platform, plugin_version);
}

/** An event of an attempt, before it is known what X and CUR are. */
interface Step {
  action: string;
  /** `X`, `X:file`, `CUR`, `∅` or `builtin`. */
  names: string;
  after: number;
  worker: boolean;
}

function createCapacitorPlugin(platform: "android" | "ios", plugin_version: string): Plugin {
  const generation = generationOf(plugin_version);
  const is = (feature: keyof typeof ranges) => isWithin(plugin_version, ranges[feature]);
  // Looked up once: a benchmark makes millions of reports.
  const namesOld = isFrom(generation, "G2");
  const sendsArrays = isFrom(generation, "G5");
  const hasSetNext = isFrom(generation, "G5b");
  const reportsCrashes = isFrom(generation, "G6");
  const reportsLaunches = isFrom(generation, "G7");
  const knowsManifests = is("manifests");
  const namesStoreByVersion = is("storeBundleByItsVersion");
  const rollsBackInOneStep = is("rollsBackInOneStep");
  const setsWhenReady = platform === "android" && is("androidSetsWhenReady");
  const reportsDelete = platform === "ios" || is("androidDelete");
  const failsOnNothingNew = is("nothingNewFails") || (platform === "android" && is("androidNothingNewFails"));
  const says = asSaidBy(platform, plugin_version);

  const report = (action: string, version_name: string, more: Partial<Report> = {}): Report => ({
    action,
    version_name,
    ...(namesOld && { old_version_name: "" }),
    after: DEFAULT_PAUSE,
    queued: sendsArrays,
    ...more,
  });
  /** `set`, `set_next` and `reset` name the bundle before. */
  const change = (action: string, version_name: string, old: string, after: number) =>
    report(action, version_name, { after, ...(namesOld && { old_version_name: old }) });

  const storeBundle = (version_build: string) => (namesStoreByVersion ? version_build : "builtin");

  const compiled = new Map<string, readonly Step[]>();
  const stepsOf = (kind: DownloadKind, outcome: Outcome, again: boolean): readonly Step[] => {
    const key = `${kind} ${outcome} ${again}`;
    const known = compiled.get(key);
    if (known) return known;
    const isRetried =
      outcome === "network" && kind === "zip" && platform === "android" && is("androidZipsRetry");
    let lines: readonly string[] = isRetried ? retriedZip : attempts[platform][kind][outcome];
    if (again && platform === "android") lines = lines.filter((line) => !line.startsWith("…"));
    // The bundle of a failed manifest stays in its state, and is not tried again.
    if (again && platform === "ios" && kind === "manifest") {
      lines = outcome === "downloaded" || outcome === "killed" ? lines : ["download_fail CUR"];
    }
    const steps = says(lines, kind);
    compiled.set(key, steps);
    return steps;
  };

  const start: Plugin["start"] = ({ running, ready = true, crashed = false }) => {
    const reports: Report[] = [];
    if (crashed && reportsCrashes) {
      reports.push(report("app_crash", running, { metadata: exitMetadata[platform] }));
    }
    if (reportsLaunches) {
      reports.push(report("app_launch_start", running, { metadata: { source: "plugin_load" } }));
    }
    reports.push(report("app_moved_to_foreground", running, { after: 20 }));
    if (ready && reportsLaunches) {
      const metadata = { source: "notify_app_ready", duration_ms: "820" };
      reports.push(report("app_launch_ready", running, { after: 800, metadata }));
    }
    return reports;
  };

  return {
    plugin_version: reportedVersions[plugin_version] ?? plugin_version,
    generation,
    sendsAgain: is("sendsAgain"),
    storeBundle,
    start,

    attempt({ target, running, kind, outcome, again = false }) {
      const possible = knowsManifests ? kind : "zip";
      const names: Record<string, string | undefined> = {
        X: target,
        "X:file": `${target}:${FAILED_FILE}`,
        CUR: running,
        builtin: "builtin",
      };
      return stepsOf(possible, outcome, again).map(({ action, names: named, after, worker }) => {
        const version_name = names[named];
        const made: Report = { action, after, queued: sendsArrays && !worker };
        if (version_name !== undefined) made.version_name = version_name;
        if (namesOld) made.old_version_name = "";
        if (worker) made.worker = true;
        return made;
      });
    },

    install({ target, running, ready = true, direct = false }) {
      const set = change("set", target, running, direct ? 50 : 3_800);
      if (direct) {
        return ready || !setsWhenReady ? [set] : [];
      }
      const reports = hasSetNext ? [change("set_next", target, running, 100)] : [];
      return [...reports, set, ...start({ running: target, ready })];
    },

    rollBack({ target, fallback, version_build }) {
      const store = storeBundle(version_build);
      const reports: Report[] = [];
      if (reportsLaunches) {
        const metadata = { source: "app_ready_timeout", timeout_ms: String(APP_READY_TIMEOUT) };
        reports.push(report("app_launch_timeout", target, { after: APP_READY_TIMEOUT, metadata }));
      }
      reports.push(report("update_fail", target, { after: reports.length > 0 ? 1 : APP_READY_TIMEOUT }));
      if (fallback !== undefined && rollsBackInOneStep) {
        reports.push(change("set", fallback, target, 13));
      } else {
        reports.push(change("reset", store, target, 13));
        if (fallback !== undefined) reports.push(change("set", fallback, store, 5));
      }
      // G1 reports everything under the bundle that runs by then.
      const deleted = generation === "G1" ? (fallback ?? store) : target;
      if (reportsDelete) reports.push(report("delete", deleted, { after: 40 }));
      return reports;
    },

    nothingNew({ running }) {
      return failsOnNothingNew ? [report("download_fail", running)] : [];
    },
  };
}

/** How the plugin explains a crash at the next start. */
const exitMetadata = {
  android: { exit_reason: "crash" },
  ios: { exit_reason: "unclean_foreground_exit", exit_source: "ios_session_marker" },
};

/** Reads the lines of `attempts` as a version of the plugin says them: without what it does not know yet. */
function asSaidBy(platform: "android" | "ios", plugin_version: string) {
  const generation = generationOf(plugin_version);
  const is = (feature: keyof typeof ranges) => isWithin(plugin_version, ranges[feature]);
  const isAndroid = platform === "android";
  const isBefore = (first: Generation) => !isFrom(generation, first);
  const knowsStart = !isBefore("G4");

  const isSaid = (action: string, kind: DownloadKind): boolean => {
    switch (action) {
      case "download_zip_start":
      case "download_zip_complete":
      case "download_manifest_start":
      case "download_manifest_complete":
        return knowsStart;
      case "download_0":
        return !isBefore("G1") && (!isAndroid || is("androidDownload0"));
      case "download_complete":
        return !isBefore("G1") && (isAndroid || kind === "zip" || is("iosManifestsComplete"));
      case "decrypt_fail":
        return !isAndroid || is("androidDecryptFail");
      case "finish_download_fail":
        return !isBefore("G3");
      default:
        return !/^download_\d+$/.test(action) || !isBefore("G1");
    }
  };
  const named = (names: string, kind: DownloadKind, action: string): string => {
    if (generation === "G1") return "CUR";
    if (action === "download_0" && !isAndroid && kind === "zip" && !is("iosDownload0UnderX"))
      return "builtin";
    // Before it had a worker, Android named a version.
    if (names === "∅" && isBefore("G3")) {
      return generation === "G2" && action === "download_fail" ? "X" : "CUR";
    }
    return names;
  };

  return (lines: readonly string[], kind: DownloadKind): Step[] => {
    return lines.flatMap(progressed).flatMap((line) => {
      const [action = "", names = "", after] = line.split(" ");
      if (!isSaid(action, kind)) return [];
      return [
        {
          action,
          names: named(names.replace("W", "X"), kind, action),
          after: after === undefined ? DEFAULT_PAUSE : Number(after),
          worker: names.startsWith("W"),
        },
      ];
    });
  };
}

/** Spells `…40` out: 0, 10, 20, 30 and 40 %. */
function progressed(line: string): string[] {
  if (!line.startsWith("…")) return [line];
  const count = Number(line.slice(1)) / 10 + 1;
  return Array.from({ length: count }, (_, tenth) => `download_${tenth * 10} X 300`);
}

/** Four actions, and every start is a `set`. */
function createElectronPlugin(): Plugin {
  const report = (action: string, version_name: string, after = DEFAULT_PAUSE): Report => ({
    action,
    version_name,
    old_version_name: "",
    after,
    queued: false,
  });
  const start: Plugin["start"] = ({ running, ready = true }) => (ready ? [report("set", running, 800)] : []);
  return {
    plugin_version: "0.0.1",
    generation: "E",
    sendsAgain: false,
    storeBundle: () => "builtin",
    start,
    attempt({ target, outcome }) {
      if (outcome === "killed") return [];
      return [report(outcome === "downloaded" ? "download_complete" : "download_fail", target, 4_000)];
    },
    install: ({ target, ready = true }) => start({ running: target, ready }),
    rollBack: ({ target, fallback = "builtin" }) => [
      report("set_fail", target, APP_READY_TIMEOUT),
      ...start({ running: fallback }),
    ],
    nothingNew: () => [],
  };
}
