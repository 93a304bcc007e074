import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { anEvent } from "../../dev/testing/events.ts";

const functions = new URL("../..", import.meta.url).pathname;

/** Runs what `npm start` runs. `output` grows as the process prints. */
function start(port: string, settings: Record<string, string> = {}) {
  const child = spawn(process.execPath, ["dev/local/start.ts"], {
    cwd: functions,
    env: { ...process.env, PORT: port, ...settings },
  });
  const running = { child, output: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      running.output += text;
    });
  }
  return running;
}

async function printed(
  running: { output: string; child: ChildProcess },
  pattern: RegExp,
): Promise<RegExpMatchArray> {
  for (;;) {
    const match = running.output.match(pattern);
    if (match) return match;
    if (running.child.exitCode !== null)
      throw new Error(`exited without printing ${pattern}:\n${running.output}`);
    await sleep(20);
  }
}

async function getJson(url: string) {
  const response = await fetch(url);
  return { status: response.status, body: await response.json() };
}

describe("npm start", () => {
  let running: ReturnType<typeof start>;
  let statsUrl = "";
  let url = "";

  before(async () => {
    running = start("0");
    const match = await printed(
      running,
      /stats +((http:\/\/127\.0\.0\.1:\d+)\/demo-updater-stats\/us-central1\/stats)/,
    );
    [, statsUrl = "", url = ""] = match;
  });

  after(() => {
    running.child.kill("SIGKILL");
  });

  it("prints a curl line that works, a line per request and a line per counted event", async () => {
    const match = await printed(running, /curl (\S+) --json @(\S+)/);
    expect(match[1]).to.equal(statsUrl);
    const body = readFileSync(join(functions, match[2] ?? ""));
    const answer = await fetch(match[1] ?? "", { method: "POST", body });
    expect(await answer.json()).to.deep.equal({ status: "ok" });
    await printed(running, /POST \/demo-updater-stats\/us-central1\/stats → 200/);
    await printed(running, /counted download_zip_start of com\.example\.shop 2\.5\.1 on android/);
  });

  it("shows a document and a collection, with times as ISO strings", async () => {
    await fetch(statsUrl, {
      method: "POST",
      body: JSON.stringify(anEvent({ app_id: "com.example.shown", version_name: "a/b" })),
    });
    await printed(running, /counted set of com\.example\.shown/);
    const path = "counters/com.example.shown@a%2Fb";
    const counter = await getJson(`${url}/documents/${path.replace("%", "%25")}`);
    expect(counter.status).to.equal(200);
    expect(counter.body.path).to.equal(path);
    expect(counter.body.data).to.deep.include({ version_name: "a/b", actions: { set: 1 } });
    expect(counter.body.data.updated_at).to.match(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const counters = await getJson(`${url}/documents/counters?limit=1`);
    expect(counters.body).to.have.length(1);
    expect(await getJson(`${url}/documents/${path.replace("%", "%25")}/days`)).to.have.nested.property(
      "body[0].data.actions",
    );
  });

  it("answers 404 for what does not exist and 400 for what cannot be asked", async () => {
    expect((await getJson(`${url}/documents/counters/none`)).status).to.equal(404);
    expect((await getJson(`${url}/elsewhere`)).status).to.equal(404);
    for (const path of [
      "documents/counters?limit=0",
      "documents/counters?limit=x",
      "documents/",
      "documents/a//b",
      "documents/%ff",
      "documents/__x__/y",
    ]) {
      expect((await getJson(`${url}/${path}`)).status, path).to.equal(400);
    }
    expect((await getJson(`${url}/documents/none`)).body).to.deep.equal([]);
  });

  it("says so and ends with exit code 1 when the port is in use or is none, or a setting is wrong", async () => {
    const second = start(new URL(url).port);
    const [code] = await once(second.child, "exit");
    expect(code).to.equal(1);
    expect(second.output).to.match(/^Port \d+ is in use\. Choose another one: PORT=\d+ npm start\n$/);

    const wrong = start("0", { EVENT_RETENTION_DAYS: "ninety" });
    expect((await once(wrong.child, "exit"))[0]).to.equal(1);
    expect(wrong.output).to.equal(
      'EVENT_RETENTION_DAYS: expected a whole number from 0 to 36500, got "ninety"\n',
    );

    const third = start("eighty");
    expect((await once(third.child, "exit"))[0]).to.equal(1);
    expect(third.output).to.equal("PORT: expected a whole number from 0 to 65535, got eighty\n");
  });

  it("ends at once on Ctrl-C", async () => {
    const another = start("0");
    await printed(another, /Ctrl-C stops it/);
    another.child.kill("SIGINT");
    expect((await once(another.child, "exit"))[0]).to.equal(0);
  });
});
