import { expect } from "chai";
import { attempts, dayOf, type Report } from "../../dev/testing/counters.ts";
import { addCounts, DAY_MILLISECONDS, dayId } from "../../src/counting/documents.ts";
import type { Range } from "../../src/dashboard/data.ts";
import {
  chooseOther,
  type DatedVersion,
  dateVersion,
  rangeFor,
  reportDetail,
} from "../../src/dashboard/detail.ts";
import type { Scope } from "../../src/health/alarm-documents.ts";
import { NOW, version, versionOfDays } from "./versions.ts";

const HOUR = 3_600_000;

/** A version that has the same report in each of so many hours from one on; hours are numbered back from the current one. */
function hourly(version_name: string, from: number, hours: number, report: Report): DatedVersion {
  const times = Array.from({ length: hours }, (_, index) => NOW - (from - index) * HOUR);
  const today = Date.parse(dayId(NOW));
  const byDay = Map.groupBy(times, (time) => (today - Date.parse(dayId(time))) / DAY_MILLISECONDS);
  const days = [...byDay].map(([ago, ofDay]) => {
    const hourOfDay = (time: number) => new Date(time).toISOString().slice(11, 13);
    return [ago, addCounts(ofDay.map((time) => dayOf(report, hourOfDay(time))))] as const;
  });
  const dated = versionOfDays(version_name, days);
  dated.counter.created_at = NOW - from * HOUR;
  return dated;
}

function detail(dated: DatedVersion, other?: DatedVersion, range: Range = "24h", platform: Scope = "all") {
  return reportDetail({ version: dated, other, platform, range, time: NOW });
}

/** The figures of the steps that have some, by their place from the end: 0 is the one that is not over. */
function stepsOf(proportions: readonly { count: number; of: number }[] = []) {
  return proportions.flatMap(({ count, of }, place) =>
    of > 0 ? [[proportions.length - 1 - place, count, of]] : [],
  );
}

describe("dashboard: a version over time", () => {
  it("has its failures in each hour up to the current one", () => {
    const dated = hourly("2.5.1", 2, 3, {
      ios: { ...attempts(10, 3), update_fail: 1 },
      android: attempts(5),
    });
    const { step, times, version, other } = detail(dated);
    expect([step, times.length, other]).to.deep.equal(["hour", 24, null]);
    expect(times.at(-1)).to.equal(Date.UTC(2026, 10, 23, 12));
    expect(times[0]).to.equal(Date.UTC(2026, 10, 22, 13));
    expect(stepsOf(version.failures.not_downloaded)).to.deep.equal([
      [2, 3, 15],
      [1, 3, 15],
      [0, 3, 15],
    ]);
    expect(stepsOf(version.failures.rolled_back)[2]).to.deep.equal([0, 1, 13]);
    const ios = detail(dated, undefined, "7d", "ios").version;
    expect(ios.failures.not_downloaded).to.have.length(168);
    expect(stepsOf(ios.failures.not_downloaded)[0]).to.deep.equal([2, 3, 10]);
    expect(ios.actions).to.deep.equal({ ...counts(attempts(10, 3), 3), update_fail: 3 });
  });

  it("has them by day in the longer ranges, up to today, in UTC", () => {
    const dated = version("2.5.1", { 40: { ios: attempts(10, 1) }, 1: { ios: attempts(20, 2) } });
    const month = detail(dated, undefined, "30d");
    expect([month.step, month.times.length]).to.deep.equal(["day", 30]);
    expect(month.times.at(-1)).to.equal(Date.UTC(2026, 10, 23));
    expect(stepsOf(month.version.failures.not_downloaded)).to.deep.equal([[1, 2, 20]]);
    const quarter = detail(dated, undefined, "90d");
    expect(quarter.times.length).to.equal(90);
    expect(stepsOf(quarter.version.failures.not_downloaded)).to.deep.equal([
      [40, 1, 10],
      [1, 2, 20],
    ]);
  });

  it("has more downloaded than begun in an hour, where that began in the hour before, as no failures", () => {
    const dated = versionOfDays("2.5.1", [
      [0, addCounts([dayOf({ ios: attempts(10, 5) }, "11"), dayOf({ ios: { download_complete: 4 } }, "12")])],
    ]);
    expect(stepsOf(detail(dated).version.failures.not_downloaded)).to.deep.equal([[1, 5, 10]]);
  });

  it("has a day that was counted before there were hours at its noon", () => {
    const dated = versionOfDays("2.5.1", [[1, { ...dayOf({ ios: attempts(10, 5) }), hours: {} }]]);
    expect(stepsOf(detail(dated, undefined, "7d").version.failures.not_downloaded)).to.deep.equal([
      [24, 5, 10],
    ]);
    expect(stepsOf(detail(dated, undefined, "30d").version.failures.not_downloaded)).to.deep.equal([
      [1, 5, 10],
    ]);
    expect(detail(dated).version.released_at).to.equal(Date.UTC(2026, 10, 22, 12, 30)); // Its first event was counted then.
  });

  it("has the same figures, whatever else somebody has written beside its days and hours", () => {
    const told = hourly("2.5.1", 5, 6, { ios: attempts(20, 2) });
    const noon = told.days.get(dayId(NOW)) ?? expect.fail();
    const hours = new Map([["noon", noon.hours.get("12") ?? {}], ...noon.hours]);
    const days = new Map([["a note", noon], ...told.days, [dayId(NOW), { ...noon, hours }]]);
    expect(detail(dateVersion(told.counter, days))).to.deep.equal(detail(told));
  });

  it("has development devices beside it, and in no figure", () => {
    const dated = version("2.5.1", { 0: { ios: attempts(5), development: attempts(90, 80) } });
    const { version: side, development } = detail(dated);
    expect(development).to.include({ download_zip_start: 90 });
    expect(side.actions).to.deep.equal(attempts(5));
  });

  it("is shown over a day, a week or a month, by its age", () => {
    const ages = [0, 47, 48, 14 * 24 - 1, 14 * 24];
    const ranges = ages.map((age) => rangeFor(hourly("2.5.1", age, 1, { ios: attempts(9) }), NOW));
    expect(ranges).to.deep.equal(["24h", "24h", "7d", "7d", "30d"]);
    expect(rangeFor(version("builtin", { 0: { ios: { set_next: 1 } } }), NOW)).to.equal("30d");
  });
});

function counts(each: Record<string, number>, times: number) {
  return Object.fromEntries(Object.entries(each).map(([action, count]) => [action, count * times]));
}

describe("dashboard: a version beside another one", () => {
  const early = hourly("2.5.0", 200, 150, { ios: attempts(10, 1) });
  const late = hourly("2.5.1", 5, 6, { ios: attempts(20, 8) });

  it("has that one's figures of the same age", () => {
    const { age_hours, version: side, other } = detail(late, early);
    expect(age_hours).to.equal(5);
    expect(side.measures).to.include({ begun: 5 * 20, downloaded: 5 * 12 });
    expect(other?.measures).to.include({ begun: 5 * 10, downloaded: 5 * 9 });
    // All six hours since the release, of both; none of the other one from before its release.
    expect(stepsOf(other?.failures.not_downloaded)).to.deep.equal(
      [5, 4, 3, 2, 1, 0].map((ago) => [ago, 1, 10]),
    );
  });

  it("has nothing of that one from before its release, nor of hours that are still to come", () => {
    const strayed = versionOfDays("2.5.0", [
      [10, dayOf({ ios: attempts(1, 1) }, "11")],
      [8, dayOf({ ios: attempts(100, 1) }, "12")],
    ]);
    expect(strayed.release).to.equal(Date.UTC(2026, 10, 15, 12) / HOUR);
    const [ofHours, ofDays] = [detail(late, strayed), detail(late, strayed, "30d")];
    expect(stepsOf(ofHours.other?.failures.not_downloaded)).to.deep.equal([[5, 1, 100]]);
    expect(stepsOf(ofDays.other?.failures.not_downloaded)).to.deep.equal([[0, 1, 100]]);

    const backwards = detail(early, late, "30d");
    expect(backwards.age_hours).to.equal(5);
    expect(stepsOf(backwards.other?.failures.not_downloaded)).to.deep.equal([[8, 48, 120]]);
  });

  it("is compared by day with the day of that one's release on the day of its own", () => {
    const { other } = detail(
      version("2.5.1", { 2: { ios: attempts(9) } }),
      version("2.5.0", { 12: { ios: attempts(70, 7) }, 11: { ios: attempts(60, 3) } }),
      "30d",
    );
    expect(stepsOf(other?.failures.not_downloaded)).to.deep.equal([
      [2, 7, 70],
      [1, 3, 60],
    ]);
  });

  it("is compared for as long as the days of both were read", () => {
    const old = version("2.0.0", {
      80: { ios: attempts(90) },
      79: { ios: attempts(5) },
      9: { ios: attempts(1) },
    });
    const older = version("1.0.0", { 300: { ios: attempts(90) } });
    const young = version("2.5.1", { 9: { ios: attempts(90) } });
    // Of the older two, the first eight days were read, of which the hours until noon of the first are before the release.
    expect(detail(old, older, "30d").age_hours).to.equal(8 * 24 - 12);
    expect(detail(young, old, "30d").age_hours).to.equal(8 * 24 - 12);
    expect(detail(young, old, "90d").age_hours).to.equal(9 * 24);
    expect(detail(young, undefined, "30d").age_hours).to.equal(9 * 24);
  });

  it("is compared over an hour at least", () => {
    const { age_hours, version: side } = detail(hourly("2.5.1", 0, 1, { ios: attempts(7) }), early);
    expect([age_hours, side.measures.begun]).to.deep.equal([1, 7]);
  });
});

describe("dashboard: which version another one is compared with", () => {
  const history = (ago: number, count: number) => ({ [ago]: { ios: attempts(count) } });
  const builtin = version("builtin", { 4: { ios: { app_moved_to_foreground: 900 } } });
  const all = [
    version("2.5.2", history(1, 300)),
    version("2.5.1", history(3, 300)),
    version("2.5.0-beta", { 4: { ios: attempts(49), android: attempts(80) } }),
    builtin,
    version("2.4.0", history(9, 400)),
    version("2.3.0", history(20, 900)),
    version("__proto__", history(25, 2)),
  ];
  const other = (name: string, asked?: string, platform: Scope = "all") => {
    const dated = all.find(({ counter }) => counter.version_name === name) ?? expect.fail(name);
    return chooseOther(dated, all, platform, asked)?.counter.version_name;
  };

  it("the update that was released last before it, with enough attempts on the platform", () => {
    expect(other("2.5.2")).to.equal("2.5.1");
    expect(other("2.5.1")).to.equal("2.5.0-beta");
    expect(other("2.5.1", undefined, "ios")).to.equal("2.4.0");
  });

  it("the one that was reported before it, where both were released in one hour", () => {
    const [first, second] = ["2.6.0", "2.5.9"].map((name) => hourly(name, 1, 1, { ios: attempts(90) }));
    if (!first || !second) return expect.fail();
    second.counter.created_at = first.counter.created_at + 1;
    for (const both of [
      [first, second],
      [second, first],
    ]) {
      expect(chooseOther(second, both, "all", undefined)).to.equal(first);
      expect(chooseOther(first, both, "all", undefined)).to.equal(undefined);
    }
  });

  it("one with fewer attempts where there is none with enough, or nothing", () => {
    expect(other("2.3.0")).to.equal("__proto__");
    expect(other("2.3.0", undefined, "android")).to.equal(undefined);
    expect(other("__proto__")).to.equal(undefined);
  });

  it("the one that is asked for, also a later one", () => {
    expect(other("2.5.1", "2.5.2")).to.equal("2.5.2");
    expect(other("2.5.2", "__proto__")).to.equal("__proto__");
    for (const none of ["constructor", "", "2.5.2"]) expect(other("2.5.2", none)).to.equal("2.5.1");
  });

  it("nothing where one of the two has no release, and so no age", () => {
    expect(other("builtin")).to.equal(undefined);
    expect(other("builtin", "2.5.1")).to.equal(undefined);
    expect(other("2.5.1", "builtin")).to.equal(undefined);
    const { version: side, age_hours } = detail(builtin);
    expect([side.released_at, age_hours]).to.deep.equal([null, 4 * 24]);
  });
});
