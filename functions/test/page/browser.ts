/** Opens the dashboard's page in a real Chromium, for tests, and keeps what goes wrong in it. */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { expect } from "chai";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { type ServedDashboard, serveDashboard } from "../dashboard/server.ts";

const CHROMIUM = "/usr/bin/chromium";
const missing = existsSync(CHROMIUM) ? "" : " (not run: no Chromium here, apt-get install chromium)";

export interface Opening extends BrowserContextOptions {
  /** What the browser's console has to say, such as that the server answers 503: without it, nothing. */
  complaint?: RegExp;
}

export interface Browsing {
  /** Serves the dashboard of a Firestore until the test ends. */
  serve(...dashboard: Parameters<typeof serveDashboard>): Promise<ServedDashboard>;
  /** Closes something when the test ends, before what was opened earlier. */
  closeLater<Thing extends { close(): Promise<unknown> }>(thing: Thing): Thing;
  /** Makes a page that is open until the test ends. The test fails if anything goes wrong in it. */
  open(opening?: Opening): Promise<Page>;
  /** The same, at an address, when its figures are there, or the reason why they are not. */
  visit(url: string, opening?: Opening): Promise<Page>;
}

/** Describes what a browser shows; pending, test by test, where there is none. */
export function describeInBrowser(title: string, tests: (browsing: Browsing) => void): void {
  describe(title + missing, () => {
    let browser: Browser;
    let opened: { close(): Promise<unknown> }[] = [];
    let complaints: string[] = [];

    before(async function () {
      if (missing) this.skip();
      browser = await launchChromium();
    });

    after(() => browser?.close());

    afterEach(async () => {
      for (const thing of opened.toReversed()) await thing.close();
      const seen = complaints;
      [opened, complaints] = [[], []];
      expect(seen, "what went wrong in the browser").to.deep.equal([]);
    });

    const closeLater: Browsing["closeLater"] = (thing) => {
      opened.push(thing);
      return thing;
    };

    const open: Browsing["open"] = async ({ complaint, ...options } = {}) => {
      const context = closeLater(
        await browser.newContext({
          viewport: { width: 1280, height: 900 },
          reducedMotion: "reduce", // Nothing has to wait for smooth scrolling.
          ...options,
        }),
      );
      const page = await context.newPage();
      page.setDefaultTimeout(30_000);
      const complain = (text: string) => {
        if (!complaint?.test(text)) complaints.push(text);
      };
      page.on("console", (message) => {
        if (["error", "warning"].includes(message.type())) complain(message.text());
      });
      page.on("pageerror", (error) => complain(error.message));
      page.on("dialog", (dialog) => {
        complain(`dialog: ${dialog.message()}`);
        dialog.dismiss();
      });
      page.on("request", (request) => {
        const { origin } = new URL(request.url());
        const isOwn = page.url() === "about:blank" || origin === new URL(page.url()).origin;
        if (!isOwn && !request.url().startsWith("blob:")) complain(`request to ${request.url()}`);
      });
      return page;
    };

    tests({
      closeLater,
      open,
      async serve(...dashboard) {
        return closeLater(await serveDashboard(...dashboard));
      },
      async visit(url, opening) {
        const page = await open(opening);
        await page.goto(url);
        await figures(page);
        return page;
      },
    });
  });
}

function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: CHROMIUM,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

/** Waits until nothing of a page is being read any more. */
export async function figures(page: Page): Promise<void> {
  await page.locator("main").waitFor();
  const busy = page.locator('main [aria-busy="true"]').filter({ visible: true });
  await busy.first().waitFor({ state: "hidden" });
}

/** For axe, which the page's policy would not let in. */
export const trusting = { bypassCSP: true } satisfies Opening;

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What depends on colours. */
const ofColours = ["color-contrast", "link-in-text-block"];

/**
 * What axe finds on a page that was opened as `trusting`: each fault, with where it is. It looks at everything, or at colours only,
 * and waits by the page's clock.
 */
export async function axeFaults(page: Page, what: "all" | "colours" = "all"): Promise<string[]> {
  if (!(await page.evaluate(() => Reflect.has(window, "axe")))) await page.evaluate(axe);
  const options = { resultTypes: ["violations"], ...(what === "colours" && { runOnly: ofColours }) };
  return page.evaluate(async (options) => {
    const { violations } = await Reflect.get(window, "axe").run(options);
    return violations.flatMap(({ id, nodes }: { id: string; nodes: { html: string }[] }) =>
      nodes.map(({ html }) => `${id}: ${html.slice(0, 200)}`),
    );
  }, options);
}
