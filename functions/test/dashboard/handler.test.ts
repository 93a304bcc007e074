import { readdirSync } from "node:fs";
import { get, type IncomingMessage } from "node:http";
import { expect } from "chai";
import { logs } from "../../dev/testing/captured-logs.ts";
import { hurriedTime } from "../../dev/testing/clocks.ts";
import { attempts, writeAlarm, writeCounter, writeMonth } from "../../dev/testing/counters.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { firestoreError, interceptReads } from "../../dev/testing/faults.ts";
import { createTimedFirestore } from "../../dev/testing/firestores.ts";
import type { DashboardData } from "../../src/dashboard/data.ts";
import { watchStateRef } from "../../src/health/watch-state.ts";
import { backend, counts, post } from "../backend.ts";
import { pageFiles, type ServedDashboard, serveDashboard } from "./server.ts";
import { APP, names } from "./versions.ts";

const database = createTimedFirestore();
const script = pageFiles.names().split(" ").at(-1) ?? "";
let dashboard: ServedDashboard;

async function open() {
  dashboard = await serveDashboard(database);
}

async function data(url: string): Promise<DashboardData> {
  const response = await fetch(url);
  expect(response.status).to.equal(200);
  return (await response.json()) as DashboardData;
}

/** Asks for what is known already. Not by `fetch`: it adds `Cache-Control: no-cache`, which asks for all of it. */
function getAgain(path: string, etag: string | null): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const headers = { "If-None-Match": etag ?? "" };
    get(dashboard.url + path, { headers }, (response) => resolve(response.resume())).on("error", reject);
  });
}

describe("dashboard, request by request", () => {
  before(open);
  after(() => dashboard.close());

  it("is deployed private, on one instance", async () => {
    const { dashboard } = await import("../../src/index.ts");
    expect(dashboard.__endpoint).to.deep.include({ maxInstances: 1, concurrency: 80 });
    expect(dashboard.__endpoint.httpsTrigger).to.deep.equal({ invoker: ["private"] });
  });

  it("finds its files wherever it is mounted, with and without a slash after its name", async () => {
    const mounted = backend().deployed.url("dashboard");
    for (const page of [
      mounted,
      `${mounted}/`,
      dashboard.url,
      `${dashboard.url}dashboard`,
      `${dashboard.url}dashboard/`,
    ]) {
      const response = await fetch(page);
      expect(response.headers.get("content-type")).to.equal("text/html; charset=utf-8");
      const links = [...(await response.text()).matchAll(/(?:href|src)="([^"#]+)"/g)].map(
        (match) => match[1] ?? "",
      );
      expect(links.map((link) => link.replace(/-[0-9A-Z]{8}/, ""))).to.deep.equal([
        "dashboard/icon.svg",
        "dashboard/main.css",
        "dashboard/main.js",
      ]);
      for (const link of links) {
        const file = await fetch(new URL(link, page));
        expect(file.status, `${link} from ${page}`).to.equal(200);
        expect(file.headers.get("cache-control"), link).to.equal("private, max-age=31536000, immutable");
        await file.arrayBuffer();
      }
      const data = await fetch(new URL("data", new URL(links[2] ?? "", page))); // As the script asks for it.
      expect(data.headers.get("content-type")).to.match(/^application\/json/);
      expect((await data.json()).page).to.equal(
        links.map((link) => link.replace("dashboard/", "")).join(" "),
      );
    }
  });

  it("serves every file of its folder, and nothing else", async () => {
    for (const name of readdirSync(new URL("../../lib/dashboard/", import.meta.url))) {
      const isCompressed = /\.(br|gz)$/.test(name); // They are sent under the name without it.
      expect((await fetch(dashboard.url + name)).status, name).to.equal(isCompressed ? 404 : 200);
    }
    for (const path of [
      "functions.cjs",
      "index.ts",
      "..%2fpackage.json",
      "%2e%2e/package.json",
      "constructor",
      "data/x",
      "dashboardx",
      `${script}/`,
    ]) {
      const response = await fetch(dashboard.url + path);
      expect(response.status, path).to.equal(404);
      expect(await response.json()).to.have.property("error", "not_found");
    }
  });

  it("lets nothing in that is not its own, and is neither framed, sniffed nor kept", async () => {
    for (const path of ["", "data", "alarms?app=a", "devices", script, "nothing"]) {
      const { headers } = await fetch(dashboard.url + path);
      const policy = headers.get("content-security-policy") ?? "";
      if (path === "") expect(policy).to.match(/^default-src 'none'; .*require-trusted-types-for 'script'/);
      else expect(policy).to.equal("default-src 'none'; frame-ancestors 'none'");
      expect(policy).to.include("frame-ancestors 'none'");
      expect(policy).not.to.match(/unsafe|\*|https?:|data:/);
      expect(headers.get("x-content-type-options")).to.equal("nosniff");
      expect(headers.get("cross-origin-resource-policy")).to.equal("same-origin");
      if (path === script) continue;
      const isKept = !["devices", "nothing"].includes(path);
      expect(headers.get("cache-control"), path).to.equal(isKept ? "private, no-cache" : "no-store");
    }
    const { headers } = await fetch(dashboard.url);
    expect(headers.get("referrer-policy")).to.equal("no-referrer");
    expect(headers.get("x-frame-options")).to.equal("DENY");
    expect(headers.get("cross-origin-opener-policy")).to.equal("same-origin");
  });

  it("sends the page again only when it has changed, and files as small as a browser takes them", async () => {
    expect((await getAgain("", (await fetch(dashboard.url)).headers.get("etag"))).statusCode).to.equal(304);
    const texts = await Promise.all(
      ["br", "gzip", "identity"].map(async (encoding) => {
        const file = await fetch(dashboard.url + script, { headers: { "Accept-Encoding": encoding } });
        expect(file.headers.get("content-encoding")).to.equal(encoding === "identity" ? null : encoding);
        expect(file.headers.get("vary")).to.equal("Accept-Encoding");
        return file.text();
      }),
    );
    expect(texts[0]).to.match(/^.{20000}/s);
    expect(new Set(texts)).to.have.length(1);
  });

  it("says what a request for ended alarms or for devices lacks", async () => {
    for (const [path, needs] of [
      ["alarms", "app"],
      ["alarms?app=a&app=b", "app"],
      ["devices", "app, version and measure"],
      ["devices?app=com.example.shop", "app, version and measure"],
      ["devices?app=a&version=1&measure=installed", "app, version and measure"],
      ["devices?app=a&app=b&version=1", "app, version and measure"],
    ]) {
      const response = await fetch(dashboard.url + path);
      expect([response.status, (await response.json()).message]).to.deep.equal([400, `expected ${needs}`]);
    }
    const ended = await fetch(`${dashboard.url}alarms?app=com.example.shop`);
    expect(await ended.json()).to.deep.equal({ app_id: "com.example.shop", alarms: [], incomplete: false });
    const found = await fetch(`${dashboard.url}devices?app=com.example.shop&version=1&measure=crashed`);
    expect(await found.json()).to.deep.include({ platform: "all", reads: 0, devices: [] });
  });

  it("sends data again only when it has changed, says each time when it was read, and is small", async () => {
    const first = await fetch(`${dashboard.url}data`);
    expect(first.headers.get("content-encoding")).to.equal("gzip");
    expect(first.headers.get("date")).to.equal(new Date(database.now()).toUTCString());
    database.pass(60_000);
    const again = await getAgain("data", first.headers.get("etag"));
    expect(again.statusCode).to.equal(304);
    expect(again.headers.date).to.equal(new Date(database.now()).toUTCString());
    expect(again.rawHeaders.join("  ").length).to.be.below(700);
    await writeCounter(
      database.firestore,
      "com.example.new",
      "1",
      { 0: { ios: attempts(5) } },
      database.now(),
    );
    database.pass(60_000);
    expect((await getAgain("data", first.headers.get("etag"))).statusCode).to.equal(200);
  });

  it("answers its own page, its address in a browser and programs, but not the pages of other sites", async () => {
    const statusOf = async (path: string, site: string) =>
      (await fetch(dashboard.url + path, { headers: { "Sec-Fetch-Site": site } })).status;
    for (const path of ["data", "alarms?app=a", "devices?app=a&version=1&measure=crashed"]) {
      expect(await statusOf(path, "same-origin"), path).to.equal(200);
      expect(await statusOf(path, "none"), path).to.equal(200);
      expect(await statusOf(path, "cross-site"), path).to.equal(403);
      expect(await statusOf(path, "same-site"), path).to.equal(403); // Another port of the same machine.
    }
    expect(await statusOf("", "cross-site")).to.equal(200); // A link to it.
  });

  it("answers HEAD like GET without a body, and refuses what would change something", async () => {
    const head = await fetch(dashboard.url, { method: "HEAD" });
    expect([head.status, await head.text()]).to.deep.equal([200, ""]);
    for (const method of ["POST", "PUT", "DELETE"]) {
      const response = await fetch(`${dashboard.url}data`, { method });
      expect([response.status, response.headers.get("allow")]).to.deep.equal([405, "GET, HEAD"]);
    }
  });
});

describe("dashboard, its data", () => {
  before(open);
  after(() => dashboard.close());

  it("is what the counters say, for events sent over HTTP", async () => {
    const app_id = newApp();
    const action = (name: string, count: number, fields = {}) =>
      Array.from({ length: count }, () => anEvent({ app_id, action: name, ...fields }));
    const answer = await post([
      ...action("set", 7),
      ...action("set", 5, { is_emulator: true }),
      ...action("download_zip_start", 20, { platform: "ios" }),
      ...action("download_complete", 16, { platform: "ios" }),
      ...action("download_zip_start", 50, { platform: "ios", is_prod: false }),
      ...action("set", 4, { platform: "ios" }),
      ...action("update_fail", 1, { platform: "ios" }),
      ...action("download_fail", 1, { version_name: "2.5.0" }),
      ...action("app_crash", 3),
      ...action("app_moved_to_foreground", 3),
    ]);
    expect(answer.status).to.equal(200);
    const counter = await counts(`counters/${app_id}@2.5.1`);
    const served = await serveDashboard({ firestore: backend().firestore, now: Date.now });
    try {
      const answer = await data(`${served.url}data?app=${app_id}`);
      expect(answer.page).to.equal(pageFiles.names());
      const versions = answer.app?.versions ?? [];
      expect(versions.map(({ version_name, is_update }) => [version_name, is_update])).to.deep.equal([
        ["2.5.1", true],
        ["2.5.0", false], // It was never begun.
      ]);
      const [version] = versions;
      const hour = 3_600_000;
      expect(version?.released_at).to.be.within(Date.now() - hour, Date.now());
      expect(version?.measures).to.include({ begun: 20, downloaded: 16, installed: 11, rolled_back: 1 });
      expect(version?.rates).to.deep.equal({
        not_downloaded: { count: 4, of: 20 },
        rolled_back: { count: 1, of: 12 },
        crashed: { count: 0, of: 0 },
      });
      const zeros = Array(29).fill(0);
      expect(version?.daily).to.deep.equal({
        opened: [...zeros, 3],
        installed: [...zeros, 11],
        begun: [...zeros, 20],
        downloaded: [...zeros, 16],
      });
      expect(versions[1]?.reasons).to.deep.equal([{ action: "download_fail", count: 1 }]);
      expect(answer.app?.version?.development).to.deep.equal({ set: 5, download_zip_start: 50 });
      expect(answer.app?.version?.development).to.deep.equal(counter?.development);
      expect(answer.app?.version?.version.actions).to.deep.equal({
        set: 11,
        download_zip_start: 20,
        download_complete: 16,
        update_fail: 1,
        app_crash: 3,
        app_moved_to_foreground: 3,
      });

      const ios = (await data(`${served.url}data?app=${app_id}&platform=ios`)).app;
      expect(ios?.versions[0]?.measures).to.include({
        begun: 20,
        downloaded: 16,
        installed: 4,
        rolled_back: 1,
      });
      expect(ios?.version?.version.measures).to.include({ begun: 20, installed: 4 });
      expect(ios?.versions[0]?.daily?.opened.at(-1)).to.equal(0);
    } finally {
      await served.close();
    }
  });

  it("is about the app that is asked for, or the only one; of several, each is summed up", async () => {
    const own = createTimedFirestore();
    const served = await serveDashboard(own);
    expect(await data(`${served.url}data`)).to.deep.equal({
      page: pageFiles.names(),
      watched_at: null,
      incomplete: false,
      alarms_incomplete: false,
      apps: [],
      apps_left_out: 0,
      app: null,
    });
    await writeCounter(own.firestore, "com.example.small", "1.0.0", { 0: { ios: attempts(5) } }, own.now());
    own.pass(10_000);
    const only = await data(`${served.url}data`);
    expect(only.app?.app_id).to.equal("com.example.small");
    expect(only.apps[0]).not.to.have.property("today");

    await writeCounter(own.firestore, "com.example.big", "1.0.0", { 0: { ios: attempts(50) } }, own.now());
    own.pass(10_000);
    const several = await data(`${served.url}data`);
    const asked = await data(`${served.url}data?app=com.example.small`);
    const unknown = await Promise.all(
      ["app=com.example.none", "app=", "app=constructor"].map((query) => data(`${served.url}data?${query}`)),
    );
    const unread = await Promise.all(
      ["app=com.example.small&app=b", "app[x]=1&app[y]=2"].map((query) => data(`${served.url}data?${query}`)),
    );
    await served.close();
    expect(several.app).to.equal(null);
    expect(several.apps.map(({ app_id, today }) => [app_id, today])).to.deep.equal([
      ["com.example.big", { opened: 0, installed: 50 }],
      ["com.example.small", { opened: 0, installed: 5 }],
    ]);
    expect(asked.app?.app_id).to.equal("com.example.small");
    for (const { app, apps } of unknown) {
      expect(app).to.equal(null);
      expect(apps.map((each) => each.today)).to.deep.equal([undefined, undefined]);
    }
    for (const each of unread) expect(each).to.deep.equal(several);
  });

  it("takes a platform, a version, another one and a range that there are not for absent", async () => {
    const own = createTimedFirestore();
    await writeMonth(own.firestore, APP, { time: own.now() });
    const served = await serveDashboard(own);
    const ask = (query: string) => data(`${served.url}data?app=${APP}${query}`);
    const plain = await ask("");
    const version = plain.app?.version;
    expect([version?.version.version_name, version?.other?.version_name]).to.deep.equal([
      "2.6.0-beta.1",
      "2.5.1",
    ]);
    expect([version?.range, plain.app?.platform]).to.deep.equal(["24h", "all"]);
    const queries = [
      "&platform=windows&range=1h&version=9.9.9&with=constructor&all=2",
      "&platform=electron&version=__proto__&with=__proto__",
      "&platform=ios&platform=ios&range[]=7d&version[a]=2.4.0&with=2.4.0&with=2.4.0&all[]=1",
      "&platform=__proto__&range=constructor&constructor=1&__proto__[app]=7",
    ];
    for (const query of queries) expect(await ask(query), query).to.deep.equal(plain);

    const asked = (await ask("&platform=ios&range=7d&version=2.4.1&with=2.3.4")).app;
    expect([asked?.platform, asked?.version?.range]).to.deep.equal(["ios", "7d"]);
    expect(asked?.version?.version.version_name).to.equal("2.4.1");
    expect(asked?.version?.other?.version_name).to.equal("2.3.4");
    // It is for Android alone, but was asked for.
    const beta = (await ask("&platform=ios&version=2.6.0-beta.1")).app;
    expect(beta?.version?.version).to.deep.include({ version_name: "2.6.0-beta.1", actions: {} });
    expect(names(beta?.versions ?? [])).not.to.include("2.6.0-beta.1");
    await served.close();
  });

  it("has all of forty versions where it is asked for, and days of those alone that it has otherwise", async () => {
    const own = createTimedFirestore();
    for (let i = 0; i < 40; i++) {
      const ago = Math.floor(i / 2);
      const history = { [ago + 1]: { ios: attempts(100 + i, 1) }, [ago]: { ios: attempts(80) } };
      await writeCounter(own.firestore, APP, `1.${i}.0`, history, own.now());
    }
    await writeCounter(own.firestore, APP, "2.0.0", { 0: { ios: attempts(1) } }, own.now());
    const served = await serveDashboard(own);
    const some = (await data(`${served.url}data`)).app;
    const before = own.reads();
    const all = (await data(`${served.url}data?all=1`)).app;
    const asked = (await data(`${served.url}data?version=1.20.0`)).app;
    const days = own.reads() - before;
    await served.close();
    expect([some?.versions.length, some?.versions_left_out]).to.deep.equal([20, 21]);
    expect([all?.versions.length, all?.versions_left_out]).to.deep.equal([41, 0]);
    expect(days).to.equal(2); // Those of the one that is asked for.
    const read = all?.versions.filter(({ daily }) => daily) ?? [];
    expect(names(read)).to.deep.equal(names(some?.versions ?? []));
    // The latest has one attempt, so it is not among the first, and its days are not read.
    expect(all?.versions[0]).to.deep.include({ version_name: "2.0.0", released_at: null });
    expect(all?.versions[0]?.rates.not_downloaded).to.deep.equal({ count: 0, of: 1 });
    expect(all?.version).to.deep.equal(some?.version);
    expect(names(some?.versions ?? [])).not.to.include("1.20.0");
    expect(asked?.version?.version.version_name).to.equal("1.20.0");
    expect([asked?.versions.length, asked?.versions_left_out]).to.deep.equal([21, 20]);
  });

  it("has names as they are, whatever JavaScript makes of them", async () => {
    const own = createTimedFirestore();
    const hostile = ["__proto__", "constructor", "toString", "<img src=x>", "1/../2", "\u202e1.0.0"];
    for (const name of hostile) {
      const ios = { ...attempts(9), constructor: 4, toString: 2, hasOwnProperty: 1 };
      await writeCounter(own.firestore, "constructor", name, { 0: { ios } }, own.now());
      await writeAlarm(own.firestore, "constructor", { version_name: name });
    }
    const served = await serveDashboard(own);
    const answers = await Promise.all(
      hostile.map((name) => data(`${served.url}data?version=${encodeURIComponent(name)}&with=__proto__`)),
    );
    await served.close();
    for (const [place, { app, apps }] of answers.entries()) {
      expect(app?.app_id).to.equal("constructor");
      expect(names(app?.versions ?? [])).to.have.members(hostile);
      expect(names(app?.alarms ?? [])).to.have.members(hostile);
      expect(names(apps[0]?.alarms ?? [])).to.have.members(hostile);
      expect(app?.version?.version.version_name).to.equal(hostile[place]);
      const { actions } = app?.version?.version ?? {};
      expect(Object.entries(actions ?? {})).to.deep.include.members([
        ["constructor", 4],
        ["toString", 2],
        ["hasOwnProperty", 1],
      ]);
    }
  });

  it("has the days, the hours and what lives as of UTC, also at midnight", async () => {
    const midnight = Date.UTC(2026, 10, 23);
    const own = createTimedFirestore(midnight - 1);
    await writeCounter(own.firestore, APP, "2.5.1", { 0: { ios: attempts(60, 6) } }, own.now());
    const served = await serveDashboard(own);
    const look = async () => (await data(`${served.url}data?range=24h`)).app;
    const before = await look();
    own.pass(1);
    const after = await look();
    await served.close();
    const lastOf = (app: typeof before) => [
      app?.days.at(-1),
      new Date(app?.version?.times.at(-1) ?? 0).toISOString(),
      app?.versions[0]?.daily?.begun.slice(-2),
      app?.version?.version.failures.not_downloaded.slice(-2).map(({ count, of }) => `${count}/${of}`),
    ];
    expect(lastOf(before)).to.deep.equal([
      "2026-11-22",
      "2026-11-22T23:00:00.000Z",
      [0, 60],
      ["0/0", "6/60"],
    ]);
    expect(lastOf(after)).to.deep.equal(["2026-11-23", "2026-11-23T00:00:00.000Z", [60, 0], ["6/60", "0/0"]]);
    expect(before?.version?.version.released_at).to.equal(midnight - 1);
  });

  it("has the open alarms, the worst first, one for each version, and each app says which it has", async () => {
    const own = createTimedFirestore();
    const apps = ["com.example.first", "com.example.other", "com.example.good"];
    for (const app of apps) {
      await writeCounter(own.firestore, app, "2.5.1", { 0: { ios: attempts(900, 700) } }, own.now());
    }
    const [first = "", other = "", good = ""] = apps;
    await writeAlarm(own.firestore, first, { began_at: 1_795_000_000_000 });
    await writeAlarm(own.firestore, first, {
      measure: "crashed",
      scopes: ["all"],
      now: { count: 90, of: 100 },
    });
    await writeAlarm(own.firestore, first, { version_name: "2.5.0", open: false });
    await writeAlarm(own.firestore, other);
    await writeAlarm(own.firestore, good, { open: false });
    const served = await serveDashboard(own);
    const { app, apps: summaries } = await data(`${served.url}data?app=${first}`);
    await served.close();
    expect(summaries.map(({ app_id, alarms }) => [app_id, alarms])).to.deep.equal([
      [first, [{ version_name: "2.5.1", scopes: ["all", "ios"] }]],
      [other, [{ version_name: "2.5.1", scopes: ["ios"] }]],
      [good, []],
    ]);
    expect(app?.alarms).to.have.length(1);
    expect(app?.alarms[0]).to.include({ version_name: "2.5.1", began_at: 1_795_000_000_000 });
    const failures = app?.alarms[0]?.failures ?? [];
    expect(failures.map(({ measure }) => measure)).to.deep.equal(["crashed", "not_downloaded"]);
    expect(failures[1]).to.deep.include({
      scopes: ["ios"],
      rule: "earlier_versions",
      now: { count: 24, of: 297 },
      before: { count: 4, of: 1_000 },
      began_at: 1_795_000_000_000,
    });
    expect(failures[1]?.causes[0]).to.deep.equal({
      field: "version_build",
      value: "2.4.0",
      failing: { count: 94, of: 100 },
      others: { count: 31, of: 100 },
    });
  });

  it("skips an alarm that somebody has edited so that it is none, shows the others, and says that some are missing", async () => {
    const own = createTimedFirestore();
    const app_id = "com.example.shop";
    await writeCounter(own.firestore, app_id, "2.5.1", { 0: { ios: attempts(90) } }, own.now());
    await writeAlarm(own.firestore, app_id);
    const alarms = own.firestore.collection("alarms");
    const alarm = (await alarms.doc(`${app_id}@2.5.1:not_downloaded`).get()).data() ?? {};
    await alarms.doc("empty").set({ open: true });
    await alarms.doc("copied").set(alarm);
    await alarms.doc("nowhere").set({ ...alarm, app_id: "a/b/../c" });
    await alarms.doc(`${app_id}@2.5.1:rolled_back`).set({ ...alarm, measure: "rolled_back", scopes: [] });
    const served = await serveDashboard(own);
    const { app, alarms_incomplete } = await data(`${served.url}data`);
    await served.close();
    expect(alarms_incomplete).to.equal(true);
    const failures = app?.alarms.flatMap(({ failures }) => failures) ?? [];
    expect(failures.map(({ measure }) => measure)).to.deep.equal(["not_downloaded"]);
  });

  it("says that there are more alarms than are read, and not where there are only more counters", async () => {
    const own = createTimedFirestore();
    const batch = own.firestore.batch();
    for (let i = 0; i < 200; i++) {
      const app_id = `com.example.app${i}`;
      const counter = { app_id, version_name: "1", updated_at: new Date(own.now()) };
      batch.set(own.firestore.doc(`counters/${app_id}@1`), counter);
    }
    await batch.commit();
    for (let i = 0; i < 199; i++) await writeAlarm(own.firestore, `com.example.app${i}`);
    const served = await serveDashboard(own);
    const ask = async () => {
      own.pass(120_000);
      const { incomplete, alarms_incomplete } = await data(`${served.url}data`);
      return { incomplete, alarms_incomplete };
    };
    expect(await ask()).to.deep.equal({ incomplete: true, alarms_incomplete: false });
    await writeAlarm(own.firestore, "com.example.app199");
    expect(await ask()).to.deep.equal({ incomplete: true, alarms_incomplete: true });
    await served.close();
  });

  it("shows a version that alarms, however many versions with more attempts a stranger has made up", async () => {
    const own = createTimedFirestore();
    const app_id = "com.example.shop";
    await writeCounter(own.firestore, app_id, "2.5.1", { 3: { ios: attempts(40, 9) } }, own.now());
    const actions = attempts(1_000);
    for (let round = 0; round < 3; round++) {
      const batch = own.firestore.batch();
      for (let i = 0; i < 100; i++) {
        const version_name = `9.${round}.${i}`;
        const updated_at = new Date(own.now());
        const counter = { app_id, version_name, updated_at, actions, platforms: { ios: actions } };
        batch.set(own.firestore.doc(`counters/${app_id}@${version_name}`), counter);
      }
      await batch.commit();
    }
    await writeAlarm(own.firestore, app_id);
    const served = await serveDashboard(own);
    const { app, incomplete } = await data(`${served.url}data?app=${app_id}`);
    await served.close();
    expect(incomplete).to.equal(true);
    expect(app?.versions[0]).to.deep.include({ version_name: "2.5.1", is_update: true });
    expect(app?.versions[0]?.rates.not_downloaded).to.deep.equal({ count: 9, of: 40 });
    expect(app?.versions).to.have.length(21);
  });

  it("asks each half minute whether the watch has looked, for all who look, and reads the open alarms then", async () => {
    const own = createTimedFirestore();
    const app_id = "com.example.shop";
    await writeCounter(own.firestore, app_id, "2.5.1", { 0: { ios: attempts(90) } }, own.now());
    await writeAlarm(own.firestore, app_id);
    await writeAlarm(own.firestore, app_id, { measure: "crashed" });
    await writeAlarm(own.firestore, app_id, { measure: "rolled_back", open: false });
    const served = await serveDashboard(own);
    const look = () => Promise.all(Array.from({ length: 10 }, () => data(`${served.url}data?app=${app_id}`)));
    await look();
    const opened = own.reads();
    own.pass(9_000);
    await look();
    expect(own.reads() - opened).to.equal(0);
    own.pass(1_000);
    await look();
    // The one counter, which has changed in the last ten seconds: reads of changes overlap.
    expect(own.reads() - opened).to.equal(1);
    own.pass(20_000);
    await look();
    // No counter has changed, which costs one too; the state of the watch, which there is not.
    expect(own.reads() - opened).to.equal(1 + 1 + 1);
    await watchStateRef(own.firestore).set({ looked_at: new Date(own.now()) });
    own.pass(30_000);
    await look();
    expect(own.reads() - opened).to.equal(3 + 1 + 1 + 2); // The two alarms, after the look.
    own.pass(60_000);
    await look();
    expect(own.reads() - opened).to.equal(7 + 1 + 1);
    own.pass(60_000);
    await look();
    await served.close();
    expect(own.reads() - opened).to.equal(9 + 1 + 1 + 2); // And at least every two minutes: a look may have failed in part.
  });

  it("says what is wrong when Firestore refuses, without a stack trace, and logs it", async () => {
    for (const [code, advice] of [
      [7, "the function's service account may not read Firestore; give it the role roles/datastore.user"],
      [5, "this project has no Firestore database; create one named (default)"],
      [9, "Firestore does not answer; the function's log has the reason"],
    ] as const) {
      database.pass(10_000);
      const restore = interceptReads(database.firestore, () => Promise.reject(firestoreError(code)));
      const response = await fetch(`${dashboard.url}data`);
      restore();
      expect(response.status).to.equal(503);
      expect(response.headers.get("cache-control")).to.equal("no-store");
      expect(await response.json()).to.deep.equal({ error: "unavailable", message: advice });
    }
    expect(logs.map(({ severity }) => severity)).to.deep.equal(["ERROR", "ERROR", "ERROR"]);
    expect((await fetch(`${dashboard.url}data`)).status).to.equal(200);
  });

  it("gives up what Firestore does not answer, after 20 seconds, and recovers as soon as it does", async () => {
    const own = createTimedFirestore();
    // The time of its deadline runs 20 times as fast.
    const served = await serveDashboard(own, 0, hurriedTime.timers);
    const restore = interceptReads(own.firestore, () => new Promise(() => {}));
    const startedAt = performance.now();
    const response = await fetch(`${served.url}data`);
    expect(performance.now() - startedAt).to.be.at.least(900);
    expect(response.status).to.equal(503);
    expect(await response.json()).to.deep.equal({
      error: "unavailable",
      message: "Firestore does not answer; the function's log has the reason",
    });
    restore();
    own.pass(30_000);
    expect((await fetch(`${served.url}data`)).status).to.equal(200);
    await served.close();
  });
});
