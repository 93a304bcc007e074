/** Random programs of what the functions and tools write to Firestore: to compare one Firestore with another. */

import fc from "fast-check";
import {
  type DocumentReference,
  FieldValue,
  type Firestore,
  type Precondition,
  Timestamp,
  type WriteBatch,
} from "firebase-admin/firestore";
import { statusOf } from "../../src/firestore/errors.ts";
import { counters, events, look, SERVER_TIMESTAMP, tell } from "./firestore-sight.ts";

const kind = <Kind extends string>(name: Kind) => fc.constant(name);
const anyOf = (names: readonly string[]) => fc.constantFrom(...names);
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });

/** The update time that a writer has seen: the latest, that of so many changes ago, or one that no document has had. */
type Seen = number | "never";
const seen = fc.constantFrom<Seen>(0, 0, 0, 0, 1, 2, "never");

const fields = fc.record(
  {
    device_id: anyOf(["x", "y", "z"]),
    counter: anyOf(["a", "b"]),
    counted: fc.boolean(),
    uncountable: fc.constant(true),
  },
  // The Firestore in memory finds documents without the field by which they are ordered, and the official one does not.
  { requiredKeys: ["device_id"] },
);

/** We merge no empty map. */
const figures = fc.dictionary(anyOf(["set", "download_complete"]), fc.integer({ min: -1, max: 2 }), {
  minKeys: 1,
});

const create = fc.record({ kind: kind("create"), document: anyOf([...events, ...counters]), fields });
const write = fc.oneof(
  create,
  fc.record({ kind: kind("set"), document: anyOf([...events, ...counters]), fields }),
  fc.record({ kind: kind("count"), document: anyOf(events), seen: maybe(seen) }),
  fc.record({ kind: kind("park"), document: anyOf(events), seen }),
  fc.record({
    kind: kind("add"),
    document: anyOf(counters),
    actions: maybe(figures),
    ios: maybe(figures),
    /** A value in a map, beside those that it has. */
    sample: maybe(anyOf(["1", "2"])),
  }),
  fc.record({ kind: kind("delete"), document: anyOf([...events, ...counters]), seen: maybe(seen) }),
);
type Write = typeof write extends fc.Arbitrary<infer T> ? T : never;

/** We write a document once in a commit. */
const once = { minLength: 1, maxLength: 4, selector: ({ document }: { document: string }) => document };

const step = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: kind("commit"), writes: fc.uniqueArray(write, once) }) },
  /** The same commit, twice at once: as two instances count the same events. */
  { weight: 2, arbitrary: fc.record({ kind: kind("race"), writes: fc.uniqueArray(write, once) }) },
  /** Each by itself, in one call. */
  { weight: 1, arbitrary: fc.record({ kind: kind("create each"), creates: fc.uniqueArray(create, once) }) },
);
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A random program. */
export const program = fc.array(step, { minLength: 1, maxLength: 10 });

/**
 * Makes a way to run the steps of a program on a Firestore, one after another, in an empty place named `name`. Each resolves with
 * what became of it, and all that can be seen after it.
 */
export function createRunner(db: Firestore, name: string) {
  const place = db.collection("programs").doc(name);
  const refOf = (path: string) => db.doc(`${place.path}/${path}`);
  /** The update times that each document has had, by its path, the latest first. */
  const updateTimes = new Map<string, Timestamp[]>();
  let past: Timestamp | undefined;

  const condition = ({ path }: DocumentReference, seen: Seen | undefined): Precondition => {
    if (seen === undefined) return {};
    const known = seen === "never" ? undefined : updateTimes.get(path)?.[seen];
    return { lastUpdateTime: known ?? NEVER };
  };

  const addWrite = (batch: WriteBatch, write: Write) => {
    const ref = refOf(write.document);
    switch (write.kind) {
      case "create":
        return batch.create(ref, stamped(write.fields));
      case "set":
        return batch.set(ref, stamped(write.fields));
      case "count":
        return batch.update(ref, { counted: true }, condition(ref, write.seen));
      case "park":
        return batch.update(
          ref,
          { counted: FieldValue.delete(), uncountable: true },
          condition(ref, write.seen),
        );
      case "add":
        return batch.set(ref, additions(write), { merge: true });
      case "delete":
        return batch.delete(ref, condition(ref, write.seen));
    }
  };
  const commit = (writes: readonly Write[]) => {
    const batch = db.batch();
    for (const write of writes) addWrite(batch, write);
    return statusOfWrite(batch.commit());
  };
  const run = async (step: Step): Promise<unknown[]> => {
    if (step.kind === "commit") return [await commit(step.writes)];
    if (step.kind === "race") return (await Promise.all([commit(step.writes), commit(step.writes)])).sort();
    const writer = db.bulkWriter({ throttling: false });
    writer.onWriteError(() => false);
    const created = step.creates.map(({ document, fields }) =>
      statusOfWrite(writer.create(refOf(document), stamped(fields))),
    );
    await writer.close();
    return Promise.all(created);
  };

  return async (step: Step) => {
    const statuses = await run(step);
    const sight = await look(place, past);
    past = sight.readTime;
    const changes = sight.documents.map(({ ref, updateTime }) => {
      const known = updateTimes.get(ref.path) ?? [];
      const [last] = known;
      if (!updateTime || last?.isEqual(updateTime)) return "none";
      updateTimes.set(ref.path, [updateTime, ...known]);
      return last && last.valueOf() > updateTime.valueOf() ? "back" : "forth";
    });
    return { statuses, changes, ...tell(sight) };
  };
}

/** An update time that no document has had. */
const NEVER = Timestamp.fromMillis(1_000);

const stamped = (fields: object) => ({ ...fields, [SERVER_TIMESTAMP]: FieldValue.serverTimestamp() });

/** As counts are added to a counter: increments in maps, and values beside them. */
function additions({ actions, ios, sample }: Extract<Write, { kind: "add" }>) {
  return stamped({
    ...(actions && { actions: increments(actions) }),
    ...(ios && { platforms: { ios: increments(ios) } }),
    ...(sample && { samples: { [sample]: { age: 1 } } }),
  });
}

function increments(figures: Record<string, number>) {
  return Object.fromEntries(
    Object.entries(figures).map(([name, figure]) => [name, FieldValue.increment(figure)]),
  );
}

/** `ok`, or the gRPC status of a failure. */
function statusOfWrite(write: Promise<unknown>): Promise<unknown> {
  return write.then(
    () => "ok",
    (error) => statusOf(error) ?? String(error),
  );
}
