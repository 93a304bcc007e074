import { expect } from "chai";
import fc from "fast-check";
import { countDevices, type Story, type StoryEvent, storiesOf } from "../../src/health/stories.ts";

const NOW = Date.parse("2026-11-20T12:00:00Z");
const MINUTE = 60_000;
const SETTLED = NOW - 5 * MINUTE;

/** What a device reported so many minutes ago. Without a clock, it is the receipt that counts. */
function reported(
  action: string,
  minutesAgo: number,
  fields: Partial<StoryEvent> & { clockMinutesAgo?: number } = {},
): StoryEvent {
  const { clockMinutesAgo, ...rest } = fields;
  return {
    device_id: "d1",
    platform: "ios",
    action,
    plugin_version: "8.51.23",
    received_at: NOW - minutesAgo * MINUTE,
    ...(clockMinutesAgo !== undefined && { occurred_at: NOW - clockMinutesAgo * MINUTE }),
    ...rest,
  };
}

function story(...events: StoryEvent[]): Story {
  const [first, ...others] = storiesOf(events);
  if (!first || others.length > 0) throw new Error("expected one story");
  return first;
}

function count(events: readonly StoryEvent[], measure: "not_downloaded" | "rolled_back" | "crashed") {
  return countDevices(storiesOf(events), { measure, scope: "all", until: SETTLED });
}

const android = { platform: "android" } as const;
const electron = { platform: "electron", plugin_version: "0.0.1" } as const;

describe("what became of a device that began a download", () => {
  it("is that it got the version, or that it was lost", () => {
    const got = [reported("download_zip_start", 20), reported("download_complete", 19)];
    const lost = [reported("download_manifest_start", 20, { device_id: "d2" })];
    expect(count([...got, ...lost], "not_downloaded")).to.deep.equal({ count: 1, of: 2 });
  });

  it("is that it got it, where an archive or a manifest ended with download_complete, a set or a rollback", () => {
    for (const end of ["download_complete", "set", "update_fail"]) {
      for (const platform of ["ios", "android"] as const) {
        const events = [
          reported("download_manifest_start", 20, { platform }),
          reported(end, 19, { platform }),
        ];
        expect(count(events, "not_downloaded"), `${platform} ${end}`).to.deep.equal({ count: 0, of: 1 });
      }
    }
  });

  it("is that it was lost, where the archive came and what is in it could not be had", () => {
    const lost = [
      reported("download_zip_start", 20, android),
      reported("download_zip_complete", 19, android),
      reported("finish_download_fail", 19, android),
    ];
    expect(count(lost, "not_downloaded")).to.deep.equal({ count: 1, of: 1 });
  });

  it("is nothing that can be told, where its plugin reports no beginnings", () => {
    const without = [
      reported("download_complete", 20, { ...android, plugin_version: "7.20.0" }), // G3
      reported("download_complete", 20, { device_id: "d2", plugin_version: "5.9.5" }), // G2
      reported("download_complete", 20, { device_id: "d3", plugin_version: "10.0.0" }), // Old code, misnumbered.
    ];
    expect(count(without, "not_downloaded")).to.deep.equal({ count: 0, of: 0 });
  });

  it("is one loss, however often it fails, and none if it gets the version at last", () => {
    const failures = Array.from({ length: 10 }, (_, index) => reported("download_zip_start", 200 - index));
    expect(count(failures, "not_downloaded")).to.deep.equal({ count: 1, of: 1 });
    expect(count([...failures, reported("download_complete", 30)], "not_downloaded")).to.deep.equal({
      count: 0,
      of: 1,
    });
  });

  it("is a loss on iOS where the checksum differs, which is tested after download_complete", () => {
    const first = [
      reported("download_zip_start", 20),
      reported("download_complete", 19),
      reported("checksum_fail", 19),
    ];
    expect(count(first, "not_downloaded")).to.deep.equal({ count: 1, of: 1 });
    const again = [...first, reported("download_zip_start", 9), reported("download_complete", 8)];
    expect(count(again, "not_downloaded")).to.deep.equal({ count: 0, of: 1 });
  });

  it("is no loss on Android where a checksum failed under this version while it was running", () => {
    const events = ["download_zip_start", "download_complete", "checksum_fail"];
    const ofDevice = events.map((action) => reported(action, 20, android));
    expect(count(ofDevice, "not_downloaded")).to.deep.equal({ count: 0, of: 1 });
  });

  it("is known from the end of a manifest where iOS reports nothing else", () => {
    for (const [plugin_version, lost] of [
      ["7.27.6", 0],
      ["6.25.4", 0],
      ["7.27.7", 1],
    ] as const) {
      const actions = ["download_manifest_start", "download_manifest_complete"];
      const events = actions.map((action) => reported(action, 20, { plugin_version }));
      expect(count(events, "not_downloaded"), plugin_version).to.deep.equal({ count: lost, of: 1 });
    }
  });

  it("is told by Electron in its own words: the end of a download is its beginning too", () => {
    const events = [
      reported("download_complete", 20, electron),
      reported("download_fail", 20, { ...electron, device_id: "d2" }),
      reported("set", 20, { ...electron, device_id: "d3" }), // A start, of whatever version.
    ];
    expect(count(events, "not_downloaded")).to.deep.equal({ count: 1, of: 2 });
    expect(
      countDevices(storiesOf(events), { measure: "not_downloaded", scope: "ios", until: NOW }).of,
    ).to.equal(0);
  });
});

describe("what is under way", () => {
  it("is what began less than five minutes ago by the device's clock", () => {
    const began = (clockMinutesAgo: number) => [reported("download_zip_start", 0, { clockMinutesAgo })];
    expect(count(began(4.9), "not_downloaded")).to.deep.equal({ count: 0, of: 0 });
    expect(count(began(5.1), "not_downloaded")).to.deep.equal({ count: 1, of: 1 });
  });

  it("is told by the receipt, where the event has no clock", () => {
    expect(count([reported("download_zip_start", 4.9)], "not_downloaded").of).to.equal(0);
    expect(count([reported("download_zip_start", 5.1)], "not_downloaded").of).to.equal(1);
  });

  it("is no longer what a clock that is ahead says: nothing happens after it was received", () => {
    const ahead = reported("download_zip_start", 20, { clockMinutesAgo: -600 });
    expect(count([ahead], "not_downloaded")).to.deep.equal({ count: 1, of: 1 });
  });

  it("does not begin again where a device that failed tries again", () => {
    const events = [reported("download_zip_start", 60), reported("download_zip_start", 1)];
    expect(count(events, "not_downloaded")).to.deep.equal({ count: 1, of: 1 });
  });
});

describe("a download that takes its time", () => {
  const late = [reported("download_zip_start", 60), reported("download_complete", 40)];
  const cohort = { measure: "not_downloaded", scope: "all", until: SETTLED } as const;

  it("is none that was lost, but was one within a shorter time", () => {
    expect(countDevices(storiesOf(late), cohort).count).to.equal(0);
    expect(countDevices(storiesOf(late), { ...cohort, within: 5 * MINUTE }).count).to.equal(1);
    expect(countDevices(storiesOf(late), { ...cohort, within: 30 * MINUTE }).count).to.equal(0);
  });

  it("belongs to the time at which it began", () => {
    const from = (minutesAgo: number) =>
      countDevices(storiesOf(late), { ...cohort, from: NOW - minutesAgo * MINUTE }).of;
    expect([from(61), from(60), from(59)]).to.deep.equal([1, 1, 0]);
  });
});

describe("a rollback", () => {
  it("is one of the devices that installed the version, also where no install came before it", () => {
    const events = [
      reported("set", 20),
      reported("set", 20, { device_id: "d2" }),
      reported("update_fail", 19, { device_id: "d2" }),
      reported("update_fail", 19, { device_id: "d3", ...android }), // With `directUpdate`.
    ];
    expect(count(events, "rolled_back")).to.deep.equal({ count: 2, of: 3 });
  });

  it("is made up for by a later install, whichever was received first", () => {
    const events = [
      reported("set", 1, { clockMinutesAgo: 10 }),
      reported("set", 2, { clockMinutesAgo: 30 }),
      reported("update_fail", 1, { clockMinutesAgo: 29 }),
    ];
    expect(count(events, "rolled_back")).to.deep.equal({ count: 0, of: 1 });
    expect(count(events.slice(1), "rolled_back")).to.deep.equal({ count: 1, of: 1 });
  });

  it("is set_fail on Electron, and counts once, however often it comes", () => {
    const failing = [20, 19, 18].map((ago) => reported("set_fail", ago, electron));
    expect(count(failing, "rolled_back")).to.deep.equal({ count: 1, of: 1 });
  });

  it("is told by the oldest plugins too", () => {
    const old = [
      reported("set", 20, { plugin_version: "5.8.12" }),
      reported("update_fail", 19, { plugin_version: "5.8.12" }),
    ];
    expect(count(old, "rolled_back")).to.deep.equal({ count: 1, of: 1 });
  });
});

describe("a crash", () => {
  it("is one of the devices that started it, where the plugin reports both", () => {
    const events = [
      reported("app_launch_start", 20),
      reported("app_launch_start", 20, { device_id: "d2" }),
      reported("app_crash", 19, { device_id: "d2" }),
      reported("app_anr", 18, { device_id: "d2" }),
      reported("app_crash", 19, { device_id: "d3", plugin_version: "8.46.0" }), // It reports no starts.
    ];
    expect(count(events, "crashed")).to.deep.equal({ count: 1, of: 2 });
    expect(story(...events.slice(1, 4))).to.include({ starts: 1, crashes: 2 });
  });
});

describe("stories", () => {
  it("are one for each device, in whatever order its events come", () => {
    const events = [
      reported("download_zip_start", 30),
      reported("download_complete", 29),
      reported("checksum_fail", 28),
      reported("download_zip_start", 20),
      reported("download_complete", 19),
      reported("set", 10),
      reported("update_fail", 9),
      reported("download_zip_start", 30, { device_id: "d2" }),
    ];
    const expected = countDevices(storiesOf(events), { measure: "not_downloaded", scope: "ios", until: NOW });
    fc.assert(
      fc.property(fc.shuffledSubarray(events, { minLength: events.length }), (shuffled) => {
        const stories = storiesOf(shuffled);
        expect(stories).to.have.length(2);
        expect(countDevices(stories, { measure: "not_downloaded", scope: "ios", until: NOW })).to.deep.equal(
          expected,
        );
        expect(countDevices(stories, { measure: "rolled_back", scope: "ios", until: NOW }).count).to.equal(1);
      }),
    );
  });
});
