import { connect, createServer, type Socket } from "node:net";
import { expect } from "chai";
import type { Page } from "playwright-core";
import { listen } from "../../dev/local/listen.ts";
import { fortyVersions, fourBadVersions } from "../../dev/testing/worlds.ts";
import { type Browsing, describeInBrowser, figures } from "./browser.ts";

interface Wire {
  url: string;
  /** The bytes that the server has sent since the last time, heads and all. */
  taken(): number;
}

/** Lies between a browser and a server, and weighs what the server sends. */
async function weigh(url: string, closeLater: Browsing["closeLater"]): Promise<Wire> {
  let bytes = 0;
  const sockets = new Set<Socket>();
  const proxy = createServer((browser) => {
    const server = connect(Number(new URL(url).port), "127.0.0.1");
    server.on("data", (chunk) => {
      bytes += chunk.length;
    });
    for (const socket of [browser, server]) {
      sockets.add(socket);
      socket.on("error", () => {}); // The browser goes when it likes.
    }
    browser.pipe(server).pipe(browser);
  });
  const port = await listen(proxy);
  closeLater({
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
    },
  });
  return {
    url: `http://127.0.0.1:${port}/`,
    taken() {
      const taken = bytes;
      bytes = 0;
      return taken;
    },
  };
}

/** Waits until a page has all that it asks for. */
async function complete(page: Page): Promise<void> {
  await figures(page);
  await page.waitForLoadState("networkidle");
}

describeInBrowser("the weight of the dashboard", ({ serve, open, closeLater }) => {
  for (const [title, world] of Object.entries({
    "four bad versions": fourBadVersions,
    "forty versions": fortyVersions,
  })) {
    it(`is at most 40 kB in six requests at first, and 2 kB again, with ${title}`, async () => {
      const { url } = await serve(await world());
      const wire = await weigh(url, closeLater);
      const page = await open();
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await page.goto(wire.url);
      await complete(page);
      const first = { bytes: wire.taken(), requests: asked.length };
      asked.length = 0;
      await page.reload();
      await complete(page);
      const again = { bytes: wire.taken(), requests: asked.length };
      expect(first.bytes).to.be.at.most(40_000);
      expect(first.requests).to.be.at.most(6);
      expect(again.bytes).to.be.at.most(2_000);
    });
  }
});
