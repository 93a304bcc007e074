import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { FieldValue } from "firebase-admin/firestore";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { listen } from "../../dev/local/listen.ts";
import { attempts, writeAlarm, writeCounter, writeMonth } from "../../dev/testing/counters.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { createTimedFirestore, type TimedFirestore } from "../../dev/testing/firestores.ts";
import { counterRef, dayId, daysOf } from "../../src/counting/documents.ts";
import { backend, post } from "../backend.ts";
import { type ServedDashboard, serveDashboard } from "../dashboard/server.ts";

const CHROMIUM = "/usr/bin/chromium";
const missing = existsSync(CHROMIUM) ? "" : " (not run: no Chromium here, apt-get install chromium)";

const SHOP = "com.example.shop";

/** What the page says of one version: the text of its cells, by column. */
async function row(page: Page, version: string): Promise<Record<string, string>> {
  const cells = page.locator(`#versions tr[data-version="${version}"] td`);
  return Object.fromEntries(
    await cells.evaluateAll((all) =>
      all.map((cell) => [
        cell.getAttribute("data-label"),
        (cell.querySelector(".value") ?? cell).textContent?.trim(),
      ]),
    ),
  );
}

/** The actions of the version that is looked at, as the table of actions says. */
async function shownActions(page: Page): Promise<Record<string, number>> {
  const rows = page.locator("#actions tbody tr");
  return Object.fromEntries(
    await rows.evaluateAll((all) =>
      all.map((row) => [
        row.querySelector("th")?.textContent,
        Number(row.querySelector("td")?.textContent?.replaceAll(",", "")),
      ]),
    ),
  );
}

/** Asked of the page, since `page.url()` follows it only after a while. */
const address = (page: Page) => page.evaluate(() => location.href);
const alarms = (page: Page) => page.locator(".alarm h3").allTextContents();
const versions = (page: Page) => page.locator("#versions tbody .name a").allTextContents();

describe(`dashboard, in a browser${missing}`, () => {
  let browser: Browser;
  let open: Array<{ close(): Promise<void> }> = [];
  let complaints: string[] = [];
  let expectedComplaint: RegExp | undefined;

  before(async function () {
    if (missing) this.skip();
    browser = await chromium.launch({
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
  });

  after(() => browser?.close());

  afterEach(async () => {
    for (const thing of open.toReversed()) await thing.close();
    open = [];
    const seen = complaints.filter((complaint) => !expectedComplaint?.test(complaint));
    complaints = [];
    expectedComplaint = undefined;
    expect(seen, "what the browser's console says").to.deep.equal([]);
  });

  async function serve(database: TimedFirestore, port?: number): Promise<ServedDashboard> {
    const dashboard = await serveDashboard(database, port);
    open.push(dashboard);
    return dashboard;
  }

  /** Lets a server listen on a free port until the test ends. */
  async function serveFrom(server: Server): Promise<string> {
    const port = await listen(server);
    open.push({ close: async () => void server.close().closeAllConnections() });
    return `http://127.0.0.1:${port}/`;
  }

  /** Opens a page, and keeps what goes wrong in it. */
  async function visit(url: string, options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({
      viewport: { width: 1280, height: 900 },
      reducedMotion: "reduce", // Nothing has to wait for smooth scrolling.
      ...options,
    });
    open.push(context);
    const page = await context.newPage();
    page.setDefaultTimeout(30_000);
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(message.text());
    });
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("dialog", (dialog) => {
      complaints.push(`dialog: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on("request", (request) => {
      if (!request.url().startsWith(new URL(url).origin)) complaints.push(`request to ${request.url()}`);
    });
    await page.goto(url);
    await page.locator("#freshness:not(:empty), .notice").first().waitFor();
    return page;
  }

  /** Loads the page again, with a clock that stands still but for `page.clock.runFor`. */
  async function stopClock(page: Page): Promise<void> {
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.reload();
    await page.locator("#freshness:not(:empty)").waitFor();
  }

  /** A month of two apps, one of which has a version that fails on iOS. */
  async function month() {
    const database = createTimedFirestore();
    await writeMonth(database.firestore, SHOP, { bad: true });
    await writeMonth(database.firestore, "com.example.legacy", { scale: 0.1 });
    return { database, ...(await serve(database)) };
  }

  it("shows what the counters say, for events that came over HTTP", async () => {
    const app_id = newApp();
    const sent: Record<string, Record<string, number>> = {
      android: {
        download_zip_start: 130,
        download_complete: 121,
        set: 120,
        update_fail: 2,
        app_launch_start: 300,
        app_crash: 3,
      },
      // The test of the checksum comes after `download_complete`.
      ios: { download_manifest_start: 45, download_complete: 43, checksum_fail: 3, set: 40, reset: 1 },
    };
    const events = Object.entries(sent).flatMap(([platform, actions]) =>
      Object.entries(actions).flatMap(([action, count]) =>
        Array.from({ length: count }, () => anEvent({ app_id, platform, action })),
      ),
    );
    const emulator = anEvent({ app_id, action: "download_zip_start", is_emulator: true });
    events.push(...Array.from({ length: 50 }, () => emulator));
    for (let from = 0; from < events.length; from += 500) await post(events.slice(from, from + 500));
    await backend().settled();
    const counter = (await backend().firestore.doc(`counters/${app_id}@2.5.1`).get()).data();

    const dashboard = await serveDashboard({ firestore: backend().firestore, now: Date.now });
    open.push(dashboard);
    const page = await visit(`${dashboard.url}?app=${app_id}`);
    const { android, ios } = counter?.platforms ?? {};
    expect([android.set, ios.set, counter?.development]).to.deep.equal([120, 40, { download_zip_start: 50 }]);
    expect(await shownActions(page)).to.deep.equal({ ...android, ...ios, download_complete: 164, set: 160 });
    expect(await row(page, "2.5.1")).to.deep.include({
      "Not downloaded": "8.0 %",
      Downloads: "175 → 161",
      Installs: "160",
      "Share, 7 days": "100 %",
      "Rolled back": "2",
      "Crash-free": "99.0 %",
      Reasons: "checksum_fail 3",
    });
    expect(await page.locator(".development").textContent()).to.match(/reported: download_zip_start 50\.$/);
    const meanings = await page.locator("#actions .meaning").allTextContents();
    expect(meanings).to.include("The download is not what was published: its checksum differs.");
    await page.getByRole("radio", { name: "ios" }).check({ force: true });
    expect(await shownActions(page)).to.deep.equal(ios);
    expect(await row(page, "2.5.1")).to.deep.include({ "Not downloaded": "11.1 %", "Crash-free": "–" });
  });

  it("says at once which version fails and where, and only that one", async () => {
    const { url } = await month();
    const page = await visit(url);
    expect(await alarms(page)).to.deep.equal(["2.5.1 on ios: 8.1 % are not downloaded, 0.4 % before"]);
    expect(await page.title()).to.equal("⚠ 2.5.1 on ios: 8.1 % are not downloaded, 0.4 % before");
    expect(await page.locator("tr.alarming").count()).to.equal(1);
    expect((await versions(page))[0]).to.equal("2.5.1");
    expect(await page.locator('[data-version="2.5.1"] .rate .on').textContent()).to.equal("ios 8.1 %");
    const text = page.locator(".alarm p").first();
    expect(await text.textContent()).to.match(
      /^24 of 297 devices that began the download did not get it\. Before: 4 of 1,000, with earlier versions at the same age\. Alarm since \d+ \w+, \d\d:\d\d UTC\.$/,
    );
    expect(await page.locator(".alarm li").allTextContents()).to.deep.equal([
      "version_build 2.4.0: 94 % of those that fail, 31 % of the others",
      "message Checksum failed: 88 % of those that fail, 2 % of the others",
      "version_os 18.1: 61 % of those that fail, 44 % of the others",
    ]);
    // Across the room: the first words are in letters of a sixteenth of the screen, on a field of alarm.
    const box = await page.locator(".alarm .subject").boundingBox();
    expect(box?.height).to.be.greaterThan(56);
    expect(box?.y).to.be.lessThan(200);

    await page.getByRole("button", { name: "How is this decided?" }).click();
    expect(await page.locator("#test").textContent()).to.match(/device/);

    const healthy = await visit(`${url}?app=com.example.legacy`);
    expect(await alarms(healthy)).to.deep.equal([]);
    expect(await healthy.locator(".calm").textContent()).to.match(/^No version is known to fail/);
  });

  it("says of each alarm what happens to devices, where, and what it was compared with", async () => {
    const database = createTimedFirestore();
    for (const version of ["1.0.0", "2.0.0", "3.0.0"]) {
      const today = { ios: attempts(90), android: attempts(90) };
      await writeCounter(database.firestore, SHOP, version, { 0: today });
    }
    const common = { began_at: Date.UTC(2026, 10, 21, 7, 14), causes: [] };
    await writeAlarm(database.firestore, SHOP, {
      ...common,
      version_name: "1.0.0",
      measure: "rolled_back",
      scopes: ["ios", "android"],
      now: { count: 50, of: 100 },
    });
    await writeAlarm(database.firestore, SHOP, {
      ...common,
      version_name: "2.0.0",
      measure: "crashed",
      scopes: ["all"],
      rule: "own_past",
      now: { count: 30, of: 100 },
      before: { count: 1, of: 200 },
    });
    await writeAlarm(database.firestore, SHOP, {
      ...common,
      version_name: "3.0.0",
      rule: "threshold",
      now: { count: 3, of: 30 },
      before: { count: 5, of: 100 },
    });
    const page = await visit((await serve(database)).url);
    expect(await alarms(page)).to.deep.equal([
      "1.0.0 on ios and android: 50.0 % are rolled back, 0.4 % before",
      "2.0.0: 30.0 % crash, 0.5 % before",
      "3.0.0 on ios: 10.0 % are not downloaded, at most 5.0 % allowed",
    ]);
    expect(await page.locator(".alarm p").allTextContents()).to.deep.equal([
      "50 of 100 devices that installed it rolled it back. Before: 4 of 1,000, with earlier versions at the same age. Alarm since 21 Nov, 07:14 UTC.",
      "30 of 100 devices that started it crashed. Before: 1 of 200, with this version until a day ago. Alarm since 21 Nov, 07:14 UTC.",
      "3 of 30 devices that began the download did not get it. There is no earlier version to compare with; the settings allow 5.0 %. Alarm since 21 Nov, 07:14 UTC.",
    ]);
    await page.getByRole("radio", { name: "android" }).check({ force: true });
    expect((await alarms(page)).map((text) => text.slice(0, 5))).to.deep.equal(["1.0.0", "2.0.0"]);
    expect(await page.locator(".elsewhere").textContent()).to.equal("There is an alarm on ios.");
  });

  it("says nothing of failures before a device has an update", async () => {
    const database = createTimedFirestore();
    const foreground = { ios: { app_moved_to_foreground: 9 } };
    await writeCounter(database.firestore, SHOP, "2.4.0", { 0: foreground });
    await writeCounter(database.firestore, SHOP, "2.5.0", { 0: { development: attempts(9) } });
    const page = await visit((await serve(database)).url);
    expect(await page.locator(".calm").textContent()).to.match(/^No device has reported an update yet/);
    expect(await page.locator(".no-update th small").allTextContents()).to.have.members([
      "never downloaded or installed",
      "development builds only",
    ]);
  });

  it("filters everything by platform, and says where else there is an alarm", async () => {
    const { database, url } = await month();
    const page = await visit(url);
    await page.getByRole("radio", { name: "android" }).check({ force: true });
    expect(new URL(await address(page)).searchParams.get("platform")).to.equal("android");
    expect(await alarms(page)).to.deep.equal([]);
    expect(await page.locator(".calm").textContent()).to.include("on android");
    const ref = counterRef(database.firestore, { app_id: SHOP, version_name: "2.5.1" });
    const { platforms } = (await ref.get()).data() ?? {};
    expect((await row(page, "2.5.1")).Installs).to.equal(platforms.android.set.toLocaleString("en-GB"));
    expect(await page.locator("#detail h2").textContent()).to.include("on android");
    expect(await page.locator("#adoption h2").textContent()).to.equal("Installs per day on android");
    const today = page.locator("#adoption-table tbody tr").first().locator("td").first();
    const day = await daysOf(ref).doc(dayId(database.now())).get();
    expect(await today.getAttribute("data-value")).to.equal(String(day.get("platforms.android.set")));

    await page.locator(".elsewhere a").click();
    expect(await alarms(page)).to.have.length(1);
    expect(await versions(page)).not.to.include("2.6.0-beta.1"); // It is on Android only.
  });

  it("has an address for what is chosen: app, platform and version", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=com.example.legacy&platform=ios&version=2.4.0`);
    expect(await page.locator("#app").inputValue()).to.equal("com.example.legacy");
    expect(await page.getByRole("radio", { name: "ios" }).isChecked()).to.equal(true);
    expect(await page.locator("#detail h2").textContent()).to.equal("2.4.0 on ios");

    expect(await page.locator("#app option").allTextContents()).to.deep.equal([
      `⚠ ${SHOP}`,
      "com.example.legacy",
    ]);
    await page.locator("#app").selectOption(SHOP);
    await page.locator(".alarm").waitFor();
    await page.getByRole("link", { name: "2.5.0" }).click();
    expect(await page.locator("#detail h2").textContent()).to.equal("2.5.0 on ios");
    expect(await address(page)).to.equal(`${url}?app=${SHOP}&platform=ios&version=2.5.0`);
    await page.goBack();
    await page.goBack();
    await page.locator(".calm").waitFor();
    expect(await page.locator("#detail h2").textContent()).to.equal("2.4.0 on ios");
  });

  it("shows the funnel with its widest step, and installs per day that add up", async () => {
    const { database, url } = await month();
    const page = await visit(url);
    const steps = await page
      .locator(".funnel li")
      .evaluateAll((all) => all.map((step) => step.getAttribute("data-measure")));
    expect(steps).to.deep.equal(["begun", "downloaded", "installed", "rolled_back"]);
    const widest = page.locator(".funnel .widest");
    expect(await widest.count()).to.equal(1);
    expect(await widest.getAttribute("data-measure")).to.equal("downloaded");
    expect(await widest.locator(".lost").textContent()).to.match(/^−[\d,]+ \(3\.\d %\) most$/);
    const { actions } = (await database.firestore.doc(`counters/${SHOP}@2.5.1`).get()).data() ?? {};
    expect(await page.locator('.funnel [data-measure="installed"] .count').textContent()).to.equal(
      actions.set.toLocaleString("en-GB"),
    );
    const cells = page.locator("#adoption-table tbody td:nth-of-type(1)");
    const perDay = await cells.evaluateAll((all) =>
      all.map((cell) => Number(cell.getAttribute("data-value"))),
    );
    expect(perDay).to.have.length(30);
    expect(perDay.reduce((sum, count) => sum + count)).to.equal(actions.set);
  });

  it("updates itself every 10 seconds where it stands: nothing jumps, moves or loses the focus", async () => {
    const { database, url } = await month();
    const page = await visit(url);
    await stopClock(page);
    await page.locator("details summary").click();
    await page.getByRole("link", { name: "2.5.0" }).focus();
    await page.evaluate(() => {
      window.scrollTo(0, 900);
      document.querySelector("#versions tr")?.setAttribute("data-seen", "");
      Object.assign(window, { marked: document.querySelector('tr[data-version="2.5.1"]') });
      const cell = document.querySelector('#actions [data-action="set"] th');
      if (cell) getSelection()?.selectAllChildren(cell);
    });
    const scroll = () => page.evaluate(() => Math.round(window.scrollY));
    const before = { scroll: await scroll(), row: await row(page, "2.5.1") };

    database.pass(10_000);
    const ref = database.firestore.doc(`counters/${SHOP}@2.5.1`);
    await ref.update({
      "actions.set": FieldValue.increment(1_000),
      "platforms.ios.set": FieldValue.increment(1_000),
      updated_at: FieldValue.serverTimestamp(),
    });
    await page.clock.runFor(10_000);
    const installs = Number(before.row.Installs?.replaceAll(",", "")) + 1_000;
    await page
      .locator(`tr[data-version="2.5.1"] .installs:text-is("${installs.toLocaleString("en-GB")}")`)
      .waitFor();

    expect(await scroll()).to.equal(before.scroll);
    const kept = await page.evaluate(() => ({
      focus: document.activeElement?.textContent,
      row: Reflect.get(window, "marked") === document.querySelector('tr[data-version="2.5.1"]'),
      selection: getSelection()?.toString(),
      opened: document.querySelector("details")?.open,
    }));
    expect(kept).to.deep.equal({ focus: "2.5.0", row: true, selection: "set", opened: true });
  });

  it("asks for nothing while nobody sees it, and at once when somebody does again", async () => {
    const { url } = await month();
    const page = await visit(url);
    await stopClock(page);
    let asked = 0;
    page.on("request", (request) => {
      if (new URL(request.url()).pathname.endsWith("/data")) asked++;
    });
    const setHidden = (hidden: boolean) =>
      page.evaluate((hidden) => {
        Object.defineProperty(document, "hidden", { configurable: true, value: hidden });
        document.dispatchEvent(new Event("visibilitychange"));
      }, hidden);
    await setHidden(true);
    await page.clock.runFor(60_000);
    expect(asked).to.equal(0);
    // Nor after a request that was still under way.
    await page.locator("#app").selectOption("com.example.legacy");
    await page.locator(".calm").waitFor();
    await page.clock.runFor(60_000);
    expect(asked).to.equal(1);
    const again = page.waitForResponse(/data/);
    await setHidden(false);
    await page.clock.runFor(1);
    await again;
  });

  it("says what to do where there is no data yet, and where an app has none", async () => {
    const empty = await visit((await serve(createTimedFirestore())).url);
    expect(await empty.locator("#alarm").textContent()).to.match(/Nothing has been counted yet.*statsUrl/);
    expect(await empty.locator("#picker").isVisible()).to.equal(false);
    expect(await empty.locator("table").count()).to.equal(0);

    const { url } = await month();
    const page = await visit(`${url}?app=com.example.none`);
    expect(await page.locator("#alarm").textContent()).to.match(/^No counters for com\.example\.none/);
    await page.locator("#app").selectOption(SHOP);
    await page.locator(".alarm").waitFor();
  });

  it("says what is wrong when the data cannot be had, keeps the last figures, and comes back by itself", async () => {
    const { database, port, close, url } = await month();
    const page = await visit(url);
    await stopClock(page);
    expectedComplaint = /ERR_CONNECTION_REFUSED/;
    await close();
    await page.clock.runFor(10_000);
    const notice = page.getByRole("alert").locator(".notice");
    await notice.waitFor();
    expect(await notice.textContent()).to.match(
      /figures of \d\d:\d\d:\d\d.*does not answer.*gcloud run services proxy/,
    );
    expect(await alarms(page)).to.have.length(1);

    await serve(database, port);
    await page.clock.runFor(10_000);
    await notice.waitFor({ state: "detached" });
  });

  it("says that the sign-in has run out, as Identity-Aware Proxy tells it", async () => {
    const { url } = await month();
    let signedIn = true;
    let followed = false;
    const signIn = await serveFrom(
      createServer((request, response) => {
        followed ||= request.headers["sec-fetch-dest"] === "empty"; // Not the browser's own request for the icon.
        response.end();
      }),
    );
    const proxy = createServer(async (request, response) => {
      if (!signedIn) return response.writeHead(302, { Location: signIn }).end();
      const { status, headers, body } = await fetch(new URL(request.url ?? "", url));
      response.writeHead(status, { "Content-Type": headers.get("content-type") ?? "" });
      for await (const chunk of body ?? []) response.write(chunk);
      response.end();
    });
    const page = await visit(await serveFrom(proxy));
    await stopClock(page);
    signedIn = false;
    expectedComplaint = new RegExp(signIn); // The redirect is reported; `followed` tells whether it is followed.
    await page.clock.runFor(10_000);
    await page.locator(".notice").waitFor();
    expect(await page.locator(".notice").textContent()).to.match(/sign-in has run out.*Load the page again/);
    expect(await alarms(page)).to.have.length(1);
    expect(followed).to.equal(false);
  });

  it("stays with the app that it began with, whatever another does", async () => {
    const database = createTimedFirestore();
    await writeCounter(database.firestore, "com.example.first", "1.0.0", { 0: { ios: attempts(90) } });
    await writeCounter(database.firestore, "com.example.other", "1.0.0", { 0: { ios: attempts(80) } });
    const { url } = await serve(database);
    const page = await visit(url);
    await stopClock(page);
    expect(await address(page)).to.equal(`${url}?app=com.example.first`);
    database.pass(10_000);
    await writeCounter(
      database.firestore,
      "com.example.other",
      "1.0.0",
      { 0: { ios: attempts(900) } },
      database.now(),
    );
    const answer = page.waitForResponse(/data/);
    await page.clock.runFor(10_000);
    await answer;
    await page
      .locator("#app option")
      .first()
      .filter({ hasText: "com.example.other" })
      .waitFor({ state: "attached" });
    expect(await page.locator("#app").inputValue()).to.equal("com.example.first");
    expect((await row(page, "1.0.0")).Installs).to.equal("90");
  });

  it("shows the names that strangers choose as text", async () => {
    const database = createTimedFirestore();
    const hostile = [
      "<img src=x onerror=alert(1)>",
      '"><script>alert(1)</script>',
      "javascript:alert(1)",
      "&lt;b&gt;",
      "__proto__",
      "constructor",
      "\u202e1.5.2",
      "2.5.1\u3164",
      "=1+1",
      "x".repeat(512),
      "?app=other&version=1#x",
    ];
    for (const name of hostile) {
      await writeCounter(database.firestore, SHOP, name, { 0: { ios: attempts(60, 1) } });
    }
    await writeCounter(database.firestore, SHOP, "9.9.9 <i>bad</i>", { 0: { ios: attempts(600, 400) } });
    const strange = (field: string, value: string) => {
      return { field, value, failing: { count: 1, of: 1 }, others: { count: 0, of: 0 } };
    };
    await writeAlarm(database.firestore, SHOP, {
      version_name: "9.9.9 <i>bad</i>",
      now: { count: 400, of: 600 },
      causes: [
        strange("<b>field</b>", "<img src=x onerror=alert(1)>"),
        strange("message", "x".repeat(3_000)),
        strange("version_os", "\u202e18"),
      ],
    });
    const { url } = await serve(database);
    const page = await visit(url, { viewport: { width: 390, height: 844 } });
    // What turns `1.5.2` into `2.5.1` to the eye, or makes a second `2.5.1`, is written out.
    const asShown = (name: string) => name.replace("\u202e", "\\u{202e}").replace("\u3164", "\\u{3164}");
    const all = [...hostile, "9.9.9 <i>bad</i>"];
    const inTable = (name: string) => (name === "=1+1" ? "'=1+1" : asShown(name));
    expect(await versions(page)).to.have.members(all.map(inTable));
    expect((await alarms(page))[0]).to.match(/^9\.9\.9 <i>bad<\/i> on ios: 66\.7 % are not downloaded/);
    expect(await page.locator(".alarm li code").allTextContents()).to.deep.equal([
      "<b>field</b> <img src=x onerror=alert(1)>",
      `message ${"x".repeat(100)}…`,
      "version_os \\u{202e}18",
    ]);
    expect(await page.locator("img, i, b, main script").count()).to.equal(0);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.be.at.most(390);
    for (const name of hostile) {
      await page.getByRole("link", { name: inTable(name), exact: true }).click();
      expect(await page.locator("#detail h2").textContent()).to.equal(asShown(name));
      expect(new URL(await address(page)).searchParams.get("version")).to.equal(name);
    }
  });

  it("says what is left out, and shows rates of too little data in grey", async () => {
    const database = createTimedFirestore();
    for (let i = 0; i < 23; i++) {
      await writeCounter(database.firestore, SHOP, `1.${i}.0`, { 0: { ios: attempts(100 - i * 4, 2) } });
    }
    for (let i = 0; i < 52; i++) {
      await writeCounter(database.firestore, `com.example.app${i}`, "1.0.0", { 0: { ios: attempts(1) } });
    }
    const page = await visit((await serve(database)).url);
    expect(await versions(page)).to.have.length(20);
    expect(await page.locator(".left-out").textContent()).to.match(/^3 more versions are left out/);
    expect(await page.locator("#notes").textContent()).to.match(/3 more apps are left out/);
    expect(await page.locator("#app option").count()).to.equal(50);
    expect(await page.locator('tr[data-version="1.0.0"] .little').count()).to.equal(0);
    const little = page.locator('tr[data-version="1.20.0"] .rate .little');
    expect(await little.allTextContents()).to.deep.equal(["10.0 %", "2.8 – 30.1 %too little data"]);
  });

  it("fits any width", async () => {
    const { url } = await month();
    const page = await visit(url);
    for (const width of [320, 390, 640, 641, 820, 1_000, 1_087, 1_089, 1_200, 1_279, 1_281, 2_000]) {
      await page.setViewportSize({ width, height: 900 });
      const beyond = await page.evaluate(() =>
        [...document.querySelectorAll("main *")]
          .filter((element) => {
            const card = element.closest("main > section")?.getBoundingClientRect();
            const hidden = element.closest("details:not([open]), .hidden, .most, .colon, .tip, thead, .skip");
            return card && !hidden && element.getBoundingClientRect().right > card.right + 1;
          })
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      expect(beyond, `${width} wide`).to.deep.equal([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).to.equal(width);
    }
  });

  it("can be used with the keyboard alone", async () => {
    const { url } = await month();
    const page = await visit(url);
    const focused = () =>
      page.evaluate(() => document.activeElement?.textContent?.trim() || document.activeElement?.id);
    await page.keyboard.press("Tab");
    expect(await focused()).to.equal("Skip to the versions");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab"); // From the picker of apps to the platforms.
    await page.keyboard.press("ArrowRight");
    expect(new URL(await address(page)).searchParams.get("platform")).to.equal("android");
    await page.keyboard.press("ArrowRight");
    expect(new URL(await address(page)).searchParams.get("platform")).to.equal("ios");
    await page.keyboard.press("Tab");
    expect(await focused()).to.equal("Look closer at 2.5.1");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.locator("#test").isVisible()).to.equal(true);
    await page.keyboard.press("Escape");
    expect(await page.locator("#test").isVisible()).to.equal(false);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    expect(await focused()).to.equal("2.5.0");
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    );
    expect(outline).to.equal("solid");
    await page.keyboard.press("Enter");
    expect(await page.locator("#detail h2").textContent()).to.equal("2.5.0 on ios");
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal("detail");
    await page.keyboard.press("Tab");
    expect(await focused()).to.equal("Copy table");
  });

  it("copies a table as a spreadsheet takes it", async () => {
    const { database, url } = await month();
    const page = await visit(url, { permissions: ["clipboard-read", "clipboard-write"] });
    await page.locator('[data-copy="actions"]').click();
    await page.getByRole("button", { name: "Copied" }).waitFor();
    const text = await page.evaluate(() => navigator.clipboard.readText());
    const { actions } = (await database.firestore.doc(`counters/${SHOP}@2.5.1`).get()).data() ?? {};
    expect(text).to.match(/^Action\tCount\tMeaning\n/);
    expect(text).to.include(`\nset\t${actions.set}\tThe version is installed`);
  });

  it("copies no name that a spreadsheet runs as a formula", async () => {
    const database = createTimedFirestore();
    const version = '=HYPERLINK("https://evil.example")';
    await writeCounter(database.firestore, SHOP, version, { 0: { ios: { set: 1, "@action": 1 } } });
    const { url } = await serve(database);
    const page = await visit(url, { permissions: ["clipboard-read", "clipboard-write"] });
    const copy = async (table: string) => {
      await page.locator(`[data-copy="${table}"]`).click();
      await page.locator(`[data-copy="${table}"]`, { hasText: "Copied" }).waitFor();
      return page.evaluate(() => navigator.clipboard.readText());
    };
    expect(await copy("actions")).to.include("\n'@action\t1\t");
    await page.locator("details summary").click();
    expect(await copy("adoption-table")).to.match(/^Day\t'=HYPERLINK/);
    expect(await versions(page)).to.deep.equal([`'${version}`]);
    expect(await page.locator("#detail h2").textContent()).to.equal(version);
  });

  it("has no accessibility faults, with an alarm, without one, empty and broken, light, dark and on a phone", async () => {
    const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
    const { url, close } = await month();
    const empty = await serve(createTimedFirestore());
    const phone = { viewport: { width: 390, height: 844 } };
    const faults = async (page: Page) => {
      await page.evaluate(axe);
      return page.evaluate(async () => {
        const { violations } = await Reflect.get(window, "axe").run({
          rules: { "color-contrast-enhanced": { enabled: false } },
        });
        return violations.map(
          ({ id, nodes }: { id: string; nodes: Array<{ html: string }> }) => `${id}: ${nodes[0]?.html}`,
        );
      });
    };
    const trusting = { bypassCSP: true }; // For axe, which the page's policy would not let in.
    for (const [at, options] of [
      [url, { colorScheme: "light" }],
      [`${url}?platform=ios`, { ...phone, colorScheme: "dark" }],
      [empty.url, {}],
    ] as const) {
      expect(await faults(await visit(at, { ...options, ...trusting })), at).to.deep.equal([]);
    }
    const page = await visit(`${url}?app=com.example.legacy`, trusting);
    await stopClock(page);
    expectedComplaint = /ERR_CONNECTION_REFUSED/;
    await close();
    await page.clock.runFor(10_000);
    await page.locator(".notice").waitFor();
    await page.clock.resume(); // Axe waits by the page's clock.
    expect(await faults(page)).to.deep.equal([]);
  });

  it("is less than 100 kB at first sight", async () => {
    const { url } = await month();
    const context = await browser.newContext();
    open.push(context);
    const page = await context.newPage();
    const session = await context.newCDPSession(page);
    await session.send("Network.enable");
    let bytes = 0;
    let files = 0;
    session.on("Network.loadingFinished", ({ encodedDataLength }) => {
      bytes += encodedDataLength;
      files++;
    });
    await page.goto(url);
    await page.locator(".alarm").waitFor();
    await page.waitForLoadState("networkidle");
    console.log(`      ${(bytes / 1_000).toFixed(1)} kB in ${files} files`);
    expect(files).to.be.within(14, 18);
    expect(bytes).to.be.below(100_000);
  });

  it("looks like this", async () => {
    const { url } = await month();
    const folder = fileURLToPath(new URL("../screenshots/", import.meta.url));
    mkdirSync(folder, { recursive: true });
    const desktop = { viewport: { width: 1280, height: 900 } };
    for (const [name, options] of Object.entries({
      light: { ...desktop, colorScheme: "light" },
      dark: { ...desktop, colorScheme: "dark" },
      phone: { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2 },
    } as const)) {
      const page = await visit(url, options);
      expect(await page.locator(".alarm").isVisible()).to.equal(true);
      await page.screenshot({ path: `${folder}dashboard-${name}.png`, fullPage: true });
    }
    console.log(`      ${folder}dashboard-{light,dark,phone}.png`);
  });
});
