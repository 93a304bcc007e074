import { readFileSync } from "node:fs";
import { expect } from "chai";
import { command as catchUp } from "../../tools/catch-up.ts";
import { command as counters } from "../../tools/counters.ts";
import { command as forget } from "../../tools/forget.ts";
import { command as verify } from "../../tools/verify.ts";
import { anEvent } from "../backend.ts";
import { interceptReads } from "../faults.ts";
import { countAllEvents, emptyFirestore, run, storeEvent } from "./tools.ts";

describe("the queries of the tools", () => {
  it("need no index but those that Firestore keeps by itself", async () => {
    const db = emptyFirestore();
    await storeEvent(db);
    await countAllEvents(db);
    await storeEvent(db);
    const queries: Query[] = [];
    const restore = interceptReads(db, ({ request, proceed }) => {
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
    restore();

    // Equality on indexed fields and the order of ids: anything else needs a composite index.
    expect(queries).to.have.length.greaterThan(6);
    for (const { where, orderBy } of queries) {
      for (const { field, op } of filters(where)) {
        expect(op).to.equal("EQUAL");
        expect(field?.fieldPath).not.to.be.oneOf(exempt);
      }
      expect((orderBy ?? []).map(({ field }) => field?.fieldPath).join()).to.be.oneOf(["", "__name__"]);
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
