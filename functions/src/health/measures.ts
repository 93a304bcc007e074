/** Works out from the counts of a version how it fares. Pure. */

import type { ActionCounts } from "../counting/documents.ts";
import { type ActionKind, actions } from "../ingest/actions.ts";

/** The figures of a version, or of a part of its events. */
export interface Measures {
  /** Installs (`set`). */
  installs: number;
  /** Attempts to install it that failed. */
  failed: number;
  /** Installs that did not start properly and were undone (`update_fail`). */
  rolled_back: number;
}

const failures = namesOf("failure");
const rollbacks = namesOf("rollback");

function namesOf(kind: ActionKind): string[] {
  return [...actions].flatMap(([name, action]) => (action.kind === kind ? [name] : []));
}

export function measuresOf(counts: ActionCounts): Measures {
  const sum = (names: readonly string[]) => names.reduce((total, name) => total + (counts[name] ?? 0), 0);
  return { installs: counts.set ?? 0, failed: sum(failures), rolled_back: sum(rollbacks) };
}

export function addMeasures(parts: Iterable<Measures>): Measures {
  const sum: Measures = { installs: 0, failed: 0, rolled_back: 0 };
  for (const { installs, failed, rolled_back } of parts) {
    sum.installs += installs;
    sum.failed += failed;
    sum.rolled_back += rolled_back;
  }
  return sum;
}

/** Attempts to install a version, with or without success. */
export function attemptsOf(counts: ActionCounts): number {
  const { installs, failed } = measuresOf(counts);
  return installs + failed;
}
