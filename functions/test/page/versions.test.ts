import { expect } from "chai";
import {
  isEnough,
  lostDaily,
  mainMeasure,
  mainRate,
  rowsOf,
  scaleOf,
  sortingRate,
  sparkOf,
  summarizeDays,
} from "../../page/views/versions-figures.ts";
import type { AlarmFailure, AppReport, VersionReport } from "../../src/dashboard/data.ts";
import { aFailure } from "./failures.ts";

const none = { count: 0, of: 0 };

function aReport(version_name: string, fields: Partial<VersionReport> = {}): VersionReport {
  return {
    version_name,
    is_update: true,
    created_at: 0,
    updated_at: 0,
    released_at: null,
    measures: { begun: 0, downloaded: 0, installed: 0, rolled_back: 0, starts: 0, crashes: 0 },
    rates: { not_downloaded: none, rolled_back: none, crashed: none },
    reasons: [],
    ...fields,
  };
}

function opened(counts: number[]): Partial<VersionReport> {
  const zeros = counts.map(() => 0);
  return { daily: { opened: counts, installed: zeros, begun: zeros, downloaded: zeros } };
}

function rowOf(
  failures: AlarmFailure[],
  platform: AppReport["platform"] = "all",
  fields: Partial<VersionReport> = {},
) {
  const alarms = failures.length > 0 ? [{ version_name: "2.5.1", began_at: 0, failures }] : [];
  const [row] = rowsOf({ platform, alarms, versions: [aReport("2.5.1", fields), aReport("2.5.0")] });
  if (!row) throw new Error("There is no row.");
  return row;
}

describe("the table of versions", () => {
  it("shares the use of the last seven days among all versions whose days were read", () => {
    const versions = [
      aReport("2.5.1", opened([900, 0, 1, 1, 1, 1, 1, 1])),
      aReport("builtin", { is_update: false, ...opened([0, 0, 0, 0, 0, 0, 0, 18]) }),
      aReport("1.0.0"),
    ];
    const rows = rowsOf({ platform: "all", alarms: [], versions });
    expect(rows.map(({ use }) => use)).to.deep.equal([{ count: 6, of: 24 }, { count: 18, of: 24 }, null]);
  });

  it("puts the rate of devices that a version alarms for before that of its reports, the worst platform first", () => {
    const row = rowOf(
      [
        aFailure({
          scopes: ["ios", "android"],
          parts: [
            { scope: "ios", now: { count: 10, of: 100 }, before: none },
            { scope: "android", now: { count: 20, of: 100 }, before: none },
          ],
        }),
      ],
      "all",
      { rates: { not_downloaded: { count: 120, of: 1_000 }, rolled_back: none, crashed: none } },
    );
    expect(row.devices.not_downloaded).to.deep.equal([
      { scopes: ["android"], rate: { count: 20, of: 100 } },
      { scopes: ["ios"], rate: { count: 10, of: 100 } },
    ]);
    expect(mainRate(row, "not_downloaded")).to.deep.equal({ count: 20, of: 100 });
    expect(mainRate(rowOf([]), "not_downloaded")).to.deep.equal(none);
  });

  it("says only the rates of the platform that is shown, and still that it alarms on another one", () => {
    const failures = [aFailure({ parts: [{ scope: "ios", now: { count: 10, of: 100 }, before: none }] })];
    const onAndroid = rowOf(failures, "android");
    expect(onAndroid.devices.not_downloaded).to.deep.equal([]);
    expect([onAndroid.alarmsHere, onAndroid.alarmScopes]).to.deep.equal([false, ["ios"]]);
    const onIos = rowOf(failures, "ios");
    expect(onIos.devices.not_downloaded).to.have.length(1);
    expect(onIos.alarmsHere).to.equal(true);
  });

  it("takes what fails on all platforms together for a failure of each", () => {
    const row = rowOf([aFailure({ scopes: ["all"] })], "android");
    expect(row.alarmsHere).to.equal(true);
    expect(row.devices.not_downloaded).to.deep.equal([{ scopes: ["all"], rate: { count: 24, of: 297 } }]);
  });

  it("has no alarm where there is none", () => {
    const row = rowOf([]);
    expect([row.alarmsHere, row.alarmScopes]).to.deep.equal([false, []]);
  });

  it("sorts by what it shows first, and not by rates of too little data", () => {
    const rates = (count: number, of: number) => ({
      rates: { not_downloaded: { count, of }, rolled_back: none, crashed: none },
    });
    expect(sortingRate(rowOf([], "all", rates(1, 2)), "not_downloaded")).to.equal(null);
    expect(sortingRate(rowOf([], "all", rates(5, 50)), "not_downloaded")).to.equal(0.1);
    const few = rowOf([aFailure({ now: { count: 3, of: 10 } })], "all", rates(1, 2));
    expect(sortingRate(few, "not_downloaded")).to.equal(0.3);
    expect(isEnough(few, "not_downloaded")).to.equal(true);
    expect(isEnough(few, "crashed")).to.equal(false);
  });

  it("says in one line what a version alarms for most, else how it downloads", () => {
    expect(mainMeasure(rowOf([]))).to.equal("not_downloaded");
    const row = rowOf([
      aFailure({ now: { count: 10, of: 100 } }),
      aFailure({ measure: "crashed", now: { count: 30, of: 100 } }),
    ]);
    expect(mainMeasure(row)).to.equal("crashed");
  });

  it("draws rates on a scale that few attempts do not stretch", () => {
    const rate = (count: number, of: number) =>
      rowOf([], "all", { rates: { not_downloaded: { count, of }, rolled_back: none, crashed: none } });
    expect(scaleOf([rate(1, 2)], "not_downloaded")).to.equal(0.02);
    expect(scaleOf([rate(1, 2), rate(100, 1_000)], "not_downloaded")).to.be.within(0.12, 0.121);
  });

  it("counts what was lost on each day, and never less than nothing", () => {
    const daily = { opened: [0, 0], installed: [0, 0], begun: [10, 3], downloaded: [7, 5] };
    expect(lostDaily(daily)).to.deep.equal([3, 0]);
    expect(summarizeDays([2, 7, 7])).to.deep.equal({ total: 16, peak: 1, most: 7 });
  });

  it("draws installs above a line and losses below it, on one scale, and the fewest so that they can be seen", () => {
    expect(sparkOf([0, 30], [10, 0], 40)).to.deep.equal({
      line: 30,
      up: "M4 30v-30h3v30z",
      down: "M0 30v10h3v-10z",
    });
    expect(sparkOf([10_000], [1], 32)).to.deep.equal({
      line: 31,
      up: "M0 31v-31h3v31z",
      down: "M0 31v1h3v-1z",
    });
    expect(sparkOf([0], [7], 32)).to.deep.equal({ line: 0, up: "", down: "M0 0v32h3v-32z" });
    expect(sparkOf([0], [0], 32)).to.deep.equal({ line: 32, up: "", down: "" });
  });
});
