/** Says alarms, and what has changed about them, in a line. Pure. */

import type { AlarmFailure, AlarmReport, DashboardData } from "../../src/dashboard/data.ts";
import { rateOf } from "../../src/health/statistics.ts";
import { printable } from "../../src/printable.ts";
import { formatRate } from "../format.ts";
import { words } from "../words.ts";

/** The title of the page: the worst alarm that it shows, or how many apps alarm. */
export function titleOf(data: DashboardData | undefined): string {
  const alarming = data?.apps.filter(({ alarms }) => alarms.length > 0).length ?? 0;
  const [alarm] = data?.app?.alarms ?? [];
  if (alarm) return `⚠ ${headline(alarm)}`;
  const of = data?.app ? `${data.app.app_id} · ${words.frame.title}` : words.frame.title;
  return alarming > 0 ? `⚠ ${words.alarms.apps(alarming)} · ${of}` : of;
}

/** `2.5.1 on iOS: 8.1 % not downloaded, 0.4 % before` */
export function headline(alarm: AlarmReport): string {
  const [worst] = alarm.failures;
  const subject = printable(alarm.version_name);
  return worst ? `${subject}${words.on(worst.scopes)}: ${verdict(worst)}` : subject;
}

/** `8.1 % not downloaded, 0.4 % before` */
export function verdict({ measure, rule, now, before }: AlarmFailure): string {
  const than = rule === "threshold" ? words.alarms.allowed : words.alarms.before;
  return `${formatRate(now)} ${words.alarms.measures[measure].short}, ${than(formatRate(before))}`;
}

/** A rate that is higher by less is the same. */
const WORSE_BY = 1.1;

/** Of the app that is shown, alarm by alarm; of the others, which app alarms now. */
export function newsOf(before: DashboardData, now: DashboardData): string {
  const known = byVersion(before);
  const current = byVersion(now);
  const lines = [...current].flatMap(([version, alarm]) => {
    const old = known.get(version);
    if (!old) return words.news.began(headline(alarm));
    return isWorse(old, alarm) ? words.news.worse(headline(alarm)) : [];
  });
  const gone = [...known.keys()].filter((version) => !current.has(version));
  const alarmed = new Set(appsOf(before));
  const others = appsOf(now).filter((app_id) => !alarmed.has(app_id) && app_id !== now.app?.app_id);
  return [
    ...lines,
    ...gone.map((version) => words.news.ended(printable(version))),
    ...others.map(words.news.otherApp),
  ].join(" ");
}

function byVersion({ app }: DashboardData): Map<string, AlarmReport> {
  return new Map((app?.alarms ?? []).map((alarm) => [alarm.version_name, alarm]));
}

function appsOf({ apps }: DashboardData): string[] {
  return apps.filter(({ alarms }) => alarms.length > 0).map(({ app_id }) => app_id);
}

/** A higher rate, another way of failing, or another platform. */
function isWorse(before: AlarmReport, now: AlarmReport): boolean {
  return now.failures.some((failure) => {
    const old = before.failures.find(({ measure }) => measure === failure.measure);
    if (!old) return true;
    const isElsewhere = failure.scopes.some((scope) => !old.scopes.includes(scope));
    return isElsewhere || rateOf(failure.now) > WORSE_BY * rateOf(old.now);
  });
}
