import { expect } from "chai";
import { causesOf, type Facts } from "../../src/health/causes.ts";

/** So many devices of which the same is known. */
function devices(count: number, facts: Facts): Facts[] {
  return Array.from({ length: count }, () => facts);
}

const build = (name: string): Facts => ({ version_build: [name], platform: ["ios"] });

describe("why a version fails", () => {
  it("is what the failing devices have and the others have not, with both shares", () => {
    const failing = [...devices(47, build("2.4.0")), ...devices(3, build("2.4.1"))];
    const others = [...devices(31, build("2.4.0")), ...devices(69, build("2.4.1"))];
    expect(causesOf(failing, others)).to.deep.equal([
      {
        field: "version_build",
        value: "2.4.0",
        failing: { count: 47, of: 50 },
        others: { count: 31, of: 100 },
      },
    ]);
  });

  it("is nothing where all have it, where few fail, or where the difference is small or chance", () => {
    expect(causesOf(devices(50, build("2.4.0")), devices(500, build("2.4.0")))).to.deep.equal([]);
    expect(causesOf(devices(2, build("2.4.0")), devices(500, build("2.4.1")))).to.deep.equal([]);
    const [mixed, hardlyMore] = [
      [...devices(300, build("2.4.0")), ...devices(300, build("2.4.1"))],
      [...devices(345, build("2.4.0")), ...devices(255, build("2.4.1"))],
    ];
    expect(causesOf(hardlyMore, mixed)).to.deep.equal([]);
    const chance = [...devices(3, build("2.4.0")), ...devices(1, build("2.4.1"))];
    expect(causesOf(chance, mixed)).to.deep.equal([]);
  });

  it("names three at most, the most telling first", () => {
    const facts = (share: string): Facts => ({ a: ["1"], b: ["1"], c: ["1"], d: [share] });
    const failing = [...devices(50, facts("1")), ...devices(50, facts("0"))];
    const others = devices(100, { a: ["0"], b: ["0"], c: ["0"], d: ["0"] });
    const causes = causesOf(failing, others);
    expect(causes.map(({ field }) => field)).to.have.members(["a", "b", "c"]);
  });

  it("knows a device by each of its values, and counts only those of which the field is known", () => {
    const failing = [
      ...devices(8, { action: ["checksum_fail", "insufficient_disk_space"] }),
      ...devices(2, { action: [] }),
      ...devices(90, {}),
    ];
    const others = [...devices(10, { action: [] }), ...devices(90, {})];
    expect(causesOf(failing, others)).to.deep.equal([
      {
        field: "action",
        value: "checksum_fail",
        failing: { count: 8, of: 10 },
        others: { count: 0, of: 10 },
      },
      {
        field: "action",
        value: "insufficient_disk_space",
        failing: { count: 8, of: 10 },
        others: { count: 0, of: 10 },
      },
    ]);
  });

  it("is found among a hundred values by chance alone at most once in a while", () => {
    // Each device has a build of its own, so no value is shared by enough of them.
    const failing = Array.from({ length: 100 }, (_, index) => build(`a${index}`));
    expect(causesOf(failing, devices(100, build("2.4.0")))).to.deep.equal([]);
  });
});
