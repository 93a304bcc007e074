import { readdirSync } from "node:fs";
import { get } from "node:http";
import { expect } from "chai";
import { logs } from "../../dev/testing/captured-logs.ts";
import { attempts, writeAlarm, writeCounter } from "../../dev/testing/counters.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { firestoreError, interceptReads } from "../../dev/testing/faults.ts";
import { createTimedFirestore } from "../../dev/testing/firestores.ts";
import type { DashboardData } from "../../src/dashboard/handler.ts";
import { backend, counts, post } from "../backend.ts";
import { type ServedDashboard, serveDashboard } from "./server.ts";

const database = createTimedFirestore();
let dashboard: ServedDashboard;

async function open() {
  dashboard = await serveDashboard(database);
}

async function data(url: string): Promise<DashboardData> {
  const response = await fetch(url);
  expect(response.status).to.equal(200);
  return (await response.json()) as DashboardData;
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
    const mounted = new URL("dashboard", backend().statsUrlInProcess).href;
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
        (match) => match[1],
      );
      expect(links).to.have.length(14);
      for (const link of links) {
        const file = await fetch(new URL(link ?? "", page));
        expect(file.status, `${link} from ${page}`).to.equal(200);
        await file.arrayBuffer();
      }
      for (const name of ["data", "actions.json"]) {
        const script = new URL("dashboard/app.js", page);
        expect((await fetch(new URL(name, script))).headers.get("content-type")).to.match(
          /^application\/json/,
        );
      }
    }
  });

  it("serves every file of its folder, and nothing else", async () => {
    for (const name of readdirSync(new URL("../../page/", import.meta.url))) {
      const path = name === "index.html" ? "" : name;
      expect((await fetch(dashboard.url + path)).status, name).to.equal(200);
    }
    for (const path of [
      "index.ts",
      "..%2fpackage.json",
      "%2e%2e/package.json",
      "constructor",
      "data/x",
      "dashboardx",
      "app.js/",
    ]) {
      const response = await fetch(dashboard.url + path);
      expect(response.status, path).to.equal(404);
      expect(await response.json()).to.have.property("error", "not_found");
    }
  });

  it("lets nothing in that is not its own, and is neither framed, sniffed nor kept", async () => {
    for (const path of ["", "app.js", "data", "nothing"]) {
      const { headers } = await fetch(dashboard.url + path);
      const policy = headers.get("content-security-policy") ?? "";
      expect(policy).to.match(/^default-src 'none'; /);
      expect(policy).to.include("frame-ancestors 'none'");
      expect(policy).not.to.match(/unsafe|\*|https?:|data:/);
      expect(headers.get("x-content-type-options")).to.equal("nosniff");
      expect(headers.get("referrer-policy")).to.equal("no-referrer");
      expect(headers.get("x-frame-options")).to.equal("DENY");
      if (path !== "nothing") {
        expect(headers.get("cache-control")).to.equal(path === "data" ? "no-store" : "private, no-cache");
      }
    }
  });

  it("sends a file again only when it has changed, and compressed", async () => {
    const first = await fetch(`${dashboard.url}style.css`);
    expect(first.headers.get("content-encoding")).to.equal("gzip");
    const headers = { "If-None-Match": first.headers.get("etag") ?? "" };
    // Not `fetch`: it adds `Cache-Control: no-cache`, which asks for all of it.
    const again = await new Promise((resolve, reject) => {
      get(`${dashboard.url}style.css`, { headers }, ({ statusCode }) => resolve(statusCode)).on(
        "error",
        reject,
      );
    });
    expect(again).to.equal(304);
    const plain = await fetch(`${dashboard.url}style.css`, { headers: { "Accept-Encoding": "identity" } });
    expect(plain.headers.get("content-encoding")).to.equal(null);
    expect(await plain.text()).to.equal(await first.text());
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
    ]);
    expect(answer.status).to.equal(200);
    const counter = await counts(`counters/${app_id}@2.5.1`);
    const served = await serveDashboard({ firestore: backend().firestore, now: Date.now });
    try {
      const { app } = await data(`${served.url}data?app=${app_id}`);
      expect(app?.versions.map(({ version_name }) => version_name)).to.deep.equal(["2.5.1", "2.5.0"]);
      expect(app?.versions.map(({ is_update }) => is_update)).to.deep.equal([true, false]); // It was never begun.
      const version = app?.versions[0];
      expect(version).to.deep.include(counter);
      expect(version?.development).to.deep.equal({ set: 5, download_zip_start: 50 });
      expect(version?.health.all).to.include({ begun: 20, downloaded: 16, installed: 11, rolled_back: 1 });
      expect(version?.health.ios).to.include({ begun: 20, downloaded: 16, installed: 4, rolled_back: 1 });
      const { not_downloaded, rolled_back, crashed } = version?.health.ios?.rates ?? {};
      expect(not_downloaded).to.include({ count: 4, of: 20, rate: 0.2, enough: false });
      expect(not_downloaded?.low).to.be.within(0.05, 0.1);
      expect(not_downloaded?.high).to.be.within(0.4, 0.45);
      expect([rolled_back?.rate, crashed]).to.deep.equal([1 / 5, undefined]);
      const zeros = Array(29).fill(0);
      expect(version?.daily.android).to.deep.equal({
        installed: [...zeros, 7],
        begun: [...zeros, 0],
        downloaded: [...zeros, 0],
      });
      expect(version?.daily.all).to.deep.equal({
        installed: [...zeros, 11],
        begun: [...zeros, 20],
        downloaded: [...zeros, 16],
      });
    } finally {
      await served.close();
    }
  });

  it("is about the app with the most installs, or the one asked for, or none", async () => {
    const own = createTimedFirestore();
    await writeCounter(own.firestore, "com.example.small", "1.0.0", { 0: { ios: attempts(5) } });
    await writeCounter(own.firestore, "com.example.big", "1.0.0", { 0: { ios: attempts(50) } });
    const { url, close } = await serveDashboard(own);
    const first = await data(`${url}data`);
    const asked = await data(`${url}data?app=com.example.small`);
    const queries = ["app=com.example.none", "app=", "app=a&app=b", "app[x]=1&app[y]=2"];
    const others = await Promise.all(queries.map((query) => data(`${url}data?${query}`)));
    await close();
    expect(first.apps.map(({ app_id }) => app_id)).to.deep.equal(["com.example.big", "com.example.small"]);
    expect([first.app?.app_id, asked.app?.app_id]).to.deep.equal(["com.example.big", "com.example.small"]);
    for (const { apps } of others) expect(apps).to.have.length(2);
    expect(others.slice(0, 2).map(({ app }) => app)).to.deep.equal([null, null]);
  });

  it("has the open alarms, the worst first, and marks each app that has one", async () => {
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
    expect(summaries.map(({ app_id, alarming }) => [app_id, alarming])).to.have.deep.members([
      [first, true],
      [other, true],
      [good, false],
    ]);
    expect(app?.alarms.map(({ measure }) => measure)).to.deep.equal(["crashed", "not_downloaded"]);
    expect(app?.alarms[1]).to.deep.include({
      version_name: "2.5.1",
      measure: "not_downloaded",
      scopes: ["ios"],
      rule: "earlier_versions",
      now: { count: 24, of: 297 },
      before: { count: 4, of: 1_000 },
      began_at: 1_795_000_000_000,
    });
    expect(app?.alarms[1]?.causes[0]).to.deep.equal({
      field: "version_build",
      value: "2.4.0",
      failing: { count: 94, of: 100 },
      others: { count: 31, of: 100 },
    });
    expect(app?.alarms[1]).not.to.have.any.keys("told", "to_tell", "good_looks", "app_id");
  });

  it("skips an alarm that somebody has edited so that it is none, and shows the others", async () => {
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
    const { app } = await data(`${served.url}data`);
    await served.close();
    expect(app?.alarms.map(({ measure }) => measure)).to.deep.equal(["not_downloaded"]);
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
    expect(app?.versions[0]?.health.ios?.rates.not_downloaded).to.include({ count: 9, of: 40 });
    expect(app?.versions).to.have.length(21);
  });

  it("reads the open alarms once in eight seconds, for all who look", async () => {
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
    own.pass(7_000);
    await look();
    expect(own.reads() - opened).to.equal(0);
    own.pass(1_000);
    await look();
    await served.close();
    // The two open ones, and a query for changed counters: it finds the one counter, which has changed in the last ten seconds.
    expect(own.reads() - opened).to.equal(2 + 1);
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
      expect(await response.json()).to.deep.equal({ error: "unavailable", message: advice });
    }
    expect(logs.map(({ severity }) => severity)).to.deep.equal(["ERROR", "ERROR", "ERROR"]);
    expect((await fetch(`${dashboard.url}data`)).status).to.equal(200);
  });
});
