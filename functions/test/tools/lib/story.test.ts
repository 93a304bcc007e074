import { expect } from "chai";
import { Timestamp } from "firebase-admin/firestore";
import { parsedEvent, payload } from "../../../dev/testing/events.ts";
import { type Story, storiesOf, storyEvent, storyOf } from "../../../tools/lib/story.ts";

const START = Date.UTC(2026, 10, 20, 9);
const MINUTE = 60_000;

/** What a device sends, so many milliseconds after the start; `null` is a plugin that does not say when. */
type Sent = [after: number, action: string, version: string, fields?: Record<string, unknown>];

describe("story: the order", () => {
  it("is that of the device's clock, and of the receipt where the device says no time", () => {
    const events = [
      stored({ action: "set", timestamp: START + 20 }, START + 9_000),
      stored({ action: "download_zip_start", timestamp: undefined }, START + 10),
      stored({ action: "app_moved_to_foreground", timestamp: START }, START + 9_000),
    ];
    expect(story(events).lines.map(({ action, clock, time }) => [action, clock, time - START])).to.deep.equal(
      [
        ["app_moved_to_foreground", "device", 0],
        ["download_zip_start", "backend", 10],
        ["set", "device", 20],
      ],
    );
  });

  it("puts a rollback before the set of its fallback within one millisecond", () => {
    const told = tell("ios", [
      [10, "set", "2.5.0"],
      [10, "update_fail", "2.5.1"],
      [10, "reset", "2.5.0"],
    ]);
    expect(told.lines.map(({ action }) => action)).to.deep.equal(["update_fail", "reset", "set"]);
  });

  it("tells each device, and each app, a story of its own", () => {
    const events = [
      stored({ device_id: "a" }, START),
      stored({ device_id: "b" }, START + 2),
      stored({ device_id: "a", app_id: "com.example.other" }, START + 1),
      stored({ device_id: "a" }, START),
    ];
    expect(
      storiesOf(events).map(({ device_id, app_id, lines }) => [device_id, app_id, lines.length]),
    ).to.deep.equal([
      ["b", "com.example.shop", 1],
      ["a", "com.example.other", 1],
      ["a", "com.example.shop", 2],
    ]);
    expect(storyOf([])).to.equal(undefined);
  });
});

describe("story: what real plugins sent", () => {
  it("is an update on Android, whose start was sent by another worker", () => {
    const told = story([
      ...payload("android-8.51.23-batch").map((event: object) => stored(event)),
      stored({ ...payload("android-8.51.23-download-worker"), timestamp: undefined }, 1_795_392_001_000),
    ]);
    expect(told.versions).to.deep.equal([
      { version_name: "2.5.1", begun: 1, downloaded: 1, installed: 1, rolled_back: 0, started: 1 },
    ]);
    expect(told.lines[1]).to.deep.include({ action: "download_zip_start", clock: "backend" });
    expect(told.traits.map(({ name, value }) => [name, value])).to.deep.equal([
      ["platform", "android"],
      ["plugin version", "8.51.23"],
      ["native build", "2.4.0 (240)"],
      ["OS", "14"],
      ["channel", "production"],
      ["install source", "com.android.vending"],
    ]);
  });

  it("is a rollback on iOS, and a file that failed", () => {
    const told = story(payload("ios-8.51.23-batch").map((event: object) => stored(event)));
    expect(told.versions).to.deep.equal([
      { version_name: "2.5.1", begun: null, downloaded: 1, installed: 1, rolled_back: 1, started: null },
    ]);
    expect(notes(told, "reset")).to.deep.equal(["It belongs to the rollback of 2.5.1."]);
    expect(notes(told, "download_manifest_file_fail")).to.deep.equal(["The file: assets/vendor-9f3a.js"]);
    expect(meaning(told, "download_complete")).to.include(
      "iOS tests the checksum of an archive only after it",
    );
  });

  it("is a start on Electron, where `set` is no install", () => {
    const told = story([stored({ ...payload("electron-0.0.6-single"), timestamp: undefined }, START)]);
    expect(told.versions).to.deep.equal([
      { version_name: "3.1.4", begun: null, downloaded: null, installed: 0, rolled_back: 0, started: 1 },
    ]);
  });

  it("is an install by an old plugin, and a failure by a still older one", () => {
    const old = payload("android-5.3.4-single");
    const told = story([
      stored({ ...old, timestamp: undefined, action: "download_complete", version_name: "1.0.8" }, START),
      stored({ ...old, timestamp: undefined }, START + 1),
    ]);
    expect(notes(told, "download_complete").join()).to.include(
      "everything under the version that is running",
    );
    expect(told.versions).to.deep.equal([
      { version_name: "1.0.9", begun: null, downloaded: null, installed: 1, rolled_back: 0, started: null },
    ]);
    const older = story([stored({ ...payload("ios-4.9.0-single"), timestamp: undefined }, START)]);
    expect(notes(older, "download_fail").join(" ")).to.include("does not tell which version was tried");
  });
});

describe("story: a download", () => {
  it("names the version that was tried on iOS, where the failure is reported under the running one", () => {
    const told = tell("ios", [
      [0, "app_moved_to_foreground", "2.5.0"],
      [1_000, "download_zip_start", "2.5.1"],
      [1_010, "download_0", "builtin"], // As iOS called it until 8.45.10.
      [3_000, "download_10", "2.5.1"],
      [9_000, "checksum_fail", "2.5.1"],
      [9_010, "download_fail", "2.5.0"],
    ]);
    expect(notes(told, "checksum_fail")).to.deep.equal([]);
    expect(notes(told, "download_fail")).to.deep.equal([
      "Reported under the version that was running.",
      "Tried, as far as the story tells: 2.5.1, whose download began at 2026-11-20 09:00:01.",
    ]);
    expect(told.versions).to.deep.equal([
      { version_name: "2.5.1", begun: 1, downloaded: null, installed: 0, rolled_back: 0, started: null },
    ]);
  });

  it("names it on Android, where a worker reports no version at all", () => {
    const told = tell("android", [
      [1_000, "download_manifest_start", "2.5.1"],
      [2_000, "checksum_fail", "2.5.0"],
      [2_005, "session_key_required", "2.5.1"], // By its worker.
      [2_010, "insufficient_disk_space", ""],
      [2_020, "finish_download_fail", "2.5.1"],
    ]);
    const tried = "Tried, as far as the story tells: 2.5.1, whose download began at 2026-11-20 09:00:01.";
    expect(notes(told, "checksum_fail")).to.deep.equal([
      "Reported under the version that was running.",
      tried,
    ]);
    expect(notes(told, "insufficient_disk_space")).to.deep.equal(["Reported without a version.", tried]);
    expect(notes(told, "session_key_required")).to.deep.equal([]);
    expect(notes(told, "finish_download_fail")).to.deep.equal([]);
  });

  it("goes by progress where the plugin reports no start", () => {
    const told = tell("android", [
      [1_000, "download_10", "2.5.1"],
      [2_000, "unzip_fail", "2.5.0"],
    ]);
    expect(notes(told, "unzip_fail").join()).to.include("2.5.1, whose download began at 2026-11-20 09:00:01");
  });

  it("blames no version for a later failure before which no download began", () => {
    const told = tell("ios", [
      [0, "download_zip_start", "2.5.1"],
      [1_000, "download_fail", "2.5.0"],
      [10 * MINUTE, "download_fail", "2.5.0"],
    ]);
    expect(told.lines.at(-1)?.notes).to.deep.equal([
      "Reported under the version that was running.",
      "No download began after that of 2.5.1 had ended at 2026-11-20 09:00:01. " +
        "The plugin also reports so a check that finds no update.",
    ]);
    const alone = tell("ios", [[0, "download_fail", "2.5.0"]]);
    expect(notes(alone, "download_fail").at(-1)).to.equal(
      "The story does not tell which version was tried. The plugin also reports so a check that finds no update.",
    );
  });

  it("is reported under its own version by Electron", () => {
    const told = tell("electron", [[0, "download_fail", "2.5.1", { message: "404" }]]);
    expect(told.lines[0]).to.deep.include({ notes: [], message: "404" });
  });
});

describe("story: a rollback", () => {
  const failed: Sent[] = [
    [0, "download_zip_start", "2.5.1"],
    [1_000, "download_complete", "2.5.1"],
    [2_000, "set", "2.5.1", { old_version_name: "2.5.0" }],
    [12_000, "update_fail", "2.5.1"],
    [12_010, "reset", "builtin", { old_version_name: "2.5.1" }],
  ];

  it("counts the set of the fallback as no install", () => {
    const told = tell("android", [...failed, [12_010, "set", "2.5.0", { old_version_name: "2.5.1" }]]);
    expect(told.lines.at(-1)?.meaning).to.equal(
      "The app went back to this version, because 2.5.1 failed. It is no install.",
    );
    expect(told.versions).to.deep.equal([
      { version_name: "2.5.1", begun: 1, downloaded: 1, installed: 1, rolled_back: 1, started: null },
    ]);
  });

  it("does not take a later install for the fallback", () => {
    for (const before of [
      [20_000, "download_complete", "2.5.2"],
      [20_000, "set_next", "2.5.2"],
      [1_500, "download_complete", "2.5.2"],
    ] satisfies Sent[]) {
      const told = tell("android", [...failed, before, [30_000, "set", "2.5.2"]]);
      expect(told.versions.at(-1), JSON.stringify(before)).to.deep.include({
        version_name: "2.5.2",
        installed: 1,
      });
    }
    const again = tell("android", [...failed, [30_000, "set", "2.5.1"]]);
    expect(again.versions.at(-1)).to.deep.include({ version_name: "2.5.1", installed: 2 });
    const later = tell("android", [
      ...failed,
      [12_020, "set", "2.5.0"],
      [30_000, "set", "2.4.9"], // By the app, which may set any version that it has.
    ]);
    expect(later.versions.at(-1)).to.deep.include({ version_name: "2.4.9", installed: 1 });
  });

  it("is a `set_fail` on Electron, and an install the first start after a download", () => {
    const told = tell("electron", [
      [0, "set", "builtin"],
      [1_000, "download_complete", "3.1.4"],
      [2_000, "set", "3.1.4"],
      [3_000, "set", "3.1.4"],
      [4_000, "set_fail", "3.1.4"],
      [5_000, "set", "builtin"],
    ]);
    expect(told.versions).to.deep.equal([
      { version_name: "builtin", begun: null, downloaded: 0, installed: 0, rolled_back: 0, started: 2 },
      { version_name: "3.1.4", begun: null, downloaded: 1, installed: 1, rolled_back: 1, started: 2 },
    ]);
    expect(meaning(told, "set_fail")).to.include("on Electron, this is the rollback");
    expect(tell("ios", [[0, "set_fail", "3.1.4"]]).versions).to.deep.equal([]);
  });
});

describe("story: what else it says", () => {
  it("says that a crash is reported at the next start, and when it was", () => {
    const told = tell("android", [
      [0, "app_anr", "2.5.1", { metadata: { exit_timestamp: String(START - MINUTE) } }],
      [1, "app_crash", "2.5.1", { metadata: { exit_timestamp: "9e99" } }],
    ]);
    const general = "Reported at the next start, under the version of that start, which may be another.";
    expect(notes(told, "app_anr")).to.deep.equal([`${general} It happened at 2026-11-20 08:59:00.`]);
    expect(notes(told, "app_crash")).to.deep.equal([general]);
    expect(notes(tell("ios", [[0, "app_crash", "2.5.1"]]), "app_crash").at(-1)).to.include("only that");
  });

  it("says where something of the device changed, and keeps what an event leaves out", () => {
    const told = tell("android", [
      [0, "set", "2.5.0", { version_os: "14", defaultChannel: "beta" }],
      [MINUTE, "app_launch_ready", "2.5.0", { version_os: "15" }],
    ]);
    expect(told.traits.filter(({ name }) => name === "OS" || name === "channel")).to.deep.equal([
      { name: "OS", value: "15", changes: [{ time: START + MINUTE, from: "14", to: "15" }] },
      { name: "channel", value: "beta", changes: [] },
    ]);
    expect(notes(told, "app_launch_ready")).to.deep.equal(["From here on, OS: 15. Before: 14."]);
  });

  it("tells an action that it does not know", () => {
    const event = storyEvent.parse({ ...stored({}), action: "tomorrows", ...times(START, START) });
    expect(story([event]).lines[0]?.meaning).to.equal("An action that this backend does not describe.");
  });
});

/** An event as it is read back, received a second after it happened unless something else is said. */
function stored(fields: object, received?: number) {
  const { timestamp, ...event } = parsedEvent({ ...fields });
  return storyEvent.parse({ ...event, ...times(received ?? (timestamp ?? START) + 1_000, timestamp) });
}

function times(received: number, occurred: number | undefined) {
  return {
    received_at: Timestamp.fromMillis(received),
    ...(occurred !== undefined && { occurred_at: Timestamp.fromMillis(occurred) }),
  };
}

function story(events: Parameters<typeof storyOf>[0]): Story {
  const told = storyOf(events);
  if (!told) throw new Error("expected a story, got none");
  return told;
}

function tell(platform: string, sent: readonly Sent[]): Story {
  return story(
    sent.map(([after, action, version_name, fields]) =>
      stored({ platform, action, version_name, timestamp: START + after, ...fields }),
    ),
  );
}

function notes({ lines }: Story, action: string): string[] {
  return lines.find((line) => line.action === action)?.notes ?? [`no line of ${action}`];
}

function meaning({ lines }: Story, action: string): string | undefined {
  return lines.find((line) => line.action === action)?.meaning;
}
