/** Reads what a request of the dashboard asks for. Pure. */

import type { Request } from "firebase-functions/https";
import { alarmMeasures, alarmScopes, type Scope } from "../health/alarm-documents.ts";
import { type Range, ranges } from "./data.ts";
import type { DeviceRequest } from "./devices.ts";

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

/** Which devices `devices` is asked for; `undefined` where it does not say of which app and version, or how they fail. */
export function readDevicesQuery(query: Query): DeviceRequest | undefined {
  const app_id = textIn(query.app);
  const version_name = textIn(query.version);
  const measure = oneOf(alarmMeasures, query.measure);
  if (app_id === undefined || version_name === undefined || !measure) return undefined;
  return { app_id, version_name, platform: oneOf(alarmScopes, query.platform) ?? "all", measure };
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
