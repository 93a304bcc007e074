/** Simulates releases one after another, good and bad, and says which of them alarmed. */

import type { Platform } from "../../../src/counting/documents.ts";
import { alarmId } from "../../../src/health/alarm-documents.ts";
import { feed } from "./feed.ts";
import { createObservedApp } from "./observed-app.ts";
import { createDevices, eventsOf, type World } from "./population.ts";
import { createChance } from "./random.ts";

export interface ReleasesOptions {
  world: World;
  /** How many releases are judged: the bad ones, if there are, else all but the first, which has none to be compared with. */
  judged: number;
  /** Every second release fails for this share of the devices of one platform, Android and iOS in turn. */
  badShare?: number;
}

export interface ReleasesResult {
  judged: number;
  /** Good releases during which anything alarmed. */
  falseAlarms: number;
  /** Bad releases that were named with their platform; and of these, those during which nothing else alarmed. */
  named: number;
  namedAlone: number;
  /** Events read as evidence, for each release. */
  readsPerRelease: number;
}

const DAY = 86_400_000;
const SHORTEST = 5 * DAY;
const LONGEST = 14 * DAY;

/** So many versions are compared with the next at most. */
const KEPT = 12;

/** A release follows another every 5 to 14 days, and all devices get it. */
export async function simulateReleases(
  seed: number,
  { world, judged, badShare }: ReleasesOptions,
): Promise<ReleasesResult> {
  const chance = createChance(seed);
  const devices = createDevices(world, chance);
  const app = createObservedApp(chance);
  const releases = badShare === undefined ? judged + 1 : 2 * judged + 2;
  const result = { judged, falseAlarms: 0, named: 0, namedAlone: 0 };
  let begins = Date.UTC(2026, 0, 1);

  for (let number = 1; number <= releases; number++) {
    const ends = begins + SHORTEST + (LONGEST - SHORTEST) * chance();
    const version = `2.${number}.0`;
    const platform: Platform = number % 4 === 0 ? "ios" : "android";
    const isBad = badShare !== undefined && number > 2 && number % 2 === 0;
    const release = {
      ...{ version, from: `2.${number - 1}.0`, begins, ends },
      ...(isBad && { bad: { share: badShare, platforms: [platform] } }),
    };
    const events = eventsOf(world, devices, release, chance);
    const before = new Map([...app.alarms].map(([id, { began_at }]) => [id, began_at]));
    await feed(app, events, begins + chance() * 300_000, ends);

    const begun = [...app.alarms.values()].filter((alarm) => before.get(alarmId(alarm)) !== alarm.began_at);
    const rightly = begun.filter(
      ({ version_name, scopes }) => isBad && version_name === version && scopes.join() === platform,
    );
    if (!isBad && number > 1 && begun.length > 0) result.falseAlarms++;
    if (rightly.length > 0) result.named++;
    if (rightly.length > 0 && rightly.length === begun.length) result.namedAlone++;
    app.forget(`2.${number - KEPT}.0`);
    begins = ends;
  }
  return { ...result, readsPerRelease: Math.round(app.reads.events / releases) };
}
