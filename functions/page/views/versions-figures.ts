/** Works out what the table of versions says beyond the report: shares of use, and the rates that alarms are about. Pure. */

import { type AppReport, MIN_ATTEMPTS, type VersionReport } from "../../src/dashboard/data.ts";
import type { AlarmMeasure, Scope } from "../../src/health/alarm-documents.ts";
import { type Proportion, rateOf, wilsonInterval } from "../../src/health/statistics.ts";
import { measures } from "../state/address.ts";
import { sum } from "./adoption-figures.ts";

const USE_DAYS = 7;

/** The scale of rates ends here at least, so that small rates look small. */
const LEAST_SCALE = 0.02;

/** A rate of devices that a version alarms for, and the platforms that it is of. */
interface DeviceRate {
  scopes: readonly Scope[];
  rate: Proportion;
}

export interface VersionRow {
  report: VersionReport;
  /** The platforms on which it alarms, whichever is shown; none where it does not. */
  alarmScopes: readonly Scope[];
  /** Whether it alarms on the platform that is shown. */
  alarmsHere: boolean;
  /** The rates that it alarms for on the platform that is shown, the worst first. */
  devices: Record<AlarmMeasure, readonly DeviceRate[]>;
  /** How often the app was opened with it in the last 7 days, of all rows; `null` where its days were not read. */
  use: Proportion | null;
}

/** The rows of the table, in the order of the report. */
export function rowsOf(app: Pick<AppReport, "alarms" | "platform" | "versions">): VersionRow[] {
  const opened = app.versions.map(openedLately);
  const openedInAll = sum(opened.map((count) => count ?? 0));
  return app.versions.map((report, place) => {
    const failures =
      app.alarms.find(({ version_name }) => version_name === report.version_name)?.failures ?? [];
    const devices = (measure: AlarmMeasure) =>
      failures
        .filter((failure) => failure.measure === measure)
        .flatMap(({ scopes, parts, now }) =>
          parts.length > 0
            ? parts.map((part) => ({ scopes: [part.scope], rate: part.now }))
            : [{ scopes, rate: now }],
        )
        .filter(({ scopes }) => isShown(scopes, app.platform))
        .sort((a, b) => rateOf(b.rate) - rateOf(a.rate));
    const alarmScopes = [...new Set(failures.flatMap(({ scopes }) => scopes))];
    const count = opened[place] ?? null;
    return {
      report,
      alarmScopes,
      alarmsHere: alarmScopes.length > 0 && isShown(alarmScopes, app.platform),
      devices: {
        not_downloaded: devices("not_downloaded"),
        rolled_back: devices("rolled_back"),
        crashed: devices("crashed"),
      },
      use: count === null ? null : { count, of: openedInAll },
    };
  });
}

/** What fails on all platforms together fails on the one that is shown, too. */
function isShown(scopes: readonly Scope[], shown: Scope): boolean {
  return shown === "all" || scopes.includes("all") || scopes.includes(shown);
}

/** What a row says first about a measure: the rate of devices that it alarms for, else that of reports. */
export function mainRate({ devices, report }: VersionRow, measure: AlarmMeasure): Proportion {
  return devices[measure][0]?.rate ?? report.rates[measure];
}

/** Whether a row's rate says something: one that alarms always does. */
export function isEnough(row: VersionRow, measure: AlarmMeasure): boolean {
  return row.devices[measure].length > 0 || row.report.rates[measure].of >= MIN_ATTEMPTS;
}

/** What a row is sorted by for a measure, from 0 to 1; nothing where there is too little data. */
export function sortingRate(row: VersionRow, measure: AlarmMeasure): number | null {
  return isEnough(row, measure) ? rateOf(mainRate(row, measure)) : null;
}

/** The measure that a row's line is about: what it alarms for most, else its downloads. */
export function mainMeasure({ devices }: VersionRow): AlarmMeasure {
  const alarming = measures
    .filter((measure) => devices[measure].length > 0)
    .map((measure) => ({ measure, rate: rateOf(devices[measure][0]?.rate ?? { count: 0, of: 0 }) }))
    .sort((a, b) => b.rate - a.rate);
  return alarming[0]?.measure ?? "not_downloaded";
}

/** The end of the scale that all rates of a measure are drawn on, from 0 to 1. One of few attempts flattens no other. */
export function scaleOf(rows: readonly VersionRow[], measure: AlarmMeasure): number {
  const ends = rows
    .filter((row) => isEnough(row, measure))
    .map((row) => wilsonInterval(mainRate(row, measure)).high);
  return Math.max(LEAST_SCALE, ...ends);
}

/** Attempts that began and were not downloaded, for each day. What began a minute before midnight may end a day later. */
export function lostDaily({ begun, downloaded }: NonNullable<VersionReport["daily"]>): number[] {
  return begun.map((count, day) => Math.max(0, count - (downloaded[day] ?? 0)));
}

/** The sum of some days, and the highest of them: its place and its count. */
export function summarizeDays(counts: readonly number[]): { total: number; peak: number; most: number } {
  const most = Math.max(0, ...counts);
  return { total: sum(counts), peak: counts.indexOf(most), most };
}

/** The outline of thin columns, as SVG draws it: `up` stands on the line, `down` hangs from it, both on one scale. */
export function sparkOf(up: readonly number[], down: readonly number[], height: number) {
  const [above, below] = [Math.max(0, ...up), Math.max(0, ...down)];
  const scale = height / Math.max(1, above + below);
  // What is there can be seen, though it be few.
  const least = Math.min(above, 1);
  const most = height - Math.min(below, 1);
  const line = below === 0 ? height : Math.min(most, Math.max(least, above * scale));
  const columns = (counts: readonly number[], sign: number, room: number) =>
    counts
      .map((count, place) => ({
        x: place * SPARK_STEP,
        size: Math.min(room, Math.max(1, count * scale)) * sign,
        count,
      }))
      .filter(({ count }) => count > 0)
      .map(({ x, size }) => `M${x} ${short(line)}v${short(size)}h${SPARK_STEP - 1}v${short(-size)}z`)
      .join("");
  return { line: short(line), up: columns(up, -1, line), down: columns(down, 1, height - line) };
}

/** A day is so wide; the last of it is a gap. */
export const SPARK_STEP = 4;

function openedLately({ daily }: VersionReport): number | null {
  return daily ? sum(daily.opened.slice(-USE_DAYS)) : null;
}

function short(value: number): number {
  return Math.round(value * 100) / 100;
}
