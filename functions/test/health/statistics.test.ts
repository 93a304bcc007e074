import { expect } from "chai";
import fc from "fast-check";
import { binomialTail, fisherExact, rateOf, wilsonInterval } from "../../src/health/statistics.ts";

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

  it("is within 0 to 1, also of figures that somebody has edited until they are none", () => {
    for (const edited of [
      { count: 9, of: 5 },
      { count: -9, of: 5 },
      { count: 5, of: -9 },
    ]) {
      const { low, high } = wilsonInterval(edited);
      expect([0 <= low, low <= high, high <= 1], JSON.stringify(edited)).to.deep.equal([true, true, true]);
    }
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

describe("a rate", () => {
  it("is a share, and 0 of nothing", () => {
    expect(rateOf({ count: 3, of: 12 })).to.equal(0.25);
    expect(rateOf({ count: 0, of: 0 })).to.equal(0);
  });
});

describe("the chance that so many fail", () => {
  it("is what dice say", () => {
    // De Méré: at least one six in four throws; Pepys and Newton: at least two in twelve.
    expect(binomialTail({ count: 1, of: 4 }, 1 / 6)).to.be.closeTo(671 / 1_296, 1e-12);
    expect(binomialTail({ count: 2, of: 12 }, 1 / 6)).to.be.closeTo(0.618667, 1e-6);
    expect(binomialTail({ count: 12, of: 12 }, 0.5)).to.be.closeTo(2 ** -12, 1e-15);
  });

  it("is certain for none, and of what is impossible or certain there is no doubt", () => {
    expect(binomialTail({ count: 0, of: 10 }, 0.1)).to.equal(1);
    expect(binomialTail({ count: 0, of: 0 }, 0.1)).to.equal(1);
    expect(binomialTail({ count: 1, of: 10 }, 0)).to.equal(0);
    expect(binomialTail({ count: 10, of: 10 }, 1)).to.equal(1);
  });

  it("is the sum of the chances of that many and more", () => {
    const choose = (n: bigint, k: bigint): bigint => (k === 0n ? 1n : (choose(n - 1n, k - 1n) * n) / k);
    const cases = fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.integer({ min: 1, max: 99 }));
    fc.assert(
      fc.property(cases, ([of, a, percent]) => {
        const count = a % (of + 1);
        let sum = 0n;
        for (let k = count; k <= of; k++) {
          sum +=
            choose(BigInt(of), BigInt(k)) *
            BigInt(percent) ** BigInt(k) *
            BigInt(100 - percent) ** BigInt(of - k);
        }
        const exact = Number((sum * 10n ** 60n) / 100n ** BigInt(of)) / 1e60;
        const p = binomialTail({ count, of }, percent / 100);
        expect(p).to.be.closeTo(exact, Math.max(exact * 1e-9, 1e-59));
      }),
    );
  });

  it("is certain, and not too small to be a number, where far more are expected", () => {
    expect(binomialTail({ count: 20, of: 4_000 }, 0.2)).to.be.closeTo(1, 1e-12);
    expect(binomialTail({ count: 5, of: 1_000_000 }, 0.1)).to.be.closeTo(1, 1e-12);
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
    expect(fisherExact({ count: 100, of: 1_000_000 }, { count: 500_000, of: 1_000_000 })).to.equal(1);
  });
});
