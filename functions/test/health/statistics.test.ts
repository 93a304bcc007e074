import { expect } from "chai";
import fc from "fast-check";
import { isAlarming } from "../../src/health/alarms.ts";
import { actionMeanings, tallyOf } from "../../src/health/measures.ts";
import { fisherExact, wilsonInterval } from "../../src/health/statistics.ts";
import { compareVersions } from "../../src/health/version-order.ts";
import { knownActions } from "../../src/ingest/actions.ts";

describe("dashboard: the interval of a failure rate", () => {
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

describe("dashboard: Fisher's exact test", () => {
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

describe("dashboard: when a difference is an alarm", () => {
  it("is one that chance explains less than once in a thousand pages", () => {
    expect(isAlarming({ count: 81, of: 1_000 }, { count: 4, of: 1_000 }, 100)).to.equal(true);
    expect(isAlarming({ count: 12, of: 1_000 }, { count: 4, of: 1_000 }, 100)).to.equal(false);
    expect(isAlarming({ count: 3, of: 3 }, { count: 0, of: 50 }, 1)).to.equal(true);
    expect(isAlarming({ count: 3, of: 3 }, { count: 0, of: 50 }, 100)).to.equal(false);
  });

  it("is none when it is real but of no weight", () => {
    expect(isAlarming({ count: 52_000, of: 1e7 }, { count: 40_000, of: 1e7 }, 1)).to.equal(false); // 0.52 % after 0.4 %
    expect(isAlarming({ count: 120_000, of: 1e6 }, { count: 100_000, of: 1e6 }, 1)).to.equal(false); // 12 % after 10 %
    expect(isAlarming({ count: 12_000, of: 1e7 }, { count: 1_000, of: 1e7 }, 1)).to.equal(false); // 0.12 % after 0.01 %
    expect(isAlarming({ count: 90_000, of: 1e7 }, { count: 40_000, of: 1e7 }, 1)).to.equal(true); // 0.9 % after 0.4 %
  });
});

describe("dashboard: the order of versions", () => {
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

describe("dashboard: what actions mean", () => {
  it("is said for every action that an event may carry, and for no other", () => {
    expect(Object.keys(actionMeanings).sort()).to.deep.equal([...knownActions].sort());
    for (const { meaning } of Object.values(actionMeanings)) expect(meaning).to.match(/^[A-Z0-9].{8,110}\.$/);
  });

  it("makes failures of those that end an attempt, not of single files, rollbacks or crashes", () => {
    const once = Object.fromEntries([...knownActions].map((action) => [action, 1]));
    expect(tallyOf(once)).to.deep.equal({ installs: 1, failed: 16, rolled_back: 1 });
    expect(tallyOf({ download_manifest_file_fail: 9, update_fail: 2, app_crash: 1, reset: 4 })).to.deep.equal(
      {
        installs: 0,
        failed: 0,
        rolled_back: 2,
      },
    );
  });
});
