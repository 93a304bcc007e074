import { readFileSync } from "node:fs";
import { expect } from "chai";
import { anEvent, storeEvent } from "../../dev/testing/events.ts";
import { interceptReads } from "../../dev/testing/faults.ts";
import { createFirestore } from "../../dev/testing/firestores.ts";
import { command as catchUp } from "../../tools/catch-up.ts";
import { command as counters } from "../../tools/counters.ts";
import { command as forget } from "../../tools/forget.ts";
import { command as purge } from "../../tools/purge.ts";
import { command as verify } from "../../tools/verify.ts";
import { countAllEvents, run } from "./operator.ts";

describe("the queries of the tools", () => {
  it("need no index but those that Firestore keeps by itself", async () => {
    const db = createFirestore();
    await storeEvent(db);
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
    await run(forget, ["--device", String(anEvent().device_id), "--app", app, "--yes"], db);
    await run(forget, ["--custom-id", "Ada", "--app", app, "--yes"], db);
    await run(purge, ["--app", app, "--version", "unknown", "--events", "--yes"], db);

    // Equality on indexed fields and the order of ids, or a range and the order of one field: anything else needs a
    // composite index.
    expect(queries).to.have.length.greaterThan(14);
    for (const { where, orderBy } of queries) {
      const order = (orderBy ?? []).map(({ field }) => field?.fieldPath).join();
      const fields = filters(where).map(({ field }) => field?.fieldPath);
      for (const field of fields) expect(field).not.to.be.oneOf(exempt);
      if (filters(where).every(({ op }) => op === "EQUAL")) expect(order).to.be.oneOf(["", "__name__"]);
      else expect([...new Set(fields), "__name__"].join()).to.equal(order);
    }
  });
});

const exempt: string[] = JSON.parse(
  readFileSync(new URL("../../../firestore.indexes.json", import.meta.url), "utf8"),
).fieldOverrides.map(({ fieldPath }: { fieldPath: string }) => fieldPath);

interface Filter {
  fieldFilter?: { field?: { fieldPath: string }; op: string };
  compositeFilter?: { filters: Filter[] };
}

interface Query {
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
