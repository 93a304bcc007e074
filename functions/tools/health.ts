/** `npm run health`: the verdict on each live version of an app, with its reasons. Reads only. */

import type { Firestore } from "firebase-admin/firestore";
import { z } from "zod";
import type { Counter } from "../src/counting/documents.ts";
import type { Alarm } from "../src/health/alarm-documents.ts";
import { type Finding, sightsOf } from "../src/health/alarm-life.ts";
import { createAlarmStore } from "../src/health/alarm-store.ts";
import { comparison, failureText, percent } from "../src/health/alarm-text.ts";
import { attemptsOf, createCounterReader } from "../src/health/counter-reader.ts";
import { createEvidence } from "../src/health/evidence.ts";
import { badOf, createJudge } from "../src/health/judge.ts";
import { isUpdate, measuresOf } from "../src/health/measures.ts";
import {
  comparisonsOf,
  isSuspicious,
  LEAST_BEFORE,
  type Question,
  questionsOf,
} from "../src/health/questions.ts";
import { rateOf } from "../src/health/statistics.ts";
import { readApp, watchedReads } from "../src/health/watch.ts";
import { printable } from "../src/printable.ts";
import { readSettings } from "../src/settings.ts";
import { readCounters } from "./counters.ts";
import { type Command, ExitCode, flag, main, optionHelp, project, wholeNumber } from "./lib/command.ts";
import { appId, versionName } from "./lib/names.ts";
import { UsageError } from "./lib/session.ts";
import { amount, cut, printableJson } from "./lib/table.ts";

/**
 * What is to be said of a version:
 * - `alarm`: it fails now, or its alarm is open and this look cannot tell better;
 * - `ending`: its alarm is open still, but it is good again, or devices no longer get it;
 * - `uncertain`: its counts are worse than they should be, and its devices do not confirm that it fails;
 * - `good`: enough devices have tried, and its counts are as they should be;
 * - `too_little`: too few devices have tried, or too small a share of the app's;
 * - `no_longer_installed`: devices get other versions, or none;
 * - `no_update`: no device has begun to download or installed it, like the store's bundle.
 */
export type Verdict =
  | "alarm"
  | "ending"
  | "uncertain"
  | "good"
  | "too_little"
  | "no_longer_installed"
  | "no_update";

/** A way in which a version fails, with what a fresh look says of it. */
export interface VersionAlarm extends Finding {
  /** When its alarm began, in milliseconds since 1970; absent where the watch has not seen it yet. */
  began_at?: number;
  look: "failing" | "cannot_tell" | "good_again" | "superseded";
}

export interface VersionHealth {
  app_id: string;
  version_name: string;
  verdict: Verdict;
  /** Whether devices install it now, so many that it is judged. */
  live: boolean;
  /** Attempts to install it, ever. */
  attempts: number;
  alarms: VersionAlarm[];
  /** What its counts are compared with, by measure and platform, and whether they are suspicious. */
  comparisons: (Question & { suspicious: boolean })[];
}

/**
 * Judges all versions of an app as the watch does, but afresh: the live ones first, and of them the latest release. Changes
 * nothing. Rejects with Firestore's error.
 */
export async function healthOf(db: Firestore, app_id: string, threshold: number): Promise<VersionHealth[]> {
  const counters = await readCounters(db, { app: app_id });
  const reader = createCounterReader(db, Date.now, watchedReads);
  const app = await readApp(app_id, counters, reader, createAlarmStore(db, Date.now));
  const now = Date.now();
  const evidence = { ...createEvidence(db), keep: async () => {} }; // The watch keeps its samples in Firestore.
  const look = await createJudge({ evidence, alarmThresholdPercent: threshold })(app, now);

  const histories = app.versions.map(({ history }) => history);
  const view = { histories, bad: badOf(app.alarms), threshold: threshold / 100 };
  const suspicions = new Set(questionsOf(view, now).filter(isSuspicious).map(nameOf));
  const live = [...comparisonsOf(view, now)].reverse();
  const comparisons = new Map(live.map(([{ version_name }, compared]) => [version_name, compared]));
  const alarms = Map.groupBy(alarmsOf(look, app.alarms), ({ version_name }) => version_name);
  const superseded = new Set(look.superseded.map(({ version_name }) => version_name));

  const byName = new Map(counters.map((counter) => [counter.version_name, counter]));
  const names = new Set([...comparisons.keys(), ...alarms.keys(), ...byName.keys()]);
  return [...names].map((version_name) => {
    const counter = byName.get(version_name);
    const known = {
      app_id,
      version_name,
      live: comparisons.has(version_name),
      attempts: counter ? attemptsOf(counter) : 0,
      alarms: alarms.get(version_name) ?? [],
      comparisons: (comparisons.get(version_name) ?? []).map((compared) => ({
        ...compared,
        suspicious: suspicions.has(nameOf(compared)),
      })),
    };
    return { ...known, verdict: verdictOf(known, counter, superseded.has(version_name)) };
  });
}

function nameOf({ version_name, measure, scope, rule }: Question): string {
  return `${measure} ${scope} ${rule} ${version_name}`;
}

/** The open alarms, and those that the watch will open, as a look sees them. */
function alarmsOf(look: Parameters<typeof sightsOf>[0], all: readonly Alarm[]): VersionAlarm[] {
  const open = all.filter((alarm) => alarm.open);
  const sights = [...sightsOf(look, open).values()];
  const isSame = (a: Omit<Finding, "causes">, b: { version_name: string; measure: string }) =>
    a.version_name === b.version_name && a.measure === b.measure;
  const begun = sights.flatMap(([alarm, sight]) =>
    typeof sight === "object" && !open.some((known) => isSame(known, alarm))
      ? [{ ...sight.finding, look: "failing" as const }]
      : [],
  );
  const known = open.map((alarm): VersionAlarm => {
    const sight = sights.find(([seen]) => isSame(alarm, seen))?.[1];
    const { version_name, measure, scopes, rule, now, before, parts, causes, began_at } = alarm;
    const told = { version_name, measure, scopes, rule, now, before, parts, causes, began_at };
    if (typeof sight === "object") return { ...told, ...sight.finding, look: "failing" };
    if (sight === undefined) return { ...told, look: "cannot_tell" };
    return { ...told, look: sight === "good" ? "good_again" : "superseded" };
  });
  return [...known, ...begun];
}

function isEnding({ look }: VersionAlarm): boolean {
  return look === "good_again" || look === "superseded";
}

function verdictOf(
  { alarms, comparisons }: Pick<VersionHealth, "alarms" | "comparisons">,
  counter: Counter | undefined,
  isSuperseded: boolean,
): Verdict {
  if (alarms.some((alarm) => !isEnding(alarm))) return "alarm";
  if (alarms.length > 0) return "ending";
  if (!counter || !isUpdate(measuresOf(counter.platforms))) return "no_update";
  if (isSuperseded) return "no_longer_installed";
  if (comparisons.some(({ suspicious }) => suspicious)) return "uncertain";
  return isEnough(mainComparison(comparisons)) ? "good" : "too_little";
}

/** Of all platforms; of downloads, or of what is known where plugins do not report those. */
function mainComparison<Compared extends Question>(comparisons: readonly Compared[]): Compared | undefined {
  return comparisons.find(({ scope }) => scope === "all");
}

/** A version that is compared with its own past has had enough before. */
function isEnough(compared: Question | undefined): boolean {
  return compared !== undefined && (compared.rule === "own_past" || compared.now.of >= LEAST_BEFORE);
}

/** What `npm run health` prints: a line for each version, or alarm of it, with the causes below. */
export function healthText(versions: readonly VersionHealth[]): string {
  const lines = versions.flatMap(({ app_id, version_name, ...health }) =>
    statements({ app_id, version_name, ...health }).map(({ text, below = [] }) => ({
      ...{ app: cut(app_id), version: cut(version_name), text, below },
    })),
  );
  const longest = Math.max(0, ...lines.map(({ version }) => version.length));
  return lines
    .flatMap(({ app, version, text, below }) => [
      `${app}  ${version.padEnd(longest)}  ${text}`,
      ...below.map((cause) => `    ${cause}`),
    ])
    .join("\n");
}

interface Statement {
  text: string;
  below?: string[];
}

function statements(version: VersionHealth): Statement[] {
  const { verdict, alarms, attempts, comparisons } = version;
  switch (verdict) {
    case "alarm":
    case "ending":
      return alarms.map(alarmStatement);
    case "uncertain": {
      const [worst] = comparisons
        .filter(({ suspicious }) => suspicious)
        .sort((a, b) => excessOf(b) - excessOf(a));
      return [
        { text: `uncertain: ${worst ? figures(worst) : ""}. Its devices do not confirm that it fails.` },
      ];
    }
    case "good": {
      const main = mainComparison(comparisons);
      return [{ text: `good: ${main ? figures(main) : ""}` }];
    }
    case "too_little":
      return [
        {
          text:
            attempts < LEAST_BEFORE
              ? `too little yet: ${amount(attempts, "attempt")}, ${LEAST_BEFORE} are enough to tell`
              : `too little yet: ${amount(attempts, "attempt")}, hardly any of this app's`,
        },
      ];
    case "no_longer_installed": {
      const main = mainComparison(comparisons);
      const was = main ? `. ${figures(main)}` : "";
      return [{ text: `no longer installed: devices get another version, or none${was}` }];
    }
    case "no_update":
      return [{ text: "no update: no device has begun to download it, or installed it" }];
  }
}

function alarmStatement({ causes, began_at, look, ...failure }: VersionAlarm): Statement {
  const since =
    began_at === undefined
      ? "The watch has not seen it yet."
      : `Open since ${minuteOf(began_at)}${lookText[look]}.`;
  const below = causes.map(
    ({ field, value, failing, others }) =>
      `${cut(field)} ${cut(value)}: ${percent(failing)} of those that fail, ${percent(others)} of the others`,
  );
  const ends = look === "good_again" || look === "superseded";
  return { text: `${ends ? "ending" : "alarm"}: ${failureText(failure)}. ${since}`, below };
}

const lookText: Record<VersionAlarm["look"], string> = {
  failing: "",
  cannot_tell: "; whether it fails still cannot be told now",
  good_again: ", but it is good again",
  superseded: ", but devices no longer get it",
};

const countedOutcome: Record<Question["measure"], string> = {
  not_downloaded: "attempts did not get it",
  rolled_back: "installs were rolled back",
  crashed: "starts crashed",
};

/** Counts are of reports, not of devices. */
function figures(compared: Question): string {
  const { measure, scope, now, rule } = compared;
  const where = scope === "all" ? "" : ` on ${scope}`;
  const when = rule === "own_past" ? " in the last day" : "";
  return `${now.count} of ${now.of} ${countedOutcome[measure]}${where}${when} (${percent(now, 1)}), ${comparison(compared)}`;
}

function excessOf({ now, before }: Question): number {
  return rateOf(now) - rateOf(before);
}

/** `2026-11-28 07:40 UTC` */
function minuteOf(time: number): string {
  return `${new Date(time).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

/** The output of `npm run health -- --json`. Counts of comparisons are of reports, those of alarms are of devices. */
export function healthJson(versions: readonly VersionHealth[]): string {
  return printableJson(
    versions.map(({ app_id, version_name, verdict, live, attempts, alarms, comparisons }) => ({
      ...{ app_id, version_name, verdict, live, attempts },
      alarms: alarms.map(({ measure, scopes, look, began_at, rule, now, before, parts, causes }) => ({
        ...{ measure, scopes, look },
        began_at: began_at === undefined ? null : new Date(began_at).toISOString(),
        ...{ rule, now, before, parts, causes },
      })),
      comparisons: comparisons.map(({ measure, scope, rule, now, before, suspicious }) => ({
        ...{ measure, scope, rule, now, before, suspicious },
      })),
    })),
  );
}

const options = z.object({
  project,
  app: appId,
  version: versionName.optional().register(optionHelp, {
    value: "VERSION",
    text: "only this version, also if it is not live; as `counters` shows it, or in double quotes as --json does",
  }),
  threshold: wholeNumber(
    1,
    readSettings({}).alarmThresholdPercent,
    "where there is nothing to compare with, more than N percent is an alarm: your ALARM_THRESHOLD_PERCENT",
    100,
  ),
  json: flag("print JSON, with all figures"),
});

export const command: Command<typeof options> = {
  name: "health",
  summary:
    "Says of each live version of an app whether it fails, as the watch judges it, with the reasons. Exits with 1 while " +
    "there is an alarm, so that a pipeline can stop. An alarm that is ending is none. It changes nothing and tells nobody. " +
    "It cannot see the settings of the deployment: give --threshold if you have changed it.",
  example: "--project my-project --app com.example.shop --version 2.5.1",
  options,
  async run({ project, app, version, threshold, json }, session) {
    const all = await healthOf(await session.firestore(project), app, threshold);
    const shown = all.filter((found) =>
      version === undefined ? found.live || found.alarms.length > 0 : found.version_name === version,
    );
    // A name that is not spelt right must not look healthy.
    if (all.length === 0 || (version !== undefined && shown.length === 0)) {
      const name = version === undefined ? app : printable(`version ${version} of ${app}`);
      throw new UsageError(
        `Nothing is counted of ${name}. \`npm run counters -- --json\` has the names as stored.`,
      );
    }
    session.print(
      json
        ? healthJson(shown)
        : [...summary(shown), ...others(all.length - shown.length, version)].join("\n"),
    );
    return shown.some(({ verdict }) => verdict === "alarm") ? ExitCode.failed : ExitCode.done;
  },
};

function summary(shown: readonly VersionHealth[]): string[] {
  return shown.length > 0 ? [healthText(shown)] : ["No version is installed now."];
}

function others(number: number, version: string | undefined): string[] {
  if (version !== undefined || number === 0) return [];
  return [`${amount(number, "other version")}, which hardly any device installs now`];
}

if (import.meta.main) await main(command);
