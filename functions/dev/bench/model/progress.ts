/**
 * Follows each event into its counter. Knows from the writes of each commit which events it moved, and compares that with
 * the figures which the commits added to counters.
 */

import { type ModelFirestore, operandOf, type Write } from "./firestore.ts";

export interface Progress {
  readonly created: number;
  /** Events that their counter holds. */
  readonly inCounter: number;
  /** By how much counters hold more than that; less than 0 where counts were lost. */
  readonly surplus: number;
  /** When the latest event came into its counter, in milliseconds of virtual time. */
  readonly latest: number;
  /** When each event was created and came into its counter, in milliseconds of virtual time. */
  events(): Iterable<{ created: number; counted: number | undefined }>;
}

/** Begins to follow the events of a Firestore. */
export function followProgress(firestore: ModelFirestore, now: () => number): Progress {
  const events = new Map<string, { created: number; counted: number | undefined }>();
  /** The events whose counts a delta holds, by the path of the delta. */
  const held = new Map<string, string[]>();
  let inCounter = 0;
  let total = 0;
  let latest = 0;

  const arrive = (id: string) => {
    const event = events.get(id);
    if (!event || event.counted !== undefined) return; // A second time shows in the surplus.
    event.counted = now();
    latest = now();
    inCounter++;
  };

  firestore.onCreated((path) => {
    const id = idIn("events", path);
    if (id !== undefined) events.set(id, { created: now(), counted: undefined });
  });

  firestore.onApplied((writes) => {
    const marked = writes.flatMap((write) => markedBy(write) ?? []);
    const counters = writes.filter(({ path }) => idIn("counters", path) !== undefined);
    for (const write of counters) total += sumOfActions(write);
    for (const { kind, path } of writes) {
      if (idIn("deltas", path) === undefined) continue;
      if (kind === "create") held.set(path, marked);
      else if (counters.length > 0) {
        held.get(path)?.forEach(arrive);
        held.delete(path);
      }
    }
    if (counters.length > 0) marked.forEach(arrive);
  });

  return {
    get created() {
      return events.size;
    },
    get inCounter() {
      return inCounter;
    },
    get surplus() {
      return total - inCounter;
    },
    get latest() {
      return latest;
    },
    events: () => events.values(),
  };
}

/** The event that a write marks as counted: by its own field, or by the baseline's ledger. */
function markedBy({ kind, path }: Write): string | undefined {
  return kind === "update" ? idIn("events", path) : kind === "create" ? idIn("processed", path) : undefined;
}

function sumOfActions(write: Write): number {
  if (write.kind !== "merge") return 0;
  return Object.values(write.data.actions ?? {}).reduce<number>(
    (sum, value) => sum + (operandOf(value) ?? 0),
    0,
  );
}

/** The id of a document that lies in a collection at the top; nothing for others. */
function idIn(collection: string, path: string): string | undefined {
  const [name, id, ...deeper] = path.split("/");
  return name === collection && deeper.length === 0 ? id : undefined;
}
