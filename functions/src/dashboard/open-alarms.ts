/** Groups open alarms by version, the worst first. Pure. */

import type { Alarm } from "../health/alarm-documents.ts";
import { excessOf } from "../health/statistics.ts";
import type { AlarmFailure, AlarmReport } from "./data.ts";

/** Reports the alarms of an app, one for each version. A version is as bad as its worst failure. */
export function groupAlarms(alarms: readonly Alarm[]): AlarmReport[] {
  const worstFirst = alarms.toSorted((a, b) => excessOf(b) - excessOf(a));
  return [...Map.groupBy(worstFirst, ({ version_name }) => version_name)].map(([version_name, failures]) => ({
    version_name,
    began_at: Math.min(...failures.map(({ began_at }) => began_at)),
    failures: failures.map(failureIn),
  }));
}

/** Says of an alarm what the page shows of it. */
export function failureIn({
  measure,
  scopes,
  rule,
  now,
  before,
  parts,
  causes,
  began_at,
}: Alarm): AlarmFailure {
  return { measure, scopes, rule, now, before, parts, causes, began_at };
}
