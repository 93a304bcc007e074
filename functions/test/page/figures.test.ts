import { expect } from "chai";
import { actionsOf, alarmsIn, funnelSteps, reasons, shownVersion } from "../../page/figures.js";
import { actions } from "../../src/ingest/actions.ts";

const meanings = Object.fromEntries(actions);

type App = Parameters<typeof alarmsIn>[0];
type Alarm = App["alarms"][number];

function alarm(version_name: string, scopes: Alarm["scopes"]): Alarm {
  return {
    version_name,
    scopes,
    measure: "not_downloaded",
    rule: "earlier_versions",
    now: { count: 8, of: 100 },
    before: { count: 1, of: 100 },
    causes: [],
    began_at: 0,
  };
}

describe("the page's figures", () => {
  it("show the alarms of a platform, and on each platform those of all together", () => {
    const alarms = [
      alarm("2.0.0", ["ios", "android"]),
      alarm("1.9.0", ["all"]),
      alarm("1.8.0", ["electron"]),
    ];
    const shown = (scope: Alarm["scopes"][number]) =>
      alarmsIn({ alarms } as App, scope).map(({ version_name }) => version_name);
    expect(shown("all")).to.deep.equal(["2.0.0", "1.9.0", "1.8.0"]);
    expect(shown("ios")).to.deep.equal(["2.0.0", "1.9.0"]);
    expect(shown("electron")).to.deep.equal(["1.9.0", "1.8.0"]);
  });

  it("are of production devices: of one platform, or of all added up", () => {
    const version = {
      actions: { set: 9, get: 1 },
      platforms: { ios: { set: 2, get: 1 }, android: { set: 3, ["__proto__"]: 4 } },
    } as unknown as App["versions"][number];
    expect(actionsOf(version, "all")).to.deep.equal({ set: 5, get: 1, ["__proto__"]: 4 });
    expect(actionsOf(version, "ios")).to.deep.equal({ set: 2, get: 1 });
    expect(actionsOf(version, "electron")).to.deep.equal({});
  });

  it("show the version that is chosen, or the first", () => {
    const versions = ["2.0.0", "1.9.0"].map((version_name) => ({ version_name }));
    const shown = (version: string | null) =>
      shownVersion({ versions } as App, { app: null, scope: "all", version })?.version_name;
    expect([shown("1.9.0"), shown(null), shown("gone")]).to.deep.equal(["1.9.0", "2.0.0", "2.0.0"]);
  });

  it("list why updates failed, the most frequent first, and failures of single files after them", () => {
    const counts = {
      unzip_fail: 2,
      checksum_fail: 5,
      download_manifest_file_fail: 90,
      set: 100,
      app_crash: 3,
    };
    const kinds = reasons(counts, meanings);
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

  it("tell in which step of an update devices are lost, and not of what waits for the next start", () => {
    const lostIn = (...[begun, downloaded, installed, rolled_back]: [number, number, number, number]) =>
      funnelSteps({ begun, downloaded, installed, rolled_back })
        .filter(({ lost }) => lost > 0)
        .map(({ name, lost, lostShare, widest }) => [name, lost, lostShare, widest]);
    expect(lostIn(100, 90, 60, 6)).to.deep.equal([
      ["Downloaded", 10, 0.1, true],
      ["Installed", 30, 1 / 3, false],
      ["Rolled back", 6, 0.1, false],
    ]);
    expect(lostIn(100, 98, 98, 49)).to.deep.equal([
      ["Downloaded", 2, 0.02, false],
      ["Rolled back", 49, 0.5, true],
    ]);
    expect(lostIn(0, 0, 50, 1), "plugins that report no download").to.deep.equal([
      ["Rolled back", 1, 0.02, true],
    ]);
    expect(lostIn(0, 0, 0, 0)).to.deep.equal([]);
  });
});
