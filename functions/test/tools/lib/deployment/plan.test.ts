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
  contestedFields: [],
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

  it("takes no function of others for an earlier one of ours, whatever settings it has", () => {
    const functions = functionsOf("default", ["billing"], target.region, { EVENT_RETENTION_DAYS: "90" });
    expect(rows({ functions })["other functions"]).to.equal("billing (europe-west4): they stay");
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

  const ours = readFileSync(new URL("../../../../../firestore.rules", import.meta.url), "utf8");
  const consoles =
    "rules_version = '2';\n\nservice cloud.firestore {\n  match /databases/{database}/documents {\n" +
    "    match /{document=**} {\n      allow read, write: if false;\n    }\n  }\n}\n";
  const withGrants = (grants: string) => consoles.replace("allow read, write: if false;", grants);

  it("leaves rules in force that let nobody in, which are the console's in production mode, and ours", () => {
    for (const rules of [undefined, ours, consoles, consoles.replaceAll("\n", "\r\n")]) {
      const plan = planDeployment({ ...empty, rules }, target);
      expect([plan.replaced, plan.replacedRules], rules).to.deep.equal([[], undefined]);
    }
  });

  // The Firestore emulator let a client in by most of these: semicolons are optional, and comments and strings hold anything.
  for (const grants of [
    "allow read, write: if request.time < timestamp.date(2027, 1, 1);",
    "allow read, write: if false; allow get;",
    "allow read, write: if false || true;",
    "allow read: if true\n allow write: if false",
    "allow read\n allow write: if false;",
    "allow read: if true // was: if false\n",
    "allow read: // default: if false;\n if true;",
    "allow read: if ': if false;' != '';",
    "// closed \u2028 allow read;\n allow read, write: if false;",
    "// closed \r allow read;\n allow read, write: if false;",
    "allow read, write: if false;\n}\nmatch /shops/{id} { allow read;",
  ]) {
    it(`shows rules that may let a client in, and says that they are replaced: ${JSON.stringify(grants)}`, () => {
      const rules = withGrants(grants);
      const plan = planDeployment({ ...empty, rules }, target);
      expect([plan.replaced, plan.replacedRules]).to.deep.equal([["the Firestore rules"], rules]);
    });
  }

  it("is to change settings of fields that others have in collections of our names, before ours are there", () => {
    const fields = { otherFields: ["orders.forget_at", "events.delete_at"] };
    const contestedFields = ["events.delete_at", "events.custom_id"];
    const plan = planDeployment({ ...empty, ...fields, contestedFields }, target);
    expect(plan.replaced).to.deep.equal(contestedFields);
    expect(Object.fromEntries(plan.rows)["other fields"]).to.match(/^orders\.forget_at: /);

    const functions = functionsOf("updater-stats", ["stats"]);
    const upgrade = planDeployment({ ...empty, ...fields, contestedFields, functions }, target);
    expect(upgrade.replaced, "an earlier version's").to.deep.equal([]);
  });

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
