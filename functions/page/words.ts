/** All words that the page says, so that a translation is one file. */

import type { AlarmFailure } from "../src/dashboard/data.ts";
import type { AlarmMeasure, Scope } from "../src/health/alarm-documents.ts";
import { actions } from "../src/ingest/actions.ts";

/** The language of numbers and dates; `index.html` names it too. */
export const LANGUAGE = "en-GB";

/** Platforms as people write them. */
const platformNames: Record<Scope, string> = {
  all: "All platforms",
  android: "Android",
  ios: "iOS",
  electron: "Electron",
  other: "Other",
};

export const words = {
  nothing: "–",
  foreign: "Not a letter, digit or sign of plain English text: it may look like one.",
  justNow: "just now",
  ago: (duration: string) => `${duration} ago`,
  minutes: (count: number) => `${count} min`,
  hours: (count: number) => `${count} h`,
  days: (count: number) => `${count} ${count === 1 ? "day" : "days"}`,

  platform: (scope: Scope) => platformNames[scope],
  /** ` on iOS and Android`, or nothing for all. */
  on: (scopes: readonly Scope[]) =>
    scopes.includes("all") ? "" : ` on ${scopes.map((scope) => platformNames[scope]).join(" and ")}`,
  /** What an action of the plugin means. */
  meaning: (action: string) => actions.get(action)?.meaning ?? "Not known to this dashboard.",

  frame: {
    title: "Live updates",
    skip: "Skip to the versions",
    skipHeader: "Skip to the content",
    app: "App",
    allApps: "All apps",
    platform: "Platform",
    everyPlatform: "All",
    times: "Times in",
    utc: "UTC",
    local: "local time",
    asOf: (clock: string) => `As of ${clock}`,
    watched: (clock: string) => `Alarms as of ${clock}`,
    loading: "The figures are being read.",
    more: (text: string) => `What is “${text}”?`,
  },

  failure: {
    old: (clock: string) => `These are the figures of ${clock}: newer ones cannot be had.`,
    none: "The figures cannot be had.",
    again: (seconds: number) => `It is tried again every ${seconds} seconds.`,
    signedOut: "The sign-in has run out, or does not allow this page. Load the page again to sign in.",
    unreachable:
      "The dashboard does not answer. Is the network up, and is gcloud run services proxy still running?",
    hangs: (seconds: number) => `The dashboard has not answered for ${seconds} seconds.`,
    notJson: "The answer is not the dashboard's: something between it and this page answers instead.",
    refused: (message: string) => `Not read: ${message}.`,
    status: (status: number) => `HTTP ${status}.`,
    watchLate: (since: string) =>
      `Nobody has looked for alarms since ${since}: a version that fails now may be missing here. The log of the watch function has the reason.`,
    neverWatched:
      "Nobody has looked for alarms yet. The watch function looks every five minutes once it is deployed.",
  },

  empty: {
    title: "Nothing has been counted yet",
    hint: "This page fills itself as soon as a device reports. To get there:",
    /** Every second part is code. */
    steps: [
      [
        "Set ",
        "statsUrl",
        " of the updater plugin, in ",
        "capacitor.config",
        ", to the address of the ",
        "stats",
        " function, and start the app on a device.",
      ],
      ["Or send an event by hand: the README has the ", "curl", " line."],
      [
        "If events arrive in Firestore but this page stays empty, look at the log of the ",
        "countEvent",
        " function.",
      ],
    ],
    noApp: "No counters for ",
    noAppHint: "Nothing has been counted for this app. Choose another one above, or check its id.",
  },

  apps: {
    title: "All apps",
    search: "Search apps",
    columns: {
      app: "App",
      state: "State",
      live: "Live versions",
      versions: "Versions",
      opened: "Opened today",
      installed: "Installed today",
      installs: "Installs",
    },
    tips: {
      live: "Updates that were active in the last 24 hours, of all versions that were ever reported.",
      opened: "How often the app was opened today, in UTC, with any version.",
      installed:
        "How often an update became the running version today, in UTC; returns to one are among them.",
      installs: "How often an update became the running version, ever.",
    },
    alarms: (count: number) => (count === 1 ? "⚠ Alarm" : `⚠ ${count} alarms`),
    calm: "✓ No alarm",
    ofVersions: (count: string) => `of ${count}`,
    platform: (platform: string) =>
      `These figures are of all platforms. An app that is chosen here opens with the figures of ${platform}.`,
    leftOut: (count: string) => `${count} more apps are left out: those with the fewest installs.`,
  },

  alarms: {
    title: "Alarms",
    elsewhere: "Alarms in other apps:",
    history: "Ended alarms",
    measures: {
      not_downloaded: { short: "not downloaded", full: "devices that began the download did not get it" },
      rolled_back: { short: "rolled back", full: "devices that installed it rolled it back" },
      crashed: { short: "crashed", full: "devices that started it crashed" },
    } satisfies Record<AlarmMeasure, { short: string; full: string }>,
    apps: (count: number) => `${count} ${count === 1 ? "app alarms" : "apps alarm"}`,
    andMore: (count: number) => `and ${count} more`,
    before: (rate: string) => `${rate} before`,
    allowed: (rate: string) => `at most ${rate} allowed`,
    share: (rate: string, count: string, of: string) => `${rate} (${count} of ${of})`,
    rules: {
      earlier_versions: (share: string) => `Earlier versions at the same age: ${share}.`,
      own_past: (share: string) => `This is the last day; before, this version had ${share}.`,
      threshold: (rate: string) => `There is no earlier version to compare with; the settings allow ${rate}.`,
    } satisfies Record<AlarmFailure["rule"], (before: string) => string>,
    since: (time: string) => `Alarm since ${time}.`,
    released: (time: string) => `Released ${time}.`,
    why: "What sets those that fail apart:",
    noCauses: "Nothing sets those that fail apart from the others.",
    cause: (failing: string, others: string) => `${failing} of those that fail, ${others} of the others`,
    closer: "Look closer",
    closerAt: (version: string) => ` at ${version}`,
    calm: "No version is known to fail more than it should.",
    noUpdate: "No device has reported an update yet, so there is nothing to judge.",
    how: "How is this decided?",
    test: [
      "A version is compared with all earlier good versions together, at the same age, on each platform and on all of them: how many of its devices did not get it after the download began, rolled it back, or crashed.",
      "Where there is no earlier version, the rate is compared with the most that the settings allow, and a version that has been out for long with its own past.",
      "Counters raise a suspicion, and a random sample of devices decides: a device that fails ten times is one device, and a download that began less than five minutes ago is under way, not lost. Only production builds on real devices count.",
    ],
    noHistory: "No alarm of this app has ended.",
    moreHistory: "There are more than can be read here.",
    ended: (began: string, ended: string) => `From ${began} to ${ended}.`,
    ends: { good_again: "It became good again.", superseded: "A newer version took its place." },
  },

  news: {
    began: (headline: string) => `New alarm: ${headline}.`,
    worse: (headline: string) => `Worse: ${headline}.`,
    ended: (version: string) => `The alarm of ${version} has ended.`,
    otherApp: (app_id: string) => `New alarm in another app: ${app_id}.`,
  },

  table: {
    csv: "Save as CSV",
    copy: "Copy",
    copied: "Copied",
    notCopied: "Not copied: the browser does not allow it",
    found: (count: string, of: string) => `${count} of ${of} shown`,
    sort: "Sort",
    unsorted: "Usual order",
    sortedBy: (column: string) => `By ${column.toLowerCase()}`,
    turn: "The largest first",
  },

  versions: {
    title: "Versions",
    search: "Search versions",
    columns: {
      version: "Version",
      alarm: "Alarm",
      not_downloaded: "Not downloaded",
      downloads: "Downloads",
      begun: "Begun",
      downloaded: "Downloaded",
      installed: "Installs",
      use: "Share of use",
      opened: "Opened, 7 days",
      rolled_back: "Rolled back",
      rollbacks: "Rollbacks",
      crash_free: "Crash-free",
      reasons: "Reasons",
      daily: (days: number) => `${days} days`,
      daily_installed: (days: number) => `Installs, ${days} days`,
      daily_lost: (days: number) => `Not downloaded, ${days} days`,
      ofReports: (column: string) => `${column}, of reports`,
      ofDevices: (column: string) => `${column}, of devices where it alarms`,
    },
    tips: {
      not_downloaded:
        "Downloads that began and did not end with the version on the device, of those that began, with the 95 % interval. Downloads that are under way are among them. These are reports: a device that fails ten times counts ten times. Where a version alarms, the rate of devices comes first, from a random sample.",
      downloads: "How many downloads began, and how many ended with the version on the device.",
      installed: "How often it became the running version; returns to it are among them.",
      use: "How often the app was opened with it in the last 7 days, of all versions that are shown. Not only updates: the version from the store is among them.",
      rolled_back: "Installed, not started properly and undone, of all installs.",
      crash_free:
        "Starts without a crash. A crash is reported at the next start, under the version that runs then.",
      reasons:
        "The most frequent actions that say why something failed. They are no rate: most are reported under the version that was running.",
      daily:
        "Above the line: installs of each day. Below it: downloads that began on the day and did not end with the version on the device.",
    },
    remarks: {
      active: (age: string) => `active ${age}`,
      unknown: "no version given",
      builtin: "from the store",
      noUpdate: "never downloaded or installed",
    },
    alarm: (on: string) => `Alarm${on}`,
    everywhere: " on all platforms",
    ofDevices: (on: string) => `of devices${on}`,
    ofReports: (rate: string, on: string) => `${rate} of reports${on}`,
    tooLittle: "too little data",
    interval: "95 % interval: ",
    bounds: (low: string, high: string) => `${low} – ${high}`,
    begun: "begun, ",
    downloaded: " downloaded",
    times: (count: string) => `${count} ×`,
    sparkInstalls: "Installs",
    sparkLost: "Not downloaded",
    onDays: (name: string, total: string, days: number, day: string, most: string) =>
      `${name}: ${total} in ${days} days, most on ${day}: ${most}.`,
    noneOnDays: (name: string, days: number) => `${name}: none in ${days} days.`,
    leftOut: (shown: string, all: string) =>
      `${shown} of ${all} versions are shown: those that alarm, those with the most attempts, and those active last.`,
    showAll: (all: string) => `Show all ${all}`,
    showFewer: "Show fewer",
  },

  version: {},

  adoption: {
    title: "Adoption",
  },

  notes: {
    incomplete:
      "There are more versions than are read: only those that alarm, those with the most attempts and those active last are shown.",
    figures: "Figures are of production builds on real devices, and count reports unless devices are named.",
    days: (day: string) => `Days are UTC; the last one is ${day}.`,
  },
} as const;
