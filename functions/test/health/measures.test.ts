import { expect } from "chai";
import { addMeasures, attemptsOf, measuresOf } from "../../src/health/measures.ts";

describe("the measures of a version", () => {
  it("take for failures what ends an attempt, not failures of single files, crashes or what the server refuses", () => {
    const counts = {
      set: 7,
      checksum_fail: 2,
      download_fail: 1,
      download_manifest_file_fail: 9,
      app_crash: 1,
      noNew: 5,
    };
    expect(measuresOf(counts)).to.deep.equal({ installs: 7, failed: 3, rolled_back: 0 });
    expect(attemptsOf(counts)).to.equal(10);
  });

  it("take update_fail for a rollback, and not the reset that follows it", () => {
    expect(measuresOf({ set: 7, update_fail: 2, reset: 4 }).rolled_back).to.equal(2);
  });

  it("add up", () => {
    const parts = [{ set: 1 }, { set: 2, unzip_fail: 1 }, { update_fail: 1 }].map(measuresOf);
    expect(addMeasures(parts)).to.deep.equal({ installs: 3, failed: 1, rolled_back: 1 });
  });
});
