import { expect } from "chai";
import { attempts, dayOf, type History } from "../../dev/testing/counters.ts";
import { addCounts, type Counter, DAY_MILLISECONDS, dayId } from "../../src/counting/documents.ts";
import { chooseVersions, reportApp, summarizeApps } from "../../src/dashboard/report.ts";
import type { Alarm } from "../../src/health/alarm-documents.ts";
import type { Days } from "../../src/health/counter-reader.ts";
import { addMeasures, measuresOfCounts } from "../../src/health/measures.ts";

const APP = "com.example.shop";
const now = Date.UTC(2026, 10, 23, 12);

/** A version with its days, as `createCounterReader` gives them: it is as old as its first day. */
function version(version_name: string, history: History, app_id = APP) {
  const ago = Object.keys(history).map(Number);
  const days = Object.entries(history).map(
    ([daysAgo, report]) => [dayId(now, Number(daysAgo)), dayOf(report)] as const,
  );
  const { hours: _, ...total } = addCounts(days.map(([, day]) => day));
  const counter: Counter = {
    id: `${app_id}@${version_name}`,
    app_id,
    version_name,
    created_at: now - Math.max(...ago) * DAY_MILLISECONDS,
    updated_at: now - Math.min(...ago) * DAY_MILLISECONDS,
    ...total,
  };
  const read: Days = new Map(
    days.map(([day, { platforms, hours }]) => [
      day,
      {
        platforms: mapValues(platforms, measuresOfCounts),
        hours: new Map(
          Object.entries(hours).map(([hour, ofHour]) => [
            hour,
            mapValues(ofHour, (part) => addMeasures([part])),
          ]),
        ),
      },
    ]),
  );
  return { counter, days: read };
}

function mapValues<Value, Result>(
  values: Record<string, Value>,
  map: (value: Value, name: string) => Result,
) {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, map(value, name)]));
}

function alarm(version_name: string, fields: Partial<Alarm> = {}): Alarm {
  return {
    app_id: APP,
    version_name,
    measure: "not_downloaded",
    scopes: ["ios"],
    rule: "earlier_versions",
    now: { count: 8, of: 100 },
    before: { count: 1, of: 100 },
    causes: [],
    open: true,
    began_at: now,
    good_looks: 0,
    updated_at: now,
    to_tell: false,
    told: { began: {}, ended: {} },
    ...fields,
  };
}

function report(versions: Array<ReturnType<typeof version>>, alarms: Alarm[] = []) {
  const days = new Map(versions.map(({ counter, days }) => [counter.id, days]));
  return reportApp(APP, { counters: versions.map(({ counter }) => counter), alarms }, days, now);
}

const names = (versions: readonly { version_name: string }[]) =>
  versions.map(({ version_name }) => version_name);

describe("dashboard: the figures of a version", () => {
  it("are of production devices, by platform and of all, with rates and their intervals", () => {
    const { platforms, versions } = report([
      version("2.5.1", {
        2: {
          android: attempts(500, 2),
          ios: attempts(300, 1),
          development: { download_zip_start: 900, set: 3 },
        },
        0: { ios: { ...attempts(100, 31), update_fail: 3, app_crash: 2 } },
      }),
    ]);
    expect(platforms).to.deep.equal(["android", "ios"]);
    const { health, daily, development } = versions[0] ?? {};
    expect(development).to.deep.equal({ download_zip_start: 900, set: 3 });
    expect(health?.all).to.include({
      begun: 900,
      downloaded: 866,
      installed: 866,
      rolled_back: 3,
      crashes: 2,
    });
    expect(health?.ios).to.include({ begun: 400, downloaded: 368, installed: 368 });
    expect(health?.ios?.rates.not_downloaded).to.include({ count: 32, of: 400, rate: 0.08, enough: true });
    expect(health?.ios?.rates.not_downloaded?.low).to.be.closeTo(0.0572, 0.0001);
    expect(health?.ios?.rates.not_downloaded?.high).to.be.closeTo(0.1107, 0.0001);
    expect(health?.ios?.rates.rolled_back).to.include({ count: 3, of: 371 });
    expect(health?.ios?.rates.crashed).to.include({ count: 2, of: 368 });
    expect(health).to.have.all.keys("all", "android", "ios");
    expect(daily?.ios?.begun.slice(-3)).to.deep.equal([300, 0, 100]);
    expect(daily?.ios?.downloaded.slice(-3)).to.deep.equal([299, 0, 69]);
    expect(daily?.all?.installed.slice(-3)).to.deep.equal([797, 0, 69]);
  });

  it("have rates of plugins that report both halves alone: the others do not make up for failures", () => {
    const mixed = version("2.5.1", { 0: { ios: attempts(100, 30) } });
    // Plugins before 5.43.3 report no beginning, and are counted by hour without their downloads.
    const all = { ios: { ...attempts(100, 30), download_complete: 70 + 500, set: 570 } };
    mixed.counter.platforms = all;
    mixed.days = new Map(
      [...mixed.days].map(([day, { hours }]) => [
        day,
        { platforms: mapValues(all, measuresOfCounts), hours },
      ]),
    );
    const { health, daily } = report([mixed]).versions[0] ?? {};
    expect(health?.ios).to.include({ begun: 100, downloaded: 570, installed: 570 });
    expect(health?.ios?.rates.not_downloaded).to.include({ count: 30, of: 100 });
    const today = [daily?.ios?.begun, daily?.ios?.downloaded, daily?.ios?.installed].map((each) =>
      each?.at(-1),
    );
    expect(today).to.deep.equal([100, 70, 570]);
  });

  it("have rates of the counts where days were counted before there were hours, or are not read", () => {
    const old = version("2.5.0", { 0: { ios: attempts(100, 30) } });
    old.days = new Map([...old.days].map(([day, { platforms }]) => [day, { platforms, hours: new Map() }]));
    const builtin = version("builtin", { 0: { ios: { app_launch_start: 100, app_crash: 3 } } });
    const { counter } = builtin;
    const parts = { counters: [old.counter, counter], alarms: [] };
    const { versions } = reportApp(APP, parts, new Map([[old.counter.id, old.days]]), now);
    expect(versions[0]?.health.all?.rates.not_downloaded).to.include({ count: 30, of: 100 });
    expect(versions[1]?.health.all?.rates.crashed).to.include({ count: 3, of: 100 });
    expect(versions[1]?.daily).to.deep.equal({});
  });

  it("have no rate of nothing, nor where more was downloaded than begun", () => {
    const strange = version("2.5.1", { 0: { ios: { download_zip_start: 3, download_complete: 5, set: 0 } } });
    expect(report([strange]).versions[0]?.health.ios?.rates).to.deep.equal({
      not_downloaded: undefined,
      rolled_back: undefined,
      crashed: undefined,
    });
  });

  it("say of a version that was never begun or set that it is no update, whatever its name", () => {
    const { versions } = report([
      version("builtin", { 0: { ios: attempts(10) } }),
      version("2.5.1", { 0: { ios: attempts(10) } }),
      version("2.4.0", { 0: { ios: { app_moved_to_foreground: 900, download_fail: 40 } } }),
      version("2.6.0", { 0: { development: attempts(10) } }),
    ]);
    const updates = versions.filter(({ is_update }) => is_update);
    expect(names(updates)).to.have.members(["builtin", "2.5.1"]);
  });
});

describe("dashboard: which alarms and versions are shown", () => {
  it("the worst alarm first: by how much the rate is higher than before", () => {
    const { alarms } = report(
      [],
      [
        alarm("1", { now: { count: 0, of: 0 } }),
        alarm("2", { now: { count: 20, of: 100 } }),
        alarm("3", { now: { count: 50, of: 100 }, before: { count: 45, of: 100 } }),
        alarm("4", { now: { count: 3, of: 10 }, before: { count: 0, of: 0 } }),
      ],
    );
    expect(names(alarms)).to.deep.equal(["4", "2", "3", "1"]);
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

  it("the real ones, however many versions and apps a stranger makes up", () => {
    const real = Array.from({ length: 14 }, (_, i) => version(`1.${i}.0`, { 10: { ios: attempts(60 + i) } }));
    const made = Array.from({ length: 5_000 }, (_, i) => version(`9.9.${i}`, { 0: { ios: attempts(2) } }));
    const counters = [...made, ...real].map(({ counter }) => counter);
    const { updates, leftOut } = chooseVersions({ counters, alarms: [] });
    expect(updates).to.have.length(20);
    expect(leftOut).to.equal(4_994);
    expect(updates).to.include.members(real.map(({ counter }) => counter));

    const apps = Array.from({ length: 5_000 }, (_, i) =>
      version("1.0.0", { 0: { ios: attempts(2) } }, `com.made.up${i}`),
    );
    const all = [...apps, ...real].map(({ counter }) => counter);
    const summary = summarizeApps(all, [alarm("1.0.0", { app_id: "com.made.up999" })]);
    expect(summary.apps).to.have.length(51);
    expect(summary.apps_left_out).to.equal(4_950);
    expect(summary.apps[0]?.app_id).to.equal(APP);
    expect(summary.apps.filter(({ alarming }) => alarming).map(({ app_id }) => app_id)).to.deep.equal([
      "com.made.up999",
    ]);
  });

  it("every version that alarms, beside as many others, and few that are no update", () => {
    const many = (prefix: string, report: History) =>
      Array.from({ length: 30 }, (_, i) => version(`${prefix}.${i}`, report));
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
