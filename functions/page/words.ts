/** All words that the page says, so that a translation is one file. */

import type { AlarmFailure, Range } from "../src/dashboard/data.ts";
import type { AlarmMeasure, Scope } from "../src/health/alarm-documents.ts";
import { actions } from "../src/ingest/actions.ts";
import type { Zone } from "./state/zone.ts";
import type { LossName } from "./views/version/losses.ts";

/** The language of the words, numbers and dates; `index.html` names it too. */
export const LANGUAGE = "en-GB";

/** Platforms as people write them. */
const platformNames: Record<Scope, string> = {
  all: "All platforms",
  android: "Android",
  ios: "iOS",
  electron: "Electron",
  other: "Other",
};

const list = new Intl.ListFormat(LANGUAGE);

const days = (count: number) => `${count} ${count === 1 ? "day" : "days"}`;

export const words = {
  nothing: "–",
  foreign: "Not a letter, digit or sign of plain English text: it may look like one.",
  justNow: "just now",
  ago: (duration: string) => `${duration} ago`,
  minutes: (count: number) => `${count} min`,
  hours: (count: number) => `${count} h`,
  days,

  platform: (scope: Scope) => platformNames[scope],
  /** ` on iOS and Android`, or nothing for all. */
  on: (scopes: readonly Scope[]) =>
    scopes.includes("all") ? "" : ` on ${list.format(scopes.map((scope) => platformNames[scope]))}`,
  /** What an action of the plugin means. */
  meaning: (action: string) => actions.get(action)?.meaning ?? "Not known to this dashboard.",

  frame: {
    title: "Live updates",
    noScript: "The dashboard draws itself with JavaScript: allow it for this page.",
    skip: "Skip to the versions",
    skipHeader: "Skip to the content",
    app: "App",
    allApps: "All apps",
    platform: "Platform",
    everyPlatform: "All",
    times: "Times in",
    zones: { UTC: "UTC", local: "local time" } satisfies Record<Zone, string>,
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
    someAlarms: "Some open alarms cannot be read: a version that fails may be missing here.",
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
      not_downloaded: {
        short: "not downloaded",
        full: "of the devices that began the download did not get it",
      },
      rolled_back: { short: "rolled back", full: "of the devices that installed it rolled it back" },
      crashed: { short: "crashed", full: "of the devices that started it crashed" },
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
      downloads:
        "How many downloads began, and how many ended with the version on the device. Plugins that report no beginnings are in the second number, so the difference is not what was lost.",
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
    ofAllReports: (rate: string) => `${rate} of all reports`,
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

  version: {
    released: (time: string, age: string) => `Released ${time}, ${age} ago.`,
    notReleased: "Its release is not known: too few devices have begun to download it.",
    noUpdate: "No update: devices have it from the store.",
    with: "Compared with",
    nothingToCompare: "There is no other update to compare it with.",
    notComparable: "It has no figures at the same age.",
    reading: "Being read: ",
    notKnown: "Not among the versions that are read: ",
    awaited: "What you chose is being read.",
    range: "Time shown",
    ranges: { "24h": "24 h", "7d": "7 days", "30d": "30 days", "90d": "90 days" } satisfies Record<
      Range,
      string
    >,
    measure: "Way of failing",
    measures: {
      not_downloaded: "Not downloaded",
      rolled_back: "Rolled back",
      crashed: "Crashed",
    } satisfies Record<AlarmMeasure, string>,
    share: (rate: string, count: string, of: string) => `${rate} (${count} of ${of})`,
    each: { hour: "for each hour", day: "for each day" },
    was: (name: string) => `${name} was released`,

    failures: "Failure over time",
    chart: (measure: string, each: string) => `${measure}, ${each}`,
    soFar: (name: string, share: string) => `${name} so far: ${share}. Some of them may be under way.`,
    sum: (measure: string, range: string, share: string) => `${measure} in ${range}: ${share}.`,
    since: (measure: string, time: string, share: string) => `${measure} since ${time}: ${share}.`,
    before: (share: string) => `Before: ${share}.`,
    quietRange: "Nothing of it is reported in this time.",
    sameAge: "at the same age",
    within: (low: string, high: string) => `95 % sure: ${low} to ${high}`,
    open: "not over",
    underWay: "not over: some of its downloads are under way",
    nothingReported: "nothing reported",
    legend: {
      own: "with its 95 % interval",
      other: "at the same age",
      few: (attempts: number) => `fewer than ${attempts} attempts`,
    },
    asTable: "As a table",
    columns: {
      time: "From",
      rate: "Rate",
      low: "At least (95 %)",
      high: "At most (95 %)",
      count: "Failed",
      of: "Attempts",
      other: "The other one's rate",
    },

    lost: "Where attempts are lost",
    losses: {
      not_downloaded: ["Not downloaded", "of downloads that began"],
      waiting: ["Not installed yet", "of what is downloaded: most waits for the next start"],
      rolled_back: ["Rolled back", "of installs"],
      crashed: ["Crashed", "of starts"],
    } satisfies Record<LossName, [string, string]>,
    counts: (count: string, of: string) => `${count} of ${of}`,
    points: "Points more",
    verdicts: { worse: "worse", better: "better" },
    loss: "Loss",
    sameHours: (age: string) =>
      `Reports of the first ${age} from the release on; both versions are counted alike. “Worse” and “better” are beyond chance.`,
    firstHours: (age: string) => `Reports of its first ${age}.`,

    why: "Reasons",
    reason: "Reason",
    noReason: "No action that gives a reason was reported.",
    per100: (count: string) => `${count} per 100`,
    reasonNotes:
      "They say why, not how often: one failed attempt reports several, and most are reported under the version that was running. Beside each count: reports per 100 downloads that began, of all time.",
    manyFiles: "One attempt can report many files.",

    devices: "Failing devices",
    showDevices: (count: number) => `Show up to ${count} failing devices`,
    otherDevices: "Look at another sample",
    reads: (count: string, dollars: string) =>
      `The last ones of a random sample. Reads up to ${count} documents: less than $${dollars}.`,
    didRead: (count: string) => `${count} documents were read.`,
    fail: (count: string, of: string) => `${count} of ${of} devices looked at fail.`,
    noDevices: "No device of this version was found.",
    failing: {
      not_downloaded: "They began the download and did not get it.",
      rolled_back: "They installed it and went back.",
      crashed: "They started it and crashed.",
    } satisfies Record<AlarmMeasure, string>,

    actions: "All actions",
    action: "Action",
    count: "Count",
    meaning: "Meaning",
    development: "Debug and test builds and emulators, which are in no figure above, reported:",
  },

  adoption: {
    title: "Adoption",
    by: "Adoption by",
    ways: { opened: "Use", installed: "Installs" },
    chart: {
      opened: "Share of use by version, by day",
      installed: "Installs by version, by day",
    },
    none: {
      opened: (days: number) =>
        `Nobody has opened the app in the last ${days} days, or no plugin has said so.`,
      installed: (days: number) => `No installs in the last ${days} days.`,
    },
    others: (count: number) => (count === 1 ? "1 other" : `${count} others`),
    asTable: "By day, as a table",
    version: "Version",
    adopted: "How far each update is adopted",
    day: "Day",
    released: "Released",
    today: "Today",
    most: "Most on a day",
    half: "Time to half",
    shareToday: (share: string) => `${share} today`,
    halfAfter: (count: number) => (count === 0 ? ", half on the first day" : `, half after ${days(count)}`),
    halfTip: "Days from the release to the first day on which the version had at least half.",
  },

  notes: {
    incomplete:
      "There are more versions than are read: only those that alarm, those with the most attempts and those active last are shown.",
    figures: "Figures are of production builds on real devices, and count reports unless devices are named.",
    days: (day: string) => `Days are UTC; the last one is ${day}.`,
    ages: "Totals are up to 10 seconds old, figures by hour and day up to 90.",
  },
} as const;
