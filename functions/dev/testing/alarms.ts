/** Makes findings and looks, as the judgement does. */

import type { Alarm } from "../../src/health/alarm-documents.ts";
import type { Finding, Look } from "../../src/health/alarm-life.ts";

/** 2.5.1 fails on iOS. Where several platforms are given, so must be their `parts`. */
export function aFinding(fields: Partial<Finding> = {}): Finding {
  const finding: Omit<Finding, "parts"> = {
    version_name: "2.5.1",
    measure: "not_downloaded",
    scopes: ["ios"],
    rule: "earlier_versions",
    now: { count: 24, of: 300 },
    before: { count: 4, of: 1_000 },
    causes: [
      {
        field: "version_build",
        value: "2.4.0",
        failing: { count: 94, of: 100 },
        others: { count: 31, of: 100 },
      },
    ],
    ...fields,
  };
  return { ...finding, parts: fields.parts ?? partsOf(finding) };
}

/** The figures of the one platform that an alarm is about; none, as in an old alarm, where it is about several. */
export function partsOf({ scopes, now, before }: Pick<Alarm, "scopes" | "now" | "before">): Alarm["parts"] {
  return scopes.length === 1 ? scopes.map((scope) => ({ scope, now, before })) : [];
}

/** A look at com.example.shop, in which there is nothing but what is given. */
export function aLook(fields: Partial<Look> = {}): Look {
  return { app_id: "com.example.shop", findings: [], good: [], superseded: [], ...fields };
}
