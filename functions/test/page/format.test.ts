import { expect } from "chai";
import { formatAge, formatDay, formatNumber, formatPercent, formatSecond } from "../../page/format.ts";

describe("the page's formats", () => {
  it("give a rate the decimals that it needs", () => {
    const rates = [0, 0.0004, 0.001, 0.081, 0.5, 0.9994, 0.9996, 1];
    expect(rates.map(formatPercent)).to.deep.equal([
      "0\u00a0%",
      "0.04\u00a0%",
      "0.1\u00a0%",
      "8.1\u00a0%",
      "50.0\u00a0%",
      "99.9\u00a0%",
      "100\u00a0%",
      "100\u00a0%",
    ]);
  });

  it("separate thousands, and name days by UTC", () => {
    expect(formatNumber(1_234_567)).to.equal("1,234,567");
    expect(formatDay("2026-11-01")).to.equal("1 Nov");
  });

  it("name the year of what may be long ago", () => {
    expect(formatSecond(Date.UTC(2024, 10, 21, 7, 14, 3), "UTC")).to.equal("21 Nov 2024, 07:14:03 UTC");
  });

  it("tell roughly how long ago something was", () => {
    const now = Date.UTC(2026, 10, 23, 12);
    const ages = [20, 5 * 60, 3 * 3_600, 3 * 86_400].map((seconds) =>
      formatAge(now - seconds * 1_000, now, "UTC"),
    );
    expect(ages).to.deep.equal(["just now", "5 min ago", "3 h ago", "20 Nov"]);
  });
});
