import { expect } from "chai";
import { atHour, aVersion, eachHour, type HourOfVersion, updates } from "../../dev/testing/histories.ts";
import type { Platform } from "../../src/counting/documents.ts";
import { answer, findingsOf, type Sample } from "../../src/health/alarms.ts";
import type { DeviceCounts } from "../../src/health/device-counts.ts";
import { goodHoursOf, isGoodAgain, supersededOf } from "../../src/health/endings.ts";
import type { History } from "../../src/health/history.ts";
import { isSuspicious, type Question, questionsOf } from "../../src/health/questions.ts";
import type { Story } from "../../src/health/stories.ts";

/** The hour in which the newest version of these tests is released, and when it is looked at. */
const RELEASE = 400;
const LOOK = atHour(RELEASE + 3) - 1;

const version = (name: string, hours: Record<number, HourOfVersion>) => aVersion(name, hours).history;

/** A version that devices begin at a rate, for two days at most; some fail, and more of them after the first day. */
function released(name: string, at: number, hours: number, failing: number, later = failing) {
  return version(name, {
    ...eachHour(at, at + Math.min(hours, 24), { ios: updates(2_000, failing) }),
    ...(hours > 24 && eachHour(at + 24, at + hours, { ios: updates(2_000, later) })),
  });
}

/** A good app: two earlier versions, of which more devices fail on their second day, and a newest one, of which more do. */
const early = released("2.4.0", 0, 48, 10, 400);
const middle = released("2.5.0", 300, 48, 15, 400);
const newest = released("2.5.1", RELEASE, 3, 160);

interface Asked {
  bad?: string[];
  now?: number;
  threshold?: number;
}

function ask(histories: readonly History[], { bad = [], now = LOOK, threshold = 0.1 }: Asked = {}) {
  return questionsOf({ histories, bad: new Set(bad), threshold }, now);
}

/** What is asked about the downloads of a version. */
function asked(questions: readonly Question[], name = "2.5.1", scope = "ios") {
  return questions.filter(
    (question) =>
      question.version_name === name && question.measure === "not_downloaded" && question.scope === scope,
  );
}

let device = 0;

/** Devices of which so many did not get the version, and which began an hour before the look. */
function stories(platform: Platform, of: number, failing: number, fields: Partial<Story> = {}): Story[] {
  return Array.from({ length: of }, (_, index) => {
    const device_id = `device${device++}`;
    const begun_at = LOOK - 3_600_000;
    const last = { device_id, platform, action: "", plugin_version: "", received_at: begun_at };
    const story: Story = { device_id, platform, begun_at, rolled_back: false, starts: 0, crashes: 0, last };
    return { ...story, ...(index >= failing && { downloaded_at: begun_at }), ...fields };
  });
}

function verdicts(questions: readonly Question[], sample: Sample) {
  return questions.flatMap((question) => answer(question, sample, questions, LOOK) ?? []);
}

function find(questions: readonly Question[], stories: readonly Story[], earlier?: DeviceCounts) {
  const sample = { stories, ...(earlier && { earlier }) };
  return findingsOf(verdicts(questions, sample), sample, questions, LOOK);
}

describe("what a version is compared with", () => {
  it("is all earlier good versions together, at the same age", () => {
    const [question, ...others] = asked(ask([newest, middle, early]));
    expect(others).to.deep.equal([]);
    expect(question).to.deep.include({
      rule: "earlier_versions",
      now: { count: 480, of: 6_000 },
      before: { count: 30 + 45, of: 12_000 },
    });
  });

  it("is no bad version, and none that is newer", () => {
    expect(asked(ask([newest, middle, early], { bad: ["2.5.0"] }))[0]?.before).to.deep.equal({
      count: 30,
      of: 6_000,
    });
    expect(asked(ask([newest, middle, early]), "2.5.0")).to.deep.equal([]); // It has no attempts now.
  });

  it("is no version that fails more often than the others, though nobody has judged it", () => {
    const failing = released("2.4.9", 200, 48, 600);
    expect(asked(ask([early, middle, failing, newest]))[0]?.before).to.deep.equal({ count: 75, of: 12_000 });
  });

  it("does not depend on names: hashes, pre-releases, and numbers that go down", () => {
    const figures = (names: readonly [string, string, string]) => {
      const [first, second, third] = names;
      const histories = [
        { ...newest, version_name: third },
        { ...early, version_name: first },
        { ...middle, version_name: second },
      ];
      return asked(ask(histories), third).map(({ rule, now, before }) => ({ rule, now, before }));
    };
    const expected = figures(["2.4.0", "2.5.0", "2.5.1"]);
    expect(expected[0]?.rule).to.equal("earlier_versions");
    expect(figures(["9f2c1", "e01aa", "03bd7"])).to.deep.equal(expected);
    expect(figures(["2.5.1", "2.5.1-rc.1", "2.5.1-beta.2"])).to.deep.equal(expected);
    expect(figures(["10.0.0", "9.0.0", "unknown"])).to.deep.equal(expected);
  });

  it("is the threshold where there is nothing before", () => {
    const [question] = asked(ask([newest], { threshold: 0.07 }));
    expect(question).to.deep.include({ rule: "threshold", now: { count: 480, of: 6_000 } });
    expect((question?.before.count ?? 0) / (question?.before.of ?? 1)).to.be.closeTo(0.07, 1e-9);
  });

  it("is its own past for one that has been out for long: its last day, with the days before", () => {
    const old = version("2.5.1", {
      ...eachHour(0, 576, { ios: updates(20, 0) }),
      ...eachHour(576, 579, { ios: updates(20, 6) }),
    });
    const now = atHour(579) - 1;
    const [question, ...others] = asked(ask([old], { now }));
    expect(others).to.deep.equal([]);
    expect(question).to.deep.include({ rule: "own_past", from: atHour(579 - 24) });
    expect(question?.now).to.deep.equal({ count: 18, of: 480 });
    expect(question?.before.count).to.equal(0);
  });

  it("is no past in which as many failed each day: the same devices fail again and again", () => {
    const fading = version("2.5.1", {
      ...eachHour(0, 100, { ios: updates(200, 2) }),
      ...eachHour(100, 200, { ios: updates(4, 2) }),
    });
    expect(asked(ask([fading], { now: atHour(200) - 1 }))).to.deep.equal([]);
  });
});

describe("what strangers make up", () => {
  const usual = asked(ask([early, middle, newest]));
  const unchanged = (histories: readonly History[]) =>
    expect(asked(ask([...histories, early, middle, newest]))).to.deep.equal(usual);

  it("does not push out what a version is compared with: a few events under each of many versions", () => {
    unchanged(
      Array.from({ length: 20 }, (_, n) => version(`fake${n}`, { [RELEASE - 1]: { ios: updates(1) } })),
    );
  });

  it("is not compared with, where a version has a small share of the attempts: 47 good events and 3 bad ones", () => {
    unchanged([version("fake", { [RELEASE - 1]: { ios: updates(50, 3) } })]);
    unchanged([version("fake", { [RELEASE - 1]: { ios: updates(50, 50) } })]);
  });

  it("does not keep a version from being judged: 500 versions of 50 events, before its release or after", () => {
    for (const hour of [RELEASE - 1, RELEASE + 2]) {
      const fakes = Array.from({ length: 500 }, (_, n) =>
        version(`fake${n}`, { [hour]: { ios: updates(50, 3) } }),
      );
      const [question] = asked(ask([...fakes, early, middle, newest]));
      expect(question?.rule, `in hour ${hour}`).to.equal("earlier_versions");
      expect(question && isSuspicious(question)).to.equal(true);
      expect(supersededOf([...fakes, early, middle, newest], LOOK)).not.to.include("2.5.1");
    }
  });

  it("is no suspect itself, where a version has a small share of the attempts", () => {
    const fake = version("fake", { [RELEASE + 1]: { ios: updates(5, 5) } });
    expect(asked(ask([fake, early, middle, newest]), "fake")).to.deep.equal([]);
  });
});

describe("a suspicion", () => {
  const question = (now: Question["now"], before: Question["before"], rule: Question["rule"]): Question => ({
    version_name: "2.5.1",
    measure: "not_downloaded",
    scope: "ios",
    rule,
    now,
    before,
  });

  it("is raised by counts that are clearly worse, and not by chance or a few", () => {
    const before = { count: 4, of: 1_000 };
    expect(isSuspicious(question({ count: 24, of: 300 }, before, "earlier_versions"))).to.equal(true);
    expect(isSuspicious(question({ count: 2, of: 300 }, before, "earlier_versions"))).to.equal(false);
    expect(isSuspicious(question({ count: 3, of: 3 }, before, "earlier_versions"))).to.equal(false);
  });

  it("is raised above the threshold", () => {
    const threshold = { count: 10, of: 100 };
    expect(isSuspicious(question({ count: 40, of: 300 }, threshold, "threshold"))).to.equal(true);
    expect(isSuspicious(question({ count: 29, of: 300 }, threshold, "threshold"))).to.equal(false);
  });
});

describe("the verdict of devices", () => {
  const both = (failing: { ios: number; android: number }) => {
    const hours = (ios: number, android: number) => ({
      ios: updates(200, ios),
      android: updates(200, android),
    });
    return [
      version("2.5.0", eachHour(200, 400, hours(1, 1))),
      version("2.5.1", eachHour(RELEASE, RELEASE + 3, hours(failing.ios, failing.android))),
    ];
  };

  it("names the platform that fails, and only it", () => {
    const questions = ask(both({ ios: 16, android: 1 }));
    const sample = [...stories("ios", 300, 24), ...stories("android", 300, 1)];
    const [finding, ...others] = find(questions, sample);
    expect(others).to.deep.equal([]);
    expect(finding).to.deep.include({
      version_name: "2.5.1",
      measure: "not_downloaded",
      scopes: ["ios"],
      rule: "earlier_versions",
      now: { count: 24, of: 300 },
    });
    expect((finding?.before.count ?? 0) / (finding?.before.of ?? 1)).to.equal(0.005);
  });

  it("names all that fail, the worst first, in one finding", () => {
    const questions = ask(both({ ios: 16, android: 40 }));
    const sample = [...stories("ios", 300, 24), ...stories("android", 300, 60)];
    const findings = find(questions, sample);
    expect(findings).to.have.length(1);
    expect(findings[0]).to.deep.include({ scopes: ["android", "ios"], now: { count: 84, of: 600 } });
  });

  it("has the figures of each platform, and what they are compared with is summed up as they are", () => {
    const hours = (ios: number, android: number) => ({
      ios: updates(200, ios),
      android: updates(400, android),
    });
    const questions = ask([
      version("2.5.0", eachHour(200, 224, hours(1, 4))),
      version("2.5.1", eachHour(RELEASE, RELEASE + 3, hours(16, 80))),
    ]);
    const [finding] = find(questions, [...stories("ios", 300, 24), ...stories("android", 300, 60)]);
    // The first hours of the version before give enough to compare with on Android sooner than on iOS.
    expect(finding?.parts).to.deep.equal([
      { scope: "android", now: { count: 60, of: 300 }, before: { count: 48, of: 4_800 } },
      { scope: "ios", now: { count: 24, of: 300 }, before: { count: 24, of: 4_800 } },
    ]);
    expect(finding?.before).to.deep.equal({ count: 72, of: 9_600 });
  });

  it("has one part where one platform fails", () => {
    const [alone] = find(ask(both({ ios: 16, android: 1 })), [
      ...stories("ios", 300, 24),
      ...stories("android", 300, 1),
    ]);
    expect(alone?.parts).to.deep.equal([{ scope: "ios", now: alone?.now, before: alone?.before }]);
  });

  it("of a first version on two platforms has the threshold in each part and once in all", () => {
    const first = version(
      "2.5.1",
      eachHour(RELEASE, RELEASE + 3, { ios: updates(200, 80), android: updates(200, 100) }),
    );
    const [finding] = find(ask([first], { threshold: 0.07 }), [
      ...stories("ios", 100, 40),
      ...stories("android", 100, 50),
    ]);
    const threshold = finding?.before;
    expect(threshold?.of).to.equal(100);
    expect(finding?.parts).to.deep.equal([
      { scope: "android", now: { count: 50, of: 100 }, before: threshold },
      { scope: "ios", now: { count: 40, of: 100 }, before: threshold },
    ]);
  });

  it("is none where few devices fail, however bad the counts look: one that fails ten times is one", () => {
    const questions = ask(both({ ios: 60, android: 1 }));
    expect(questions.filter(isSuspicious)).not.to.deep.equal([]);
    expect(find(questions, [...stories("ios", 300, 2), ...stories("android", 300, 1)])).to.deep.equal([]);
  });

  it("leaves out what is under way", () => {
    const questions = ask(both({ ios: 16, android: 1 }));
    const justBegun = stories("ios", 300, 300, { begun_at: LOOK - 60_000 });
    expect(find(questions, [...justBegun, ...stories("ios", 300, 1)])).to.deep.equal([]);
  });

  it("of a first version is one above the threshold that chance does not explain", () => {
    const questions = ask([newest], { threshold: 0.1 });
    expect(find(questions, stories("ios", 100, 60))[0]).to.deep.include({ rule: "threshold" });
    expect(find(questions, stories("ios", 100, 14))).to.deep.equal([]);
    expect(find(questions, stories("ios", 6, 6))).not.to.deep.equal([]);
  });

  it("of a first version is none where nearly all are well, though the threshold is high and devices are many", () => {
    const questions = ask([newest], { threshold: 0.2 });
    expect(find(questions, stories("ios", 4_000, 20))).to.deep.equal([]);
  });

  it("of its own past is one where devices fail that began in the last day, not those before", () => {
    const old = version("2.5.1", {
      ...eachHour(0, 399, { ios: updates(20, 0) }),
      ...eachHour(399, 403, { ios: updates(20, 6) }),
    });
    const questions = ask([old]);
    const past = { begun_at: LOOK - 5 * 86_400_000, downloaded_at: LOOK - 5 * 86_400_000 };
    const good = stories("ios", 400, 0, past);
    expect(find(questions, [...good, ...stories("ios", 60, 18)])[0]).to.deep.include({
      rule: "own_past",
      now: { count: 18, of: 60 },
      before: { count: 0, of: 400 },
    });
    expect(find(questions, [...good, ...stories("ios", 60, 1)])).to.deep.equal([]);
  });
});

describe("an alarm's version", () => {
  const alarm = {
    measure: "not_downloaded",
    scopes: ["ios"],
    now: { count: 48, of: 600 },
    before: { count: 4, of: 1_000 },
  } as const satisfies Parameters<typeof goodHoursOf>[1];

  it("may be good again when lately clearly fewer reports on its platforms are of failures", () => {
    const mended = version("2.5.1", {
      ...eachHour(400, 403, { ios: updates(200, 16), android: updates(10, 5) }),
      ...eachHour(403, 406, { ios: updates(200, 1), android: updates(10, 5) }),
    });
    expect(goodHoursOf(mended, alarm, atHour(403) - 1)).to.equal(undefined);
    expect(goodHoursOf(mended, alarm, atHour(406) - 1)).to.equal(2);
  });

  it("is good again when the devices that began lately get it, whatever reports say", () => {
    const lately = { begun_at: LOOK - 1_800_000 };
    const failedBefore = stories("ios", 400, 32, { begun_at: LOOK - 8_000_000 });
    const bad = [...failedBefore, ...stories("ios", 60, 5, lately)];
    expect(isGoodAgain(bad, alarm, 2, LOOK)).to.equal(false);
    const good = [...failedBefore, ...stories("ios", 200, 1, lately)];
    expect(isGoodAgain(good, alarm, 2, LOOK)).to.equal(true);
    expect(isGoodAgain(stories("ios", 20, 0, lately), alarm, 2, LOOK)).to.equal(false);
  });

  it("is not good again because hardly anybody tries", () => {
    const quiet = version("2.5.1", {
      ...eachHour(400, 403, { ios: updates(200, 16) }),
      405: { ios: updates(5) },
    });
    expect(goodHoursOf(quiet, alarm, atHour(406) - 1)).to.equal(undefined);
  });

  it("that crashes is not good again because each device starts it often, and crashes at few of the starts", () => {
    const starting = (starts: number, crashes: number) => ({ ios: { ...updates(200), starts, crashes } });
    const before = version("2.5.0", eachHour(300, 348, starting(1_000, 4)));
    const crashing = version("2.5.1", eachHour(RELEASE, RELEASE + 3, starting(1_000, 40)));
    const started = { installed_at: LOOK - 3_600_000, started_at: LOOK - 3_600_000, starts: 5 };
    const sample = [...stories("ios", 56, 0, { ...started, crashes: 1 }), ...stories("ios", 244, 0, started)];
    const earlier = { crashed: { ios: { count: 4, of: 1_000 }, all: { count: 4, of: 1_000 } } };
    const [finding] = find(ask([before, crashing]), sample, earlier);
    if (!finding) throw new Error("expected a finding");
    expect(finding.measure).to.equal("crashed");
    expect(goodHoursOf(crashing, finding, LOOK)).to.equal(undefined);
    const mended = version("2.5.1", {
      ...eachHour(RELEASE, RELEASE + 3, starting(1_000, 40)),
      ...eachHour(RELEASE + 3, RELEASE + 6, starting(1_000, 4)),
    });
    expect(goodHoursOf(mended, finding, atHour(RELEASE + 6) - 1)).to.equal(2);
  });

  it("is superseded when later ones have taken over, or nobody has tried for a day", () => {
    const later = version("2.5.2", eachHour(405, 420, { ios: updates(200) }));
    expect(supersededOf([middle, newest], LOOK)).not.to.include("2.5.1");
    expect(supersededOf([middle, newest, later], atHour(409))).to.include("2.5.1");
    expect(supersededOf([newest], atHour(402 + 26))).to.deep.equal(["2.5.1"]);
  });

  it("is not superseded by an older version that devices go back to", () => {
    const fallback = version("2.5.0", {
      ...eachHour(200, 400, { ios: updates(200, 1) }),
      ...eachHour(400, 406, { ios: { installed: 190 } }),
    });
    const undone = version(
      "2.5.1",
      eachHour(400, 406, { ios: { begun: 200, downloaded: 200, installed: 200, rolled_back: 190 } }),
    );
    expect(supersededOf([fallback, undone], atHour(406) - 1)).not.to.include("2.5.1");
    expect(asked(ask([fallback, undone], { now: atHour(430) }), "2.5.0")).to.deep.equal([]); // Nobody begins it.
  });

  it("is not superseded by an older version, however busy: it can be a stranger's, or a quiet hour", () => {
    const older = version("2.5.0", eachHour(200, 410, { ios: updates(200, 1) }));
    const quiet = version("2.5.1", {
      ...eachHour(400, 403, { ios: updates(200, 16) }),
      409: { ios: updates(2) },
    });
    expect(supersededOf([older, quiet], atHour(410) - 1)).to.deep.equal([]);
  });

  it("is not superseded where forty versions are live, though each has a small share", () => {
    const forty = Array.from({ length: 40 }, (_, n) =>
      version(`v${n}`, eachHour(300 + n, 403, { ios: updates(20) })),
    );
    expect(supersededOf(forty, LOOK)).to.deep.equal([]);
    expect(new Set(ask(forty).map(({ version_name }) => version_name)).size).to.equal(40);
  });

  it("of which a stranger makes up later ones is not superseded as long as devices get it", () => {
    const fake = version("2.5.2", { 402: { ios: updates(60_000) } });
    expect(supersededOf([middle, newest, fake], LOOK)).not.to.include("2.5.1");
  });
});
