import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { newApp } from "../../../dev/testing/events.ts";
import { backend, storedEvents } from "../../backend.ts";

const functions = fileURLToPath(new URL("../../..", import.meta.url));

/** `script` of util-linux gives a process a terminal. */
const hasTerminals = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux");

/** Runs a command in a terminal and types a text once its cue is shown. Answers with what was shown. */
async function inTerminal(command: string, dialogue: ReadonlyArray<readonly [cue: string, typed: string]>) {
  const started = spawn(
    "script",
    // `exec`, since some shells stay beside the command, die of its Ctrl-C and end with 130 in its place.
    ["--quiet", "--flush", "--return", "--command", `exec "${process.execPath}" ${command}`, "/dev/null"],
    {
      cwd: functions,
      env: { ...process.env, PORT: "0" },
      stdio: ["pipe", "pipe", "ignore"],
      timeout: 60_000,
    },
  );
  const exited = once(started, "exit");
  const next = dialogue.values();
  let turn = next.next().value;
  let shown = "";
  for await (const chunk of started.stdout) {
    shown += chunk;
    while (turn && shown.includes(turn[0])) {
      started.stdin.write(turn[1]);
      turn = next.next().value;
    }
  }
  const [exitCode] = await exited;
  return { exitCode, shown };
}

describe("in a terminal (needs script of util-linux)", () => {
  before(function () {
    if (!hasTerminals) this.skip();
  });

  it("npm start shows the counters on Enter and stops on Ctrl-C", async () => {
    const { exitCode, shown } = await inTerminal("dev/local/start.ts", [
      ["Ctrl-C stops it.", "\n"],
      ["Nothing is counted yet.", "\u0003"],
    ]);
    expect(shown).to.include("Nothing is counted yet.");
    expect(exitCode).to.equal(0);
  });

  // Not a loopback address, but on Linux it reaches this machine.
  const url = () => backend().statsUrl.replace("127.0.0.1", "0.0.0.0");

  for (const [answer, typed] of [
    ["no", "n\n"],
    ["Enter", "\n"],
    ["Ctrl-D", "\u0004"],
    ["Ctrl-C", "\u0003"],
  ] as const) {
    it(`a tool does nothing on ${answer}`, async () => {
      const app = newApp();
      const { exitCode, shown } = await inTerminal(
        `tools/simulate.ts --devices 1 --app ${app} --url ${url()}`,
        [["[y/N]", typed]],
      );
      expect(shown).to.include("Send the events of 1 made-up device to 0.0.0.0");
      expect(shown).to.include("Nothing was done.").and.not.include("requests with");
      expect(exitCode).to.equal(0);
      expect(await storedEvents(app)).to.deep.equal([]);
    });
  }

  it("a tool does what it asked about on yes, with a progress bar", async () => {
    const app = newApp();
    const { exitCode, shown } = await inTerminal(
      `tools/simulate.ts --devices 3 --app ${app} --url ${url()}`,
      [["[y/N]", "y\n"]],
    );
    expect(shown).to.include("3 of 3").and.include("requests with");
    expect(exitCode).to.equal(0);
    expect(await storedEvents(app)).not.to.have.length(0);
  });
});
