import { expect } from "chai";
import { attempts, type History } from "../../dev/testing/counters.ts";
import {
  addCounts,
  type Counter,
  countsOfPlatforms,
  DAY_MILLISECONDS,
  dayId,
} from "../../src/counting/documents.ts";
import type { Days } from "../../src/dashboard/reader.ts";
import { chooseVersions, reportApp, summarizeApps } from "../../src/dashboard/report.ts";

const now = Date.UTC(2026, 10, 23, 12);

/** A version with its days, as `createCounterReader` gives them. */
function version(version_name: string, history: History, app_id = "com.example.shop") {
  const counter: Counter = {
    id: `${app_id}@${version_name}`,
    app_id,
    version_name,
    updated_at: now - Math.min(...Object.keys(history).map(Number)) * DAY_MILLISECONDS,
    ...addCounts(Object.values(history).map(countsOfPlatforms)),
  };
  const days: Days = new Map(
    Object.entries(history).map(([daysAgo, report]) => [
      dayId(now, Number(daysAgo)),
      Object.fromEntries(
        Object.entries(report).map(([platform, { set = 0, checksum_fail = 0, update_fail = 0 }]) => [
          platform,
          { installs: set, failed: checksum_fail, rolled_back: update_fail },
        ]),
      ),
    ]),
  );
  return { counter, days };
}

function report(...versions: Array<ReturnType<typeof version>>) {
  const days = new Map(versions.map(({ counter, days }) => [counter.id, days]));
  return reportApp(
    "com.example.shop",
    versions.map(({ counter }) => counter),
    days,
    now,
  );
}

const healthy = version("2.5.0", { 9: { android: attempts(2_000, 8), ios: attempts(1_000, 4) } });

describe("dashboard: alarms", () => {
  it("name the version and the platform that fail, and since when", () => {
    const { alarms, versions } = report(
      healthy,
      version("2.5.1", {
        3: { android: attempts(500, 2), ios: attempts(300, 1) },
        2: { ios: attempts(400, 32) },
        0: { android: attempts(500, 2), ios: attempts(300, 48) },
      }),
    );
    expect(alarms.map(({ scope }) => scope)).to.deep.equal(["ios", "all"]);
    expect(alarms[0]).to.deep.equal({
      version_name: "2.5.1",
      scope: "ios",
      measure: "failed",
      now: { count: 81, of: 1_000 },
      before: { version_name: "2.5.0", count: 4, of: 1_000 },
      since: "2026-11-21",
    });
    expect(versions.map(({ version_name }) => version_name)).to.deep.equal(["2.5.1", "2.5.0"]);
  });

  it("are not raised by a version that is as good as the one before, or has too little data", () => {
    expect(report(healthy, version("2.5.1", { 1: { ios: attempts(1_000, 6) } })).alarms).to.deep.equal([]);
    expect(report(healthy, version("2.5.1", { 1: { ios: attempts(3, 1) } })).alarms).to.deep.equal([]);
    expect(report(version("2.5.1", { 1: { ios: attempts(100, 90) } })).alarms).to.deep.equal([]);
  });

  it("see a version that installs, does not start and is rolled back", () => {
    const broken = { ...attempts(1_000, 4), update_fail: 300 };
    const { alarms } = report(healthy, version("2.5.1", { 1: { android: broken } }));
    expect(alarms.map(({ scope, measure }) => [scope, measure])).to.deep.equal([
      ["all", "rolled_back"],
      ["android", "rolled_back"],
    ]);
    expect(alarms[0]?.now).to.deep.equal({ count: 300, of: 996 });
  });

  it("look at the last 7 days, so that what went wrong long ago is over and what goes wrong now is seen", () => {
    const old = version("2.5.1", { 8: { ios: attempts(1_000, 81) }, 1: { ios: attempts(100) } });
    expect(report(healthy, old).alarms).to.deep.equal([]);
    const late = version("2.5.1", { 20: { ios: attempts(100_000, 400) }, 1: { ios: attempts(500, 60) } });
    expect(report(healthy, late).alarms[0]?.now).to.deep.equal({ count: 60, of: 500 });
  });

  it("compare with the last good version that has enough attempts, not with a beta, a bad one or builtin", () => {
    const bad = (name: string) => version(name, { 2: { ios: attempts(500, 50) } });
    const { alarms } = report(
      healthy,
      version("2.4.0", { 3: { ios: attempts(5_000, 2_500) } }),
      version("2.5.1-beta.1", { 3: { ios: attempts(20, 1) } }),
      bad("2.5.1"),
      bad("2.5.2"),
      version("builtin", { 1: { ios: { reset: 900, download_fail: 900 } } }),
      version("unknown", { 1: { ios: attempts(500, 400) } }),
    );
    const compared = alarms.filter(({ scope }) => scope === "ios");
    expect(compared.map(({ version_name, before }) => [version_name, before.version_name])).to.deep.equal([
      ["2.5.1", "2.5.0"],
      ["2.5.2", "2.5.0"],
    ]);
  });

  it("become harder to raise the more is compared", () => {
    const suspect = version("2.5.1", { 1: { ios: attempts(200, 8) } });
    expect(report(healthy, suspect).alarms).to.have.length(2);
    const more = Array.from({ length: 15 }, (_, i) =>
      version(`2.4.${i}`, { 1: { android: attempts(900), ios: attempts(900) } }),
    );
    const { alarms, comparisons } = report(healthy, suspect, ...more);
    expect(comparisons).to.be.greaterThan(80);
    expect(alarms.filter(({ version_name }) => version_name === "2.5.1")).to.deep.equal([]);
  });

  it("mark the other apps too, from their counters alone", () => {
    const counters = [
      healthy,
      version("1.0.0", { 5: { ios: attempts(900, 3) } }, "com.example.bad"),
      version("1.0.1", { 1: { ios: attempts(900, 90) } }, "com.example.bad"),
      version("1.0.0", { 40: { ios: attempts(900, 3) } }, "com.example.over"),
      version("1.0.1", { 30: { ios: attempts(900, 90) } }, "com.example.over"),
    ].map(({ counter }) => counter);
    const { apps } = summarizeApps(counters, now);
    expect(apps.map(({ app_id, alarming }) => [app_id, alarming])).to.deep.equal([
      ["com.example.shop", false],
      ["com.example.bad", true],
      ["com.example.over", false],
    ]);
  });
});

describe("dashboard: which versions are shown", () => {
  it("alarming ones first, then by day of last activity, then the newest version; what is no update last", () => {
    const { versions } = report(
      version("2.9.0", { 1: { ios: attempts(100) } }),
      version("2.10.0", { 1: { ios: attempts(100) } }),
      version("3.0.0", { 4: { ios: attempts(100) } }),
      version("builtin", { 0: { ios: { reset: 1 } } }),
      version("3.0.1", { 2: { ios: attempts(500, 100) } }),
    );
    expect(versions.map(({ version_name }) => version_name)).to.deep.equal([
      "3.0.1",
      "2.10.0",
      "2.9.0",
      "3.0.0",
      "builtin",
    ]);
  });

  it("the real ones, however many versions and apps a stranger makes up", () => {
    const real = Array.from({ length: 14 }, (_, i) => version(`1.${i}.0`, { 10: { ios: attempts(60 + i) } }));
    const made = Array.from({ length: 5_000 }, (_, i) => version(`9.9.${i}`, { 0: { ios: attempts(2) } }));
    const { shown, leftOut } = chooseVersions([...made, ...real].map(({ counter }) => counter));
    expect(shown).to.have.length(20);
    expect(leftOut).to.equal(4_994);
    expect(shown).to.include.members(real.map(({ counter }) => counter));

    const apps = Array.from({ length: 5_000 }, (_, i) =>
      version("1.0.0", { 0: { ios: attempts(2) } }, `com.made.up${i}`),
    );
    const summary = summarizeApps(
      [...apps, ...real].map(({ counter }) => counter),
      now,
    );
    expect(summary.apps).to.have.length(50);
    expect(summary.apps_left_out).to.equal(4_951);
    expect(summary.apps[0]?.app_id).to.equal("com.example.shop");
  });
});
