import { expect } from "chai";
import { isAlarming } from "../../src/health/alarms.ts";

describe("when a difference is an alarm", () => {
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
