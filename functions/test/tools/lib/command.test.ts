import { expect } from "chai";
import { runTool } from "../operator.ts";

const onFirestore = ["counters", "health", "device", "catch-up", "verify", "forget", "purge"];
/** What cannot be left out. */
const required: Record<string, string[]> = {
  health: ["--app", "com.example.shop"],
  device: ["--device", "x"],
  forget: ["--device", "x"],
  purge: ["--app", "com.example.shop", "--version", "x"],
};

async function forEach(names: readonly string[], check: (name: string) => Promise<void>): Promise<void> {
  await Promise.all(names.map(check));
}

describe("the tools as commands", () => {
  it("explain themselves and their options", async () => {
    await forEach([...onFirestore, "simulate"], async (name) => {
      const { exitCode, stdout, stderr } = await runTool(name, ["--help"]);
      expect({ exitCode, stderr }).to.deep.equal({ exitCode: 0, stderr: "" });
      expect(stdout).to.match(new RegExp(`^Usage: npm run ${name} -- \\[options\\]\n`));
      expect(stdout)
        .to.match(/\n {2}--help +this text\n/)
        .and.include(`Example: npm run ${name} -- --`);
    });
  });

  it("refuse an option that they do not have", async () => {
    await forEach([...onFirestore, "simulate"], async (name) => {
      const { exitCode, stdout, stderr } = await runTool(name, ["--colour"]);
      expect({ exitCode, stdout }).to.deep.equal({ exitCode: 2, stdout: "" });
      expect(stderr).to.include(`${name}: unknown option '--colour'`).and.include("--help");
    });
  });

  it("say what to do without a project", async () => {
    await forEach(onFirestore, async (name) => {
      const nothing = { GOOGLE_CLOUD_PROJECT: "", FIRESTORE_EMULATOR_HOST: "" };
      for (const { exitCode, stderr } of [
        await runTool(name, required[name]),
        await runTool(name, required[name], nothing),
      ]) {
        expect(exitCode).to.equal(2);
        expect(stderr).to.include("No project. Name it with --project ID or GOOGLE_CLOUD_PROJECT");
      }
    });
  });

  it("say what to do without credentials", async () => {
    const project = { GOOGLE_CLOUD_PROJECT: "my-project" };
    await forEach(onFirestore, async (name) => {
      for (const { exitCode, stderr } of [
        await runTool(name, required[name], project),
        await runTool(name, required[name], { ...project, GOOGLE_APPLICATION_CREDENTIALS: "/nonexistent" }),
      ]) {
        expect(exitCode).to.equal(2);
        expect(stderr).to.include("gcloud auth application-default login");
      }
    });
  });

  it("say what to do when the emulator is not running", async () => {
    await forEach(onFirestore, async (name) => {
      const { exitCode, stderr } = await runTool(name, required[name], {
        FIRESTORE_EMULATOR_HOST: "127.0.0.1:1",
      });
      expect(exitCode).to.equal(2);
      expect(stderr).to.include("Nothing answers at FIRESTORE_EMULATOR_HOST=127.0.0.1:1");
    });
  });

  it("name every option at fault, what was expected and what came", async () => {
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
      "forget: expected either --device or --custom-id, got neither",
    );
    expect((await runTool("catch-up", ["--older-than", "-1"])).exitCode).to.equal(2);
  });

  it("do nothing to production where nobody can be asked", async () => {
    const { exitCode, stderr } = await runTool("simulate", ["--url", "https://stats.invalid/"]);
    expect(exitCode).to.equal(2);
    expect(stderr).to.include("Send the events of 100 made-up devices to stats.invalid").and.include("--yes");
  });
});
