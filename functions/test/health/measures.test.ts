import { expect } from "chai";
import {
  addMeasures,
  crashed,
  isUpdate,
  type Measures,
  measuresOf,
  measuresOfCounts,
  measuresOfEvent,
  notDownloaded,
  rolledBack,
} from "../../src/health/measures.ts";
import { actions } from "../../src/ingest/actions.ts";

const nothing: Measures = { begun: 0, downloaded: 0, installed: 0, rolled_back: 0, starts: 0, crashes: 0 };

function says(platform: string, action: string, plugin_version = "8.51.23") {
  return measuresOfEvent({ platform, action, plugin_version });
}

/** What the latest plugin says with an event, on each platform that it runs on and on any other. */
const mobile: Record<string, object> = {
  download_zip_start: { begun: 1 },
  download_manifest_start: { begun: 1 },
  download_complete: { downloaded: 1 },
  set: { installed: 1 },
  update_fail: { rolled_back: 1 },
  app_launch_start: { starts: 1 },
  app_crash: { crashes: 1 },
  app_crash_native: { crashes: 1 },
  app_anr: { crashes: 1 },
  app_initialization_failure: { crashes: 1 },
};
const rows: Record<string, Record<string, object>> = {
  android: mobile,
  ios: { ...mobile, checksum_fail: { downloaded: -1 } },
  electron: {
    download_complete: { begun: 1, downloaded: 1, installed: 1 },
    download_fail: { begun: 1 },
    set_fail: { rolled_back: 1 },
  },
  other: mobile,
};

describe("what an event says", () => {
  for (const [platform, expected] of Object.entries(rows)) {
    it(`on ${platform}: what its row has, and nothing of all other actions`, () => {
      for (const action of [...actions.keys(), "constructor", "a_later_action"]) {
        const row = new Map(Object.entries(expected)).get(action);
        expect(says(platform, action), action).to.deep.equal(row ?? {});
      }
    });
  }

  it("is never how often something failed, where a failure is reported under the version that was running", () => {
    const failures = [...actions].filter(([, { kind }]) => kind === "failure" || kind === "file_failure");
    expect(failures).to.have.length.of.at.least(20);
    for (const [action] of failures) expect(says("android", action), action).to.deep.equal({});
  });
});

/** The plugins that report the beginning of a download, and those just before. `false`: neither half of the rate. */
const beginnings: Record<string, boolean> = {
  ...{ "4.9.0": false, "4.14.1": false, "5.8.12": false, "5.9.5": false, "5.43.3": true, "5.50.2": true },
  ...{ "6.7.7": false, "6.14.28": false, "6.25.1": false, "6.25.2": true, "6.39.0": true, "6.51.15": true },
  ...{ "7.0.1": false, "7.25.1": false, "7.26.0": true, "7.41.1": true, "7.51.21": true },
  ...{ "8.0.0": false, "8.1.9": false, "8.2.0": true, "8.8.0-beta.1": true, "8.51.23": true },
  ...{ "9.0.0": false, "10.0.0": false, "9.0.1": true, "11.2.3": true, "": true, "not a version": true },
};

/** The same for starts. Crashes are older: from 8.46. */
const starts: Record<string, boolean> = {
  ...{ "5.50.2": false, "6.50.2": false, "6.51.14": false, "6.51.15": true, "7.50.9": false },
  ...{ "7.51.14": false, "7.51.15": true, "7.52.0": true, "8.46.0": false, "8.50.9": false, "8.51.0": true },
  ...{ "9.0.0": false, "10.0.0": false, "11.2.3": true, "": true },
};

describe("what plugins say that report one half of a rate", () => {
  for (const [plugin, has] of Object.entries(beginnings)) {
    it(`${JSON.stringify(plugin)} ${has ? "says" : "does not say"} what began and was downloaded`, () => {
      for (const platform of ["android", "ios"]) {
        for (const action of ["download_zip_start", "download_manifest_start"]) {
          expect(says(platform, action, plugin)).to.deep.equal(has ? { begun: 1 } : {});
        }
        expect(says(platform, "download_complete", plugin)).to.deep.equal(has ? { downloaded: 1 } : {});
      }
      expect(says("ios", "checksum_fail", plugin)).to.deep.equal(has ? { downloaded: -1 } : {});
      expect(says("ios", "set", plugin)).to.deep.equal({ installed: 1 });
      expect(says("ios", "update_fail", plugin)).to.deep.equal({ rolled_back: 1 });
    });
  }

  for (const [plugin, has] of Object.entries(starts)) {
    it(`${JSON.stringify(plugin)} ${has ? "says" : "does not say"} what started and crashed`, () => {
      expect(says("ios", "app_launch_start", plugin)).to.deep.equal(has ? { starts: 1 } : {});
      for (const action of ["app_crash", "app_crash_native", "app_anr", "app_initialization_failure"]) {
        expect(says("android", action, plugin)).to.deep.equal(has ? { crashes: 1 } : {});
      }
    });
  }

  it("of Electron's dialect are none: each of its plugins says that it is 0.0.1", () => {
    for (const [action, expected] of Object.entries(rows.electron ?? {})) {
      expect(says("electron", action, "0.0.1")).to.deep.equal(expected);
    }
  });
});

describe("the end of a manifest on iOS", () => {
  const end = "download_manifest_complete";

  it("is download_manifest_complete where the plugin reports no other", () => {
    for (const plugin of ["6.25.2", "6.25.6", "7.26.0", "7.26.9", "7.27.0", "7.27.6"]) {
      expect(says("ios", end, plugin), plugin).to.deep.equal({ downloaded: 1 });
      expect(says("android", end, plugin), plugin).to.deep.equal({});
    }
  });

  it("is download_complete elsewhere, so that none counts twice, and none without a beginning", () => {
    for (const plugin of [
      "6.3.0",
      "6.25.1",
      "6.25.7",
      "6.26.0",
      "7.25.1",
      "7.27.7",
      "7.28.0",
      "8.26.0",
      "x",
    ]) {
      expect(says("ios", end, plugin), plugin).to.deep.equal({});
    }
  });
});

describe("what counts say", () => {
  it("is the sum of what events say, of the platform that they are from", () => {
    const counts = {
      ...{
        get: 12,
        download_zip_start: 7,
        download_manifest_start: 3,
        download_complete: 9,
        checksum_fail: 2,
      },
      ...{ download_fail: 5, set: 6, set_fail: 4, update_fail: 1, reset: 1 },
      ...{ app_launch_start: 40, app_crash: 1, app_anr: 2 },
    };
    const android = { begun: 10, downloaded: 9, installed: 6, rolled_back: 1, starts: 40, crashes: 3 };
    const electron = { ...nothing, begun: 14, downloaded: 9, installed: 9, rolled_back: 4 };
    expect(measuresOfCounts(counts, "android")).to.deep.equal(android);
    expect(measuresOfCounts(counts, "other")).to.deep.equal(android);
    expect(measuresOfCounts(counts, "ios")).to.deep.equal({ ...android, downloaded: 7 });
    expect(measuresOfCounts(counts, "electron")).to.deep.equal(electron);
  });

  it("adds up over platforms, each by its own row", () => {
    const platforms = {
      android: { set: 1, checksum_fail: 1 },
      ios: { checksum_fail: 1 },
      electron: { set: 9 },
    };
    expect(measuresOf(platforms)).to.deep.equal({ ...nothing, downloaded: -1, installed: 1 });
    expect(measuresOf({})).to.deep.equal(nothing);
    expect(addMeasures([{ begun: 1 }, { ...nothing, begun: 2, crashes: 1 }])).to.deep.equal({
      ...nothing,
      begun: 3,
      crashes: 1,
    });
  });

  it("knows no platform or action by the name of what every object has", () => {
    expect(measuresOf({ constructor: { name: 1, length: 2 }, toString: { constructor: 1 } })).to.deep.equal(
      nothing,
    );
  });
});

describe("an update", () => {
  it("is what was begun or set, on whatever platform", () => {
    expect(isUpdate(measuresOf({ android: { download_zip_start: 1 } }))).to.equal(true);
    expect(isUpdate(measuresOf({ ios: { set: 1 } }))).to.equal(true);
    expect(isUpdate(measuresOf({ electron: { download_fail: 1 } }))).to.equal(true);
  });

  it("is not the version of the store, which starts, crashes, and has the failures of the updates", () => {
    const store = {
      app_launch_start: 9,
      app_crash: 1,
      download_fail: 3,
      reset: 2,
      app_moved_to_foreground: 20,
    };
    expect(isUpdate(measuresOf({ android: store, ios: { ...store, checksum_fail: 1 } }))).to.equal(false);
    expect(isUpdate(measuresOf({ electron: { set: 30, set_fail: 1 } }))).to.equal(false);
  });

  it("is not the version that ran while an old plugin downloaded another one", () => {
    expect(isUpdate(measuresOf({ android: { download_complete: 5 } }))).to.equal(false);
  });
});

describe("the rates", () => {
  it("are of attempts, of installs and rollbacks, and of starts", () => {
    const measures = { begun: 100, downloaded: 92, installed: 90, rolled_back: 10, starts: 400, crashes: 4 };
    expect(notDownloaded(measures)).to.deep.equal({ count: 8, of: 100 });
    expect(rolledBack(measures)).to.deep.equal({ count: 10, of: 100 });
    expect(crashed(measures)).to.deep.equal({ count: 4, of: 400 });
  });

  it("say nothing where there is nothing, or more was downloaded than begun", () => {
    const none = { count: 0, of: 0 };
    for (const rate of [notDownloaded, rolledBack, crashed]) expect(rate(nothing)).to.deep.equal(none);
    expect(notDownloaded({ ...nothing, begun: 5, downloaded: 6 })).to.deep.equal(none);
    expect(crashed({ ...nothing, crashes: 3 })).to.deep.equal(none);
  });

  it("are never more than all", () => {
    expect(notDownloaded({ ...nothing, begun: 5, downloaded: -2 })).to.deep.equal({ count: 5, of: 5 });
    expect(crashed({ ...nothing, starts: 2, crashes: 8 })).to.deep.equal({ count: 2, of: 2 });
  });
});
