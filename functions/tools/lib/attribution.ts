/** Says of each event of a device what its action and version alone do not: whom it is really about. Pure. */

import { countedVersion } from "../../src/counting/documents.ts";
import { compareVersions } from "../../src/health/version-order.ts";
import { actions } from "../../src/ingest/actions.ts";

/** What became of a version on a device, by how often it was reported. */
export const figures = ["begun", "downloaded", "installed", "rolled_back", "started"] as const;
export type Figure = (typeof figures)[number];

/** The fields of an event that attribution needs. `time` is in milliseconds since 1970. */
export interface AttributedEvent {
  time: number;
  action: string;
  version_name: string;
  platform: string;
  plugin_version: string;
  metadata: Readonly<Record<string, string>>;
}

/** What an event says in the light of those before it. */
export interface Told {
  /** One sentence for an operator. */
  meaning: string;
  /** What else there is to know, a sentence each. */
  notes: string[];
  /** The figures of its version that it raises. */
  figures: Figure[];
}

/** The download that began last. */
interface Download {
  version: string;
  begun: number;
  /** When its end was first reported, by a failure or by success. */
  ended?: number;
}

/**
 * Makes a narrator for one device. It is told the events in the order in which they happened, and remembers what they
 * leave open: a failure is mostly reported under the version that was running, so only the story tells which was tried.
 */
export function createNarrator(): (event: AttributedEvent) => Told {
  let download: Download | undefined;
  /** The version that was undone last, until something else is set or downloaded: the next `set` is of its fallback. */
  let undone: string | undefined;
  /** Versions that are downloaded, and were not set since: their next `set` is an install. */
  const waiting = new Set<string>();

  const begin = (event: AttributedEvent) => {
    download = { version: countedVersion(event.version_name), begun: event.time };
    undone = undefined;
  };

  const set = ({ version_name, platform }: AttributedEvent): Partial<Told> => {
    const [failed, isNew] = [undone, waiting.delete(version_name)];
    undone = undefined;
    if (platform === "electron") {
      const meaning = "The app started with this version and said that it is ready. Reported at each start.";
      if (!isNew) return { meaning, figures: ["started"] };
      return {
        meaning,
        notes: ["The first start since it was downloaded: its install."],
        figures: ["installed", "started"],
      };
    }
    if (failed === undefined || failed === version_name || isNew) return { figures: ["installed"] };
    return { meaning: `The app went back to this version, because ${failed} failed. It is no install.` };
  };

  const undo = ({ version_name }: AttributedEvent): Partial<Told> => {
    undone = version_name;
    return { figures: ["rolled_back"] };
  };

  const fail = (event: AttributedEvent): Partial<Told> => {
    const notes = failureNotes(event, download);
    if (download) download.ended ??= event.time;
    return { notes };
  };

  const tell = (event: AttributedEvent): Partial<Told> => {
    const { action, version_name, platform, time } = event;
    if (isProgress(action)) {
      // iOS reported the first step of an archive under `builtin`, which is never downloaded.
      if (version_name !== download?.version && version_name !== "builtin") begin(event);
      return {};
    }
    switch (action) {
      case "download_zip_start":
      case "download_manifest_start":
        begin(event);
        return { figures: ["begun"] };
      case "download_complete": {
        if (download?.version === version_name) download.ended ??= time;
        waiting.add(version_name);
        undone = undefined;
        return { figures: ["downloaded"] };
      }
      case "set_next":
        waiting.add(version_name);
        undone = undefined;
        return {};
      case "set":
        return set(event);
      case "update_fail":
        return undo(event);
      case "reset":
        return undone === undefined ? {} : { notes: [`It belongs to the rollback of ${undone}.`] };
      case "set_fail":
        if (platform !== "electron") return {};
        return {
          ...undo(event),
          meaning: "The app did not say in time that it is ready: on Electron, this is the rollback.",
        };
      case "app_launch_ready":
        return { figures: ["started"] };
    }
    if (actions.get(action)?.kind === "failure") return fail(event);
    return { notes: [...fileNotes(event), ...nextStartNotes(event)] };
  };

  return (event) => {
    const meaning = actions.get(event.action)?.meaning ?? "An action that this backend does not describe.";
    const told = { meaning, notes: [], figures: [] };
    if (!namesRunningVersion(event)) return { ...told, ...tell(event) };
    return {
      ...told,
      notes: ["This plugin reports everything under the version that is running, whatever it is about."],
    };
  };
}

function isProgress(action: string): boolean {
  return /^download_\d+$/.test(action);
}

/** Old plugins put the version that is running into every event. In `set` and `update_fail` that is the right one. */
function namesRunningVersion({ action, plugin_version, platform }: AttributedEvent): boolean {
  if (action === "set" || action === "update_fail" || platform === "electron") return false;
  const isBetween =
    compareVersions(plugin_version, "4.14.1") >= 0 && compareVersions(plugin_version, "5.8.12") <= 0;
  return isBetween || RELEASED_FROM_OLD_CODE.has(plugin_version);
}

const RELEASED_FROM_OLD_CODE = new Set(["9.0.0", "10.0.0"]);

/** Failures that the plugin reports under the version that was running, or without a version. */
const underRunning = new Set([
  "download_fail",
  "unzip_fail",
  "windows_path_fail",
  "canonical_path_fail",
  "directory_path_fail",
  "insufficient_disk_space",
  "low_mem_fail",
]);
const underRunningOnAndroid = new Set(["checksum_fail", "checksum_required", "session_key_required"]);

/** One failed attempt sends several events, within this time. */
const SAME_FAILURE_MILLISECONDS = 60_000;

function failureNotes(event: AttributedEvent, download: Download | undefined): string[] {
  const { action, version_name, platform, time } = event;
  const isUnderRunning =
    (underRunning.has(action) && platform !== "electron") ||
    (underRunningOnAndroid.has(action) && platform === "android");
  if (!isUnderRunning || version_name === download?.version) return [];
  const about =
    version_name === "" ? "Reported without a version." : "Reported under the version that was running.";
  const mayBeNoUpdate =
    action === "download_fail" ? " The plugin also reports so a check that finds no update." : "";
  if (!download) return [about, `The story does not tell which version was tried.${mayBeNoUpdate}`];
  const { version, begun, ended = time } = download;
  if (time - ended > SAME_FAILURE_MILLISECONDS) {
    return [about, `No download began after that of ${version} had ended at ${utc(ended)}.${mayBeNoUpdate}`];
  }
  return [about, `Tried, as far as the story tells: ${version}, whose download began at ${utc(begun)}.`];
}

/** The plugin reports the failure of one file as `1.2.3:assets/main.js`. */
function fileNotes({ action, version_name }: AttributedEvent): string[] {
  const version = countedVersion(version_name);
  if (actions.get(action)?.kind !== "file_failure" || version === version_name) return [];
  return [`The file: ${version_name.slice(version_name.indexOf(":") + 1)}`];
}

/** The plugin learns of these only when the app starts again. */
function nextStartNotes({ action, platform, metadata }: AttributedEvent): string[] {
  if (!/^app_(crash|anr|killed_|initialization_failure)|^webview_render_process_gone$/.test(action))
    return [];
  const exit = Number(metadata.exit_timestamp);
  const when = exit > 0 && exit <= LATEST_TIME ? ` It happened at ${utc(exit)}.` : "";
  const notes = [`Reported at the next start, under the version of that start, which may be another.${when}`];
  if (platform === "ios" && action === "app_crash") {
    notes.push("On iOS, it says only that the session before did not end properly.");
  }
  return notes;
}

/** The last time that a `Date` can hold. */
const LATEST_TIME = 8.64e15;

/** A time as an operator reads it: to the second, in UTC. */
export function utc(time: number): string {
  return new Date(time).toISOString().replace("T", " ").slice(0, 19);
}
