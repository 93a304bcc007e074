import { readFileSync } from "node:fs";
import { expect } from "chai";
import {
  createPlugin,
  type DevicePlatform,
  type DownloadKind,
  failures,
  generationOf,
  type Outcome,
  type Report,
} from "../../../tools/lib/plugin.ts";

const X = "2.5.1";
const CUR = "2.5.0";
const STORE = "1.0.0";

/** Each event as `action version`, progress left out but for `download_0`; `∅` is no version, `!` a request of its own. */
function said(reports: readonly Report[]): string[] {
  return reports
    .filter(({ action }) => !/^download_[1-9]0$/.test(action))
    .map(({ action, version_name, queued }) => `${action} ${version_name ?? "∅"}${queued ? "" : "!"}`);
}

const attempt = (
  platform: DevicePlatform,
  version: string,
  outcome: Outcome,
  { kind = "zip", again = false }: { kind?: DownloadKind; again?: boolean } = {},
) => createPlugin(platform, version).attempt({ target: X, running: CUR, kind, outcome, again });

const progressIn = (reports: readonly Report[]) =>
  reports.filter(({ action }) => /^download_\d+$/.test(action)).map(({ action }) => action);

describe("a version of the plugin", () => {
  it("belongs to a generation, also where its number is newer than its code", () => {
    const expected = {
      ...{ "4.9.0": "G0", "4.14.0": "G0", "4.14.1": "G1", "5.8.12": "G1", "9.0.0": "G1", "10.0.0": "G1" },
      ...{ "5.9.0": "G2", "6.0.0-alpha.2": "G2", "6.7.7-alpha.2": "G2", "7.0.1": "G2" },
      ...{ "6.7.7-alpha.3": "G3", "6.25.1": "G3", "7.0.2": "G3", "7.25.1": "G3" },
      ...{ "6.25.2": "G4", "7.26.0": "G4", "8.2.0": "G4", "8.41.13": "G4", "7.42.8": "G4" },
      ...{ "5.43.3": "G5", "6.42.9": "G5", "7.42.9": "G5", "8.42.0": "G5", "8.43.12": "G5" },
      ...{ "8.44.0": "G5b", "8.45.11": "G5b", "5.45.10": "G5b", "7.45.10": "G5b" },
      ...{ "8.46.0": "G6", "8.50.3": "G6", "5.50.2": "G6", "6.50.1": "G6", "7.51.14": "G6" },
      ...{ "8.51.0": "G7", "8.51.23": "G7", "6.51.15": "G7", "7.51.21": "G7", "11.2.0": "G7" },
    };
    const found = Object.keys(expected).map((version) => [version, generationOf(version)]);
    expect(Object.fromEntries(found)).to.deep.equal(expected);
  });

  it("reports itself as another in two cases, and as 0.0.1 on Electron", () => {
    const reported = (platform: DevicePlatform, version: string) =>
      createPlugin(platform, version).plugin_version;
    expect(reported("ios", "5.50.2")).to.equal("5.50.1");
    expect(reported("ios", "6.43.5")).to.equal("8.43.5");
    expect(reported("ios", "8.51.23")).to.equal("8.51.23");
    expect(reported("electron", "0.0.6")).to.equal("0.0.1");
  });

  it("sends an array again only from 8.51.5, 7.51.15 and 6.51.15 on", () => {
    const sendsAgain = (version: string) => createPlugin("android", version).sendsAgain;
    expect(["8.51.5", "7.51.15", "6.51.15"].map(sendsAgain)).to.deep.equal([true, true, true]);
    expect(["8.51.4", "7.50.2", "6.50.2", "5.50.2", "4.9.0"].some(sendsAgain)).to.equal(false);
  });
});

describe("an attempt", () => {
  const zip = ["download_zip_start 2.5.1", "download_zip_complete 2.5.1", "download_complete 2.5.1"];
  const cases: [DevicePlatform, string, Outcome, DownloadKind, string[]][] = [
    // Android's worker sends start and completion by itself; the rest is queued.
    [
      ...(["android", "8.51.23", "downloaded", "zip"] as const),
      ["download_zip_start 2.5.1!", "download_zip_complete 2.5.1!", "download_complete 2.5.1"],
    ],
    [
      ...(["android", "8.51.23", "checksum", "zip"] as const),
      [
        ...["download_zip_start 2.5.1!", "download_zip_complete 2.5.1!"],
        ...["checksum_fail 2.5.0", "download_fail 2.5.0", "finish_download_fail 2.5.1"],
      ],
    ],
    [
      ...(["android", "8.51.23", "unzip", "zip"] as const),
      [
        ...["download_zip_start 2.5.1!", "download_zip_complete 2.5.1!"],
        ...["unzip_fail 2.5.0", "download_fail 2.5.0", "finish_download_fail 2.5.1"],
      ],
    ],
    ["android", "8.51.23", "http", "zip", ["download_zip_start 2.5.1!", "download_fail ∅"]],
    [
      ...(["android", "8.51.23", "disk_space", "zip"] as const),
      ["download_zip_start 2.5.1!", "insufficient_disk_space ∅", "download_fail ∅"],
    ],
    [
      ...(["android", "8.51.23", "http", "manifest"] as const),
      [
        "download_manifest_start 2.5.1!",
        ...Array(2).fill("download_manifest_file_fail 2.5.1:assets/main.js!"),
        "download_fail ∅",
      ],
    ],
    ["android", "8.51.23", "killed", "zip", ["download_zip_start 2.5.1!"]],
    // A broken download is tried again from 8.51.20 on, and its failure never reported.
    ["android", "8.51.23", "network", "zip", Array(3).fill("download_zip_start 2.5.1!")],
    ["android", "8.51.19", "network", "zip", ["download_zip_start 2.5.1!", "download_fail ∅"]],

    [
      "ios",
      "8.51.23",
      "downloaded",
      "zip",
      ["download_zip_start 2.5.1", "download_0 2.5.1", ...zip.slice(1)],
    ],
    [
      ...(["ios", "8.51.23", "checksum", "zip"] as const),
      [
        ...["download_zip_start 2.5.1", "download_0 2.5.1", ...zip.slice(1)],
        ...["checksum_fail 2.5.1", "download_fail 2.5.0"],
      ],
    ],
    [
      ...(["ios", "8.51.23", "unzip", "zip"] as const),
      ["download_zip_start 2.5.1", "download_0 2.5.1", "unzip_fail 2.5.0", "download_fail 2.5.0"],
    ],
    [
      ...(["ios", "8.51.23", "decrypt", "zip"] as const),
      ["download_zip_start 2.5.1", "download_0 2.5.1", "decrypt_fail 2.5.1", "download_fail 2.5.0"],
    ],
    ["ios", "8.51.23", "disk_space", "zip", ["insufficient_disk_space 2.5.0", "download_fail 2.5.0"]],
    [
      ...(["ios", "8.51.23", "http", "manifest"] as const),
      [
        ...["download_manifest_start 2.5.1", "download_0 2.5.1"],
        ...["download_manifest_file_fail 2.5.1:assets/main.js", "download_fail 2.5.0"],
      ],
    ],
    [
      ...(["ios", "8.45.10", "downloaded", "zip"] as const),
      ["download_zip_start 2.5.1", "download_0 builtin", ...zip.slice(1)],
    ],
    // No `download_complete` for manifests.
    [
      ...(["ios", "7.27.6", "downloaded", "manifest"] as const),
      ["download_manifest_start 2.5.1!", "download_0 2.5.1!", "download_manifest_complete 2.5.1!"],
    ],

    // Older generations: G3 knows no start on Android, G1 names CUR, G0 is silent.
    ["android", "6.25.1", "downloaded", "zip", ["download_complete 2.5.1!"]],
    ["android", "6.25.1", "http", "zip", ["download_fail ∅!"]],
    ["android", "5.9.5", "http", "zip", ["download_fail 2.5.1!"]],
    ["android", "5.9.5", "downloaded", "zip", ["download_0 2.5.1!", "download_complete 2.5.1!"]],
    ["android", "5.3.4", "downloaded", "zip", ["download_0 2.5.0!", "download_complete 2.5.0!"]],
    [
      ...(["android", "5.3.4", "checksum", "zip"] as const),
      ["download_0 2.5.0!", "checksum_fail 2.5.0!", "download_fail 2.5.0!"],
    ],
    ["ios", "10.0.0", "downloaded", "zip", ["download_0 2.5.0!", "download_complete 2.5.0!"]],
    ["ios", "4.9.0", "downloaded", "zip", []],
    ["ios", "4.9.0", "network", "zip", ["download_fail 2.5.0!"]],

    ["electron", "0.0.6", "downloaded", "zip", ["download_complete 2.5.1!"]],
    ["electron", "0.0.6", "checksum", "zip", ["download_fail 2.5.1!"]],
    ["electron", "0.0.6", "killed", "zip", []],
  ];
  for (const [platform, version, outcome, kind, expected] of cases) {
    it(`of ${platform} ${version} by ${kind}, ${outcome}, says ${expected.join(", ") || "nothing"}`, () => {
      expect(said(attempt(platform, version, outcome, { kind }))).to.deep.equal(expected);
    });
  }

  it("that fails is said under the target, the running bundle or none, never without a download_fail but for Android's endless retry", () => {
    for (const platform of ["android", "ios", "electron"] as const) {
      for (const kind of ["zip", "manifest"] as const) {
        for (const outcome of failures) {
          const actions = attempt(platform, "8.51.23", outcome, { kind }).map(({ action }) => action);
          const isRetried = platform === "android" && kind === "zip" && outcome === "network";
          expect(actions.includes("download_fail"), `${platform} ${kind} ${outcome}`).to.equal(!isRetried);
          expect(actions).not.to.include("set");
        }
      }
    }
  });

  it("shows progress once a process on Android, and never below 10 % since 6.3.0", () => {
    const first = progressIn(attempt("android", "8.51.23", "downloaded"));
    expect(first).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8, 9].map((tenth) => `download_${tenth}0`));
    expect(progressIn(attempt("android", "8.51.23", "downloaded", { again: true }))).to.deep.equal([]);
    expect(progressIn(attempt("ios", "8.51.23", "downloaded", { again: true }))).to.have.length(10);
  });

  it("after a failed manifest is only a download_fail under the running bundle on iOS", () => {
    const again = (platform: DevicePlatform, kind: DownloadKind) =>
      said(attempt(platform, "8.51.23", "http", { kind, again: true }));
    expect(again("ios", "manifest")).to.deep.equal(["download_fail 2.5.0"]);
    expect(again("ios", "zip")[0]).to.equal("download_zip_start 2.5.1");
    expect(again("android", "manifest")[0]).to.equal("download_manifest_start 2.5.1!");
  });
});

describe("an installation", () => {
  const install = (platform: DevicePlatform, version: string, more = {}) =>
    said(createPlugin(platform, version).install({ target: X, running: CUR, ...more }));

  it("is a set of the target once, after set_next from 8.44.0 on, with its launch from G7 on", () => {
    const launch = ["app_launch_start 2.5.1", "app_moved_to_foreground 2.5.1", "app_launch_ready 2.5.1"];
    expect(install("ios", "8.51.23")).to.deep.equal(["set_next 2.5.1", "set 2.5.1", ...launch]);
    expect(install("ios", "8.46.0")).to.deep.equal(["set_next 2.5.1", "set 2.5.1", launch[1]]);
    expect(install("android", "8.43.12")).to.deep.equal(["set 2.5.1", launch[1]]);
    expect(install("android", "5.3.4")).to.deep.equal(["set 2.5.1!", `${launch[1]}!`]);
    expect(install("electron", "0.0.6")).to.deep.equal(["set 2.5.1!"]);
  });

  it("by directUpdate on Android is a set only when the bundle was ready, from 8.47.6 on", () => {
    const direct = { direct: true, ready: false };
    expect(install("android", "8.51.23", direct)).to.deep.equal([]);
    expect(install("android", "8.51.23", { direct: true })).to.deep.equal(["set 2.5.1"]);
    expect(install("android", "8.47.5", direct)).to.deep.equal(["set 2.5.1"]);
    expect(install("ios", "8.51.23", direct)).to.deep.equal(["set 2.5.1"]);
  });

  it("names the bundle before it from G2 on, and nothing else does", () => {
    const olds = (version: string) => {
      const plugin = createPlugin("ios", version);
      const reports = [
        ...attempt("ios", version, "downloaded"),
        ...plugin.install({ target: X, running: CUR }),
      ];
      return Object.fromEntries(reports.map(({ action, old_version_name }) => [action, old_version_name]));
    };
    expect(olds("8.51.23")).to.include({
      set: CUR,
      set_next: CUR,
      download_complete: "",
      app_launch_ready: "",
    });
    expect(olds("5.9.5")).to.include({ set: CUR, download_complete: "" });
    expect(Object.values(olds("5.3.4"))).to.satisfy((all: unknown[]) =>
      all.every((old) => old === undefined),
    );
  });
});

describe("a rollback", () => {
  const rollBack = (platform: DevicePlatform, version: string, fallback?: string) =>
    createPlugin(platform, version)
      .rollBack({ target: X, fallback, version_build: STORE })
      .filter(({ action }) => action !== "delete" && action !== "app_launch_timeout")
      .map(({ action, version_name, old_version_name }) =>
        [action, version_name, old_version_name].join(" "),
      );

  it("is update_fail of the target, and set of the bundle before from 8.45.5 on; earlier, reset comes first", () => {
    const modern = ["update_fail 2.5.1 ", "set 2.5.0 2.5.1"];
    expect(rollBack("ios", "8.51.23", CUR)).to.deep.equal(modern);
    expect(rollBack("android", "8.45.5", CUR)).to.deep.equal(modern);
    expect(rollBack("android", "7.45.10", CUR)).to.deep.equal(modern);
    const older = ["update_fail 2.5.1 ", "reset 1.0.0 2.5.1", "set 2.5.0 1.0.0"];
    expect(rollBack("android", "8.45.4", CUR)).to.deep.equal(older);
    expect(rollBack("ios", "7.41.1", CUR)).to.deep.equal(
      older.map((line) => line.replace("1.0.0", "builtin")),
    );
    expect(rollBack("ios", "5.3.4", CUR)).to.deep.equal([
      "update_fail 2.5.1 ",
      "reset builtin ",
      "set 2.5.0 ",
    ]);
  });

  it("is a reset where the bundle of the store comes back, whose name is that of the app from 8.43.12 on", () => {
    expect(rollBack("ios", "8.51.23")).to.deep.equal(["update_fail 2.5.1 ", "reset 1.0.0 2.5.1"]);
    expect(rollBack("ios", "8.43.11")).to.deep.equal(["update_fail 2.5.1 ", "reset builtin 2.5.1"]);
  });

  it("comes after app_launch_timeout from G7 on, and before the failed bundle is deleted", () => {
    const ends = (platform: DevicePlatform, version: string) => {
      const reports = createPlugin(platform, version).rollBack({
        target: X,
        fallback: CUR,
        version_build: STORE,
      });
      return said([reports[0], reports.at(-1)].filter((report) => report !== undefined));
    };
    expect(ends("ios", "8.51.23")).to.deep.equal(["app_launch_timeout 2.5.1", "delete 2.5.1"]);
    expect(ends("android", "8.51.0")).to.deep.equal(["app_launch_timeout 2.5.1", "set 2.5.0"]);
    expect(ends("ios", "8.50.0")).to.deep.equal(["update_fail 2.5.1", "delete 2.5.1"]);
    // G1 names what runs by then.
    expect(ends("ios", "5.3.4")).to.deep.equal(["update_fail 2.5.1!", "delete 2.5.0!"]);
  });

  it("is a set_fail on Electron, and the set of the next start", () => {
    expect(rollBack("electron", "0.0.6", CUR)).to.deep.equal(["set_fail 2.5.1 ", "set 2.5.0 "]);
  });
});

describe("a start", () => {
  const start = (platform: DevicePlatform, version: string, crashed = false) =>
    said(createPlugin(platform, version).start({ running: CUR, crashed }));

  it("is told by app_moved_to_foreground, from G7 on by app_launch_*, on Electron by set", () => {
    expect(start("ios", "8.51.23")).to.deep.equal([
      ...["app_launch_start 2.5.0", "app_moved_to_foreground 2.5.0", "app_launch_ready 2.5.0"],
    ]);
    expect(start("android", "8.50.0")).to.deep.equal(["app_moved_to_foreground 2.5.0"]);
    expect(start("electron", "0.0.6")).to.deep.equal(["set 2.5.0!"]);
  });

  it("reports the crash before it from G6 on, under what runs now", () => {
    expect(start("android", "8.46.0", true)[0]).to.equal("app_crash 2.5.0");
    expect(start("ios", "8.51.23", true)[0]).to.equal("app_crash 2.5.0");
    expect(start("ios", "8.45.11", true)).to.deep.equal(["app_moved_to_foreground 2.5.0"]);
  });
});

describe("a check that finds nothing new", () => {
  it("is a download_fail of the running bundle, from 8.45.11 on and in older ranges", () => {
    const nothingNew = (platform: DevicePlatform, version: string) =>
      said(createPlugin(platform, version).nothingNew({ running: CUR })).length;
    const versions = ["8.45.11", "8.45.10", "7.45.10", "5.9.5", "5.2.9", "6.25.8", "6.25.9"];
    const fails = (platform: DevicePlatform) =>
      versions.filter((version) => nothingNew(platform, version) === 1);
    expect(fails("ios")).to.deep.equal(["8.45.11", "7.45.10", "5.9.5", "6.25.8"]);
    expect(fails("android")).to.deep.equal(fails("ios"));
    expect([nothingNew("android", "7.16.0"), nothingNew("ios", "7.16.0")]).to.deep.equal([1, 0]);
    expect(nothingNew("electron", "0.0.6")).to.equal(0);
  });
});

describe("the recorded payloads", () => {
  const payload = (name: string): Record<string, unknown>[] =>
    [
      JSON.parse(
        readFileSync(new URL(`../../../dev/testing/payloads/${name}.json`, import.meta.url), "utf8"),
      ),
    ].flat();
  const facts = (event: Record<string, unknown> | Report | undefined) => ({
    action: event?.action,
    version_name: event?.version_name,
    old_version_name: event?.old_version_name,
  });

  it("are what the plugin of the version says", () => {
    const android = createPlugin("android", "8.51.23");
    const [start] = attempt("android", "8.51.23", "downloaded");
    expect(facts(payload("android-8.51.23-download-worker")[0])).to.deep.equal(facts(start));
    expect(start).to.include({ queued: false, worker: true });
    const batch = payload("android-8.51.23-batch").map(facts);
    expect(batch).to.deep.include(facts(attempt("android", "8.51.23", "downloaded").at(-1)));
    for (const report of android.install({ target: X, running: CUR })) {
      if (/^set/.test(report.action)) expect(batch).to.deep.include(facts(report));
    }
    const [failed] = attempt("ios", "4.9.0", "network").map((report) => facts(report));
    expect({ ...failed, version_name: "builtin" }).to.deep.equal(facts(payload("ios-4.9.0-single")[0]));
  });
});
