import { expect } from "chai";
import fc from "fast-check";
import { fisherExact, wilsonInterval } from "../../src/health/statistics.ts";

describe("the interval of a failure rate", () => {
  it("is Wilson's, as published", () => {
    // Newcombe 1998 (Statistics in Medicine 17, 857–872), table I, score method without continuity correction.
    for (const [count, of, low, high] of [
      [81, 263, 0.2553, 0.3662],
      [15, 148, 0.0624, 0.1605],
      [0, 20, 0, 0.1611],
      [1, 29, 0.0061, 0.1718],
    ] as const) {
      const interval = wilsonInterval({ count, of });
      expect(interval.low).to.be.closeTo(low, 5e-5);
      expect(interval.high).to.be.closeTo(high, 5e-5);
    }
  });

  it("is everything without attempts, and includes 1 where all failed", () => {
    expect(wilsonInterval({ count: 0, of: 0 })).to.deep.equal({ low: 0, high: 1 });
    expect(wilsonInterval({ count: 3, of: 3 }).high).to.equal(1);
  });

  it("always holds the rate, within 0 to 1", () => {
    fc.assert(
      fc.property(fc.nat(1e7), fc.nat(1e7), (a, b) => {
        const [count, of] = [Math.min(a, b), Math.max(a, b, 1)];
        const { low, high } = wilsonInterval({ count, of });
        expect(low).to.be.within(0, count / of);
        expect(high).to.be.within(count / of, 1);
      }),
    );
  });
});

describe("Fisher's exact test", () => {
  it("gives the values of textbooks", () => {
    // Fisher's tea: three of four cups right, and four of four.
    expect(fisherExact({ count: 3, of: 4 }, { count: 1, of: 4 })).to.be.closeTo(17 / 70, 1e-12);
    expect(fisherExact({ count: 4, of: 4 }, { count: 0, of: 4 })).to.be.closeTo(1 / 70, 1e-12);
    // The convicted twins of Fisher 1962; R: fisher.test(matrix(c(10, 2, 3, 15), 2), alternative = "greater").
    expect(fisherExact({ count: 10, of: 12 }, { count: 3, of: 18 })).to.be.closeTo(0.0004652, 1e-7);
  });

  it("is the sum of the probabilities of all tables at least as bad", () => {
    const choose = (n: bigint, k: bigint): bigint => (k === 0n ? 1n : (choose(n - 1n, k - 1n) * n) / k);
    const table = fc.tuple(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 1, max: 300 }),
      fc.nat(),
      fc.nat(),
    );
    fc.assert(
      fc.property(table, ([of, ofBefore, a, b]) => {
        const [count, countBefore] = [a % (of + 1), b % (ofBefore + 1)];
        const failures = count + countBefore;
        let worse = 0n;
        for (let k = count; k <= Math.min(failures, of); k++) {
          worse += choose(BigInt(of), BigInt(k)) * choose(BigInt(ofBefore), BigInt(failures - k));
        }
        const all = choose(BigInt(of + ofBefore), BigInt(failures));
        const exact = Number((worse * 10n ** 40n) / all) / 1e40;
        const p = fisherExact({ count, of }, { count: countBefore, of: ofBefore });
        expect(p).to.be.closeTo(exact, Math.max(exact * 1e-9, 1e-39));
      }),
    );
  });

  it("agrees with the normal approximation where counts are large, and stays a probability", () => {
    const p = fisherExact({ count: 5_150, of: 1_000_000 }, { count: 5_000, of: 1_000_000 });
    expect(p).to.be.closeTo(0.0686, 0.001); // z = 1.493 with Yates's correction of half an event
    expect(fisherExact({ count: 0, of: 10 }, { count: 5, of: 10 })).to.equal(1);
    expect(fisherExact({ count: 900_000, of: 1_000_000 }, { count: 0, of: 1_000_000 })).to.equal(0);
  });
});
