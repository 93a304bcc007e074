/** What the address chooses. Pure. */

import { type Range, ranges } from "../../src/dashboard/data.ts";
import type { AlarmMeasure, Scope } from "../../src/health/alarm-documents.ts";

export const scopes = ["all", "android", "ios", "electron", "other"] as const satisfies Scope[];
export const measures = ["not_downloaded", "rolled_back", "crashed"] as const satisfies AlarmMeasure[];

/** `undefined` leaves the choice to the page, or to the server. */
export interface Address {
  app?: string | undefined;
  platform?: Scope | undefined;
  version?: string | undefined;
  /** The version that it is compared with. */
  with?: string | undefined;
  range?: Range | undefined;
  /** The way of failing that is looked at. */
  measure?: AlarmMeasure | undefined;
  /** Whether all versions are shown. */
  all?: true | undefined;
}

/** What chooses in an app is not chosen in another. */
export const ofAnotherApp = {
  version: undefined,
  with: undefined,
  measure: undefined,
  all: undefined,
} satisfies Address;

/** Reads an address's query: `?app=com.example.app&platform=ios`. What cannot be chosen is left out. */
export function readAddress(search: string): Address {
  const parameters = new URLSearchParams(search);
  const one = <T extends string>(name: string, known: readonly T[]) =>
    known.find((value) => value === parameters.get(name));
  return {
    app: parameters.get("app") ?? undefined,
    platform: one("platform", scopes),
    version: parameters.get("version") ?? undefined,
    with: parameters.get("with") ?? undefined,
    range: one("range", ranges),
    measure: one("measure", measures),
    all: parameters.get("all") === "1" ? true : undefined,
  };
}

/** Writes an address's query; `?` where nothing is chosen. */
export function writeAddress(address: Address): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(address)) {
    if (value !== undefined) parameters.set(name, value === true ? "1" : String(value));
  }
  return `?${parameters}`;
}

/** The query of what the server is asked for; the measure is the page's own business. */
export function writeRequest({ measure: _, ...asked }: Address): string {
  return writeAddress(asked);
}
