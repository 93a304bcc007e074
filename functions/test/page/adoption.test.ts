import { expect } from "chai";
import { adoptionOf, seriesOf } from "../../page/views/adoption-figures.ts";
import type { AppReport, VersionReport } from "../../src/dashboard/data.ts";

const days = ["2026-11-25", "2026-11-26", "2026-11-27", "2026-11-28"];

function version(version_name: string, opened: number[], fields: Partial<VersionReport> = {}): VersionReport {
  const zeros = days.map(() => 0);
  return {
    version_name,
    is_update: true,
    created_at: 0,
    updated_at: 0,
    released_at: Date.parse("2026-11-26T15:00:00Z"),
    measures: { begun: 0, downloaded: 0, installed: 0, rolled_back: 0, starts: 0, crashes: 0 },
    rates: { not_downloaded: none, rolled_back: none, crashed: none },
    reasons: [],
    daily: { opened, installed: zeros, begun: zeros, downloaded: zeros },
    ...fields,
  };
}

const none = { count: 0, of: 0 };

function app(...versions: VersionReport[]): AppReport {
  return {
    app_id: "com.example.shop",
    platform: "all",
    platforms: ["ios"],
    days,
    alarms: [],
    versions,
    versions_left_out: 0,
    version: null,
  };
}

describe("adoption", () => {
  it("is the share of use, with the versions of the store", () => {
    const [update, ...others] = adoptionOf(
      app(version("2.5.1", [0, 20, 60, 80]), version("builtin", [100, 80, 40, 20], { is_update: false })),
      "opened",
    );
    expect(others).to.deep.equal([]); // What is no update is not adopted, but is in what the share is of.
    expect(update).to.include({ version_name: "2.5.1", today: 0.8, most: 0.8, days_to_half: 1 });
  });

  it("has no time to half where it never had half, or was released before the days", () => {
    const early = version("2.4.0", [90, 0, 0, 0], { released_at: Date.parse("2026-11-20") });
    const late = version("2.5.0", [10, 0, 10, 40]);
    const rest = version("2.3.0", [0, 10, 90, 60], { released_at: null });
    const found = adoptionOf(app(early, late, rest), "opened");
    expect(found.map(({ days_to_half }) => days_to_half)).to.deep.equal([null, null, null]);
    expect(found.map(({ today }) => today)).to.deep.equal([0, 0.4, 0.6]);
  });

  it("is unknown today where nothing has been opened today", () => {
    expect(adoptionOf(app(version("2.5.1", [0, 0, 5, 0])), "opened")[0]).to.include({
      today: null,
      days_to_half: 1,
    });
  });

  it("is drawn of the six versions with the most, and of the others as one", () => {
    const many = Array.from({ length: 9 }, (_, i) => version(`1.${i}.0`, [i, i, 0, 0]));
    const { daily: _, ...unread } = version("0.1.0", []);
    const series = seriesOf(app(...many, unread), "opened");
    expect(series.map(({ version_name }) => version_name)).to.deep.equal([
      "1.3.0",
      "1.4.0",
      "1.5.0",
      "1.6.0",
      "1.7.0",
      "1.8.0",
      undefined,
    ]);
    expect(series.at(-1)).to.deep.equal({ versions: 2, counts: [3, 3, 0, 0] });
    expect(seriesOf(app(), "opened")).to.deep.equal([]);
    expect(seriesOf(app(...many), "installed")).to.deep.equal([]);
  });
});
