import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { newApp } from "../../../dev/testing/events.ts";
import { backend, storedEvents } from "../../backend.ts";
import { type Dialogue, hasTerminal, inTerminal } from "../../terminal.ts";

const functions = fileURLToPath(new URL("../../..", import.meta.url));

/** Runs a command of this repository in a terminal. */
const runHere = (args: string, dialogue: Dialogue) =>
  inTerminal(
    `"${process.execPath}" ${args}`,
    { cwd: functions, env: { ...process.env, PORT: "0" } },
    dialogue,
  );

describe("in a terminal (needs script of util-linux)", () => {
  before(function () {
    if (!hasTerminal) this.skip();
  });

  it("npm start shows the counters on Enter and stops on Ctrl-C", async () => {
    const { exitCode, shown } = await runHere("dev/local/start.ts", [
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
      const { exitCode, shown } = await runHere(`tools/simulate.ts --devices 1 --app ${app} --url ${url()}`, [
        ["[y/N]", typed],
      ]);
      expect(shown).to.include("Send the events of 1 made-up device to 0.0.0.0");
      expect(shown).to.include("Nothing was done.").and.not.include("requests with");
      expect(exitCode).to.equal(0);
      expect(await storedEvents(app)).to.deep.equal([]);
    });
  }

  it("a tool does what it asked about on yes, with a progress bar", async () => {
    const app = newApp();
    const { exitCode, shown } = await runHere(`tools/simulate.ts --devices 3 --app ${app} --url ${url()}`, [
      ["[y/N]", "y\n"],
    ]);
    expect(shown).to.include("3 of 3").and.include("requests with");
    expect(exitCode).to.equal(0);
    expect(await storedEvents(app)).not.to.have.length(0);
  });
});
