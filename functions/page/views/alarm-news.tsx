/** Says aloud what has changed about the alarms: what began, what ended, what became worse. Nothing else. */

import { useEffect, useRef, useState } from "preact/hooks";
import type { AlarmReport, DashboardData } from "../../src/dashboard/data.ts";
import { rateOf } from "../../src/health/statistics.ts";
import { printable } from "../../src/printable.ts";
import { words } from "../words.ts";
import { headline } from "./alarms.tsx";

/** A rate that is higher by less is the same. */
const WORSE_BY = 1.1;

/** For screen readers. Alarms that are there when the page opens, or an app is chosen, are no news. */
export function AlarmNews({ data }: { data: DashboardData | undefined }) {
  const [news, setNews] = useState("");
  const last = useRef<DashboardData>(undefined);
  useEffect(() => {
    if (last.current && data && last.current.app?.app_id === data.app?.app_id) {
      const text = newsOf(last.current, data);
      if (text !== "") setNews(text);
    }
    last.current = data;
  }, [data]);
  return (
    <p class="hidden" role="status">
      {news}
    </p>
  );
}

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
