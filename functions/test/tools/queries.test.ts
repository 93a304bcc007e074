import { readFileSync } from "node:fs";
import { expect } from "chai";
import { anEvent, storeEvent } from "../../dev/testing/events.ts";
import { interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { command as catchUp } from "../../tools/catch-up.ts";
import { command as counters } from "../../tools/counters.ts";
import { command as device } from "../../tools/device.ts";
import { command as forget } from "../../tools/forget.ts";
import { command as health } from "../../tools/health.ts";
import { command as purge } from "../../tools/purge.ts";
import { command as verify } from "../../tools/verify.ts";
import { report, updates } from "../health/updates.ts";
import { countAllEvents, run } from "./operator.ts";

describe("the queries of the tools", () => {
  it("need no index but those that are deployed", async () => {
    const db = createFirestore();
    await storeEvent(db, { custom_id: "Ada" });
    await countAllEvents(db);
    await storeEvent(db);
    const queries: Query[] = [];
    interceptReads(db, ({ request, proceed }) => {
      const { structuredQuery, structuredAggregationQuery } = request as Request;
      const query = structuredQuery ?? structuredAggregationQuery?.structuredQuery;
      if (query) queries.push(query);
      return proceed();
    });
    const app = String(anEvent().app_id);
    await run(counters, ["--app", app, "--version", "2.5.1"], db);
    await run(verify, ["--app", app, "--version", "2.5.1"], db);
    await run(catchUp, ["--yes"], db);
    await run(device, ["--device", String(anEvent().device_id), "--app", app], db);
    await run(device, ["--custom-id", "Ada", "--app", app], db);
    await run(forget, ["--device", String(anEvent().device_id), "--app", app, "--yes"], db);
    await run(forget, ["--custom-id", "Ada", "--app", app, "--yes"], db);
    await run(purge, ["--app", app, "--version", "unknown", "--events", "--yes"], db);
    const before = queries.length;
    // So many that a sample of the devices is read, and so bad that their reasons are, too.
    await report(db, updates(600, 150, "2.5.2"));
    queries.length = before;
    expect((await run(health, ["--app", app], db)).exitCode).to.equal(1);

    const filtered = queries.map(({ where }) =>
      filters(where).map(({ field, op }) => `${field?.fieldPath} ${op}`),
    );
    for (const fields of [
      ["counter EQUAL", "device_id GREATER_THAN_OR_EQUAL"],
      ["device_id EQUAL"],
      ["app_id EQUAL"],
    ]) {
      expect(filtered.some((path) => fields.every((field, index) => path[index] === field))).to.equal(true);
    }
    expect(queries).to.have.length.greaterThan(before + 3);
    expect(before).to.be.greaterThan(16);
    for (const query of queries) expect(isServed(query), JSON.stringify(query)).to.equal(true);
  });

  it("are known to need one where they do", () => {
    const counter = { fieldFilter: { field: { fieldPath: "counter" }, op: "EQUAL" } };
    const range = (fieldPath: string) => ({ fieldFilter: { field: { fieldPath }, op: "LESS_THAN" } });
    const query = (filters: Filter[], order: string[], direction = "ASCENDING") => ({
      from: [{ collectionId: "events" }],
      where: { compositeFilter: { filters } },
      orderBy: order.map((fieldPath) => ({ field: { fieldPath }, direction })),
    });
    expect(isServed(query([counter, range("device_id")], ["device_id", "__name__"]))).to.equal(true);
    expect(isServed(query([counter, range("device_id")], []))).to.equal(true);
    expect(isServed(query([range("device_id")], ["device_id"]))).to.equal(true);
    expect(isServed(query([counter], []))).to.equal(false);
    expect(isServed(query([counter, range("device_id")], ["device_id"], "DESCENDING"))).to.equal(false);
    expect(isServed(query([range("counter")], ["device_id"]))).to.equal(false);
    expect(isServed(query([counter, range("received_at")], ["device_id"]))).to.equal(false);
    expect(isServed(query([range("counter"), range("device_id")], ["device_id"]))).to.equal(false);
    expect(isServed(query([range("received_at")], []))).to.equal(false);
  });
});

const { indexes, fieldOverrides }: IndexFile = JSON.parse(
  readFileSync(new URL("../../../firestore.indexes.json", import.meta.url), "utf8"),
);

/**
 * Whether Firestore can answer a query: by the order of ids alone, by one indexed field, by several for equality, or by a
 * composite index whose first fields are filtered for equality, and whose others are the order. A range must be of the field
 * that the order begins with.
 */
function isServed({ from, where, orderBy }: Query): boolean {
  const collection = from?.[0]?.collectionId;
  const pathsOf = (found: ReturnType<typeof filters>) => [
    ...new Set(found.map(({ field }) => field?.fieldPath ?? "")),
  ];
  const equal = pathsOf(filters(where).filter(({ op }) => op === "EQUAL"));
  const ranged = pathsOf(filters(where).filter(({ op }) => op !== "EQUAL"));
  const ordered = (orderBy ?? []).map(({ field, direction }) => ({
    fieldPath: field?.fieldPath ?? "",
    order: direction ?? "ASCENDING",
  }));
  // Without an order, Firestore takes that of the range.
  const order = ordered.length > 0 ? ordered : ranged.map((fieldPath) => ({ fieldPath, order: "ASCENDING" }));
  if (ranged.some((path) => path !== order[0]?.fieldPath)) return false;
  const isIndexed = (path: string, direction = "ASCENDING") => {
    const overrides = fieldOverrides.filter(({ collectionGroup }) => collectionGroup === collection);
    const override = ["*", path]
      .map((name) => overrides.findLast(({ fieldPath }) => fieldPath === name))
      .findLast(Boolean);
    return override === undefined || override.indexes.some((index) => index.order === direction);
  };
  // Every index ends with the ids, in the direction of its last field.
  const fields = order.filter(({ fieldPath }) => fieldPath !== "__name__");
  if (fields.length === 0) return equal.every((path) => isIndexed(path));
  const [first] = fields;
  if (first && fields.length === 1 && equal.length === 0) return isIndexed(first.fieldPath, first.order);
  return indexes.some(
    (index) =>
      index.collectionGroup === collection &&
      index.fields.length === equal.length + fields.length &&
      index.fields.slice(0, equal.length).every(({ fieldPath }) => equal.includes(fieldPath)) &&
      fields.every(({ fieldPath, order }, place) => {
        const indexed = index.fields[equal.length + place];
        return indexed?.fieldPath === fieldPath && indexed.order === order;
      }),
  );
}

interface IndexFile {
  indexes: { collectionGroup: string; fields: { fieldPath: string; order: string }[] }[];
  fieldOverrides: { collectionGroup: string; fieldPath: string; indexes: { order?: string }[] }[];
}

interface Filter {
  fieldFilter?: { field?: { fieldPath: string }; op: string };
  compositeFilter?: { filters: Filter[] };
}

interface Query {
  from?: Array<{ collectionId: string }>;
  where?: Filter | null;
  orderBy?: Array<{ field?: { fieldPath: string }; direction?: string }> | null;
}

interface Request {
  structuredQuery?: Query;
  structuredAggregationQuery?: { structuredQuery: Query };
}

function filters(filter: Filter | null | undefined): Array<NonNullable<Filter["fieldFilter"]>> {
  const { fieldFilter, compositeFilter } = filter ?? {};
  return [...(fieldFilter ? [fieldFilter] : []), ...(compositeFilter?.filters.flatMap(filters) ?? [])];
}
