import { expect } from "chai";
import { alarmsIn, downloads, failureKinds, funnelSteps, shownVersion } from "../../page/figures.js";
import { actions } from "../../src/ingest/actions.ts";

const meanings = Object.fromEntries(actions);

type App = Parameters<typeof alarmsIn>[0];
type Alarm = App["alarms"][number];

function alarm(version_name: string, scope: Alarm["scope"], measure: Alarm["measure"] = "failed"): Alarm {
  return {
    version_name,
    scope,
    measure,
    now: { count: 8, of: 100 },
    before: { version_name: "1.0.0", count: 1, of: 100 },
  };
}

describe("the page's figures", () => {
  it("show an alarm of one platform instead of that of all platforms, for the same version and measure", () => {
    const alarms = [
      alarm("2.0.0", "ios"),
      alarm("2.0.0", "all"),
      alarm("2.0.0", "all", "rolled_back"),
      alarm("1.9.0", "all"),
    ];
    const shown = (scope: Alarm["scope"]) =>
      alarmsIn({ alarms } as App, scope).map((each) => `${each.version_name} ${each.scope} ${each.measure}`);
    expect(shown("all")).to.deep.equal(["2.0.0 ios failed", "2.0.0 all rolled_back", "1.9.0 all failed"]);
    expect(shown("ios")).to.deep.equal(["2.0.0 ios failed"]);
    expect(shown("android")).to.deep.equal([]);
  });

  it("show the version that is chosen, or the first", () => {
    const versions = ["2.0.0", "1.9.0"].map((version_name) => ({ version_name }));
    const shown = (version: string | null) =>
      shownVersion({ versions } as App, { app: null, scope: "all", version })?.version_name;
    expect([shown("1.9.0"), shown(null), shown("gone")]).to.deep.equal(["1.9.0", "2.0.0", "2.0.0"]);
  });

  it("take the first sign of a download for its beginning, whatever a plugin reports", () => {
    expect(
      downloads({ download_zip_start: 7, download_manifest_start: 5, download_10: 9, download_complete: 3 }),
    ).to.deep.equal({
      begun: 12,
      completed: 3,
    });
    expect(downloads({ download_10: 4 })).to.deep.equal({ begun: 4, completed: 0 });
    expect(downloads({})).to.deep.equal({ begun: 0, completed: 0 });
  });

  it("list why updates failed, the most frequent first, and failures of single files after them", () => {
    const counts = {
      unzip_fail: 2,
      checksum_fail: 5,
      download_manifest_file_fail: 90,
      set: 100,
      app_crash: 3,
    };
    const kinds = failureKinds(counts, meanings);
    expect(kinds.map(({ action }) => action)).to.deep.equal([
      "checksum_fail",
      "unzip_fail",
      "download_manifest_file_fail",
    ]);
    expect(kinds[0]).to.include({
      count: 5,
      kind: "failure",
      meaning: actions.get("checksum_fail")?.meaning,
    });
  });

  it("tell in which step of an update devices are lost", () => {
    const steps = funnelSteps(
      {
        download_zip_start: 100,
        download_20: 95,
        download_90: 90,
        download_complete: 88,
        set: 80,
        app_launch_ready: 300,
      },
      6,
    );
    const lost = Object.fromEntries(steps.flatMap(({ name, lost }) => (lost > 0 ? [[name, lost]] : [])));
    // A device that reports 20 % had 10 %, and one that reports 90 % had all before it.
    expect(lost).to.deep.equal({ "10 %": 5, "30 %": 5, Downloaded: 2, Installed: 8, "App ready": 6 });
    expect(steps.filter(({ widest }) => widest).map(({ name }) => name)).to.deep.equal(["Installed"]);
  });

  it("tell of no loss where nothing was lost", () => {
    const steps = funnelSteps({}, 0);
    expect(steps.some(({ widest, lost }) => widest || lost > 0)).to.equal(false);
  });
});
