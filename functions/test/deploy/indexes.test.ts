import { readFileSync } from "node:fs";
import { expect } from "chai";
import { COUNTERS, DAYS, DELTAS, EVENTS } from "../../src/counting/documents.ts";
import { SAMPLES } from "../../src/health/kept-samples.ts";

interface Override {
  collectionGroup: string;
  fieldPath: string;
  ttl?: boolean;
  indexes: { queryScope: string; order: string }[];
}

interface IndexFile {
  indexes: object[];
  fieldOverrides: Override[];
}

const file = new URL("../../../firestore.indexes.json", import.meta.url);
const { indexes, fieldOverrides }: IndexFile = JSON.parse(readFileSync(file, "utf8"));

/** The overrides of a collection, as lines: `device_id: ASCENDING`, `*: none`. */
function overridesOf(collection: string): string[] {
  return fieldOverrides
    .filter(({ collectionGroup }) => collectionGroup === collection)
    .map(({ fieldPath, indexes }) => `${fieldPath}: ${indexes.map(({ order }) => order).join() || "none"}`);
}

describe("firestore.indexes.json", () => {
  it("indexes three fields of an event once, and no other: each entry takes storage for every event", () => {
    expect(overridesOf(EVENTS)).to.have.members([
      "*: none",
      "device_id: ASCENDING",
      "custom_id: ASCENDING",
      "counted: ASCENDING",
      "expire_at: none",
    ]);
  });

  it("finds the events of a counter, device by device", () => {
    expect(indexes).to.deep.equal([
      {
        collectionGroup: EVENTS,
        queryScope: "COLLECTION",
        fields: [
          { fieldPath: "counter", order: "ASCENDING" },
          { fieldPath: "device_id", order: "ASCENDING" },
        ],
      },
    ]);
  });

  it("indexes nothing of deltas, days and samples, and of counters neither platforms nor development builds", () => {
    expect(overridesOf(DELTAS)).to.deep.equal(["*: none"]);
    expect(overridesOf(DAYS)).to.deep.equal(["*: none"]);
    expect(overridesOf(SAMPLES)).to.deep.equal(["*: none"]);
    expect(overridesOf(COUNTERS)).to.deep.equal(["platforms: none", "development: none"]);
  });

  it("lets Firestore delete events by expire_at, and nothing else", () => {
    const ttl = fieldOverrides.filter((override) => override.ttl);
    expect(ttl.map(({ collectionGroup, fieldPath }) => [collectionGroup, fieldPath])).to.deep.equal([
      [EVENTS, "expire_at"],
    ]);
  });
});
