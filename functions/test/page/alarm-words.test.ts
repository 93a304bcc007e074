import { expect } from "chai";
import { headline, newsOf, titleOf } from "../../page/views/alarm-words.ts";
import type { AlarmFailure, AlarmReport, AppReport, DashboardData } from "../../src/dashboard/data.ts";
import { aFailure } from "./failures.ts";

const SHOP = "com.example.shop";

function alarm(version_name: string, ...failures: AlarmFailure[]): AlarmReport {
  return { version_name, began_at: 0, failures: failures.length > 0 ? failures : [aFailure()] };
}

/** What the page has of com.example.shop, where these alarms are open, and of other apps that alarm. */
function data(alarms: AlarmReport[], others: string[] = []): DashboardData {
  const app: AppReport = {
    app_id: SHOP,
    platform: "all",
    platforms: ["ios"],
    days: [],
    alarms,
    versions: [],
    versions_left_out: 0,
    version: null,
  };
  const apps = [SHOP, ...others].map((app_id) => ({
    app_id,
    versions: 1,
    live_versions: 1,
    installs: 1,
    alarms:
      app_id === SHOP
        ? alarms.map(({ version_name }) => ({ version_name, scopes: [] }))
        : [{ version_name: "1", scopes: [] }],
  }));
  return {
    page: "",
    watched_at: 0,
    incomplete: false,
    alarms_incomplete: false,
    apps,
    apps_left_out: 0,
    app,
  };
}

describe("the words of an alarm", () => {
  it("say which version fails, where, how much, and what it is compared with", () => {
    expect(headline(alarm("2.5.1"))).to.equal("2.5.1 on iOS: 8.1\u00a0% not downloaded, 0.4\u00a0% before");
    const onBoth = aFailure({ measure: "crashed", scopes: ["ios", "android"], rule: "own_past" });
    expect(headline(alarm("2.5.1", onBoth))).to.equal(
      "2.5.1 on iOS and Android: 8.1\u00a0% crashed, 0.4\u00a0% before",
    );
    const first = aFailure({ scopes: ["all"], rule: "threshold", before: { count: 10, of: 100 } });
    expect(headline(alarm("1.0.0\u202e", first))).to.equal(
      "1.0.0\\u{202e}: 8.1\u00a0% not downloaded, at most 10.0\u00a0% allowed",
    );
  });

  it("stand in the title: the worst alarm of the app, or how many apps alarm", () => {
    expect(titleOf(data([alarm("2.5.1"), alarm("2.5.0")]))).to.match(/^⚠ 2\.5\.1 on iOS: 8\.1\u00a0%/);
    expect(titleOf(data([]))).to.equal(`${SHOP} · Live updates`);
    expect(titleOf(data([], ["a", "b"]))).to.equal(`⚠ 2 apps alarm · ${SHOP} · Live updates`);
    expect(titleOf({ ...data([], ["a"]), app: null })).to.equal("⚠ 1 app alarms · Live updates");
    expect(titleOf(undefined)).to.equal("Live updates");
  });
});

describe("the news of alarms", () => {
  it("are none where the figures alone move on", () => {
    const before = data([alarm("2.5.1")]);
    const now = data([alarm("2.5.1", aFailure({ now: { count: 30, of: 360 } }))]);
    expect(newsOf(before, now)).to.equal("");
    const better = data([alarm("2.5.1", aFailure({ now: { count: 5, of: 360 } }))]);
    expect(newsOf(before, better)).to.equal("");
  });

  it("are what began, became worse and ended", () => {
    const before = data([alarm("2.5.1"), alarm("2.4.0")]);
    const worse = alarm("2.5.1", aFailure({ now: { count: 60, of: 300 } }));
    expect(newsOf(before, data([worse, alarm("2.6.0")]))).to.equal(
      "Worse: 2.5.1 on iOS: 20.0\u00a0% not downloaded, 0.4\u00a0% before. " +
        "New alarm: 2.6.0 on iOS: 8.1\u00a0% not downloaded, 0.4\u00a0% before. The alarm of 2.4.0 has ended.",
    );
  });

  it("are another platform and another way of failing, too", () => {
    const before = data([alarm("2.5.1")]);
    for (const also of [aFailure({ scopes: ["ios", "android"] }), aFailure({ measure: "crashed" })]) {
      expect(newsOf(before, data([alarm("2.5.1", also)]))).to.match(/^Worse: 2\.5\.1/);
    }
  });

  it("are other apps that alarm now, once", () => {
    const two = data([], ["com.example.a", "com.example.b"]);
    expect(newsOf(data([], ["com.example.a"]), two)).to.equal("New alarm in another app: com.example.b.");
    expect(newsOf(two, two)).to.equal("");
  });
});
