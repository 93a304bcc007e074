import { spawn, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "chai";

const functions = fileURLToPath(new URL("../..", import.meta.url));

/** `script` of util-linux gives a process a terminal. */
const hasTerminals = spawnSync("script", ["--version"], { encoding: "utf8" }).stdout?.includes("util-linux");

describe("npm start in a terminal", () => {
  it("shows the counters on Enter and stops on Ctrl-C (needs script of util-linux)", async function () {
    if (!hasTerminals) this.skip();
    const command = `"${process.execPath}" local/start.ts`;
    const started = spawn("script", ["--quiet", "--flush", "--return", "--command", command, "/dev/null"], {
      cwd: functions,
      env: { ...process.env, PORT: "0" },
      stdio: ["pipe", "pipe", "ignore"],
      timeout: 8_000,
    });
    let output = "";
    for await (const chunk of started.stdout) {
      const before = output;
      output += chunk;
      const shows = (text: string) => output.includes(text) && !before.includes(text);
      if (shows("Ctrl-C stops it.")) started.stdin.write("\n");
      if (shows("Nothing is counted yet.")) started.stdin.write("\u0003");
    }
    const exitCode = started.exitCode ?? (await new Promise((resolve) => started.once("exit", resolve)));
    expect(output).to.include("Nothing is counted yet.");
    expect(exitCode).to.equal(0);
  });
});
