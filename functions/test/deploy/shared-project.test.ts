import { expect } from "chai";
import { changes } from "../../dev/google/changes.ts";
import { addForeign, addFunction, situations } from "../../dev/google/situations.ts";
import { type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { type Clone, createClone, functionChanges, type Run } from "./clone.ts";

const OURS = ["addDeltas", "countEvent", "dashboard", "stats", "sweep", "watch"];
const PLACE = "projects/stand-in/locations/europe-west4";
const COLLECTIONS = "firestore.googleapis.com/v1/projects/stand-in/databases/(default)/collectionGroups";

/** `npm run deploy` looks for these before it calls `firebase deploy`: here is what that does to a project by itself. */
describe("firebase deploy, in a project that holds something", () => {
  let clone: Clone;
  const started: Google[] = [];

  const start = async (...given: Parameters<typeof startGoogle>) => {
    const google = await startGoogle(...given);
    started.push(google);
    return google;
  };

  before(async () => {
    clone = await createClone({ REGION: "europe-west4" });
  });

  after(async () => {
    await clone.remove();
    for (const google of started) {
      await google.close();
      expect(google.unknown).to.deep.equal([]);
    }
  });

  describe("of an older version of ours, and of another team, which also has a function called dashboard", () => {
    let google: Google;
    let run: Run;

    before(async () => {
      google = await start(addForeign(situations.older()));
      addFunction(google.project, "dashboard", "shop");
      run = await clone.deploy(google);
      expect(run.exitCode, run.output).to.equal(0);
    });

    it("takes over what is called as ours is, whoever has deployed it: it is updated in place, without a question", () => {
      expect([...functionChanges(run.requests, "PATCH").keys()]).to.have.members(OURS);
      expect(
        functionChanges(run.requests, "POST").size + functionChanges(run.requests, "DELETE").size,
      ).to.equal(0);
      for (const id of OURS) {
        const { labels, buildConfig } = google.project.functions.get(`${PLACE}/functions/${id}`) ?? {};
        expect(labels, id).to.include({ "firebase-functions-codebase": "updater-stats" });
        expect(buildConfig?.runtime, id).to.equal("nodejs24");
      }
    });

    it("leaves what the older version had besides: somebody has to delete it by its name", async () => {
      expect(google.project.functions.has(`${PLACE}/functions/sumShards`)).to.equal(true);
      const { exitCode, output } = await clone.firebase(
        google,
        ...["functions:delete", "sumShards", "--region", "europe-west4", "--project", "stand-in", "--force"],
      );
      expect(exitCode, output).to.equal(0);
      expect(google.project.functions.has(`${PLACE}/functions/sumShards`)).to.equal(false);
      expect(google.project.functions.size).to.equal(OURS.length + 1);
    });

    it("spares the functions, the indexes and the TTL fields of others", () => {
      const foreign = situations.foreign();
      expect(google.project.functions.get(`${PLACE}/functions/billing`)?.buildConfig).to.deep.equal(
        foreign.functions.get(`${PLACE}/functions/billing`)?.buildConfig,
      );
      expect(google.project.indexes).to.deep.include(foreign.indexes[0]);
      expect(google.project.fields).to.deep.include(foreign.fields[0]);
    });

    it("replaces their rules without a question", () => {
      expect(google.project.rules).not.to.equal(situations.foreign().rules);
      expect(google.project.rules).to.include("allow read, write: if false");
    });
  });

  it("deletes the indexes and the TTL fields of others with --force", async () => {
    const google = await start(situations.foreign());
    const run = await clone.deploy(google, "--only", "firestore", "--force");
    expect(run.exitCode, run.output).to.equal(0);
    expect(changes(run.requests)).to.include.members([
      `DELETE ${COLLECTIONS}/orders/indexes/CICAgOjXh4EK`,
      `PATCH ${COLLECTIONS}/orders/fields/forget_at`,
    ]);
    expect(google.project.fields.filter(({ name }) => name.includes("orders"))).to.deep.equal([]);
  });
});
