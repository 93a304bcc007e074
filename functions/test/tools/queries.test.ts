import { readFileSync } from "node:fs";
import { expect } from "chai";
import { anEvent, storeEvent } from "../../dev/testing/events.ts";
import { interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { command as catchUp } from "../../tools/catch-up.ts";
import { command as counters } from "../../tools/counters.ts";
import { command as device } from "../../tools/device.ts";
import { command as forget } from "../../tools/forget.ts";
import { command as purge } from "../../tools/purge.ts";
import { command as verify } from "../../tools/verify.ts";
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

    expect(queries).to.have.length.greaterThan(16);
    for (const query of queries) expect(isServed(query), JSON.stringify(query)).to.equal(true);
  });
});

const { indexes, fieldOverrides }: IndexFile = JSON.parse(
  readFileSync(new URL("../../../firestore.indexes.json", import.meta.url), "utf8"),
);

/**
 * Whether Firestore can answer a query: by the order of ids alone, by one indexed field, by several for equality, or by a
 * composite index whose first fields are filtered for equality, and whose others are the order.
 */
function isServed({ from, where, orderBy }: Query): boolean {
  const collection = from?.[0]?.collectionId;
  const filtered = [...new Set(filters(where).map(({ field }) => field?.fieldPath ?? ""))];
  const order = (orderBy ?? [])
    .map(({ field }) => field?.fieldPath ?? "")
    .filter((path) => path !== "__name__");
  const isEquality = filters(where).every(({ op }) => op === "EQUAL");
  const isIndexed = (path: string) => {
    const overrides = fieldOverrides.filter(({ collectionGroup }) => collectionGroup === collection);
    const override = ["*", path]
      .map((name) => overrides.findLast(({ fieldPath }) => fieldPath === name))
      .findLast(Boolean);
    return override === undefined || override.indexes.length > 0;
  };
  if (order.length === 0) return isEquality && filtered.every(isIndexed);
  const fields = isEquality ? [...filtered, ...order] : order;
  if (fields.length === 1) return fields.every(isIndexed);
  return indexes.some(
    (index) =>
      index.collectionGroup === collection &&
      index.fields.map(({ fieldPath }) => fieldPath).join() === fields.join(),
  );
}

interface IndexFile {
  indexes: { collectionGroup: string; fields: { fieldPath: string }[] }[];
  fieldOverrides: { collectionGroup: string; fieldPath: string; indexes: object[] }[];
}

interface Filter {
  fieldFilter?: { field?: { fieldPath: string }; op: string };
  compositeFilter?: { filters: Filter[] };
}

interface Query {
  from?: Array<{ collectionId: string }>;
  where?: Filter | null;
  orderBy?: Array<{ field?: { fieldPath: string } }> | null;
}

interface Request {
  structuredQuery?: Query;
  structuredAggregationQuery?: { structuredQuery: Query };
}

function filters(filter: Filter | null | undefined): Array<NonNullable<Filter["fieldFilter"]>> {
  const { fieldFilter, compositeFilter } = filter ?? {};
  return [...(fieldFilter ? [fieldFilter] : []), ...(compositeFilter?.filters.flatMap(filters) ?? [])];
}
