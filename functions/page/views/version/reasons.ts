/** Picks from the actions of two versions those that say why something failed. Pure. */

import type { ActionCounts } from "../../../src/counting/documents.ts";
import type { VersionReport } from "../../../src/dashboard/data.ts";
import { actions } from "../../../src/ingest/actions.ts";

export interface ReasonRow {
  action: string;
  /** Whether one attempt can report many. */
  isOfFiles: boolean;
  own: number;
  other: number;
}

/** The most frequent first; those of single files last. */
export function reasonsOf(own: ActionCounts, other: ActionCounts): ReasonRow[] {
  return [...actions]
    .map(([action, { kind }]) => ({
      action,
      kind,
      isOfFiles: kind === "file_failure",
      own: own[action] ?? 0,
      other: other[action] ?? 0,
    }))
    .filter(({ kind, ...row }) => (kind === "failure" || row.isOfFiles) && row.own + row.other > 0)
    .sort((a, b) => Number(a.isOfFiles) - Number(b.isOfFiles) || b.own - a.own || b.other - a.other);
}

/** How many of a version's downloads began, ever; `undefined` where its row is not known, or its plugins do not say. */
export function begunOf(versions: readonly VersionReport[], version_name: string): number | undefined {
  const begun = versions.find((version) => version.version_name === version_name)?.measures.begun;
  return begun === 0 ? undefined : begun;
}

/** Counts in the order of an update; unknown actions come last. */
export function inOrder(counts: ActionCounts): { action: string; count: number }[] {
  const places = new Map([...actions.keys()].map((action, place) => [action, place]));
  const placeOf = (action: string) => places.get(action) ?? places.size;
  return Object.entries(counts)
    .map(([action, count]) => ({ action, count }))
    .sort((a, b) => placeOf(a.action) - placeOf(b.action));
}
