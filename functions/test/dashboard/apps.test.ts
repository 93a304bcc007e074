import { expect } from "chai";
import { attempts } from "../../dev/testing/counters.ts";
import { DAY_MILLISECONDS, dayId } from "../../src/counting/documents.ts";
import { summarizeApps } from "../../src/dashboard/apps.ts";
import { alarm, NOW, version } from "./versions.ts";

describe("dashboard: all apps", () => {
  it("say what each has, those that alarm first, with the worst version and platforms first", () => {
    const big = [
      version("1.0.0", { 9: { ios: attempts(5_000) } }, "com.example.big"),
      version("1.1.0", { 0: { ios: attempts(4_000) } }, "com.example.big"),
      version("builtin", { 0: { ios: { app_moved_to_foreground: 900 } } }, "com.example.big"),
    ];
    const bad = [
      version("2.0.0", { 0: { ios: attempts(90, 40), development: attempts(70) } }, "constructor"),
    ];
    const of = { app_id: "constructor" };
    const alarms = [
      alarm("1.9.0", { ...of, scopes: ["android", "ios"], now: { count: 30, of: 100 } }),
      alarm("2.0.0", { ...of, scopes: ["ios"], now: { count: 40, of: 100 } }),
      alarm("2.0.0", { ...of, scopes: ["all"], now: { count: 90, of: 100 }, measure: "crashed" }),
    ];
    const counters = [...big, ...bad].map(({ counter }) => counter);
    expect(summarizeApps(counters, alarms, NOW)).to.deep.equal({
      apps: [
        {
          app_id: "constructor",
          versions: 1,
          live_versions: 1,
          installs: 50,
          alarms: [
            { version_name: "2.0.0", scopes: ["all", "ios"] },
            { version_name: "1.9.0", scopes: ["android", "ios"] },
          ],
        },
        { app_id: "com.example.big", versions: 3, live_versions: 1, installs: 9_000, alarms: [] },
      ],
      apps_left_out: 0,
    });
  });

  it("say what happened today where it was read, and what lives: active in the last 24 hours, also before midnight", () => {
    const late = version("1.0.0", { 1: { ios: { ...attempts(7), app_moved_to_foreground: 30 } } });
    late.counter.updated_at = NOW - DAY_MILLISECONDS + 1;
    const today = version("1.1.0", { 0: { android: { ...attempts(5), app_moved_to_foreground: 20 } } });
    const read = new Map([[today.counter.id, today.days.get(dayId(NOW)) ?? expect.fail()]]);
    const { apps } = summarizeApps([late.counter, today.counter], [], NOW, read);
    expect(apps[0]).to.deep.include({ live_versions: 2, today: { opened: 20, installed: 5 } });
    late.counter.updated_at--;
    const [app] = summarizeApps([late.counter], [], NOW, new Map()).apps;
    expect(app).to.deep.include({ live_versions: 0, today: { opened: 0, installed: 0 } });
  });

  it("say nothing of today where not all that is active was read: a part of it would look like all", () => {
    const some = version("1.1.0", { 0: { android: { ...attempts(5), app_moved_to_foreground: 20 } } });
    const store = version("builtin", { 0: { android: { app_moved_to_foreground: 9_000 } } });
    const read = new Map([[some.counter.id, some.days.get(dayId(NOW)) ?? expect.fail()]]);
    const [app] = summarizeApps([some.counter, store.counter], [], NOW, read).apps;
    expect(app).not.to.have.property("today");
  });

  it("are the real ones, however many a stranger makes up, and every one that alarms", () => {
    const real = version("1.0.0", { 9: { ios: attempts(60) } });
    const made = Array.from({ length: 1_000 }, (_, i) =>
      version("1.0.0", { 0: { ios: attempts(2) } }, `com.made.up${i}`),
    );
    const bad = [alarm("1.0.0", { app_id: "com.made.up999" }), alarm("1.0.0", { app_id: "com.made.up998" })];
    const { apps, apps_left_out } = summarizeApps(
      [...made, real].map(({ counter }) => counter),
      bad,
      NOW,
    );
    expect(apps.slice(0, 3).map(({ app_id }) => app_id)).to.deep.equal([
      "com.made.up998",
      "com.made.up999",
      real.counter.app_id,
    ]);
    expect([apps.length, apps_left_out]).to.deep.equal([50, 951]);
  });
});
