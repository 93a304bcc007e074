/** An app as the backend sees it: events are counted as they come, and looked at as the watch does, in memory. */

import {
  type Counter,
  countedVersion,
  counterId,
  DAY_MILLISECONDS,
  dayId,
  hourId,
  type Platform,
} from "../../../src/counting/documents.ts";
import { type Alarm, alarmId } from "../../../src/health/alarm-documents.ts";
import { alarmAfter, sightsOf } from "../../../src/health/alarm-life.ts";
import type { DayOfVersion } from "../../../src/health/counter-reader.ts";
import type { Evidence } from "../../../src/health/evidence.ts";
import { type History, historyOf } from "../../../src/health/history.ts";
import { createJudge } from "../../../src/health/judge.ts";
import type { KeptSample } from "../../../src/health/kept-samples.ts";
import { addMeasures, type Measures, measureNames, measuresOfEvent } from "../../../src/health/measures.ts";
import { type StoryEvent, storiesOf } from "../../../src/health/stories.ts";

const APP = "com.example.shop";

/** An event of a production device, as the plugin sends it, and when it came. Times are milliseconds since 1970. */
export interface SentEvent extends StoryEvent {
  version_name: string;
  /** How many events it stands for, with those before it that say nothing about an update: they are read, too. */
  stands_for: number;
}

interface Version {
  counter: Counter;
  /** As of the last look. */
  history: History | undefined;
  days: Map<string, DayOfVersion>;
  /** By device, with its place among all ids, from 0 to 1. */
  devices: Map<string, { place: number; events: SentEvent[] }>;
}

export interface ObservedApp {
  /** Takes an event. They come in the order of `received_at`. */
  take(event: SentEvent): void;
  /** Looks as the watch does. */
  look(now: number): Promise<void>;
  /** The alarms that are or were, by their ids. */
  alarms: ReadonlyMap<string, Alarm>;
  /** Events that were read as evidence, and how often. */
  reads: { events: number; samples: number };
  /** Forgets the events and hours of versions that nothing is compared with any more. */
  forget(versionName: string): void;
}

/** Makes an app that nobody has installed yet. */
export function createObservedApp(random: () => number, thresholdPercent = 10): ObservedApp {
  const versions = new Map<string, Version>();
  const alarms = new Map<string, Alarm>();
  const reads = { events: 0, samples: 0 };
  const kept = new Map<string, KeptSample[]>();
  let changed = false;
  let lastChange = Number.NEGATIVE_INFINITY;

  const evidence: Evidence = {
    async storiesOf({ version_name }, share, until = Number.POSITIVE_INFINITY) {
      const version = versions.get(version_name);
      if (!version) return [];
      const from = random();
      const events: SentEvent[] = [];
      for (const { place, events: ofDevice } of version.devices.values()) {
        if ((place - from + 1) % 1 >= share) continue;
        for (const event of ofDevice) if (event.received_at < until) events.push(event);
      }
      reads.samples++;
      const total = Object.values(version.counter.actions).reduce((sum, count) => sum + count, 0);
      reads.events += Math.ceil(total * share);
      return storiesOf(events);
    },
    kept: async ({ version_name }) => [...(kept.get(version_name) ?? [])],
    async keep({ version_name }, sample) {
      kept.set(version_name, [...(kept.get(version_name) ?? []), sample]);
    },
    factsOf: async (_app, stories) => stories.map(({ platform }) => ({ platform: [platform] })),
  };
  const newJudge = () => createJudge({ evidence, alarmThresholdPercent: thresholdPercent });
  let judge = newJudge();
  let judgeSince = Number.NEGATIVE_INFINITY;

  const versionOf = (name: string, now: number): Version => {
    const known = versions.get(name);
    if (known) return known;
    const identity = { app_id: APP, version_name: name };
    const counter: Counter = {
      ...identity,
      id: counterId(identity),
      created_at: now,
      updated_at: now,
      actions: {},
      platforms: {},
      development: {},
    };
    const version = {
      counter,
      history: undefined,
      days: new Map<string, DayOfVersion>(),
      devices: new Map(),
    };
    versions.set(name, version);
    return version;
  };

  return {
    alarms,
    reads,
    forget(versionName) {
      versions.delete(versionName);
      kept.delete(versionName);
    },
    take(event) {
      const { action, platform, received_at } = event;
      const version = versionOf(countedVersion(event.version_name), received_at);
      const { counter } = version;
      counter.updated_at = received_at;
      add(counter.actions, action, event.stands_for);
      const ofPlatform = counter.platforms[platform] ?? {};
      counter.platforms[platform] = ofPlatform;
      add(ofPlatform, action, 1);
      const measures = measuresOfEvent(event);
      changed = true;
      version.history = undefined;
      lastChange = received_at;
      const dayName = dayId(received_at);
      const day = version.days.get(dayName) ?? { platforms: {}, hours: new Map(), opened: {} };
      version.days.set(dayName, day);
      addHour(day, hourId(received_at), platform, measures);
      const device = version.devices.get(event.device_id);
      const place = Number.parseInt(event.device_id.slice(0, 8), 16) / 2 ** 32;
      if (device) device.events.push(event);
      else version.devices.set(event.device_id, { place, events: [event] });
    },
    async look(now) {
      if (!changed && now - lastChange > 900_000) return;
      // An instance does not live for ever, and what it remembers ends with it.
      if (now - judgeSince > DAY_MILLISECONDS) {
        judge = newJudge();
        judgeSince = now;
      }
      changed = false;
      const look = await judge(
        {
          app_id: APP,
          versions: [...versions.values()].map((version) => {
            version.history ??= historyOf(version.counter, version.days);
            return { counter: version.counter, history: version.history };
          }),
          alarms: [...alarms.values()],
        },
        now,
      );
      const open = [...alarms.values()].filter((alarm) => alarm.open);
      for (const [alarm, sight] of sightsOf(look, open).values()) {
        const next = alarmAfter(APP, alarms.get(alarmId(alarm)), sight, now);
        if (next) alarms.set(alarmId(alarm), next);
      }
    },
  };
}

function add(counts: Record<string, number>, action: string, count: number): void {
  counts[action] = (counts[action] ?? 0) + count;
}

function addHour(day: DayOfVersion, hour: string, platform: Platform, measures: Partial<Measures>): void {
  const hours = day.hours as Map<string, Partial<Record<Platform, Measures>>>;
  const ofHour = hours.get(hour) ?? {};
  hours.set(hour, ofHour);
  const sum = ofHour[platform] ?? addMeasures([]);
  ofHour[platform] = sum;
  for (const name of measureNames) sum[name] += measures[name] ?? 0;
}
