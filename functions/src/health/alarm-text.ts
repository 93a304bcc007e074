/** Says that an alarm has begun or ended: to somebody who sees nothing else, and to machines. */

import { printable } from "../printable.ts";
import { type Alarm, alarmId } from "./alarm-documents.ts";
import { type Proportion, rateOf } from "./statistics.ts";

/** What can be told of an alarm. */
export type AlarmEvent = "began" | "ended";

const LONGEST_NAME = 100;

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const outcomeOf = {
  not_downloaded: "devices that began the download did not get it",
  rolled_back: "devices that installed it rolled it back",
  crashed: "devices that started it crashed",
} satisfies Record<Alarm["measure"], string>;

/**
 * What has happened, like "2.5.1 of com.example.shop fails on ios: 24 of 300 devices that began the download did not get it
 * (8.0 %), 0.4 % with earlier versions. Most of those that fail have version_build 2.4.0: 94 %, 31 % of the others."
 */
export function alarmText(alarm: Alarm, event: AlarmEvent): string {
  const what = `${shownName(alarm.version_name)} of ${shownName(alarm.app_id)}`;
  const where = placesOf(alarm);
  if (event === "ended") {
    const after = durationOf((alarm.ended_at ?? alarm.updated_at) - alarm.began_at);
    return alarm.end === "good_again"
      ? `${what} is good again on ${where}, ${after} after its alarm began. ${lastFigures(alarm)}`
      : `${what} fails on ${where} no longer: ${after} after its alarm began, a newer version has taken over or devices no longer get it. ${lastFigures(alarm)}`;
  }
  return [`${what} ${failureText(alarm)}.`, ...mainCause(alarm)].join(" ");
}

type Failure = Pick<Alarm, "scopes" | "measure" | "rule" | "now" | "before" | "parts">;

/** How a version fails, like "fails on ios: 24 of 300 devices that began the download did not get it (8.0 %), 0.4 % with …". */
export function failureText(failure: Failure): string {
  return `fails on ${placesOf(failure)}: ${figures(failure)}, ${comparison(failure)}`;
}

/** An alarm for machines, with times in ISO 8601. */
export function alarmFields(alarm: Alarm) {
  const { app_id, version_name, measure, scopes, rule, now, before, parts, causes } = alarm;
  const { began_at, ended_at, end } = alarm;
  return {
    id: alarmId(alarm),
    ...{ app_id, version_name, measure, scopes, rule, now, before, parts, causes },
    began_at: isoTime(began_at),
    ...(ended_at !== undefined && { ended_at: isoTime(ended_at), end }),
  };
}

function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}

/**
 * The text of a stranger, for a log or a chat: what is invisible is written out, what is long is cut, and what would be a link or
 * a call for everybody's attention in Slack and Google Chat, such as `<!channel>`, is none.
 */
export function shownName(name: string): string {
  const characters = [...name];
  const shown = printable(characters.slice(0, LONGEST_NAME).join(""))
    .replaceAll("<", "‹")
    .replaceAll(">", "›");
  return characters.length > LONGEST_NAME ? `${shown}…` : shown;
}

function placesOf({ scopes }: Pick<Alarm, "scopes">): string {
  return scopes.includes("all") ? "all platforms" : scopes.join(" and ");
}

/** Like "84 of 600 devices that installed it rolled it back (14.0 %: 20.0 % on android, 8.0 % on ios)". */
function figures({ now, measure, parts }: Pick<Alarm, "now" | "measure" | "parts">): string {
  const ofParts = parts.map((part) => `${percent(part.now, 1)} on ${part.scope}`).join(", ");
  const rates = parts.length > 1 ? `${percent(now, 1)}: ${ofParts}` : percent(now, 1);
  return `${now.count} of ${now.of} ${outcomeOf[measure]} (${rates})`;
}

function lastFigures(alarm: Alarm): string {
  return `At last, ${figures(alarm)}.`;
}

/** What the figures are compared with, like "0.4 % with earlier versions". */
export function comparison({ rule, before }: Pick<Alarm, "rule" | "before">): string {
  switch (rule) {
    case "earlier_versions":
      return `${percent(before, 1)} with earlier versions`;
    case "own_past":
      return `${percent(before, 1)} of this version's before`;
    case "threshold":
      return `and ${before.count} % is the most that the settings allow`;
  }
}

function mainCause({ causes: [cause] }: Alarm): string[] {
  if (!cause) return [];
  const who = rateOf(cause.failing) > 0.5 ? "Most" : "Many";
  const what = `${shownName(cause.field)} ${shownName(cause.value)}`;
  return [
    `${who} of those that fail have ${what}: ${percent(cause.failing)}, ${percent(cause.others)} of the others.`,
  ];
}

/** Like "8.0 %". */
export function percent(proportion: Proportion, digits = 0): string {
  return `${(100 * rateOf(proportion)).toFixed(digits)} %`;
}

function durationOf(milliseconds: number): string {
  if (milliseconds < 2 * HOUR) return amount(Math.round(milliseconds / MINUTE), "minute");
  if (milliseconds < 48 * HOUR) return amount(Math.round(milliseconds / HOUR), "hour");
  return amount(Math.round(milliseconds / (24 * HOUR)), "day");
}

function amount(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? "" : "s"}`;
}
