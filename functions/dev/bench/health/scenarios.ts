/** Simulates single cases: how many devices an alarm needs, and what must not keep it from coming. */

import type { Platform } from "../../../src/counting/documents.ts";
import { createPlugin, type Outcome } from "../../../tools/lib/plugin.ts";
import { feed } from "./feed.ts";
import { createObservedApp, type ObservedApp, type SentEvent } from "./observed-app.ts";
import { type Chance, createChance, pick } from "./random.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);

const plugins = {
  ios: createPlugin("ios", "8.51.23"),
  android: createPlugin("android", "8.51.23"),
};
type Mobile = keyof typeof plugins;

interface Attempts {
  version: string;
  from: number;
  until: number;
  /** So many devices begin, evenly over the time. */
  devices: number;
  /** The share of them that does not get it, from 0 to 1, by platform or of all. */
  failing: number | Partial<Record<Mobile, number>>;
  platforms?: ReadonlyArray<readonly [Mobile, number]>;
}

/** Devices that try once, and do not report what is not needed. */
function attempts(
  { version, from, until, devices, failing, platforms = [["ios", 1]] }: Attempts,
  chance: Chance,
): SentEvent[] {
  return Array.from({ length: devices }, (_, index): SentEvent[] => {
    const platform = pick(platforms, chance);
    const share = typeof failing === "number" ? failing : (failing[platform] ?? 0);
    const outcome: Outcome = chance() < share ? "http" : "downloaded";
    const reports = plugins[platform].attempt({ target: version, running: "1.0.0", kind: "zip", outcome });
    const install =
      outcome === "downloaded" ? plugins[platform].install({ target: version, running: "1.0.0" }) : [];
    const device_id = Math.floor(chance() * 2 ** 32)
      .toString(16)
      .padStart(8, "0")
      .padEnd(32, String(index));
    let time = from + ((until - from) * (index + 0.5)) / devices;
    return [...reports, ...install].map(({ action, version_name = "unknown", after, queued }) => {
      time += after;
      const said = {
        device_id,
        platform: platform as Platform,
        plugin_version: "8.51.23",
        action,
        version_name,
      };
      return { ...said, received_at: time, stands_for: 1, ...(queued && { occurred_at: time }) };
    });
  })
    .flat()
    .sort((a, b) => a.received_at - b.received_at);
}

function openAlarm(app: ObservedApp, version: string) {
  return [...app.alarms.values()].find(({ version_name, open }) => version_name === version && open);
}

/** An app with one good version, of which 0.4 % of 20,000 devices failed. It ends at `START`. */
async function appWithGoodVersion(chance: Chance, platforms?: Attempts["platforms"]): Promise<ObservedApp> {
  const app = createObservedApp(chance);
  const good = {
    version: "1.0.0",
    from: START - 5 * DAY,
    until: START - DAY,
    devices: 20_000,
    failing: 0.004,
  };
  for (const event of attempts({ ...good, ...(platforms && { platforms }) }, chance)) app.take(event);
  return app;
}

/** How many devices had tried, and settled, when a version that fails for `share` of them alarmed; one a minute comes. */
export async function devicesNeeded(seed: number, share: number): Promise<number> {
  const chance = createChance(seed);
  const app = await appWithGoodVersion(chance);
  const most = 10_000;
  const until = START + most * MINUTE;
  const events = attempts({ version: "2.0.0", from: START, until, devices: most, failing: share }, chance);
  let needed = most;
  await feed(app, events, START + 5 * MINUTE, until, (now) => {
    if (!openAlarm(app, "2.0.0")) return undefined;
    needed = Math.floor((now - START) / MINUTE) - 5;
    return true;
  });
  return needed;
}

/** The first version of an app fails for all: the looks from the fifth device that is known to have failed to the alarm. */
export async function looksUntilFirstVersionAlarms(seed: number): Promise<number> {
  const chance = createChance(seed);
  const app = createObservedApp(chance);
  const until = START + 2 * HOUR;
  const events = attempts({ version: "1.0.0", from: START, until, devices: 120, failing: 1 }, chance);
  let looks = 0;
  await feed(app, events, START + chance() * 5 * MINUTE, until, (now) => {
    if (now > START + 5 * MINUTE + 5 * MINUTE) looks++;
    return openAlarm(app, "1.0.0") !== undefined;
  });
  return looks;
}

/**
 * The only version fails for 30 % of 100 devices a day from day 24 on: the looks from when `failed` of them are known to have
 * failed to the alarm.
 */
export async function looksUntilOldVersionAlarms(seed: number, failed: number): Promise<number> {
  const chance = createChance(seed);
  const app = createObservedApp(chance);
  const day24 = START + 24 * DAY;
  const of = (from: number, until: number, perDay: number, failing: number) =>
    attempts({ version: "1.0.0", from, until, devices: (perDay * (until - from)) / DAY, failing }, chance);
  const good = [...of(START, START + 4 * DAY, 2_000, 0.004), ...of(START + 4 * DAY, day24, 100, 0.004)];
  await feed(app, good, START, day24);
  const bad = of(day24, day24 + 3 * DAY, 100, 0.3);
  const ids = new Set<string>();
  const downloaded = new Set(bad.flatMap(({ action, device_id }) => (action === "set" ? [device_id] : [])));
  const failedAt = bad.flatMap(({ device_id, received_at }) => {
    if (ids.has(device_id) || downloaded.has(device_id)) return [];
    ids.add(device_id);
    return [received_at + 5 * MINUTE];
  });
  const enough = failedAt[failed - 1] ?? Number.POSITIVE_INFINITY;
  let looks = 0;
  await feed(app, bad, day24 + chance() * 5 * MINUTE, day24 + 3 * DAY, (now) => {
    if (now >= enough) looks++;
    return openAlarm(app, "1.0.0") !== undefined;
  });
  return looks;
}

/** What strangers send beside a release that fails for 8 % of iOS devices. */
export type MadeUp = "nothing" | "a version of 50 events" | "500 versions of 50 events";

/** The alarms of such a release, after a day: versions with their platforms. */
export async function alarmsBesideMadeUp(seed: number, madeUp: MadeUp): Promise<string> {
  const chance = createChance(seed);
  const platforms = [
    ["android", 2],
    ["ios", 1],
  ] as const;
  const app = await appWithGoodVersion(chance, platforms);
  const until = START + DAY;
  const failing = { ios: 0.08, android: 0.004 };
  const real = attempts({ version: "2.0.0", from: START, until, devices: 3_000, failing, platforms }, chance);
  // 47 good events and 3 bad ones: three devices of 26 begin and do not get it.
  const fake = (version: string, from: number) => {
    const told = (devices: number, failing: number, action: string) =>
      attempts({ version, from, until: from + MINUTE, devices, failing }, createChance(seed + from)).filter(
        (event) => event.action === action,
      );
    const begun = told(26, 0, "download_zip_start");
    return [...begun, ...told(26, 0, "download_complete").slice(0, 23)];
  };
  const sent = {
    nothing: () => [],
    // Before the release and after its beginning, so that it would be the version before, and the one after.
    "a version of 50 events": () => [...fake("1.9.9", START - HOUR), ...fake("2.0.1", START + HOUR)],
    "500 versions of 50 events": () =>
      Array.from({ length: 500 }, (_, index) => fake(`9.${index}.0`, START + (index * HOUR) / 100)).flat(),
  }[madeUp]();
  const events = [...real, ...sent].sort((a, b) => a.received_at - b.received_at);
  await feed(app, events, START + chance() * 5 * MINUTE, until);
  return [...app.alarms.values()]
    .filter(({ open }) => open)
    .map(({ version_name, scopes }) => `${version_name} ${scopes.join()}`)
    .sort()
    .join("; ");
}

/**
 * 40 versions are installed at the same time, named by hashes and as pre-releases, and the newest fails for 8 %: daily looks for
 * two weeks, and those of them that showed its alarm alone.
 */
export async function daysThatNameTheNewest(seed: number): Promise<{ days: number; named: number }> {
  const chance = createChance(seed);
  const app = createObservedApp(chance);
  const names = Array.from({ length: 40 }, (_, index) =>
    index % 2 === 0
      ? Math.floor(chance() * 2 ** 32).toString(16)
      : `2.0.0-${pick(
          [
            ["alpha", 1],
            ["beta", 1],
            ["rc", 1],
          ],
          chance,
        )}.${index}`,
  );
  const newest = "2.0.0-alpha.0";
  const until = START + 14 * DAY;
  const old = names.flatMap((version, index) =>
    attempts(
      { version, from: START - (10 + index) * DAY, until, devices: 100 * (24 + index), failing: 0.004 },
      chance,
    ),
  );
  const events = [
    ...old,
    ...attempts({ version: newest, from: START, until, devices: 4_000, failing: 0.08 }, chance),
  ].sort((a, b) => a.received_at - b.received_at);
  let [days, named, nextDay] = [0, 0, START + DAY];
  await feed(app, events, START - DAY, until, (now) => {
    if (now < nextDay) return undefined;
    nextDay += DAY;
    days++;
    const open = [...app.alarms.values()].filter((alarm) => alarm.open);
    if (open.length === 1 && open[0]?.version_name === newest) named++;
    return undefined;
  });
  return { days, named };
}

/** 100 devices a minute update, and 8 % of those on iOS fail: the minutes from the first one's event to the alarm. */
export async function minutesToAlarm(seed: number): Promise<number> {
  const chance = createChance(seed);
  const platforms = [
    ["android", 2],
    ["ios", 1],
  ] as const;
  const app = await appWithGoodVersion(chance, platforms);
  const until = START + HOUR;
  const failing = { ios: 0.08, android: 0.004 };
  const events = attempts(
    { version: "2.0.0", from: START, until, devices: 6_000, failing, platforms },
    chance,
  );
  const downloaded = new Set(
    events.flatMap(({ action, device_id }) => (action === "set" ? [device_id] : [])),
  );
  const first = events.find(({ device_id, platform }) => platform === "ios" && !downloaded.has(device_id));
  let minutes = Number.POSITIVE_INFINITY;
  await feed(app, events, START + chance() * 5 * MINUTE, until, (now) => {
    if (!openAlarm(app, "2.0.0")) return undefined;
    minutes = (now - (first?.received_at ?? START)) / MINUTE;
    return true;
  });
  return minutes;
}
