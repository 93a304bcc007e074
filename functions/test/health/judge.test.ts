import { expect } from "chai";
import { atHour, aVersion, eachHour, type HourOfVersion, updates } from "../../dev/testing/histories.ts";
import type { Alarm } from "../../src/health/alarm-documents.ts";
import { alarmAfter, sightsOf } from "../../src/health/alarm-life.ts";
import type { Evidence } from "../../src/health/evidence.ts";
import { createJudge, type WatchedApp } from "../../src/health/judge.ts";
import type { KeptSample } from "../../src/health/kept-samples.ts";
import type { Story } from "../../src/health/stories.ts";

const APP = "com.example.shop";
const RELEASE = 400;
const LOOK = atHour(RELEASE + 3) - 1;
const MINUTE = 60_000;

let device = 0;

/** iOS devices of which so many do not get the version that they began an hour before the look. */
function devices(of: number, failing: number, fields: Partial<Story> = {}): Story[] {
  return Array.from({ length: of }, (_, index) => {
    const device_id = `device${device++}`;
    const begun_at = LOOK - 60 * MINUTE;
    const last = {
      device_id,
      platform: "ios" as const,
      action: "",
      plugin_version: "",
      received_at: begun_at,
    };
    const story: Story = {
      device_id,
      platform: "ios",
      begun_at,
      rolled_back: false,
      starts: 0,
      crashes: 0,
      last,
    };
    return { ...story, ...(index >= failing && { downloaded_at: begun_at }), ...fields };
  });
}

/** Evidence in memory that keeps what was asked for: the versions whose devices were read. */
function evidenceOf(stories: Record<string, readonly Story[]>, kept: Record<string, KeptSample[]> = {}) {
  const reads: string[] = [];
  const evidence: Evidence = {
    async storiesOf({ version_name }, share) {
      reads.push(version_name);
      const all = stories[version_name] ?? [];
      return all.filter((_, place) => Math.floor((place + 1) * share) > Math.floor(place * share));
    },
    factsOf: async (_, some) =>
      some.map(({ downloaded_at }) => ({ version_build: [downloaded_at ? "2" : "1"] })),
    kept: async ({ version_name }) => kept[version_name] ?? [],
    async keep({ version_name }, sample) {
      kept[version_name] = [...(kept[version_name] ?? []), sample];
    },
  };
  return { evidence, reads };
}

function app(versions: Record<string, Record<number, HourOfVersion>>, alarms: Alarm[] = []): WatchedApp {
  return {
    app_id: APP,
    versions: Object.entries(versions).map(([name, hours]) => aVersion(name, hours)),
    alarms,
  };
}

const earlier = { "2.5.0": eachHour(300, 348, { ios: updates(200, 1) }) };

/** An app whose newest version so many devices began an hour, of which so many failed. */
function withNewest(perHour: number, failing: number, alarms: Alarm[] = []) {
  return app(
    { ...earlier, "2.5.1": eachHour(RELEASE, RELEASE + 3, { ios: updates(perHour, failing) }) },
    alarms,
  );
}

function judgeOf(evidence: Evidence) {
  return createJudge({ evidence, alarmThresholdPercent: 10 });
}

describe("the judge", () => {
  it("reads devices of a version without suspicion only when its attempts have doubled", async () => {
    const { evidence, reads } = evidenceOf({ "2.5.1": devices(600, 2) });
    const judge = judgeOf(evidence);
    expect(await judge(withNewest(15, 0), LOOK)).to.deep.include({ findings: [], good: [] });
    expect(reads).to.deep.equal([]);
    for (const [perHour, times] of [
      [100, 1],
      [150, 1],
      [201, 2],
    ] as const) {
      await judge(withNewest(perHour, 1), LOOK);
      expect(reads).to.have.length(times);
    }
  });

  it("finds a bad version whose counts strangers have made good", async () => {
    const { evidence } = evidenceOf({ "2.5.1": devices(600, 48) });
    const look = await judgeOf(evidence)(withNewest(200, 0), LOOK);
    expect(look.findings.map(({ version_name, scopes }) => [version_name, scopes])).to.deep.equal([
      ["2.5.1", ["ios"]],
    ]);
  });

  it("lets devices decide what counts only suggest", async () => {
    const failing = evidenceOf({ "2.5.1": devices(600, 48) });
    const { findings } = await judgeOf(failing.evidence)(withNewest(200, 16), LOOK);
    expect(findings.map(({ version_name, scopes }) => [version_name, scopes])).to.deep.equal([
      ["2.5.1", ["ios"]],
    ]);
    const [cause] = findings[0]?.causes ?? [];
    expect(cause).to.include({ field: "version_build", value: "1" });
    expect(cause?.others.count).to.equal(0);
    const stubborn = evidenceOf({ "2.5.1": devices(600, 2) });
    expect((await judgeOf(stubborn.evidence)(withNewest(200, 16), LOOK)).findings).to.deep.equal([]);
    expect(new Set(stubborn.reads)).to.deep.equal(new Set(["2.5.1"]));
  });

  it("reads a version again when there is more to know of it, and not before", async () => {
    const { evidence, reads } = evidenceOf({ "2.5.1": devices(600, 3) });
    const judge = judgeOf(evidence);
    await judge(withNewest(200, 8), LOOK);
    const first = reads.length;
    expect(first).to.be.at.least(1);
    await judge(withNewest(200, 8), LOOK + 5 * MINUTE);
    await judge(withNewest(201, 8), LOOK + 10 * MINUTE);
    expect(reads).to.have.length(first);
    await judge(withNewest(400, 16), LOOK + 15 * MINUTE);
    expect(reads.length).to.be.above(first);
  });

  it("reads it again as soon as what was under way has settled, though nothing else is new", async () => {
    const { evidence, reads } = evidenceOf({ "2.5.1": devices(600, 48, { begun_at: LOOK - MINUTE }) });
    const judge = judgeOf(evidence);
    expect((await judge(withNewest(200, 16), LOOK)).findings).to.deep.equal([]);
    const first = reads.length;
    expect((await judge(withNewest(200, 16), LOOK + 5 * MINUTE)).findings).to.have.length(1);
    expect(reads.length).to.be.above(first);
  });

  it("reads it again for another measure, however lately it was read for one", async () => {
    const rolledBack = devices(600, 3).map((story, index) => ({
      ...story,
      installed_at: LOOK - 60 * MINUTE,
      rolled_back: index < 60,
    }));
    const stories: Record<string, Story[]> = { "2.5.1": devices(600, 3) };
    const { evidence } = evidenceOf(stories);
    const judge = judgeOf(evidence);
    expect((await judge(withNewest(200, 8), LOOK)).findings).to.deep.equal([]);
    stories["2.5.1"] = rolledBack;
    const failing = { ios: { begun: 200, downloaded: 192, installed: 192, rolled_back: 20 } };
    const look = await judge(
      app({ ...earlier, "2.5.1": eachHour(RELEASE, RELEASE + 3, failing) }),
      LOOK + 5 * MINUTE,
    );
    expect(look.findings.map(({ measure }) => measure)).to.deep.equal(["rolled_back"]);
  });

  it("finds again what could not be kept as an alarm", async () => {
    const { evidence } = evidenceOf({ "2.5.1": devices(600, 48) });
    const judge = judgeOf(evidence);
    expect((await judge(withNewest(200, 16), LOOK)).findings).to.have.length(1);
    expect((await judge(withNewest(200, 16), LOOK + 5 * MINUTE)).findings).to.have.length(1);
  });

  it("does not read what alarms already at every look, and begins no second alarm", async () => {
    const { evidence, reads } = evidenceOf({ "2.5.1": devices(600, 48) });
    const judge = judgeOf(evidence);
    const alarms: Alarm[] = [];
    for (let minutes = 0; minutes <= 60; minutes += 5) {
      const look = await judge(withNewest(200, 16, alarms), LOOK + minutes * MINUTE);
      for (const [, sight] of sightsOf(look, alarms).values()) {
        const next = alarmAfter(APP, alarms[0], sight, LOOK + minutes * MINUTE);
        if (next) alarms.splice(0, 1, next);
      }
    }
    expect(alarms).to.have.length(1);
    expect(reads.length).to.be.at.most(4);
  });

  it("looks for causes again as long as none is known", async () => {
    const { evidence } = evidenceOf({ "2.5.1": devices(600, 48) });
    const first = await judgeOf(evidence)(withNewest(200, 16), LOOK);
    const [finding] = first.findings;
    if (!finding) throw new Error("expected a finding");
    const alarm = alarmAfter(APP, undefined, { finding: { ...finding, causes: [] } }, LOOK);
    const second = await judgeOf(evidence)(withNewest(200, 16, alarm ? [alarm] : []), LOOK + 5 * MINUTE);
    expect(second.findings[0]?.causes).to.have.length(1);
  });

  it("reads no devices of a version that has been superseded", async () => {
    const { evidence, reads } = evidenceOf({ "2.5.1": devices(600, 48) });
    const look = await judgeOf(evidence)(
      app({
        ...earlier,
        "2.5.1": {
          ...eachHour(RELEASE, RELEASE + 3, { ios: updates(200, 16) }),
          [RELEASE + 9]: { ios: updates(2) },
        },
        "2.5.2": eachHour(RELEASE + 4, RELEASE + 10, { ios: updates(200, 1) }),
      }),
      atHour(RELEASE + 10) - 1,
    );
    expect(look.superseded).to.deep.include({ version_name: "2.5.1" });
    expect(reads).not.to.include("2.5.1");
  });
});

describe("where one device fails again and again", () => {
  const before = { begun_at: atHour(301) };

  /** In the counts of the earlier version, a third of the attempts fails: those of two devices. */
  const stubborn = { "2.5.0": eachHour(300, 348, { ios: updates(200, 60) }) };
  const perHour = { "2.5.1": eachHour(RELEASE, RELEASE + 3, { ios: updates(200, 66) }) };

  it("the devices of earlier versions are read, since their counts may hide that a version fails", async () => {
    const { evidence, reads } = evidenceOf({
      "2.5.0": devices(9_600, 32, before),
      "2.5.1": devices(600, 48),
    });
    const { findings } = await judgeOf(evidence)(app({ ...stubborn, ...perHour }), LOOK);
    expect(reads).to.include("2.5.0");
    expect(findings.map(({ version_name }) => version_name)).to.deep.equal(["2.5.1"]);
  });

  it("they are read once, and kept for the next looks and versions", async () => {
    const { evidence, reads } = evidenceOf({
      "2.5.0": devices(9_600, 640, before),
      "2.5.1": devices(600, 48),
    });
    const judge = judgeOf(evidence);
    await judge(app({ ...stubborn, ...perHour }), LOOK);
    await judge(
      app({ ...stubborn, "2.5.1": eachHour(RELEASE, RELEASE + 3, { ios: updates(400, 130) }) }),
      LOOK + MINUTE,
    );
    expect(reads.filter((name) => name === "2.5.0")).to.have.length(1);
  });

  it("a healthy version is found as good as the others", async () => {
    const { evidence } = evidenceOf({ "2.5.0": devices(9_600, 96, before), "2.5.1": devices(600, 7) });
    const { findings } = await judgeOf(evidence)(app({ ...stubborn, ...perHour }), LOOK);
    expect(findings).to.deep.equal([]);
  });

  it("made-up versions do not push out the earlier ones, and are not compared with", async () => {
    const fakes = Object.fromEntries(
      Array.from({ length: 20 }, (_, n) => [`fake${n}`, { [RELEASE - 1]: { ios: updates(1) } }]),
    );
    const perfect = Object.fromEntries(Object.keys(fakes).map((name) => [name, devices(600, 0)]));
    const healthy = evidenceOf({
      ...perfect,
      "2.5.0": devices(9_600, 480, before),
      "2.5.1": devices(600, 33),
    });
    const look = await judgeOf(healthy.evidence)(app({ ...stubborn, ...fakes, ...perHour }), LOOK);
    expect(look.findings).to.deep.equal([]);
    expect(new Set(healthy.reads)).to.deep.equal(new Set(["2.5.0", "2.5.1"]));
  });
});
