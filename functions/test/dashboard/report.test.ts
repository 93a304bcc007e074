import { expect } from "chai";
import { attempts, dayOf, type History } from "../../dev/testing/counters.ts";
import type { AppReport } from "../../src/dashboard/data.ts";
import type { DatedVersion } from "../../src/dashboard/detail.ts";
import { chooseVersions, countersOn, reportApp } from "../../src/dashboard/report.ts";
import type { Alarm, Scope } from "../../src/health/alarm-documents.ts";
import { APP, alarm, NOW, names, version, versionOfDays } from "./versions.ts";

function report(versions: DatedVersion[], alarms: Alarm[] = [], platform: Scope = "all") {
  const counters = versions.map(({ counter }) => counter);
  const shown = chosen(versions, alarms, platform).flatMap(
    (counter) => versions.find((each) => each.counter === counter) ?? [],
  );
  return reportApp({ app_id: APP, platform, counters, alarms, shown, time: NOW });
}

function chosen(versions: DatedVersion[], alarms: Alarm[] = [], platform: Scope = "all") {
  const counters = countersOn(
    versions.map(({ counter }) => counter),
    platform,
  );
  return chooseVersions(counters, platform, new Set(names(alarms)));
}

function lastDays({ versions }: Pick<AppReport, "versions">, days: number) {
  const { opened = [], installed = [], begun = [], downloaded = [] } = versions[0]?.daily ?? {};
  return [opened, installed, begun, downloaded].map((figures) => figures.slice(-days));
}

describe("dashboard: the figures of a version", () => {
  const released = version("2.5.1", {
    2: {
      android: { ...attempts(500, 2), app_moved_to_foreground: 1_200 },
      ios: attempts(300, 1),
      electron: { set: 40, download_complete: 20 },
      development: { download_zip_start: 900, set: 3 },
    },
    0: { ios: { ...attempts(100, 31), update_fail: 3, app_crash: 2, app_moved_to_foreground: 70 } },
  });

  it("are of production devices, of all platforms or of the one that is asked for", () => {
    const all = report([released]);
    expect(all.platforms).to.deep.equal(["android", "ios", "electron"]);
    expect(all.days.slice(-3)).to.deep.equal(["2026-11-21", "2026-11-22", "2026-11-23"]);
    expect(all.versions[0]?.measures).to.include({ begun: 920, downloaded: 886, installed: 886, crashes: 2 });
    expect(all.versions[0]?.rates).to.deep.equal({
      not_downloaded: { count: 34, of: 920 },
      rolled_back: { count: 3, of: 889 },
      crashed: { count: 2, of: 866 },
    });
    expect(lastDays(all, 3)).to.deep.equal([
      [1_240, 0, 70],
      [817, 0, 69],
      [820, 0, 100],
      [817, 0, 69],
    ]);

    const ios = report([released], [], "ios");
    expect(ios.platform).to.equal("ios");
    expect(ios.platforms).to.deep.equal(all.platforms);
    expect(ios.versions[0]?.measures).to.include({ begun: 400, downloaded: 368, installed: 368 });
    expect(ios.versions[0]?.rates.not_downloaded).to.deep.equal({ count: 32, of: 400 });
    expect(lastDays(ios, 3)[0]).to.deep.equal([0, 0, 70]);
  });

  it("have rates of plugins that report both halves alone: the others do not make up for failures", () => {
    // Plugins before 5.43.3 report no beginning, and are counted by hour without their downloads.
    const { hours } = dayOf({ ios: attempts(100, 30) });
    const counts = { ios: { ...attempts(100, 30), download_complete: 70 + 500, set: 570 } };
    const mixed = report([versionOfDays("2.5.1", [[0, { ...dayOf(counts), hours }]])]);
    expect(mixed.versions[0]?.measures).to.include({ begun: 100, downloaded: 570, installed: 570 });
    expect(mixed.versions[0]?.rates.not_downloaded).to.deep.equal({ count: 30, of: 100 });
    expect(lastDays(mixed, 1)).to.deep.equal([[0], [570], [100], [70]]);
  });

  it("have rates of the counts where days were counted before there were hours, or are not read", () => {
    const old = versionOfDays("2.5.0", [[3, { ...dayOf({ ios: attempts(100, 30) }), hours: {} }]]);
    const { counter } = version("2.4.0", { 9: { ios: { ...attempts(100), app_crash: 3 } } });
    const { versions } = reportApp({
      app_id: APP,
      platform: "all",
      counters: [old.counter, counter],
      alarms: [],
      shown: [old, { counter }],
      time: NOW,
    });
    expect(versions[0]?.rates.not_downloaded).to.deep.equal({ count: 30, of: 100 });
    expect(versions[0]?.released_at).to.equal(Date.UTC(2026, 10, 20, 12, 30)); // Its first event was counted then.
    expect(versions[1]?.rates.crashed).to.deep.equal({ count: 3, of: 100 });
    expect(versions[1]).to.include({ released_at: null, is_update: true }).and.not.have.property("daily");
  });

  it("have 0 of 0 as the rate of nothing, and where more was downloaded than begun", () => {
    const strange = version("2.5.1", { 0: { ios: { download_zip_start: 3, download_complete: 5, set: 0 } } });
    const nothing = { count: 0, of: 0 };
    const rates = { not_downloaded: nothing, rolled_back: nothing, crashed: nothing };
    expect(report([strange]).versions[0]?.rates).to.deep.equal(rates);
  });

  it("say when it was released: not by the few who had it before", () => {
    const { versions } = report([
      version("2.5.1", { 9: { ios: attempts(2) }, 3: { ios: attempts(400) }, 0: { ios: attempts(300) } }),
      version("builtin", { 3: { ios: { app_moved_to_foreground: 9 } } }),
    ]);
    const days = versions.map(({ released_at }) => released_at && new Date(released_at).toISOString());
    expect(days).to.deep.equal(["2026-11-20T12:00:00.000Z", null]);
  });

  it("say why it failed: the two most frequent failures, and those of single files only where there are no others", () => {
    const failures = { download_fail: 4, checksum_fail: 9, unzip_fail: 6, set: 99, update_fail: 50 };
    const files = { download_manifest_file_fail: 700, manifest_path_fail: 800 };
    const reasons = (counts: Record<string, number>) =>
      report([version("2.5.1", { 0: { ios: counts } })]).versions[0]?.reasons;
    expect(reasons({ ...failures, ...files })).to.deep.equal([
      { action: "checksum_fail", count: 9 },
      { action: "unzip_fail", count: 6 },
    ]);
    expect(reasons({ unzip_fail: 1, ...files })?.map(({ action }) => action)).to.deep.equal([
      "unzip_fail",
      "manifest_path_fail",
    ]);
    expect(reasons({ constructor: 9, toString: 9, unzip_fail: 0 })).to.deep.equal([]);
  });

  it("say of a version that was never begun or set that it is no update, whatever its name and platform", () => {
    const versions = [
      version("builtin", { 0: { ios: attempts(10) } }),
      version("2.5.1", { 0: { android: attempts(10), ios: { app_moved_to_foreground: 4 } } }),
      version("2.4.0", { 0: { ios: { app_moved_to_foreground: 900, download_fail: 40 } } }),
      version("2.6.0", { 0: { development: attempts(10) } }),
    ];
    for (const platform of ["all", "ios"] as const) {
      const updates = report(versions, [], platform).versions.filter(({ is_update }) => is_update);
      expect(names(updates)).to.have.members(["builtin", "2.5.1"]);
    }
  });
});

describe("dashboard: which alarms and versions are shown", () => {
  it("one alarm for each version, the worst first: by how much its rate is higher than before", () => {
    const parts = [
      { scope: "ios" as const, now: { count: 20, of: 100 }, before: { count: 1, of: 100 } },
      { scope: "android" as const, now: { count: 9, of: 100 }, before: { count: 1, of: 100 } },
    ];
    const { alarms } = report(
      [],
      [
        alarm("1", { now: { count: 0, of: 0 } }),
        alarm("2", { now: { count: 20, of: 100 }, scopes: ["ios", "android"], parts, began_at: 7 }),
        alarm("3", { now: { count: 50, of: 100 }, before: { count: 45, of: 100 } }),
        alarm("4", { now: { count: 3, of: 10 }, before: { count: 0, of: 0 } }),
        alarm("2", { measure: "crashed", now: { count: 90, of: 100 }, began_at: 9 }),
      ],
    );
    expect(names(alarms)).to.deep.equal(["2", "4", "3", "1"]);
    expect(alarms[0]?.began_at).to.equal(7);
    expect(alarms[0]?.failures.map(({ measure, began_at }) => [measure, began_at])).to.deep.equal([
      ["crashed", 9],
      ["not_downloaded", 7],
    ]);
    expect(alarms[0]?.failures[1]).to.deep.include({ scopes: ["ios", "android"], parts });
    expect(alarms[0]?.failures[1]).not.to.have.any.keys("told", "to_tell", "good_looks", "app_id");
  });

  it("alarms of all platforms, but only the versions of the one that is asked for", () => {
    const versions = [
      version("2.5.1", { 0: { android: attempts(90) } }),
      version("2.5.0", { 1: { ios: attempts(10), android: attempts(900) } }),
      version("2.4.9", { 2: { development: attempts(10) } }),
    ];
    const ios = report(versions, [alarm("2.5.1", { scopes: ["android"] })], "ios");
    expect(names(ios.versions)).to.deep.equal(["2.5.0"]);
    expect(names(ios.alarms)).to.deep.equal(["2.5.1"]);
    expect(ios.versions_left_out).to.equal(0);
    expect(names(report(versions).versions)).to.deep.equal(["2.5.1", "2.5.0", "2.4.9"]);
  });

  it("alarming versions first, then by day of last activity, then the newest version; what is no update last", () => {
    const { versions } = report(
      [
        version("2.9.0", { 1: { ios: attempts(100) } }),
        version("2.10.0", { 1: { ios: attempts(100) } }),
        version("a1b2c3", { 3: { ios: attempts(100) }, 1: { ios: attempts(100) } }),
        version("f9e8d7", { 2: { ios: attempts(100) }, 1: { ios: attempts(100) } }),
        version("3.0.0", { 4: { ios: attempts(100) } }),
        version("builtin", { 0: { ios: { reset: 1 } } }),
        version("3.0.1", { 2: { ios: attempts(500, 100) } }),
      ],
      [alarm("3.0.1")],
    );
    expect(names(versions)).to.deep.equal([
      "3.0.1",
      "2.10.0",
      "2.9.0",
      "f9e8d7",
      "a1b2c3",
      "3.0.0",
      "builtin",
    ]);
  });

  it("the real ones, however many versions a stranger makes up", () => {
    const real = Array.from({ length: 14 }, (_, i) => version(`1.${i}.0`, { 10: { ios: attempts(60 + i) } }));
    const made = Array.from({ length: 2_000 }, (_, i) => version(`9.9.${i}`, { 0: { ios: attempts(2) } }));
    const shown = chosen([...made, ...real]);
    expect(shown).to.have.length(20);
    expect(shown).to.include.members(real.map(({ counter }) => counter));
  });

  it("every version that alarms, beside as many others, and few that are no update", () => {
    const many = (prefix: string, history: History) =>
      Array.from({ length: 30 }, (_, i) => version(`${prefix}.${i}`, history));
    const bad = many("1", { 9: { ios: attempts(5, 4) } });
    const { versions, versions_left_out } = report(
      [...many("2", { 0: { ios: attempts(900) } }), ...many("3", { 0: { ios: { reset: 9 } } }), ...bad],
      bad.map(({ counter }) => alarm(counter.version_name)),
    );
    expect(names(versions.slice(0, 30))).to.have.members(bad.map(({ counter }) => counter.version_name));
    expect(versions.filter(({ is_update }) => !is_update)).to.have.length(5);
    expect(versions).to.have.length(30 + 20 + 5);
    expect(versions_left_out).to.equal(10 + 25);
  });
});
