/** Makes the failures of alarms, as the server reports them. */

import type { AlarmFailure } from "../../src/dashboard/data.ts";

/** 8.1 % of the iOS devices did not get a version, 0.4 % before. */
export function aFailure(fields: Partial<AlarmFailure> = {}): AlarmFailure {
  return {
    measure: "not_downloaded",
    scopes: ["ios"],
    rule: "earlier_versions",
    now: { count: 24, of: 297 },
    before: { count: 4, of: 1_000 },
    parts: [],
    causes: [],
    began_at: 0,
    ...fields,
  };
}
