/** Versions and alarms as the dashboard reads them, without a Firestore. */

import { dayOf, type History } from "../../dev/testing/counters.ts";
import { addCounts, type Counter, DAY_MILLISECONDS, type Day, dayId } from "../../src/counting/documents.ts";
import { type DatedVersion, dateVersion } from "../../src/dashboard/detail.ts";
import type { Alarm } from "../../src/health/alarm-documents.ts";
import { readDay } from "../../src/health/counter-reader.ts";

export const APP = "com.example.shop";
export const NOW = Date.UTC(2026, 10, 23, 12, 30);

/** A version with its days, as `createCounterReader` gives them: it is as old as its first day. */
export function version(version_name: string, history: History, app_id = APP): DatedVersion {
  const days = Object.entries(history).map(([ago, report]) => [Number(ago), dayOf(report)] as const);
  return versionOfDays(version_name, days, app_id);
}

/** The same of documents, each of so many days ago. */
export function versionOfDays(
  version_name: string,
  days: ReadonlyArray<readonly [ago: number, day: Day]>,
  app_id = APP,
): DatedVersion {
  const ago = days.map(([each]) => each);
  const { hours: _, ...total } = addCounts(days.map(([, day]) => day));
  const counter: Counter = {
    id: `${app_id}@${version_name}`,
    app_id,
    version_name,
    created_at: NOW - Math.max(...ago) * DAY_MILLISECONDS,
    updated_at: NOW - Math.min(...ago) * DAY_MILLISECONDS,
    ...total,
  };
  const inOrder = days.toSorted(([a], [b]) => b - a);
  return dateVersion(counter, new Map(inOrder.map(([each, day]) => [dayId(NOW, each), readDay(day)])));
}

/** An alarm: without further fields, the version is not downloaded on iOS. */
export function alarm(version_name: string, fields: Partial<Alarm> = {}): Alarm {
  return {
    app_id: APP,
    version_name,
    measure: "not_downloaded",
    scopes: ["ios"],
    rule: "earlier_versions",
    now: { count: 8, of: 100 },
    before: { count: 1, of: 100 },
    parts: [],
    causes: [],
    open: true,
    began_at: NOW,
    good_looks: 0,
    updated_at: NOW,
    to_tell: false,
    told: { began: {}, ended: {} },
    ...fields,
  };
}

export function names(versions: readonly { version_name: string }[]): string[] {
  return versions.map(({ version_name }) => version_name);
}
