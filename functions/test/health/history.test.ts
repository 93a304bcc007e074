import { expect } from "chai";
import { aVersion, EPOCH, eachHour, updates } from "../../dev/testing/histories.ts";
import { attemptsIn, hourOf, releaseOf, sumOf } from "../../src/health/history.ts";

const FIRST = hourOf(EPOCH);

describe("the history of a version", () => {
  it("sums up the hours from one up to another, which is left out, across days and gaps", () => {
    const { history } = aVersion("2.5.1", {
      22: { ios: { begun: 1 } },
      23: { ios: { begun: 2, downloaded: 1 } },
      24: { ios: { begun: 4 } },
      60: { ios: { begun: 8 } },
    });
    const begun = (from: number, until: number) => sumOf(history, FIRST + from, FIRST + until, "ios").begun;
    expect(begun(0, 100)).to.equal(15);
    expect(begun(23, 24)).to.equal(2);
    expect(begun(23, 25)).to.equal(6);
    expect(begun(25, 60)).to.equal(0);
    expect(begun(25, 61)).to.equal(8);
    expect(begun(61, 90)).to.equal(0);
    expect(sumOf(history, FIRST, FIRST + 24, "ios").downloaded).to.equal(1);
  });

  it("keeps the platforms apart, and adds them up for all", () => {
    const { history } = aVersion("2.5.1", { 0: { ios: { begun: 1 }, android: { begun: 10 } } });
    const begun = (scope: "ios" | "android" | "electron" | "all") => {
      return sumOf(history, FIRST, FIRST + 1, scope).begun;
    };
    expect([begun("ios"), begun("android"), begun("electron"), begun("all")]).to.deep.equal([1, 10, 0, 11]);
  });

  it("puts an hour where it belongs, in UTC", () => {
    expect(hourOf(Date.parse("2026-11-02T05:59:59.999Z")) - FIRST).to.equal(5);
    expect(hourOf(Date.parse("2026-11-03T00:00:00Z")) - FIRST).to.equal(24);
  });
});

describe("attempts at a version", () => {
  it("are beginnings: a device that goes back to it installs it without an attempt", () => {
    const { history } = aVersion("2.5.0", {
      0: { ios: { begun: 100, downloaded: 100, installed: 100 } },
      50: { ios: { installed: 30 } },
    });
    expect(attemptsIn(history, FIRST + 48, FIRST + 72)).to.equal(0);
  });

  it("are installs where its plugins report no beginnings, or rollbacks where there are more", () => {
    const { history } = aVersion("2.5.0", { 0: { ios: { installed: 30 }, android: { rolled_back: 7 } } });
    expect(attemptsIn(history, FIRST, FIRST + 1)).to.equal(30);
    const failing = aVersion("2.5.0", { 0: { ios: { installed: 3, rolled_back: 30 } } });
    expect(attemptsIn(failing.history, FIRST, FIRST + 1)).to.equal(30);
  });

  it("are installs, too, where a stranger has sent a few beginnings to plugins that report none", () => {
    const { history } = aVersion("2.5.0", { 0: { ios: { installed: 300, rolled_back: 30, begun: 2 } } });
    expect(attemptsIn(history, FIRST, FIRST + 1)).to.equal(300);
  });
});

describe("the release of a version", () => {
  it("is the hour of its first attempts", () => {
    const { history } = aVersion("2.5.1", eachHour(30, 40, { ios: updates(10) }));
    expect(releaseOf(history)).to.equal(FIRST + 30);
  });

  it("is not moved by stray events that came days before", () => {
    const { history } = aVersion("2.5.1", {
      3: { ios: updates(1) },
      ...eachHour(100, 110, { ios: updates(200) }),
    });
    expect(releaseOf(history)).to.equal(FIRST + 100);
  });

  it("is not what is no update: nothing was begun, installed or rolled back", () => {
    const { history } = aVersion("builtin", { 3: { ios: { starts: 400, crashes: 3 } } });
    expect(releaseOf(history)).to.equal(undefined);
  });
});
