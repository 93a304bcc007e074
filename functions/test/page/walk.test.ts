import { mkdirSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { CDPSession, Locator, Page } from "playwright-core";
import { listen } from "../../dev/local/listen.ts";
import { hurriedTime } from "../../dev/testing/clocks.ts";
import { firestoreError, interceptReads } from "../../dev/testing/faults.ts";
import { createTimedFirestore } from "../../dev/testing/firestores.ts";
import {
  eightApps,
  failingForAnHour,
  fortyNames,
  fortyVersions,
  fourBadVersions,
  type RunningStack,
  SHOP,
  simulatedBadRelease,
  strangelyNamed,
  strangeNames,
  wellApp,
} from "../../dev/testing/worlds.ts";
import { Status } from "../../src/firestore/errors.ts";
import { axeFaults, describeInBrowser, figures, trusting } from "./browser.ts";

const folder = fileURLToPath(new URL("../screenshots/walk/", import.meta.url));

const widths = [
  { width: 1440, height: 900 },
  { width: 1024, height: 768 },
  { width: 390, height: 844 },
] as const;

const modes = {
  light: { colorScheme: "light", forcedColors: "none" },
  dark: { colorScheme: "dark", forcedColors: "none" },
  forced: { colorScheme: "light", forcedColors: "active" },
} as const;

/** Looks at a page in each width and each mode: takes pictures, and tells what is wrong. */
async function walk(page: Page, world: string): Promise<void> {
  const faults: string[] = [];
  const session = await page.context().newCDPSession(page);
  for (const viewport of widths) {
    await page.setViewportSize(viewport);
    for (const [mode, media] of Object.entries(modes)) {
      const name = `${world}-${viewport.width}-${mode}`;
      await page.emulateMedia(media);
      await drawn(page);
      // What is there is the same in each mode; only its colours differ.
      for (const fault of await axeFaults(page, mode === "light" ? "all" : "colours")) {
        faults.push(`${name}: ${fault}`);
      }
      const needed = await page.evaluate(() => document.documentElement.scrollWidth);
      if (needed > viewport.width) faults.push(`${name}: ${needed} pixels wide`);
      await takePicture(session, `${folder}${name}.png`);
    }
  }
  await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
  await page.setViewportSize(widths[0]);
  await drawn(page);
  expect(faults, "what is wrong").to.deep.equal([]);
}

/** Takes a picture of all of a page, in half the time of Playwright's. */
async function takePicture(session: CDPSession, path: string): Promise<void> {
  const { cssContentSize } = await session.send("Page.getLayoutMetrics");
  const { data } = await session.send("Page.captureScreenshot", {
    captureBeyondViewport: true,
    optimizeForSpeed: true,
    clip: { ...cssContentSize, scale: 1 },
  });
  await writeFile(path, data, "base64");
}

/** Waits until a new width or mode is drawn, from the top: what watches the sizes of elements draws once more. */
async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => {
    scrollTo(0, 0);
    return new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
}

const alarms = (page: Page) => page.getByRole("region", { name: "Alarms", exact: true });
const headlines = (page: Page) => alarms(page).getByRole("heading", { level: 3 }).allTextContents();
const table = (page: Page, name: string) => page.getByRole("table", { name, exact: true });
const rowOf = (page: Page, name: string) =>
  table(page, "Versions")
    .getByRole("row")
    .filter({ has: page.getByRole("link", { name, exact: true }) });
const versionLinks = (page: Page) =>
  table(page, "Versions").getByRole("rowheader").getByRole("link").allTextContents();
const query = (page: Page) => page.evaluate(() => Object.fromEntries(new URLSearchParams(location.search)));

/** What makes an element stand out: colours, lines and marks around it. */
function look(element: Locator): Promise<string> {
  return element.evaluate((element) => {
    const style = getComputedStyle(element);
    const names = ["color", "background-color", "border", "outline", "font-weight", "text-decoration"];
    return names.map((name) => style.getPropertyValue(name)).join("; ");
  });
}

describeInBrowser("the walk through the dashboard", ({ serve, visit, open, closeLater }) => {
  let simulated: Promise<RunningStack> | undefined;

  before(() => {
    mkdirSync(folder, { recursive: true });
    simulated = simulatedBadRelease(); // It mostly waits, so it begins before the others and is looked at last.
    simulated.catch(() => {});
  });

  after(async () => {
    await simulated?.then(
      (stack) => stack.close(),
      () => {},
    );
  });

  it("shows eight apps, seven of which alarm, and in each of them the alarms of the others", async () => {
    const { url } = await serve(await eightApps());
    const page = await visit(url, trusting);
    await walk(page, "eight-apps");
    const rows = table(page, "All apps")
      .getByRole("row")
      .filter({ has: page.getByRole("link") });
    expect(await rows.count()).to.equal(8);
    const alarming = rows.filter({ hasText: "⚠ Alarm" });
    expect(await alarming.count()).to.equal(7);
    expect(await rows.last().textContent()).to.match(/^com\.example\.well✓ No alarm/);
    expect(await page.title()).to.match(/^⚠ 7 apps alarm/);

    await page.getByRole("link", { name: "com.example.well", exact: true }).click();
    await figures(page);
    expect(await page.evaluate(() => [document.activeElement?.id, scrollY])).to.deep.equal(["main", 0]);
    expect(await query(page)).to.deep.equal({ app: "com.example.well" });
    expect(await headlines(page)).to.deep.equal([]);
    expect(await alarms(page).textContent()).to.match(/No version is known to fail more than it should/);
    const elsewhere = page.getByRole("navigation", { name: "Alarms in other apps" });
    expect(await elsewhere.getByRole("link").count()).to.equal(7);
    await walk(page, "well-among-eight");

    await elsewhere.getByRole("link", { name: "org.example.transit.timetable" }).click();
    await figures(page);
    expect(await headlines(page)).to.deep.equal([
      "2.3.1 on Electron: 50.0\u00a0% rolled back, at most 10.0\u00a0% allowed",
    ]);
  });

  it("shows forty versions: in a table, and on a phone in three screens at most", async () => {
    const { url } = await serve(await fortyVersions());
    const page = await visit(url, trusting);
    await page.setViewportSize({ width: 1440, height: 900 });
    expect((await versionLinks(page)).length).to.be.at.most(30);
    await page.getByRole("link", { name: "Show all 41" }).click();
    await figures(page);
    expect(await versionLinks(page)).to.have.members([...fortyNames, "builtin"]);
    await walk(page, "forty-versions");

    await page.setViewportSize({ width: 390, height: 844 });
    await drawn(page);
    const list = page.getByRole("list", { name: "Versions", exact: true });
    expect(await list.getByRole("listitem").count()).to.equal(41);
    const section = page.locator("section", { has: page.getByRole("heading", { name: "Versions" }) });
    const { height = Number.POSITIVE_INFINITY } = (await section.boundingBox()) ?? {};
    expect(height).to.be.at.most(3 * 844);

    await page.setViewportSize({ width: 1440, height: 900 });
    await page.getByRole("searchbox", { name: "Search versions" }).fill("rc");
    expect(await versionLinks(page)).to.have.members(fortyNames.filter((name) => name.includes("rc")));
    await page.getByRole("searchbox", { name: "Search versions" }).fill("");
    const byVersion = table(page, "Versions").getByRole("button", { name: "Version", exact: true });
    await byVersion.click();
    const sorted = (await versionLinks(page)).filter((name) => name !== "builtin");
    expect(sorted).to.deep.equal([...fortyNames]);
  });

  it("shows the names that builds and strangers choose as text, each of them as another", async () => {
    const { url } = await serve(await strangelyNamed());
    const page = await visit(`${url}?all=1`, trusting);
    await walk(page, "strange-names");
    expect(await page.locator("img, i, b, main script").count()).to.equal(0);
    const shown = await versionLinks(page);
    expect(shown).to.have.length(strangeNames.length + 1);
    expect(new Set(shown)).to.have.property("size", shown.length);
    expect(shown).to.include.members(["\\u{202e}1.5.2", "2.5.1\\u{3164}", "'=1+1", "'@SUM(A1)", "__proto__"]);
    // A letter that looks like another one is marked, and says so.
    const marked = table(page, "Versions").locator("mark");
    expect(await marked.allTextContents()).to.include.members(["\u0430", "\u0661"]);
    expect(await headlines(page)).to.have.length(1);
    expect(await alarms(page).locator("code").allTextContents()).to.deep.equal([
      "<b>field</b> <img src=x onerror=alert(1)>",
      `message ${"x".repeat(100)}…`,
      "version_os \\u{202e}18",
    ]);
    for (const name of ["__proto__", "<img src=x onerror=alert(1)>", "?app=other&version=1#x"]) {
      await page.getByRole("link", { name, exact: true }).first().click();
      await page.getByRole("heading", { level: 2, name }).first().waitFor();
      expect((await query(page)).version).to.equal(name);
    }
  });

  it("shows four versions that fail at once: an alarm for each, with each platform, and those that have ended", async () => {
    const { url } = await serve(await fourBadVersions());
    const page = await visit(url, trusting);
    await walk(page, "four-bad-versions");
    const shown = await headlines(page);
    expect(shown.map((text) => text.replace(/:.*/, ""))).to.deep.equal([
      "2.6.0-beta.1 on Android",
      "2.5.2 on iOS",
      "2.5.1 on Android",
      "2.5.0 on iOS, Android and Electron",
    ]);
    const both = alarms(page).getByRole("article").first();
    const parts = await both.getByRole("listitem").allTextContents();
    expect(parts).to.have.length(3);
    expect(parts[0]).to.match(
      /^Android: 26\.0\u00a0% \(78 of 300\) .* crashed\. .* 0\.3\u00a0% \(3 of 1,000\)\.$/,
    );
    expect(parts[1]).to.match(
      /^Android: 20\.0\u00a0% \(60 of 300\) .* did not get it\. .* 0\.4\u00a0% \(4 of 1,000\)\.$/,
    );
    expect(parts[2]).to.match(
      /^iOS: 5\.0\u00a0% \(15 of 300\) .* did not get it\. .* 0\.4\u00a0% \(4 of 1,000\)\.$/,
    );
    const ended = alarms(page).getByRole("group").filter({ hasText: "Ended alarms" });
    await ended.getByText("Ended alarms").click();
    await ended.getByRole("listitem").first().waitFor();
    const lines = await ended.getByRole("listitem").allTextContents();
    expect(lines.map((line) => line.replace(/ From .*\d UTC\./, ""))).to.deep.equal([
      "2.4.1 on iOS and Android: 13.0\u00a0% not downloaded, 0.4\u00a0% before. A newer version took its place.",
      "2.4.0 on Android: 7.0\u00a0% crashed, 0.3\u00a0% before. It became good again.",
    ]);

    // Without colours of its own, the page still shows what is chosen and what alarms.
    await page.emulateMedia({ forcedColors: "active" });
    const segment = (name: string) =>
      page.locator("label", { has: page.getByRole("radio", { name, exact: true }) }).locator("span");
    expect(await look(segment("All"))).not.to.equal(await look(segment("iOS")));
    const alarm = await both.evaluate((element) => getComputedStyle(element).borderTopStyle);
    expect(alarm).to.equal("solid");
    expect(await rowOf(page, "2.5.1").textContent()).to.include("Alarm");
  });

  it("shows a version that fails for an hour, after nine days in which it was well", async () => {
    const { url } = await serve(await failingForAnHour());
    const page = await visit(url, trusting);
    expect(await headlines(page)).to.deep.equal(["2.4.0 on Android: 35.0\u00a0% crashed, 0.3\u00a0% before"]);
    expect(await alarms(page).getByRole("article").textContent()).to.match(
      /This is the last day; before, this version had 0\.3\u00a0%/,
    );
    await page.getByRole("link", { name: "Look closer at 2.4.0" }).click();
    await figures(page);
    const { platform, version, range, measure } = await query(page);
    expect({ platform, version, range, measure }).to.deep.equal({
      platform: "android",
      version: "2.4.0",
      range: "24h",
      measure: "crashed",
    });
    await page.getByText(/^Crashed since .*: 3[3-7]\.\d\u00a0% \([\d,]+ of [\d,]+\)\./).waitFor();
    await walk(page, "failing-for-an-hour");
  });

  it("shows what to do where there is nothing yet", async () => {
    const { url } = await serve(createTimedFirestore());
    const page = await visit(url, trusting);
    await walk(page, "nothing");
    await page.getByRole("heading", { name: "Nothing has been counted yet" }).waitFor();
    expect(await page.getByRole("table").count()).to.equal(0);
    expect(await page.getByRole("combobox").count()).to.equal(0);
  });

  it("says that Firestore is down", async () => {
    const database = await wellApp();
    const { url } = await serve(database);
    interceptReads(database.firestore, () => Promise.reject(firestoreError(Status.UNAVAILABLE)));
    const page = await visit(url, { ...trusting, complaint: /503/ });
    await walk(page, "firestore-down");
    expect(await page.getByRole("alert").textContent()).to.match(
      /^The figures cannot be had\. Not read: Firestore does not answer.* It is tried again every 10 seconds\.$/,
    );
  });

  it("shows that it reads where answers take long, and gives up where none comes", async () => {
    const database = await wellApp();
    const { url } = await serve(database);
    const allButData = closeLater(await serveAllButData(url)); // Closed after the page, which goes on asking.
    const silent = await open(trusting);
    await silent.goto(allButData.url);
    await silent.getByText("The figures are being read.").waitFor();
    expect(await silent.getByRole("table").count()).to.equal(0);
    await walk(silent, "reading");

    await throughSlowNetwork(await open(trusting), url);

    const hanging = await serve(database, 0, hurriedTime.timers);
    interceptReads(database.firestore, () => new Promise(() => {}));
    const page = await visit(hanging.url, { complaint: /503/ });
    await page.getByRole("alert").filter({ hasText: "Firestore does not answer" }).waitFor();
    await silent.getByRole("alert").filter({ hasText: "has not answered for 25 seconds" }).waitFor();
  });

  it("shows a bad release that devices have reported, that was counted, and that the watch has found", async () => {
    if (!simulated) throw new Error("expected the stack to be started before");
    const { url } = await simulated;
    const page = await visit(url, trusting);
    await page.setViewportSize({ width: 1440, height: 900 });
    const [headline, ...others] = await headlines(page);
    expect(others).to.deep.equal([]);
    expect(headline).to.match(/^2\.5\.1 on iOS: \d+(\.\d)?\u00a0% not downloaded, \d+(\.\d)?\u00a0% before$/);
    expect(await page.title()).to.equal(`⚠ ${headline}`);
    expect((await versionLinks(page))[0]).to.equal("2.5.1");

    await page.getByRole("link", { name: "Look closer at 2.5.1" }).click();
    await figures(page);
    const failing = page.getByRole("region", { name: "Failing devices: Not downloaded" });
    await failing.getByRole("button", { name: "Show up to 20 failing devices" }).click();
    await failing.getByText(/^\d+ of \d+ devices looked at fail/).waitFor();
    const stories = failing.getByRole("group");
    expect(await stories.count()).to.be.within(5, 20);
    await stories.first().locator("summary").click();
    const story = await stories.first().getByRole("listitem").allTextContents();
    // It began. It may have ended another version, or this one before iOS found that the checksum differs.
    expect(story.join("; ")).to.match(/download_\w+_start/);
    await walk(page, "simulated");

    const counter = await fetch(new URL(`/documents/counters/${SHOP}@2.5.1`, url));
    const { data } = (await counter.json()) as { data: { platforms: Record<string, { set?: number }> } };
    for (const [name, platform] of [
      ["iOS", "ios"],
      ["Android", "android"],
    ] as const) {
      await page.getByRole("radio", { name, exact: true }).check({ force: true });
      await figures(page);
      const installs = String(data.platforms[platform]?.set);
      await rowOf(page, "2.5.1").getByRole("cell", { name: installs, exact: true }).first().waitFor();
    }
  });
});

/** Uses a page on a network of 4 s: it shows that it reads, and never a figure under a name that is not its own. */
async function throughSlowNetwork(page: Page, url: string): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Network.enable");
  await session.send("Network.emulateNetworkConditions", {
    offline: false,
    latency: 4_000,
    downloadThroughput: -1,
    uploadThroughput: -1,
  });
  const reading = page.getByText("The figures are being read.").filter({ visible: true });
  await page.goto(url);
  await reading.waitFor();
  await figures(page);
  await walk(page, "slow-network");

  const version = page.getByRole("region", { name: /^2\.[0-4]\.0/ });
  const title = version.getByRole("heading", { level: 2 });
  await page.getByRole("link", { name: "2.2.0", exact: true }).click();
  await version.getByText("Being read: 2.2.0").waitFor();
  expect(await title.textContent()).to.match(/^2\.4\.0 /);
  await figures(page);
  expect(await title.textContent()).to.equal("2.2.0");

  await page.getByRole("radio", { name: "iOS", exact: true }).check({ force: true });
  await reading.waitFor();
  expect(await page.getByRole("table").count()).to.equal(0);
  await figures(page);
  await page.getByRole("heading", { name: "Versions on iOS" }).waitFor();
}

/** Lies between a browser and a dashboard: it lets the page through, and never answers what is asked for figures. */
async function serveAllButData(url: string) {
  const server = createServer(async (request, response) => {
    const path = request.url ?? "";
    if (new URL(path, url).pathname.endsWith("/data")) return;
    const { status, headers, body } = await fetch(new URL(path, url));
    response.writeHead(status, { "Content-Type": headers.get("content-type") ?? "" });
    for await (const chunk of body ?? []) response.write(chunk);
    response.end();
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}/`,
    close: async () => void server.close().closeAllConnections(),
  };
}
