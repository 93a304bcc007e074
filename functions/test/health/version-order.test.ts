import { expect } from "chai";
import fc from "fast-check";
import { compareVersions } from "../../src/health/version-order.ts";

describe("the order of versions", () => {
  it("is that of semantic versioning, and what is no number comes first", () => {
    const order = [
      "beta",
      "nightly",
      "1",
      "1.0.1",
      "2.9.0",
      "2.10.0-alpha.2",
      "2.10.0-alpha.10",
      "2.10.0-beta",
      "v2.10.0",
      "2.10.0.1",
    ];
    expect(order.toReversed().sort(compareVersions)).to.deep.equal(order);
  });

  it("is an order, whatever strangers call their versions", () => {
    const name = fc.oneof(fc.string(), fc.stringMatching(/^v?\d{1,3}(\.\d{1,3}){0,3}(-[a-z.0-9]{0,4})?$/));
    fc.assert(
      fc.property(name, name, name, (a, b, c) => {
        expect(Math.sign(compareVersions(a, b))).to.equal(-Math.sign(compareVersions(b, a)) + 0);
        const sorted = [a, b, c].sort(compareVersions);
        expect(compareVersions(sorted[0] ?? "", sorted[2] ?? "")).to.be.at.most(0);
      }),
    );
  });
});
