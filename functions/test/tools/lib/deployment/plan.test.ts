import { readFileSync } from "node:fs";
import { expect } from "chai";
import { FUNCTIONS, planDeployment } from "../../../../tools/lib/deployment/plan.ts";

const target = { region: "europe-west4", serviceAccount: "", codebase: "updater-stats" };

const empty = {
  id: "my-project",
  database: { locationId: "eur3", type: "FIRESTORE_NATIVE" },
  rules: undefined,
  otherIndexes: [],
  otherFields: [],
  functions: [],
};

/** What there is and what becomes of it, by the first word of each row. */
function rows(changes: Partial<Parameters<typeof planDeployment>[0]>) {
  return Object.fromEntries(planDeployment({ ...empty, ...changes }, target).rows);
}

const functionsOf = (codebase: string, ids: string[], region = target.region, env = {}) =>
  ids.map((id) => ({ id, region, codebase, environmentVariables: env }));

describe("what a deployment would do", () => {
  it("is to create all functions where there is nothing, and to take nothing away", () => {
    const plan = planDeployment(empty, target);
    expect(plan.rows).to.deep.equal([
      ["project", "my-project"],
      ["database", "(default), in eur3"],
      ["region", "europe-west4"],
      ["account", "the project's default account"],
      ["functions", "create stats, countEvent, addDeltas, sweep, watch, dashboard"],
      ["rules", "let no client in"],
    ]);
    expect([plan.replaced, plan.deleted]).to.deep.equal([[], []]);
  });

  it("is to update those of its codebase, and to create what is new", () => {
    const functions = functionsOf("updater-stats", ["stats", "countEvent"]);
    expect(rows({ functions }).functions).to.equal(
      "update stats, countEvent; create addDeltas, sweep, watch, dashboard",
    );
  });

  it("is to take over those of an earlier version, which had no codebase of its own", () => {
    const functions = functionsOf("default", FUNCTIONS, target.region, { EVENT_RETENTION_DAYS: "90" });
    const plan = planDeployment({ ...empty, functions }, target);
    expect(Object.fromEntries(plan.rows).functions).to.equal(`update ${FUNCTIONS.join(", ")}`);
    expect(plan.replaced).to.deep.equal([]);
  });

  it("is to replace a function of others that has a name of ours, which it says", () => {
    for (const codebase of ["default", "shop"]) {
      const functions = functionsOf(codebase, ["stats", "countevent", "stats-of-shop"]);
      const plan = planDeployment({ ...empty, functions }, target);
      expect(plan.replaced).to.deep.equal(["stats (europe-west4)", "countevent (europe-west4)"]);
      const said = Object.fromEntries(plan.rows);
      expect(said["same names"]).to.match(/^stats .*, countevent .*: not ours, and replaced by ours$/);
      expect(said["other functions"]).to.equal("stats-of-shop (europe-west4): they stay");
    }
  });

  it("leaves the functions of others alone, also those with a name of ours in another region", () => {
    const plan = planDeployment({ ...empty, functions: functionsOf("shop", ["stats"], "us-east1") }, target);
    expect([plan.replaced, plan.deleted]).to.deep.equal([[], []]);
  });

  it("may be to delete functions of ours that are in another region, or are no more", () => {
    const functions = [
      ...functionsOf("updater-stats", ["stats"], "us-central1"),
      ...functionsOf("updater-stats", ["merge"]),
    ];
    const plan = planDeployment({ ...empty, functions }, target);
    expect(plan.deleted).to.deep.equal(["stats (us-central1)", "merge (europe-west4)"]);
  });

  const locked = readFileSync(new URL("../../../../../firestore.rules", import.meta.url), "utf8");
  for (const [what, rules, replaced] of [
    ["ours", locked, []],
    ["none", "service cloud.firestore {}", []],
    [
      "locked otherwise",
      "service x { match /{a=**} { allow get:if false; allow list, write : if  false } }",
      [],
    ],
    [
      "of test mode",
      "allow read, write: if request.time < timestamp.date(2027, 1, 1);",
      ["the Firestore rules"],
    ],
    ["open in one place", `${locked} match /shops/{id} { allow read; }`, ["the Firestore rules"]],
    ["open where it seems closed", "allow read: if false || true;", ["the Firestore rules"]],
    ["open after a closed one", "allow write: if false; allow read: if isFalse();", ["the Firestore rules"]],
  ] as const) {
    it(`replaces rules that let clients in, and says so: ${what}`, () => {
      const plan = planDeployment({ ...empty, rules }, target);
      expect(plan.replaced).to.deep.equal(replaced);
      expect(plan.replacedRules).to.equal(replaced.length > 0 ? rules : undefined);
    });
  }

  it("names indexes and fields of others, which stay", () => {
    const said = rows({ otherIndexes: ["orders (shop, total)"], otherFields: ["sessions.expires"] });
    expect(said["other indexes"]).to.match(/^orders \(shop, total\): they stay/);
    expect(said["other fields"]).to.match(/^sessions.expires: .*stay/);
  });

  it("would let Google call functions as an account that is refused, where the account has changed", () => {
    const [byDefault, own, other] = [
      "123456789012-compute@developer.gserviceaccount.com",
      "updater-stats@my-project.iam.gserviceaccount.com",
      "other@my-project.iam.gserviceaccount.com",
    ];
    const called = ["countEvent", "addDeltas", "sweep", "watch"];
    for (const [before, serviceAccount, moved] of [
      [byDefault, "", []],
      [own, own, []],
      [byDefault, own, called],
      [own, other, called],
      [own, "", called],
    ] as const) {
      const functions = functionsOf("updater-stats", FUNCTIONS).map((deployed) => ({
        ...deployed,
        serviceAccount: before,
      }));
      const plan = planDeployment({ ...empty, functions }, { ...target, serviceAccount });
      expect(plan.moved, `${before} → ${serviceAccount}`).to.deep.equal(moved);
    }
  });

  it("says where the functions are far from the database", () => {
    for (const [locationId, near] of [
      ["eur3", true],
      ["europe-west4", true],
      ["europe-west1", false],
      ["nam5", false],
    ] as const) {
      const { region } = rows({ database: { locationId, type: "FIRESTORE_NATIVE" } });
      expect(region === "europe-west4", locationId).to.equal(near);
    }
  });
});
