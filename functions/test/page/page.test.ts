import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { expect } from "chai";
import { FieldValue, Timestamp } from "firebase-admin/firestore";
import type { Locator, Page } from "playwright-core";
import { listen } from "../../dev/local/listen.ts";
import { attempts, writeAlarm, writeCounter, writeMonth } from "../../dev/testing/counters.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { createTimedFirestore, type TimedFirestore } from "../../dev/testing/firestores.ts";
import { alarmRef } from "../../src/health/alarm-documents.ts";
import { watchStateRef } from "../../src/health/watch-state.ts";
import { backend, post } from "../backend.ts";
import { describeInBrowser, figures } from "./browser.ts";

const SHOP = "com.example.shop";
const BAD = { app_id: SHOP, version_name: "2.5.1", measure: "not_downloaded" } as const;

/** Asked of the page, since `page.url()` follows it only after a while. */
const query = (page: Page) => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.search)));
const alarms = (page: Page) => page.locator(".alarm h3").allTextContents();
const version = (page: Page) => page.locator("#version h2").textContent();
const news = (page: Page) => page.locator('main > [role="status"]').textContent();
const notice = (page: Page) => page.getByRole("alert").locator(".notice").first();

/** The cells of a version's row, by the heads of their columns. */
async function row(page: Page, name: string): Promise<Record<string, string | undefined>> {
  const table = page.getByRole("table", { name: "Versions", exact: true });
  const heads = await table.locator("thead .sort").allTextContents();
  const cells = await table
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name, exact: true }) })
    .locator("th, td")
    .allTextContents();
  return Object.fromEntries(heads.map((head, place) => [head, cells[place]]));
}

/** Says that the watch has just looked. */
async function watched({ firestore, now }: TimedFirestore) {
  await watchStateRef(firestore).set({ looked_at: Timestamp.fromMillis(now()) });
}

describeInBrowser("the dashboard's page", ({ serve, visit, closeLater }) => {
  /** A month of two apps, one of which has a version that fails on iOS. */
  async function month() {
    const database = createTimedFirestore();
    await writeMonth(database.firestore, SHOP, { bad: true });
    await writeMonth(database.firestore, "com.example.legacy", { scale: 0.1 });
    await watched(database);
    return { database, ...(await serve(database)) };
  }

  /** Loads the page again, with a clock that stands still but for `page.clock.runFor`. */
  async function stopClock(page: Page): Promise<void> {
    await page.clock.install();
    await page.clock.pauseAt(Date.now() + 60_000);
    await page.reload();
    await passUntil(page, page.locator(".freshness"));
  }

  /** Lets a stopped clock go on, little by little, until something is there: the page waits for frames. */
  async function passUntil(page: Page, expected: Locator, state: "visible" | "attached" = "visible") {
    for (let tries = 0; tries < 200; tries++) {
      await page.clock.runFor(20);
      if (await (state === "visible" ? expected.isVisible() : expected.count())) return;
      await sleep(20);
    }
    throw new Error(`expected ${expected}`);
  }

  /** Lies between the page and a dashboard: what `data` is answered can be replaced. */
  async function serveThrough(url: string) {
    let replaced:
      | { status?: number; headers: Record<string, string>; body: string; isCut?: boolean }
      | undefined;
    const server = createServer(async (request, response) => {
      const path = request.url ?? "";
      if (replaced && new URL(path, url).pathname.endsWith("/data")) {
        response.writeHead(replaced.status ?? 200, replaced.headers);
        if (replaced.isCut) response.write(replaced.body, () => response.destroy());
        else response.end(replaced.body);
        return;
      }
      const answer = await fetch(new URL(path, url));
      response.writeHead(answer.status, { "Content-Type": answer.headers.get("content-type") ?? "" });
      response.end(Buffer.from(await answer.arrayBuffer()));
    });
    const port = await listen(server);
    closeLater({ close: async () => void server.close().closeAllConnections() });
    return {
      url: `http://127.0.0.1:${port}/`,
      replace(answer: typeof replaced) {
        replaced = answer;
      },
    };
  }

  it("shows what the counters say, for events that came over HTTP", async () => {
    const app_id = newApp();
    const sent: Record<string, Record<string, number>> = {
      android: {
        download_zip_start: 130,
        download_complete: 121,
        set: 120,
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

    const { url } = await serve({ firestore: backend().firestore, now: Date.now });
    const page = await visit(`${url}?app=${app_id}`);
    const shown = await row(page, "2.5.1");
    expect(shown["Not downloaded"]).to.match(/^8\.0\u00a0%/);
    expect(shown.Downloads).to.match(/^175\D+161/);
    expect(shown).to.include({ Installs: "160", Reasons: "3 × checksum_fail" });
    expect(shown["Crash-free"]).to.match(/^99\.0\u00a0%/);
    await page.getByText("All actions").click();
    const actions = page.getByRole("table", { name: "All actions" });
    expect(await actions.getByRole("row", { name: /^set 160 / }).count()).to.equal(1);
    expect(await actions.getByRole("row", { name: /^download_complete 164 / }).count()).to.equal(1);
    expect(await page.locator("#version").textContent()).to.match(/download_zip_start 50/);

    await page.getByRole("radio", { name: "iOS" }).check({ force: true });
    await figures(page);
    const onIos = await row(page, "2.5.1");
    expect(onIos["Not downloaded"]).to.match(/^11\.1\u00a0%/);
    expect(onIos).to.include({ Installs: "40", "Crash-free": "–" });
  });

  it("chooses a platform alone, of the only app or of all of them", async () => {
    const database = createTimedFirestore();
    const report = { android: attempts(90), ios: attempts(60, 6) };
    await writeCounter(database.firestore, SHOP, "2.5.1", { 0: report });
    const { url } = await serve(database);
    const page = await visit(`${url}?platform=ios`);
    expect(await query(page)).to.deep.equal({ platform: "ios" });
    expect(await page.getByRole("radio", { name: "iOS" }).isChecked()).to.equal(true);
    expect((await row(page, "2.5.1")).Installs).to.equal("54");

    await writeCounter(database.firestore, "com.example.legacy", "1.0.0", { 0: report });
    database.pass(20_000);
    await page.reload();
    await page.getByRole("link", { name: SHOP }).click();
    await figures(page);
    expect(await query(page)).to.deep.equal({ platform: "ios", app: SHOP });
    expect((await row(page, "2.5.1")).Installs).to.equal("54");
  });

  it("has an address for what is chosen, and goes back", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=com.example.legacy&platform=ios&version=2.4.0&with=2.3.4&range=30d`);
    expect(await version(page)).to.match(/^2\.4\.0 .*on iOS/);
    expect(await page.getByLabel("Compared with").inputValue()).to.equal("2.3.4");
    expect(await page.getByRole("radio", { name: "30 days" }).isChecked()).to.equal(true);
    await page.getByRole("combobox", { name: "App" }).selectOption(SHOP);
    await page.locator(".alarm").waitFor();
    expect(await query(page)).to.deep.equal({ app: SHOP, platform: "ios", range: "30d" });
    await page.getByRole("link", { name: "2.5.0", exact: true }).click();
    await figures(page);
    expect(await version(page)).to.match(/^2\.5\.0/);
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal("version");
    await page.goBack();
    await page.goBack();
    await page.locator(".calm").waitFor();
    await figures(page);
    expect(await version(page)).to.match(/^2\.4\.0/);
  });

  it("updates itself every 10 seconds where it stands: nothing jumps, moves or loses the focus", async () => {
    const { database, url } = await month();
    const page = await visit(`${url}?app=${SHOP}`);
    await stopClock(page);
    await page.getByText("By day, as a table").click();
    await page.getByRole("link", { name: "2.5.0", exact: true }).focus();
    await page.evaluate(() => {
      window.scrollTo(0, 600);
      const cell = document.querySelector("#versions td");
      Object.assign(window, { marked: cell });
      if (cell) getSelection()?.selectAllChildren(cell);
    });
    const state = () =>
      page.evaluate(() => ({
        focus: document.activeElement?.textContent,
        isSame: Reflect.get(window, "marked") === document.querySelector("#versions td"),
        selection: getSelection()?.toString().length,
        opened: document.querySelectorAll("#adoption details[open]").length,
        scroll: Math.round(window.scrollY),
      }));
    const before = await state();
    const { Installs = "" } = await row(page, "2.5.1");

    database.pass(30_000);
    await database.firestore.doc(`counters/${SHOP}@2.5.1`).update({
      "actions.set": FieldValue.increment(1_000),
      "platforms.ios.set": FieldValue.increment(1_000),
      updated_at: FieldValue.serverTimestamp(),
    });
    await page.clock.runFor(10_000);
    const installs = (Number(Installs.replaceAll(",", "")) + 1_000).toLocaleString("en-GB");
    await passUntil(page, page.getByRole("cell", { name: installs, exact: true }));
    expect(await state()).to.deep.equal(before);
    expect(before).to.include({ focus: "2.5.0", isSame: true, opened: 1 });
    expect(await news(page)).to.equal("");
  });

  it("says aloud what began, became worse and ended, and nothing else", async () => {
    const { database, url } = await month();
    const page = await visit(`${url}?app=${SHOP}`);
    await stopClock(page);
    const change = async (work: Promise<unknown>) => {
      await work;
      database.pass(1_000);
      await watched(database);
      database.pass(40_000);
      const answer = page.waitForResponse(/data/);
      await page.clock.runFor(10_000);
      await answer;
    };
    await change(alarmRef(database.firestore, BAD).update({ now: { count: 25, of: 300 }, parts: [] }));
    await passUntil(page, page.getByText("25 of 300"));
    expect(await news(page)).to.equal("");
    await change(alarmRef(database.firestore, BAD).update({ now: { count: 60, of: 300 }, parts: [] }));
    await passUntil(page, page.getByText("Worse: 2.5.1 on iOS: 20.0\u00a0% not downloaded"), "attached");
    await change(writeAlarm(database.firestore, SHOP, { version_name: "2.5.0", measure: "crashed" }));
    await passUntil(page, page.getByText("New alarm: 2.5.0 on iOS"), "attached");
    await change(alarmRef(database.firestore, BAD).update({ open: false }));
    await passUntil(page, page.getByText("The alarm of 2.5.1 has ended."), "attached");
    await change(writeAlarm(database.firestore, "com.example.legacy"));
    await passUntil(page, page.getByText("New alarm in another app: com.example.legacy."), "attached");
    expect(await page.getByRole("navigation", { name: /other apps/ }).textContent()).to.include(
      "2.5.1 on iOS",
    );
  });

  it("asks for nothing while nobody sees it, and at once when somebody does again", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=${SHOP}`);
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
    await page.getByRole("combobox", { name: "App" }).selectOption("com.example.legacy");
    await passUntil(page, page.locator(".calm"));
    await page.clock.runFor(60_000);
    expect(asked).to.equal(1);
    const again = page.waitForResponse(/data/);
    await setHidden(false);
    await page.clock.runFor(1);
    await again;
    await passUntil(page, page.locator(".freshness"));
  });

  it("says what is wrong when the data cannot be had, keeps the last figures, and comes back by itself", async () => {
    const { database, port, close, url } = await month();
    const page = await visit(`${url}?app=${SHOP}`, { complaint: /ERR_CONNECTION_REFUSED/ });
    await stopClock(page);
    await close();
    await page.clock.runFor(10_000);
    await passUntil(page, notice(page));
    expect(await notice(page).textContent()).to.match(
      /figures of \d\d:\d\d:\d\d UTC.*does not answer.*gcloud run services proxy/,
    );
    expect(await alarms(page)).to.have.length(1);
    await serve(database, port);
    await page.clock.runFor(10_000);
    await passUntil(page, page.locator("main:not(:has(.notice))"));
  });

  it("says that the sign-in has run out, and that another answers than the dashboard, without following", async () => {
    const { url } = await month();
    const through = await serveThrough(url);
    const page = await visit(`${through.url}?app=${SHOP}`, {
      complaint: /403|sign-in\.example|ERR_INCOMPLETE_CHUNKED/,
    });
    await stopClock(page);
    const json = { "Content-Type": "application/json" };
    const html = { headers: { "Content-Type": "text/html" }, body: "<p>Sign in</p>" };
    for (const [answer, says] of [
      [
        { ...html, status: 302, headers: { Location: "http://sign-in.example/" } },
        /sign-in has run out.*Load the page/,
      ],
      [{ ...html, status: 403 }, /sign-in has run out/],
      [html, /The answer is not the dashboard's/],
      [{ headers: json, body: "{" }, /The answer is not the dashboard's/],
      [{ headers: json, body: "null" }, /The answer is not the dashboard's/],
      [{ headers: json, body: '{"error":"down"}', status: 200 }, /The answer is not the dashboard's/],
      [{ headers: json, body: '{"page":', isCut: true }, /The dashboard does not answer/],
    ] as const) {
      through.replace(answer);
      await page.clock.runFor(10_000);
      await passUntil(page, notice(page).filter({ hasText: says }));
      expect(await alarms(page)).to.have.length(1);
    }
    through.replace(undefined);
    await page.clock.runFor(10_000);
    await passUntil(page, page.locator("main:not(:has(.notice))"));
  });

  it("warns where nobody looks for alarms, and does not call it calm before somebody has", async () => {
    const database = createTimedFirestore();
    await writeCounter(database.firestore, SHOP, "2.5.1", { 0: { ios: attempts(90) } });
    const { url } = await serve(database);
    const page = await visit(url);
    expect(await notice(page).textContent()).to.match(/^Nobody has looked for alarms yet/);
    expect(await page.locator(".calm").count()).to.equal(0);
    await watched(database);
    database.pass(14 * 60_000);
    await page.reload();
    await page.locator(".calm").waitFor();
    expect(await notice(page).count()).to.equal(0);
    database.pass(2 * 60_000);
    await page.reload();
    await notice(page)
      .filter({ hasText: /^Nobody has looked for alarms since .* UTC: / })
      .waitFor();
    expect(await page.locator(".calm").count()).to.equal(0);

    await watched(database);
    await database.firestore.doc("alarms/edited").set({ open: true });
    database.pass(5 * 60_000);
    await page.reload();
    await notice(page)
      .filter({ hasText: /^Some open alarms cannot be read/ })
      .waitFor();
    expect(await page.locator(".calm").count()).to.equal(0);
  });

  it("calls no app calm where nobody has looked for alarms", async () => {
    const database = createTimedFirestore();
    for (const app of [SHOP, "com.example.legacy"]) {
      await writeCounter(database.firestore, app, "2.5.1", { 0: { ios: attempts(90) } });
    }
    const page = await visit((await serve(database)).url);
    const states = () => page.locator("td.state").allTextContents();
    expect(await states()).to.deep.equal(["–", "–"]);
    await watched(database);
    database.pass(60_000);
    await page.reload();
    await page.getByText("No alarm").first().waitFor();
    expect(await states()).to.deep.equal(["✓ No alarm", "✓ No alarm"]);
  });

  it("says nothing of one app where another is chosen, whose figures cannot be had", async () => {
    const { url } = await month();
    const through = await serveThrough(url);
    const page = await visit(`${through.url}?app=${SHOP}`, { complaint: /503/ });
    expect(await page.title()).to.match(/^⚠ 2\.5\.1 on iOS/);
    through.replace({ status: 503, headers: {}, body: "" });
    await page.getByRole("combobox", { name: "App" }).selectOption("com.example.legacy");
    await notice(page).filter({ hasText: "The figures cannot be had. HTTP 503." }).waitFor();
    expect(await page.title()).to.equal("Live updates");
    expect(await page.locator("main").textContent()).not.to.match(/2\.5\.1|being read/);
  });

  it("says that a version which an address names is not known, and what is shown instead", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=${SHOP}&version=9.9.9&with=8.8.8`);
    expect(await version(page)).to.match(/^2\.5\.1 Not among the versions that are read: 9\.9\.9/);
    expect(await page.getByLabel("Compared with").inputValue()).to.equal("2.5.0");
  });

  it("shows times in UTC, or as the wall shows them if that is chosen; days stay days of UTC", async () => {
    const database = createTimedFirestore(Date.UTC(2026, 10, 23, 23, 50));
    await writeCounter(database.firestore, SHOP, "2.5.1", { 0: { ios: attempts(90) } }, database.now());
    await writeAlarm(database.firestore, SHOP, { began_at: Date.UTC(2026, 10, 23, 23, 14) });
    const { url } = await serve(database);
    const page = await visit(url, { timezoneId: "Asia/Tokyo" });
    expect(await page.locator(".freshness").textContent()).to.match(/^As of 23:50:00 UTC/);
    expect(await page.locator(".alarm").textContent()).to.include("Alarm since 23 Nov, 23:14 UTC.");
    await page.getByRole("radio", { name: "local time" }).check({ force: true });
    expect(await page.locator(".freshness").textContent()).to.match(/^As of 08:50:00 GMT\+9/);
    expect(await page.locator(".alarm").textContent()).to.include("Alarm since 24 Nov, 08:14 GMT+9.");
    expect(await page.locator("footer.notes").textContent()).to.include(
      "Days are UTC; the last one is 23 Nov.",
    );
    await page.reload();
    await page.getByText("08:50:00 GMT+9").waitFor(); // The choice is kept.
    await page.getByRole("radio", { name: "Installs" }).check({ force: true });
    await page.getByText("By day, as a table").click();
    const today = page.getByRole("table", { name: "By day, as a table" }).getByRole("rowheader").first();
    expect(await today.textContent()).to.equal("2026-11-23");
  });

  it("loads itself again when another page is deployed, once", async () => {
    const { url } = await month();
    const through = await serveThrough(url);
    const page = await visit(`${through.url}?app=${SHOP}&version=2.5.0`);
    await stopClock(page);
    let loads = 0;
    page.on("load", () => loads++);
    const data = await (await fetch(`${url}data?app=${SHOP}&version=2.5.0`)).json();
    const headers = { "Content-Type": "application/json" };
    through.replace({ headers, body: JSON.stringify({ ...data, page: "main-NEW.js" }) });
    const loaded = page.waitForEvent("load");
    await page.clock.runFor(10_000);
    await loaded;
    await passUntil(page, page.locator(".freshness"));
    await page.clock.runFor(30_000);
    await passUntil(page, page.locator("#version h2"));
    expect(loads).to.equal(1);
    expect(await query(page)).to.deep.equal({ app: SHOP, version: "2.5.0" });
  });

  it("says what an app lacks that has no counters, and where nobody has an update yet", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=com.example.none`);
    expect(await page.locator("main h2").textContent()).to.equal("No counters for com.example.none");
    await page.getByRole("combobox", { name: "App" }).selectOption(SHOP);
    await page.locator(".alarm").waitFor();

    const database = createTimedFirestore();
    await writeCounter(database.firestore, SHOP, "2.4.0", { 0: { ios: { app_moved_to_foreground: 9 } } });
    await watched(database);
    const early = await visit((await serve(database)).url);
    expect(await early.locator(".calm").textContent()).to.match(/^No device has reported an update yet/);
  });

  it("saves and copies tables as a spreadsheet takes them, and runs none of their names", async () => {
    const database = createTimedFirestore();
    const name = '=HYPERLINK("https://evil.example")';
    await writeCounter(database.firestore, SHOP, name, { 0: { ios: attempts(1_234, 4) } });
    const { url } = await serve(database);
    const page = await visit(url, { permissions: ["clipboard-read", "clipboard-write"] });
    const card = page.locator("#versions");
    const download = page.waitForEvent("download");
    await card.getByRole("button", { name: "Save as CSV" }).click();
    const csv = await readFile(await (await download).path(), "utf8");
    expect(csv).to.match(/^\ufeff"Version",/);
    expect(csv).to.include('\r\n"\'=HYPERLINK(""https://evil.example"")",');
    expect(csv).to.match(/,"1234","1230",/);
    await card.getByRole("button", { name: "Copy" }).click();
    await card.getByRole("button", { name: "Copied" }).waitFor();
    expect(await page.evaluate(() => navigator.clipboard.readText())).to.match(/^Version\t.*\n'=HYPERLINK/);
  });

  it("can be used with the keyboard alone", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=${SHOP}`);
    const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
    const press = async (...keys: string[]) => {
      for (const key of keys) await page.keyboard.press(key);
    };
    await press("Tab");
    expect(await focused()).to.equal("Skip to the versions");
    await press("Tab", "Tab", "ArrowRight", "ArrowRight"); // The picker of apps, the platforms.
    await page.getByRole("heading", { name: "Versions on iOS" }).waitFor();
    await press("Tab", "Tab");
    expect(await focused()).to.equal("Look closer at 2.5.1");
    const outline = await page.evaluate(
      () => getComputedStyle(document.activeElement ?? document.body).outlineStyle,
    );
    expect(outline).to.equal("solid");
    await press("Enter");
    await figures(page);
    expect(await page.evaluate(() => document.activeElement?.id)).to.equal("version");
    await page.getByRole("button", { name: "How is this decided?" }).focus();
    await press("Enter");
    const tip = page.getByText("a device that fails ten times is one device");
    expect(await tip.isVisible()).to.equal(true);
    await press("Escape");
    expect(await tip.isVisible()).to.equal(false);

    const chart = page.getByRole("slider").first();
    const says = () => chart.getAttribute("aria-valuetext");
    await chart.focus();
    const last = await says();
    await press("ArrowLeft");
    expect(await says()).not.to.equal(last);
    expect(await page.locator(".chart-tip").first().isVisible()).to.equal(true);
  });

  it("goes to the version that one looks closer at, also where its platform has to be read first", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=${SHOP}`);
    const goes = async (name: string) => {
      await page.getByRole("link", { name, exact: true }).click();
      await page.locator("#version:focus").waitFor();
      await figures(page);
      const top = await page.locator("#version").evaluate((element) => element.getBoundingClientRect().top);
      expect(top).to.be.within(0, 30);
    };
    await goes("Look closer at 2.5.1");
    expect(await query(page)).to.include({ platform: "ios", version: "2.5.1" });
    await goes("2.5.0");
    await goes("2.5.0");
  });

  it("fits any width", async () => {
    const { url } = await month();
    const page = await visit(`${url}?app=${SHOP}`);
    for (const width of [320, 390, 640, 759, 760, 820, 1_000, 1_200, 2_000]) {
      await page.setViewportSize({ width, height: 900 });
      await page.evaluate(
        () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))),
      );
      const beyond = await page.evaluate(() =>
        [...document.querySelectorAll("main *")]
          .filter((element) => {
            const card = element.closest("main > section")?.getBoundingClientRect();
            const hidden = element.closest("details:not([open]), .hidden, .tip, .scroll, .chart, .skip");
            return card && !hidden && element.getBoundingClientRect().right > card.right + 1;
          })
          .map((element) => element.outerHTML.slice(0, 80)),
      );
      expect(beyond, `${width} wide`).to.deep.equal([]);
      // It is where a pointer reaches it.
      await page.getByRole("searchbox", { name: "Search versions" }).click({ trial: true });
      expect(await page.evaluate(() => document.documentElement.scrollWidth), `${width} wide`).to.equal(
        width,
      );
    }
  });
});
