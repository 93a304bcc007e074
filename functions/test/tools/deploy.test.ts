import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { changes } from "../../dev/google/changes.ts";
import { GoogleError } from "../../dev/google/routes.ts";
import { addForeign, addFunction, FOREIGN_RULES, situations } from "../../dev/google/situations.ts";
import { type Google, startGoogle } from "../../dev/google/stand-in.ts";
import { type Clone, createClone, functionChanges, writeSettings } from "../deploy/clone.ts";
import { type Dialogue, hasTerminal, inTerminal } from "../terminal.ts";

const FUNCTIONS = ["addDeltas", "countEvent", "dashboard", "stats", "sweep", "watch"];

describe("npm run deploy", () => {
  let clone: Clone;
  let google: Google | undefined;

  before(async () => {
    clone = await createClone();
  });

  beforeEach(() => writeSettings(clone.functions, { REGION: "europe-west4" }));

  afterEach(async () => {
    await google?.close();
    expect(google?.unknown ?? []).to.deep.equal([]);
    google = undefined;
  });

  after(() => clone.remove());

  async function projectIn(situation: keyof typeof situations): Promise<Google> {
    google = await startGoogle(situations[situation]());
    return google;
  }

  /** Runs it where nobody can be asked. */
  async function deploy({ env }: Google, ...args: string[]) {
    const child = spawn(process.execPath, ["tools/deploy.ts", ...args], { cwd: clone.functions, env });
    child.stdin.end();
    const [printed, complaints, [exitCode]] = await Promise.all([
      text(child.stdout),
      text(child.stderr),
      once(child, "close"),
    ]);
    return { exitCode, printed, complaints };
  }

  /** Runs it in a terminal. */
  const deployInTerminal = ({ env }: Google, dialogue: Dialogue) =>
    inTerminal(
      `"${process.execPath}" tools/deploy.ts --project stand-in`,
      { cwd: clone.functions, env },
      dialogue,
    );

  it("stops at the placeholder of .firebaserc", async () => {
    const { exitCode, complaints } = await deploy(await projectIn("empty"));
    expect(exitCode).to.equal(2);
    expect(complaints).to.match(
      /^deploy: No project is chosen: only the placeholder of \.firebaserc is there\./,
    );
  });

  it("takes the project of `firebase use`, which leaves .firebaserc alone", async () => {
    const project = await projectIn("no-database");
    const before = await readFile(join(clone.root, ".firebaserc"), "utf8");
    const { exitCode, output } = await clone.firebase(project, "use", "stand-in");
    expect(exitCode, output).to.equal(0);
    expect((await deploy(project)).complaints).to.match(/^deploy: stand-in has no Firestore database\./);
    expect(await readFile(join(clone.root, ".firebaserc"), "utf8")).to.equal(before);
  });

  describe("without settings that it can use", () => {
    it("says how to make them", async () => {
      await rm(join(clone.functions, ".env"));
      const { exitCode, complaints } = await deploy(await projectIn("empty"), "--project", "stand-in");
      expect(exitCode).to.equal(1);
      expect(complaints).to.match(
        /^deploy: there are no settings yet\. Copy functions\/\.env\.example to functions\/\.env,/,
      );
    });

    it("says which lines to add", async () => {
      await writeFile(join(clone.functions, ".env"), "REGION=europe-west4\nAPP_IDS=\n");
      const { exitCode, complaints } = await deploy(await projectIn("empty"), "--project", "stand-in");
      expect(exitCode).to.equal(1);
      const lines = complaints.split("\n").filter((line) => /^[A-Z_]+=/.test(line));
      expect(lines).to.include("EVENT_RETENTION_DAYS=90").and.not.include("APP_IDS=");
      await writeFile(
        join(clone.functions, ".env"),
        ["REGION=europe-west4", "APP_IDS=", ...lines].join("\n"),
      );
      const { complaints: later } = await deploy(await projectIn("no-database"), "--project", "stand-in");
      expect(later).to.match(/^deploy: stand-in has no Firestore database\./);
    });

    it("says what the Firebase CLI cannot read", async () => {
      await writeFile(join(clone.functions, ".env"), "FOO BAR\n");
      const { exitCode, complaints } = await deploy(await projectIn("empty"), "--project", "stand-in");
      expect(exitCode).to.equal(1);
      expect(complaints).to.include("Failed to load environment variables from .env.").and.include("FOO BAR");
    });

    it("says which is wrong, and sends nothing", async () => {
      await writeSettings(clone.functions, { STATS_MIN_INSTANCES: "5" });
      const project = await projectIn("empty");
      const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
      expect(exitCode).to.equal(1);
      expect(complaints).to.match(
        /^deploy: a wrong setting in functions\/\.env\. STATS_MIN_INSTANCES: expected at most /,
      );
      expect(project.requests).to.deep.equal([]);
    });
  });

  it("stops where there is no database, with a command that makes one where the functions run", async () => {
    const project = await projectIn("no-database");
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(changes(project.requests)).to.deep.equal([]);

    const [, command = ""] = /^npx --prefix functions firebase (.*)$/m.exec(complaints) ?? [];
    const args = command.split(" ").map((word) => word.replaceAll('"', ""));
    const { output } = await clone.firebase(project, ...args);
    expect(project.project.database, output).to.include({ locationId: "europe-west4" });
  });

  it("stops at a database in Datastore mode", async () => {
    const project = await projectIn("empty");
    project.project.database = { locationId: "eur3", type: "DATASTORE_MODE" };
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(complaints).to.match(/^deploy: the database of stand-in is in Datastore mode/);
  });

  it("says what Google answers where it may not read, and changes nothing", async () => {
    const project = await projectIn("empty");
    const error = new GoogleError("PERMISSION_DENIED", "Permission 'cloudfunctions.functions.list' denied");
    project.project.apis.add("cloudfunctions.googleapis.com");
    project.fail({ hits: ({ api }) => api === "cloudfunctions.googleapis.com", error, times: 9 });
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(complaints).to.include("Permission 'cloudfunctions.functions.list' denied");
    expect(changes(project.requests)).to.deep.equal([]);
  });

  it("changes nothing where nobody can be asked", async () => {
    const project = await projectIn("empty");
    const { exitCode, printed, complaints } = await deploy(project, "--project", "stand-in");
    expect(exitCode).to.equal(2);
    expect(printed)
      .to.match(/^database +\(default\), in eur3$/m)
      .and.match(/^region +europe-west4$/m);
    expect(complaints).to.match(/^deploy: Deploy to stand-in\? Nobody can be asked here/);
    expect(changes(project.requests)).to.deep.equal([]);
  });

  it("with --yes asks nothing and deploys all, then again what has changed, which is nothing", async () => {
    await writeSettings(clone.functions, { REGION: "europe-west4", STATS_TOKEN: "t0ken" });
    const project = await projectIn("empty");
    const { exitCode, printed, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode, complaints).to.equal(0);
    expect([...functionChanges(project.requests, "POST").keys()]).to.have.members(FUNCTIONS);
    expect(project.project.rules).to.equal(await readFile(join(clone.root, "firestore.rules"), "utf8"));
    expect(project.project.indexes).to.have.length(1);
    expect(printed).to.match(
      /^statsUrl: "https:\/\/europe-west4-stand-in\.cloudfunctions\.net\/stats\?token=t0ken"$/m,
    );

    project.requests.length = 0;
    const again = await deploy(project, "--project", "stand-in", "--yes");
    expect(again.printed).to.match(
      /^functions +update stats, countEvent, addDeltas, sweep, watch, dashboard$/m,
    );
    expect(changes(project.requests)).to.deep.equal([
      "PATCH firebaserules.googleapis.com/v1/projects/stand-in/releases/cloud.firestore", // The same rules again.
    ]);
  });

  it("with --yes refuses to replace rules of others", async () => {
    const project = await projectIn("foreign");
    const { exitCode, printed, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(complaints).to.match(/^deploy: this would replace the Firestore rules, which may not be ours\. /);
    expect(printed).to.include("    match /orders/{order} {");
    expect(printed).to.match(/^other functions +billing \(europe-west4\): they stay$/m);
    expect(printed).to.match(/^other indexes +orders \(customer, ordered_at\): they stay/m);
    expect(printed).to.match(/^other fields +orders\.forget_at: /m);
    expect(changes(project.requests)).to.deep.equal([]);
  });

  it("with --yes refuses to replace a function of others that has a name of ours", async () => {
    const project = await projectIn("foreign");
    delete project.project.rules;
    addFunction(project.project, "stats", "shop");
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(complaints).to.match(
      /^deploy: this would replace stats \(europe-west4\), which may not be ours\. /,
    );
    expect(changes(project.requests)).to.deep.equal([]);
  });

  it("with --yes refuses to change fields of others in collections that have names of ours", async () => {
    const project = await projectIn("foreign");
    delete project.project.rules;
    const events = "projects/stand-in/databases/(default)/collectionGroups/events/fields";
    const descending = {
      queryScope: "COLLECTION",
      fields: [{ fieldPath: "custom_id", order: "DESCENDING" }],
    };
    project.project.fields.push(
      { name: `${events}/custom_id`, indexConfig: { indexes: [descending] } },
      { name: `${events}/delete_at`, indexConfig: {}, ttlConfig: { state: "ACTIVE" } },
    );
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(complaints).to.match(/^deploy: this would replace events\.custom_id, events\.delete_at, which /);
    expect(changes(project.requests)).to.deep.equal([]);
  });

  it("with --yes takes over what an older version has deployed, and spares what is not ours", async () => {
    const project = await projectIn("older");
    addForeign(project.project);
    delete project.project.rules;
    const others = structuredClone([...project.project.indexes, ...project.project.fields]);
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode, complaints).to.equal(0);
    expect([...functionChanges(project.requests, "PATCH").keys()]).to.have.members(FUNCTIONS);
    expect(functionChanges(project.requests, "DELETE")).to.be.empty;
    const { indexes, fields } = project.project;
    expect([...indexes, ...fields]).to.deep.include.members(others);
  });

  it("with --yes refuses to delete functions of ours in another region, to which apps may send", async () => {
    const project = await projectIn("deployed");
    await writeSettings(clone.functions, { REGION: "europe-west1" });
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(complaints).to.match(/^deploy: this would delete stats \(europe-west4\), .*dashboard/);
    expect(changes(project.requests)).to.deep.equal([]);
  });

  it("stops where another account would leave Google's calls refused, and says what to do, which works", async () => {
    const project = await projectIn("older");
    const account = "updater-stats@stand-in.iam.gserviceaccount.com";
    await writeSettings(clone.functions, { REGION: "europe-west4", SERVICE_ACCOUNT: account });
    const { exitCode, complaints } = await deploy(project, "--project", "stand-in", "--yes");
    expect(exitCode).to.equal(1);
    expect(changes(project.requests)).to.deep.equal([]);

    const [, command = ""] = /^npx --prefix functions firebase (.*)$/m.exec(complaints) ?? [];
    const { output } = await clone.firebase(project, ...command.split(" "), "--force");
    expect(
      [...project.project.functions.keys()].map((name) => name.split("/").at(-1)),
      output,
    ).to.have.members(["stats", "dashboard", "sumShards"]);
    const again = await deploy(project, "--project", "stand-in", "--yes");
    expect(again.exitCode, again.complaints).to.equal(0);
    for (const { name, serviceConfig, eventTrigger } of project.project.functions.values()) {
      if (name.endsWith("/sumShards")) continue;
      expect(serviceConfig.serviceAccountEmail, name).to.equal(account);
      if (eventTrigger) expect(eventTrigger.serviceAccountEmail, name).to.equal(account);
    }
    for (const { httpTarget } of project.project.jobs.values()) {
      expect(httpTarget.oidcToken?.serviceAccountEmail).to.equal(account);
    }
  });

  describe("in a terminal (needs script of util-linux)", () => {
    before(function () {
      if (!hasTerminal) this.skip();
    });

    it("asks before anything changes, and does nothing on Enter", async () => {
      const project = await projectIn("foreign");
      const { exitCode, shown } = await deployInTerminal(project, [["[y/N]", "\n"]]);
      expect(exitCode).to.equal(1);
      expect(shown).to.include(
        "This replaces what may not be ours: the Firestore rules. Deploy to stand-in all the same?",
      );
      expect(shown).to.include("Nothing was done.");
      expect(changes(project.requests)).to.deep.equal([]);
      expect(project.project.rules).to.equal(FOREIGN_RULES);
    });

    it("asks what the README says, in this order, and leaves indexes and fields of others alone on Enter", async () => {
      const project = await projectIn("foreign");
      const { indexes, fields } = structuredClone(project.project);
      const { exitCode, shown } = await deployInTerminal(project, [
        ["Deploy to stand-in all the same? [y/N]", "y\n"],
        ["Would you like to proceed with deployment?", "y\r"],
        ["Would you like to delete these indexes?", "\r"],
        ["Would you like to delete these field overrides?", "\r"],
        ["How many days do you want to keep container images", "\r"],
      ]);
      expect(exitCode, shown).to.equal(0);
      expect([...project.project.functions.keys()]).to.have.length(FUNCTIONS.length + 1);
      expect(project.project.indexes).to.deep.include.members(indexes);
      expect(project.project.fields).to.deep.include.members(fields);
    });
  });
});
