/** Reads what a request of the dashboard asks for. Pure. */

import type { Request } from "firebase-functions/https";
import { alarmScopes, type Scope } from "../health/alarm-documents.ts";
import { type Range, ranges } from "./data.ts";

/** The query of a request, as Express parses it: a parameter that comes twice is an array. */
export type Query = Request["query"];

/** What `data` is asked for. What is absent, or none of the values that there are, is `undefined`; a platform is `all` then. */
export interface DataQuery {
  app: string | undefined;
  platform: Scope;
  version: string | undefined;
  with: string | undefined;
  range: Range | undefined;
  all: boolean;
}

export function readDataQuery(query: Query): DataQuery {
  return {
    app: textIn(query.app),
    platform: oneOf(alarmScopes, query.platform) ?? "all",
    version: textIn(query.version),
    with: textIn(query.with),
    range: oneOf(ranges, query.range),
    all: query.all === "1",
  };
}

/** A parameter that is one text; `undefined` for one that is absent, an array or an object. */
export function textIn(parameter: Query[string]): string | undefined {
  return typeof parameter === "string" ? parameter : undefined;
}

/** A parameter that is one of some values. */
export function oneOf<Value extends string>(
  values: readonly Value[],
  parameter: Query[string],
): Value | undefined {
  return values.find((value) => value === parameter);
}
