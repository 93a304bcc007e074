import { readFileSync } from "node:fs";
import { expect } from "chai";
import { actions } from "../../src/ingest/actions.ts";

/** The actions that were found in the plugin's contract, in its code, and in that of its maker's server. */
const found: Record<string, string[]> = JSON.parse(
  readFileSync(new URL("../../dev/testing/actions.json", import.meta.url), "utf8"),
);

describe("the table of actions", () => {
  it("has every action that was found, where it was found, and no other", () => {
    const table = Map.groupBy(actions, ([, { source }]) => source);
    const names = [...table].map(([source, rows]) => [source, rows.map(([name]) => name).sort()]);
    const expected = Object.entries(found).map(([source, all]) => [source, all.toSorted()]);
    expect(Object.fromEntries(names)).to.deep.equal(Object.fromEntries(expected));
  });

  it("says in one sentence what each means", () => {
    for (const [name, { meaning }] of actions) expect(meaning, name).to.match(/^[A-Z0-9].{8,110}\.$/);
  });
});
