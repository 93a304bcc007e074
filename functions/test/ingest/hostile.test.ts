import net from "node:net";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { type FunctionProcess, MEMORY_MEBIBYTES, startFunction } from "../../dev/local/framework.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { backend, storedEvents } from "../backend.ts";

const MEBIBYTE = 1024 * 1024;

describe("an instance of stats under attack", () => {
  let stats: FunctionProcess;

  before(async () => {
    stats = await startFunction("stats", {
      ...backend().environment,
      STATS_TOKEN: "secret-token",
    });
  });

  after(() => stats.child.kill("SIGKILL"));

  const post = async (body: string | Buffer<ArrayBuffer>, headers: Record<string, string> = {}) => {
    const url = `${stats.url}?token=secret-token`;
    const response = await fetch(url, {
      method: "POST",
      body,
      headers: { "Content-Type": "application/json", ...headers },
    });
    await response.arrayBuffer();
    return response.status;
  };

  it("lives within its memory through 80 requests at once, each as costly as one can be", async function () {
    const fill = (open: string, unit: string, close: string) =>
      open + unit.repeat((5 * MEBIBYTE - open.length - close.length) / unit.length) + close;
    const keys = Array.from({ length: 350_000 }, (_, i) => `"k${i}":1`).join();
    const event = JSON.stringify(anEvent({ app_id: newApp() })).slice(1, -1);
    const costly = [
      "[".repeat(5 * MEBIBYTE),
      "[".repeat(20 * MEBIBYTE),
      fill("[{", '"a":{},', '"b":1}]'),
      fill(`[{${event},"a":[`, "[],", "1]}]"),
      `[{${event},"metadata":{${keys}}}]`,
      fill(`[{${event},"message":"`, "é", '"}]'),
    ].map((json) => [json, gzipSync(json)] as const);
    const statuses = await Promise.all(
      Array.from({ length: 80 }, (_, index) => {
        const [json, compressed] = costly[index % costly.length] ?? ["", Buffer.alloc(0)];
        return index % 2 ? post(json) : post(compressed, { "Content-Encoding": "gzip" });
      }),
    );
    expect(new Set(statuses)).to.deep.equal(new Set([400, 413, 200]));
    expect(await post(JSON.stringify(anEvent()))).to.equal(200);
    const memory = stats.memory();
    if (memory === undefined) this.skip();
    expect(memory.peak / MEBIBYTE).to.be.lessThan(MEMORY_MEBIBYTES);
  });

  for (const [encoding, compress] of Object.entries({
    gzip: (whole: Buffer) => gzipSync(whole, { level: 1 }),
    deflate: (whole: Buffer) => deflateSync(whole, { level: 1 }),
    br: (whole: Buffer) => brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } }),
  })) {
    it(`unpacks no more of a bomb in ${encoding} than may be in it`, async () => {
      const bomb = compress(Buffer.alloc(MEMORY_MEBIBYTES * MEBIBYTE));
      expect(await post(bomb, { "Content-Encoding": encoding })).to.equal(413);
      const memory = stats.memory();
      if (memory) expect(memory.peak / MEBIBYTE).to.be.lessThan(MEMORY_MEBIBYTES);
    });
  }

  it("takes small requests while large ones are slow to come", async () => {
    const slow = Array.from({ length: 20 }, () => {
      const socket = net.connect(Number(new URL(stats.url).port), "127.0.0.1");
      const head = "POST /?token=secret-token HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n";
      socket.on("error", () => {}).write(head + " ".repeat(MEBIBYTE));
      return socket;
    });
    const app_id = newApp();
    expect(await post(JSON.stringify(anEvent({ app_id })))).to.equal(200);
    expect(await storedEvents(app_id)).to.have.length(1);
    for (const socket of slow) socket.destroy();
    // Their places are free again.
    expect(await post(JSON.stringify(anEvent()) + " ".repeat(MEBIBYTE))).to.equal(200);
  });

  it("prints nothing of what was sent, and no stack trace", async () => {
    const secret = "secret-device";
    const bodies = [
      `{"device_id":"${secret}"`,
      `"${secret}"`,
      `[{"device_id":"${secret}","action":"${secret}"}]`,
    ];
    for (const body of bodies) {
      await post(body);
      await post(body, { "Content-Type": `application/json; charset=${secret}` });
      await post(body, { "Content-Encoding": "gzip" });
      await post(body, { "Content-Encoding": secret });
      const aborted = net.connect(Number(new URL(stats.url).port), "127.0.0.1");
      aborted.write(
        `POST /?token=secret-token HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n${body}`,
      );
      await new Promise((sent) => setTimeout(sent, 50));
      aborted.destroy();
    }
    await fetch(`${stats.url}%ff?token=wrong-secret`, { method: "POST", body: secret });
    expect(await post(JSON.stringify(anEvent()))).to.equal(200);
    expect(stats.output()).to.include('"message":"events"');
    expect(stats.output()).not.to.match(/secret|^ +at /m);
  });
});
