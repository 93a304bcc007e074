import { expect } from "chai";
import {
  type FailureStep,
  FEW_ATTEMPTS,
  failureSteps,
  mostShown,
  settledSteps,
  worseSince,
} from "../../page/views/version/failure-steps.ts";
import { lossesOf } from "../../page/views/version/losses.ts";
import { begunOf, inOrder, reasonsOf } from "../../page/views/version/reasons.ts";
import type { VersionReport } from "../../src/dashboard/data.ts";
import { addMeasures } from "../../src/health/measures.ts";

/** Steps of `of` attempts each, with so many failures; the last one is not over. */
const stepsOf = (of: number, ...counts: number[]) => failureSteps(counts.map((count) => ({ count, of })));

const settledOf = (steps: readonly (FailureStep | undefined)[]) => settledSteps(steps, "not_downloaded");

describe("the failures of a version over time", () => {
  it("are a gap where nothing was reported, quieter where little was, and open where the step is not over", () => {
    const steps = failureSteps([
      { count: 0, of: 0 },
      { count: 1, of: FEW_ATTEMPTS - 1 },
      { count: 1, of: FEW_ATTEMPTS },
      { count: 5, of: 100 },
    ]);
    expect(steps.map((step) => step?.kind)).to.deep.equal([undefined, "few", "sure", "open"]);
    expect(steps[2]).to.include({ index: 2, rate: 1 / FEW_ATTEMPTS });
    expect(steps[2]?.low).to.be.within(0, 0.05);
    expect(steps[2]?.high).to.be.within(0.1, 0.3);
  });

  it("are shown on a scale for what is sure: one failure of two does not flatten the rest", () => {
    const sure = Array.from({ length: 20 }, () => ({ count: 4, of: 1_000 }));
    const steps = failureSteps([...sure, { count: 1, of: 2 }, { count: 4, of: 1_000 }]);
    expect(mostShown(steps, [])).to.be.within(0.01, 0.012);
    expect(mostShown(failureSteps([{ count: 1, of: 2 }]), [])).to.equal(0.6);
    expect(mostShown(steps, stepsOf(1_000, 50, 50))).to.be.within(0.05, 0.07);
    expect(mostShown(stepsOf(100, 100, 100), [])).to.equal(1);
    expect(mostShown([undefined], [])).to.equal(0.01);
    expect(mostShown(stepsOf(20, 0, 0, 0), []), "intervals of few").to.be.within(0.15, 0.17);
  });

  it("are said to be worse from the step on at which they began to be", () => {
    const settled = settledOf(stepsOf(120, 1, 0, 2, 1, 1, 38, 36, 40, 3));
    expect(worseSince(settled)).to.deep.equal({
      index: 5,
      now: { count: 114, of: 360 },
      before: { count: 5, of: 600 },
    });
  });

  it("are worse again after they were better", () => {
    expect(worseSince(settledOf(stepsOf(120, 60, 1, 1, 1, 1, 1, 30, 0)))?.index).to.equal(6);
  });

  it("keep their place in time where steps are gaps", () => {
    const steps = failureSteps(
      [0, 120, 0, 120, 120, 0].map((of, index) => ({ count: index > 3 && of ? 40 : 0, of })),
    );
    expect(worseSince(settledOf(steps))?.index).to.equal(4);
  });

  it("are not said to be worse by chance, nor where they became better", () => {
    expect(worseSince(settledOf(stepsOf(120, 1, 0, 2, 1, 3, 1, 4, 0)))).to.equal(undefined);
    expect(worseSince(settledOf(stepsOf(120, 40, 38, 1, 0, 0)))).to.equal(undefined);
    expect(worseSince(settledOf(stepsOf(2, 0, 0, 0, 2, 0)))).to.equal(undefined);
    expect(worseSince(settledOf(stepsOf(120, 40, 40)))).to.equal(undefined);
    expect(worseSince([])).to.equal(undefined);
  });

  it("count the step that is not over where nothing of it can be under way", () => {
    const steps = stepsOf(100, 0, 1, 0, 40);
    expect(worseSince(settledSteps(steps, "not_downloaded"))).to.equal(undefined);
    expect(worseSince(settledSteps(steps, "crashed"))?.index).to.equal(3);
  });

  it("are worse by any number of attempts, also where the chance is too small for a number", () => {
    const worse = worseSince(settledOf(stepsOf(1_000_000, 4_000, 4_100, 3_900, 300_000, 310_000, 0)));
    expect(worse?.index).to.equal(3);
  });
});

describe("the losses of a version", () => {
  const bad = addMeasures([
    { begun: 1_000, downloaded: 900, installed: 700, rolled_back: 70, starts: 3_000, crashes: 3 },
  ]);
  const good = addMeasures([
    { begun: 2_000, downloaded: 1_990, installed: 1_900, rolled_back: 4, starts: 9_000, crashes: 300 },
  ]);

  it("are shares of what came before, with the difference to the other version in points", () => {
    const losses = lossesOf(bad, good);
    expect(losses.map(({ name, own, other }) => [name, own, other])).to.deep.equal([
      ["not_downloaded", { count: 100, of: 1_000 }, { count: 10, of: 2_000 }],
      ["waiting", { count: 200, of: 900 }, { count: 90, of: 1_990 }],
      ["rolled_back", { count: 70, of: 770 }, { count: 4, of: 1_904 }],
      ["crashed", { count: 3, of: 3_000 }, { count: 300, of: 9_000 }],
    ]);
    expect(losses[0]?.points).to.be.closeTo(9.5, 1e-9);
  });

  it("are worse or better where chance does not explain it; what waits is neither", () => {
    expect(lossesOf(bad, good).map(({ verdict }) => verdict)).to.deep.equal([
      "worse",
      undefined,
      "worse",
      "better",
    ]);
    const small = addMeasures([{ begun: 3, downloaded: 2, installed: 2 }]);
    expect(lossesOf(small, good).map(({ verdict }) => verdict)).to.deep.equal([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("say nothing of a difference where one of both has nothing, or there is no other version", () => {
    expect(lossesOf(bad, addMeasures([])).map(({ points }) => points)).to.deep.equal(
      Array(4).fill(undefined),
    );
    expect(
      lossesOf(bad, undefined).every(({ other, points, verdict }) => !other && !points && !verdict),
    ).to.equal(true);
  });

  it("take what is installed for downloaded, where a plugin reports no download", () => {
    const [, waiting] = lossesOf(addMeasures([{ installed: 50 }]), undefined);
    expect(waiting?.own).to.deep.equal({ count: 0, of: 50 });
  });
});

describe("the reasons of a version's failures", () => {
  it("are the actions of either version that say why, single files last", () => {
    const rows = reasonsOf(
      { set: 900, checksum_fail: 3, unzip_fail: 7, download_manifest_file_fail: 200, madeUp: 5 },
      { checksum_fail: 9, decrypt_fail: 4, update_fail: 8 },
    );
    expect(rows.map(({ action, own, other, isOfFiles }) => [action, own, other, isOfFiles])).to.deep.equal([
      ["unzip_fail", 7, 0, false],
      ["checksum_fail", 3, 9, false],
      ["decrypt_fail", 0, 4, false],
      ["download_manifest_file_fail", 200, 0, true],
    ]);
  });

  it("are compared by the downloads that began, where they are known", () => {
    const row = (version_name: string, begun: number): VersionReport => ({
      version_name,
      is_update: true,
      created_at: 0,
      updated_at: 0,
      released_at: 0,
      measures: addMeasures([{ begun }]),
      rates: {
        not_downloaded: { count: 0, of: 0 },
        rolled_back: { count: 0, of: 0 },
        crashed: { count: 0, of: 0 },
      },
      reasons: [],
    });
    const versions = [row("2.0.0", 400), row("1.0.0", 0)];
    expect(["2.0.0", "1.0.0", "0.9.0"].map((name) => begunOf(versions, name))).to.deep.equal([
      400,
      undefined,
      undefined,
    ]);
  });

  it("stand among all actions, in the order of an update, unknown ones last", () => {
    expect(inOrder({ madeUp: 1, update_fail: 2, get: 3, set: 4 }).map(({ action }) => action)).to.deep.equal([
      "get",
      "set",
      "update_fail",
      "madeUp",
    ]);
  });
});
