import { expect } from "chai";
import { runTool } from "./tools.ts";

const onFirestore = ["counters", "catch-up", "verify", "forget"];
/** What cannot be left out. */
const required: Record<string, string[]> = {
  forget: ["--device", "x"],
  simulate: ["--url", "http://127.0.0.1:1"],
};

describe("the tools as commands", () => {
  for (const name of [...onFirestore, "simulate"]) {
    it(`${name} explains itself and its options`, async () => {
      const { exitCode, stdout, stderr } = await runTool(name, ["--help"]);
      expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: "" });
      expect(stdout).to.match(new RegExp(`^npm run ${name} -- \\[options\\]\n`));
      expect(stdout)
        .to.match(/\n {2}--help +this text\n/)
        .and.include(`Example: npm run ${name} -- --`);
    });

    it(`${name} refuses an option that it does not have`, async () => {
      const { exitCode, stdout, stderr } = await runTool(name, ["--colour"]);
      expect({ exitCode, stdout }).to.deep.equal({ exitCode: 2, stdout: "" });
      expect(stderr).to.include(`${name}: Unknown option '--colour'`).and.include("--help");
    });
  }

  for (const name of onFirestore) {
    it(`${name} says what to do without a project, without credentials and without an emulator`, async () => {
      const args = required[name] ?? [];
      const [noProject, emptySettings, noCredentials, noKeyFile, noEmulator] = await Promise.all([
        runTool(name, args),
        runTool(name, args, { GOOGLE_CLOUD_PROJECT: "", FIRESTORE_EMULATOR_HOST: "" }),
        runTool(name, args, { GOOGLE_CLOUD_PROJECT: "my-project" }),
        runTool(name, [...args, "--project", "my-project"], {
          GOOGLE_APPLICATION_CREDENTIALS: "/nonexistent",
        }),
        runTool(name, args, { FIRESTORE_EMULATOR_HOST: "127.0.0.1:1" }),
      ]);
      for (const { exitCode, stderr } of [noProject, emptySettings]) {
        expect(exitCode).to.equal(2);
        expect(stderr).to.include("No project. Name it with --project ID or GOOGLE_CLOUD_PROJECT");
      }
      for (const { exitCode, stderr } of [noCredentials, noKeyFile]) {
        expect(exitCode).to.equal(2);
        expect(stderr).to.include("gcloud auth application-default login");
      }
      expect(noEmulator.exitCode).to.equal(2);
      expect(noEmulator.stderr).to.include("Nothing answers at FIRESTORE_EMULATOR_HOST=127.0.0.1:1");
    });
  }

  it("names every option at fault, what was expected and what came", async () => {
    const args = ["--devices", "0", "--failures", "120%", "--bad-platform", "windows", "--url", "ftp://x"];
    const { exitCode, stderr } = await runTool("simulate", args);
    expect(exitCode).to.equal(2);
    expect(stderr.split("\n")[0]).to.equal(
      'simulate: --url: expected the URL of the stats function, got "ftp://x"; ' +
        '--devices: expected a whole number from 1, got "0"; ' +
        '--failures: expected at most 100%, got "120%"; ' +
        '--bad-platform: expected android, ios, electron, got "windows"',
    );
    expect((await runTool("forget", [])).stderr).to.include(
      "--device: expected the id of a device, got nothing",
    );
    expect((await runTool("catch-up", ["--older-than", "-1"])).exitCode).to.equal(2);
  });

  it("does nothing to production where nobody can be asked", async () => {
    const { exitCode, stderr } = await runTool("simulate", ["--url", "https://stats.invalid/"]);
    expect(exitCode).to.equal(2);
    expect(stderr).to.include("Send the events of 100 made-up devices to stats.invalid").and.include("--yes");
  });
});
