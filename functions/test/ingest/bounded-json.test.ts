import { expect } from "chai";
import fc from "fast-check";
import { parseBoundedJson } from "../../src/ingest/bounded-json.ts";

const parse = (source: string) => parseBoundedJson(Buffer.from(source));
const outcome = (source: string) => {
  const parsed = parse(source);
  return parsed.ok ? parsed.value : parsed.error;
};
const list = (length: number, value: unknown = 0) => Array.from({ length }, () => value);
const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);

describe("bounded JSON", () => {
  it("says what JSON.parse says, within the bounds", () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 20 }), (source) => {
        expect(outcome(source)).to.deep.equal(JSON.parse(source));
      }),
      { numRuns: 2_000 },
    );
  });

  it("refuses whatever JSON.parse refuses", () => {
    fc.assert(
      fc.property(fc.json(), fc.nat(), fc.constantFrom(...'[]{},:"\\x'), (source, at, character) => {
        const damaged =
          source.slice(0, at % source.length) + character + source.slice((at % source.length) + 1);
        let expected: unknown = "malformed";
        try {
          expected = JSON.parse(damaged);
        } catch {}
        expect(outcome(damaged)).to.deep.equal(expected);
      }),
      { numRuns: 5_000 },
    );
  });

  it("is at most 32 levels deep, and brackets in strings are no level", () => {
    expect(parse(nested(32))).to.include({ ok: true });
    expect(parse(nested(33))).to.deep.equal({
      ok: false,
      error: "too_deep",
      expected: "JSON of at most 32 levels",
    });
    const text = JSON.stringify([`${nested(100)}\\"${"{".repeat(100)}`, { [nested(100)]: 1 }]);
    expect(outcome(text)).to.deep.equal(JSON.parse(text));
    expect(outcome("[".repeat(1_000_000))).to.equal("too_deep");
  });

  it("has at most 100,000 values", () => {
    expect(parse(JSON.stringify(list(99_998)))).to.include({ ok: true });
    for (const much of [list(100_001), list(50_001, []), list(50_001, {}), list(50_001, { a: 1 })]) {
      expect(parse(JSON.stringify(much))).to.deep.equal({
        ok: false,
        error: "too_many_values",
        expected: "JSON of at most 100000 values",
      });
    }
  });

  it("reads the first 1,000 members of what is within, and all of the outermost", () => {
    const many = list(200_000, "x,]}");
    expect(outcome(JSON.stringify([1, many, 2, [many], 3]))).to.deep.equal([
      ...[1, many.slice(0, 1_000), 2],
      ...[[many.slice(0, 1_000)], 3],
    ]);
    const wide = Object.fromEntries(list(5_000).map((_, index) => [`k${index}`, [index, { a: [] }]]));
    const kept = Object.fromEntries(Object.entries(wide).slice(0, 1_000));
    expect(outcome(JSON.stringify({ metadata: wide, app_id: "a" }))).to.deep.equal({
      metadata: kept,
      app_id: "a",
    });
    expect(outcome(JSON.stringify(list(5_000)))).to.have.length(5_000);
    expect(outcome(JSON.stringify(wide))).to.deep.equal(wide);
  });

  it("does not parse what is not closed", () => {
    expect(outcome(`[{"metadata":{${'"a":1,'.repeat(300_000)}`)).to.equal("malformed");
  });
});
