/** Writes numbers, rates and times for people. */

import { type Proportion, rateOf } from "../src/health/statistics.ts";
import type { Zone } from "./state/zone.ts";
import { LANGUAGE, words } from "./words.ts";

/** After a number, on whose line it stays. */
export const PERCENT = "\u00a0%";

const whole = new Intl.NumberFormat(LANGUAGE);

/** `12,345` */
export function formatNumber(value: number): string {
  return whole.format(value);
}

/** A rate from 0 to 1, in one piece: `8.1 %`, `0.04 %`, `100 %`. */
export function formatPercent(rate: number): string {
  const percent = rate * 100;
  const decimals = percent === 0 || percent >= 99.95 ? 0 : percent >= 0.095 ? 1 : 2;
  return `${percent.toFixed(decimals)}${PERCENT}`;
}

/** `8.1 %`; `–` of nothing. */
export function formatRate(proportion: Proportion): string {
  return proportion.of === 0 ? words.nothing : formatPercent(rateOf(proportion));
}

/** A share of few: `94 %`. */
export function formatWholePercent(proportion: Proportion): string {
  return `${Math.round(100 * rateOf(proportion))}${PERCENT}`;
}

/** A time in milliseconds since 1970: `21 Nov, 07:14 UTC`; a local one names its zone, such as `GMT+1`. */
export function formatMinute(time: number, zone: Zone): string {
  return formatterOf("minute", zone).format(time);
}

/** The same with its year and second, where it may be long ago: `21 Nov 2026, 07:14:03 UTC`. */
export function formatSecond(time: number, zone: Zone): string {
  return formatterOf("second", zone).format(time);
}

/** A time in milliseconds since 1970: `07:14 UTC`. */
export function formatClock(time: number, zone: Zone): string {
  return formatterOf("clock", zone).format(time);
}

/** An hour of a chart's axis, for a time in milliseconds since 1970: `07:00`. */
export function formatHour(time: number, zone: Zone): string {
  return formatterOf("hour", zone).format(time);
}

/** A day as the counters have it, in UTC: `2026-11-21` as `21 Nov`. */
export function formatDay(day: string): string {
  return formatterOf("day", "UTC").format(new Date(`${day}T00:00:00Z`));
}

/** The day of a time in milliseconds since 1970: `21 Nov`. */
export function formatDate(time: number, zone: Zone): string {
  return formatterOf("day", zone).format(time);
}

/** How long something took or takes, in milliseconds: `40 min`, `5 h`, `12 days`. */
export function formatDuration(milliseconds: number): string {
  const minutes = Math.floor(milliseconds / 60_000);
  if (minutes < 60) return words.minutes(minutes);
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? words.hours(hours) : words.days(Math.floor(hours / 24));
}

/** How long ago something was, roughly: `just now`, `5 min ago`, `21 Nov`. Times are milliseconds since 1970. */
export function formatAge(time: number, now: number, zone: Zone): string {
  const age = now - time;
  if (age < 60_000) return words.justNow;
  return age < 24 * 3_600_000 ? words.ago(formatDuration(age)) : formatDate(time, zone);
}

const clock = { hour: "2-digit", minute: "2-digit", second: "2-digit", timeZoneName: "short" } as const;

const kinds = {
  minute: { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZoneName: "short" },
  clock,
  second: { day: "numeric", month: "short", year: "numeric", ...clock },
  hour: { hour: "2-digit", minute: "2-digit" },
  day: { day: "numeric", month: "short" },
} satisfies Record<string, Intl.DateTimeFormatOptions>;

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(kind: keyof typeof kinds, zone: Zone): Intl.DateTimeFormat {
  const key = `${kind} ${zone}`;
  const known = formatters.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat(LANGUAGE, {
    ...kinds[kind],
    ...(zone === "UTC" && { timeZone: "UTC" }),
  });
  formatters.set(key, made);
  return made;
}
