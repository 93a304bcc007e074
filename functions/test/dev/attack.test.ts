import { expect } from "chai";
import { fuzz } from "../../dev/attack/fuzz.ts";
import { soak } from "../../dev/attack/soak.ts";

// `npm run fuzz` sends 100,000 requests, and `npm run soak` keeps on for a minute.
describe("under attack", () => {
  it("answers whatever comes without a 5xx or a leak, and takes valid events meanwhile", async () => {
    const seed = Date.now() % 2 ** 31;
    const { failures, counted, statuses } = await fuzz({ requests: 4_000, seed });
    expect(failures, `npm run fuzz -- --seed ${seed} --requests 4000`).to.deep.equal([]);
    expect(counted).to.equal(2);
    expect([...statuses.keys()]).to.include.members([200, 400, 405, 415]);
  });

  it("refuses what is too much with 429 or 503, and stores and counts the rest, each event once", async () => {
    const { failures, accepted, stored, statuses } = await soak({ seconds: 2 });
    expect(failures).to.deep.equal([]);
    expect(accepted).to.be.within(100, stored);
    expect([...statuses.keys()].filter((status) => ![200, 429, 503].includes(status))).to.deep.equal([]);
    expect(statuses.get(429)).to.be.greaterThan(0);
  });
});
