/** Describes what the dashboard's page asks for, and what it is answered. Times are milliseconds since 1970; days are UTC. */

import type { ActionCounts, Platform } from "../counting/documents.ts";
import type { Alarm, AlarmMeasure, Scope } from "../health/alarm-documents.ts";
import type { Measures } from "../health/measures.ts";
import type { Proportion } from "../health/statistics.ts";

/** The spans of time that failures are shown over, each ending now. */
export const ranges = ["24h", "7d", "30d", "90d"] as const;
export type Range = (typeof ranges)[number];

/** The rows of `versions` have figures of so many days. */
export const SHOWN_DAYS = 30;

/** Fewer attempts say too little, so the page greys their rate. */
export const MIN_ATTEMPTS = 50;

/** The watch looks every five minutes. If it has not for so long, alarms may be missing. */
export const WATCH_LATE_MILLISECONDS = 15 * 60_000;

/**
 * `data?app&platform&version&with&range&all`: without `app`, the one app that there is, or all apps. `Date` in the answer's head is
 * the time at which it was read.
 */
export interface DashboardData {
  /** The names of the page's files. A page that consists of others loads itself again. */
  page: string;
  /** When the watch last looked at all apps; `null` before its first look. */
  watched_at: number | null;
  /** Whether there are more counters than are read. */
  incomplete: boolean;
  /** Whether there are open alarms that are not read, or cannot be read: then what does not alarm here may alarm. */
  alarms_incomplete: boolean;
  /** Those that alarm first, then those with the most installs. */
  apps: AppSummary[];
  apps_left_out: number;
  app: AppReport | null;
}

export interface AppSummary {
  app_id: string;
  versions: number;
  /** Updates that were active in the last 24 hours. */
  live_versions: number;
  /** Of production devices, ever. */
  installs: number;
  /** Versions that alarm, the worst first. */
  alarms: { version_name: string; scopes: Scope[] }[];
  /** Today, of production devices; where all apps are asked for, and today was read of all versions that are active. */
  today?: { opened: number; installed: number };
}

/** An app, with figures of production builds on real devices of one platform, or of all. */
export interface AppReport {
  app_id: string;
  platform: Scope;
  /** The platforms that its production devices have. */
  platforms: Platform[];
  /** The days that `daily` is about, from the oldest to today. */
  days: string[];
  /** The open ones of all platforms, the worst first. */
  alarms: AlarmReport[];
  /** Alarming ones first, then by day of last activity and of first, the latest first; what is no update last. */
  versions: VersionReport[];
  /** How many more `all=1` gives. */
  versions_left_out: number;
  /** The one that is asked for, or the first of `versions`. */
  version: VersionDetail | null;
}

/** The open alarms of one version. */
export interface AlarmReport {
  version_name: string;
  began_at: number;
  /** The worst first. */
  failures: AlarmFailure[];
}

/** See `health/alarm-documents.ts`. */
export type AlarmFailure = Pick<
  Alarm,
  "measure" | "scopes" | "rule" | "now" | "before" | "causes" | "began_at" | "parts"
>;

export interface VersionReport {
  version_name: string;
  is_update: boolean;
  /** When its first and its last event were counted. */
  created_at: number;
  updated_at: number;
  /** The hour from which on it had a fair share of its attempts. */
  released_at: number | null;
  /** Of all time. */
  measures: Measures;
  /** Of its first and last days, of plugins that report both halves of a rate. A rate of nothing is 0 of 0. */
  rates: Record<AlarmMeasure, Proportion>;
  /** The most frequent actions that say why something failed. */
  reasons: Reason[];
  /** Of each of `AppReport.days`; without it, its days were not read. `opened` is how often the app was opened with it. */
  daily?: { opened: number[]; installed: number[]; begun: number[]; downloaded: number[] };
}

export interface Reason {
  action: string;
  count: number;
}

/** A version beside another one: the one that is asked for by `with`, or the one that was released before it. */
export interface VersionDetail {
  range: Range;
  step: "hour" | "day";
  /** When each of the steps of `failures` begins; the last one is not over. */
  times: number[];
  /** Both are compared over so many hours from their release on. */
  age_hours: number;
  version: VersionSide;
  other: VersionSide | null;
  /** Of builds that are not for production, and of emulators; they are in no other figure. */
  development: ActionCounts;
}

export interface VersionSide {
  version_name: string;
  released_at: number | null;
  /** Of the first `age_hours` hours, of plugins that report both halves of a rate. */
  measures: Measures;
  /** Of all time. */
  actions: ActionCounts;
  /** Reports in each of `times`; of the other version, when it had the age that the version has then. */
  failures: Record<AlarmMeasure, Proportion[]>;
}

/** `alarms?app`: the alarms of an app that have ended, the last first. */
export interface EndedAlarms {
  app_id: string;
  alarms: EndedAlarm[];
  incomplete: boolean;
}

export type EndedAlarm = AlarmFailure & Pick<Alarm, "version_name" | "end"> & { ended_at: number };

/** One look at devices reads so many events at most, and then so many more of each device that it shows. They come in no order of time. */
export const MOST_SAMPLED_EVENTS = 3_000;
export const MOST_SHOWN_DEVICES = 20;
export const MOST_READ_OF_DEVICE = 200;
export const MOST_READS_FOR_DEVICES = MOST_SAMPLED_EVENTS + MOST_SHOWN_DEVICES * MOST_READ_OF_DEVICE;

/** Of each device, so many events are shown. */
export const MOST_EVENTS_OF_DEVICE = 50;

/** `devices?app&version&platform&measure`: devices that fail, of a random sample of those that have the version. */
export interface FailingDevices {
  app_id: string;
  version_name: string;
  platform: Scope;
  measure: AlarmMeasure;
  /** How many documents were read. */
  reads: number;
  /** Devices in the sample, and those that fail. */
  sample: Proportion;
  /** The last ones that fail, the last first. */
  devices: DeviceReport[];
}

export interface DeviceReport {
  device_id: string;
  platform: Platform;
  /** What is known of it, by the plugin's names. */
  facts: { field: string; value: string }[];
  /** Its last events, in their order. */
  events: DeviceEvent[];
}

export interface DeviceEvent {
  at: number;
  action: string;
  version_name: string;
  message?: string;
}

/** An answer that is no 200. */
export interface DashboardFailure {
  error: string;
  message: string;
}
