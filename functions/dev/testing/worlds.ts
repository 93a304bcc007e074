/** The worlds that the dashboard's page is walked through on: each is a Firestore, or a running stack, full of data. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import pTimeout from "p-timeout";
import { DAY_HOURS } from "../../src/health/history.ts";
import { simulate } from "../../tools/simulate.ts";
import type { TimedFirestore } from "./firestores.ts";
import { createRolledOut, type Fault, type Release, type Rollout } from "./rollouts.ts";

export const SHOP = "com.example.shop";

const devices = { android: 5_200, ios: 3_100, electron: 400 };

/** Good releases, named `2.0.0` and so on, the oldest first. */
function goodReleases(...daysAgo: number[]): Release[] {
  return daysAgo.map((days, index) => ({ version_name: `2.${index}.0`, hoursAgo: days * DAY_HOURS }));
}

type Causes = NonNullable<Fault["causes"]>;

/** What sets the devices apart that do not get an update: most of them have one native build, and one message. */
const causes: Causes = [
  cause("version_build", "2.4.0", 94, 31),
  cause("message", "Checksum failed", 88, 2),
  cause("version_os", "18.1", 61, 44),
];

function cause(field: string, value: string, failing: number, others: number): Causes[number] {
  return { field, value, failing: { count: failing, of: 100 }, others: { count: others, of: 100 } };
}

/** Eight apps of which seven alarm, each for something else, and some on several platforms. The last of them is well. */
export function eightApps(): Promise<TimedFirestore> {
  const faults: Record<string, Fault> = {
    [SHOP]: { measure: "not_downloaded", rates: { ios: 0.081 }, causes },
    "com.example.bank": { measure: "crashed", rates: { android: 0.12, ios: 0.09 } },
    "com.example.chat": { measure: "rolled_back", rates: { android: 0.06 } },
    "com.example.news": { measure: "not_downloaded", rates: { android: 0.3, ios: 0.22, electron: 0.4 } },
    "org.example.transit.timetable": { measure: "rolled_back", rates: { electron: 0.5 }, rule: "threshold" },
    "com.example.music": { measure: "crashed", rates: { ios: 0.05 }, rule: "own_past", hoursAgo: 5 },
    "com.example.photos": { measure: "not_downloaded", rates: { android: 0.04 } },
  };
  const apps = [...Object.entries(faults), ["com.example.well", undefined] as const];
  return createRolledOut(
    apps.map(([app_id, fault], index): Rollout => {
      const size = 1 / (index + 1);
      const newest = { version_name: "2.3.1", hoursAgo: 14 + index * 5, faults: fault ? [fault] : [] };
      return {
        app_id,
        devices: { android: 5_200 * size, ios: 3_100 * size, electron: 400 * size },
        releases: [...goodReleases(26, 17, 9, 5), newest],
      };
    }),
  );
}

/** The names of the forty versions of `fortyVersions`, the oldest first. */
export const fortyNames: readonly string[] = Array.from({ length: 10 }, (_, minor) => [
  `3.${minor}.0-beta.1`,
  `3.${minor}.0-rc.1`,
  `3.${minor}.0`,
  `3.${minor}.1`,
]).flat();

/** An app with forty versions in a month: each release has a beta and a candidate before, and a fix after it. */
export function fortyVersions(): Promise<TimedFirestore> {
  const releases = fortyNames.map(
    (version_name, index): Release => ({
      version_name,
      hoursAgo: (fortyNames.length - index) * 17,
      ...(version_name.includes("beta") && { share: 0.02 }),
      ...(version_name.includes("rc") && { share: 0.08 }),
    }),
  );
  return createRolledOut([{ app_id: SHOP, devices, releases }]);
}

/** Names that builds, long texts and strangers choose. Some look like others, and some like markup, code or addresses. */
export const strangeNames: readonly string[] = [
  "9f2c4e1",
  "9f2c4e18b7a5d3c60e1f2a4b5c6d7e8f90a1b2c3",
  "9f2c4e18b7a5d3c60e1f2a4b5c6d7e8f90a1b2c4",
  "2.5.1",
  "2.5.1\u3164",
  "2.5.\u0661",
  "\u202e1.5.2",
  "\u0430pp-2.5.1",
  "release/2026-11-20 Käse 日本語",
  "العربية 2.5",
  "🚀 2.5.1 👩‍👩‍👧‍👦",
  "=1+1",
  "@SUM(A1)",
  "__proto__",
  "constructor",
  "<img src=x onerror=alert(1)>",
  "?app=other&version=1#x",
  "x".repeat(512),
];

/** An app whose versions have `strangeNames`. The newest of them fails, and what sets its devices apart is strange too. */
export function strangelyNamed(): Promise<TimedFirestore> {
  const fault: Fault = {
    measure: "not_downloaded",
    rates: { ios: 0.4 },
    causes: [
      cause("<b>field</b>", "<img src=x onerror=alert(1)>", 100, 0),
      cause("message", "x".repeat(3_000), 90, 1),
      cause("version_os", "\u202e18", 80, 2),
    ],
  };
  const releases = strangeNames.map(
    (version_name, index, { length }): Release => ({
      version_name,
      hoursAgo: (length - index) * 20,
      ...(index === length - 1 && { faults: [fault] }),
    }),
  );
  return createRolledOut([{ app_id: SHOP, devices, releases }]);
}

/**
 * An app with a history of three months, of which four versions fail at once: one is not downloaded, one rolled back, one crashes,
 * and one does both. Earlier ones failed too: their alarms have ended.
 */
export function fourBadVersions(): Promise<TimedFirestore> {
  const old: Release[] = [
    ...goodReleases(89, 70, 52, 38),
    {
      version_name: "2.4.0",
      hoursAgo: 30 * DAY_HOURS,
      faults: [
        {
          measure: "crashed",
          rates: { android: 0.07 },
          ended: { end: "good_again", hoursAgo: 28 * DAY_HOURS },
        },
      ],
    },
    {
      version_name: "2.4.1",
      hoursAgo: 21 * DAY_HOURS,
      faults: [
        {
          measure: "not_downloaded",
          rates: { ios: 0.15, android: 0.11 },
          causes,
          ended: { end: "superseded", hoursAgo: 19 * DAY_HOURS },
        },
      ],
    },
    { version_name: "2.4.2", hoursAgo: 12 * DAY_HOURS },
  ];
  const bad: Release[] = [
    {
      version_name: "2.5.0",
      hoursAgo: 80,
      faults: [{ measure: "not_downloaded", rates: { ios: 0.12, android: 0.07, electron: 0.05 }, causes }],
    },
    {
      version_name: "2.5.1",
      hoursAgo: 58,
      faults: [{ measure: "rolled_back", rates: { android: 0.09 } }],
    },
    { version_name: "2.5.2", hoursAgo: 34, faults: [{ measure: "crashed", rates: { ios: 0.11 } }] },
    {
      version_name: "2.6.0-beta.1",
      hoursAgo: 15,
      share: 0.4,
      faults: [
        { measure: "not_downloaded", rates: { android: 0.2, ios: 0.05 } },
        { measure: "crashed", rates: { android: 0.26 } },
      ],
    },
  ];
  return createRolledOut([{ app_id: SHOP, devices, releases: [...old, ...bad] }]);
}

/** An app whose newest version was well for nine days, and has crashed on Android for an hour. */
export function failingForAnHour(): Promise<TimedFirestore> {
  const fault: Fault = { measure: "crashed", rates: { android: 0.35 }, rule: "own_past", hoursAgo: 1 };
  const newest = { version_name: "2.4.0", hoursAgo: 9 * DAY_HOURS, faults: [fault] };
  return createRolledOut([{ app_id: SHOP, devices, releases: [...goodReleases(29, 24, 19, 14), newest] }]);
}

/** An app that is well, for what happens between Firestore and the page. */
export function wellApp(): Promise<TimedFirestore> {
  return createRolledOut([{ app_id: SHOP, devices, releases: goodReleases(26, 17, 9, 5, 1) }]);
}

export interface RunningStack {
  /** Where its dashboard is. */
  url: string;
  close(): Promise<void>;
}

/**
 * The bad release of the README: `npm start` in a process of its own, to which devices send a good update and one that fails on
 * iOS, each under the version and with the actions of its plugin. It resolves when the watch has begun the alarm, and rejects
 * where it does not.
 */
export async function simulatedBadRelease(): Promise<RunningStack> {
  const child = spawn(process.execPath, ["dev/local/start.ts"], {
    cwd: fileURLToPath(new URL("../..", import.meta.url)),
    env: { ...process.env, PORT: "0", MAX_EVENTS_PER_SECOND: "0" },
  });
  const close = async () => {
    if (child.exitCode !== null || !child.kill("SIGKILL")) return;
    await once(child, "exit");
  };
  try {
    const printed = readOutput(child);
    const [url] = await printed(/http:\S+\/dashboard/);
    const [statsUrl] = await printed(/http:\S+\/stats/);
    await sendUpdate(statsUrl, "2.4.0", "2.5.0", 0.004);
    await sendUpdate(statsUrl, "2.5.0", "2.5.1", 0.3);
    await printed(/"alarm":"began"/);
    return { url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** With half of them, too few devices fail for an alarm. */
const DEVICES = 400;

async function sendUpdate(url: string, from: string, version: string, iosFailures: number): Promise<void> {
  const update = {
    app: SHOP,
    from,
    version,
    plugins: ["8.51.23", "7.43.3"],
    failures: 0.004,
    bad: { platform: "ios" as const, failures: iosFailures },
    repeats: 0.05,
    seed: version,
    end: Date.now(),
  };
  await simulate(new URL(url), update, { devices: DEVICES, concurrency: 20 });
}

const MOST_MILLISECONDS = 60_000;

/** Waits for what a process prints, for a minute at most. */
function readOutput(child: ChildProcess): (pattern: RegExp) => Promise<RegExpExecArray> {
  let output = "";
  let check = () => {};
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      check();
    });
  }
  return (pattern) => {
    const found = new Promise<RegExpExecArray>((resolve) => {
      check = () => {
        const match = pattern.exec(output);
        if (match) resolve(match);
      };
      check();
    });
    return pTimeout(found, {
      milliseconds: MOST_MILLISECONDS,
      fallback: () => {
        throw new Error(`expected ${pattern} within a minute, got:\n${output.slice(-2_000)}`);
      },
    });
  };
}
