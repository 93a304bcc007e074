/** Reads devices: what became of those that reported about a version, and what they say is wrong. */

import { type Firestore, Timestamp } from "firebase-admin/firestore";
import type { CounterIdentity } from "../counting/documents.ts";
import { actions } from "../ingest/actions.ts";
import type { Facts } from "./causes.ts";
import { eventsOfDevice, rangesOf, readSample, type StoredEvent } from "./device-events.ts";
import { createKeptSamples, type KeptSamples } from "./kept-samples.ts";
import { type Story, storiesOf } from "./stories.ts";

export interface Evidence extends KeptSamples {
  /**
   * Reads the stories of the production devices of a version whose ids lie in a random range, which holds this share of all ids:
   * from 0 to 1. With `until`, as they were at that time, in milliseconds since 1970. Rejects with Firestore's error.
   */
  storiesOf(counter: CounterIdentity, share: number, until?: number): Promise<Story[]>;
  /** What is known of each of these devices, beside the events about the version also those under others. */
  factsOf(app_id: string, stories: readonly Story[]): Promise<Facts[]>;
}

/** A look at one version reads so many events at most. A device that sends millions cannot make it read more. */
export const MOST_EVENTS = 60_000;

/** The reasons of so many devices are looked up, and of each among so many of its events. */
const MOST_DEVICES = 30;
const MOST_EVENTS_OF_DEVICE = 1_000;

/** Makes a way to read the events of `db`. `random` gives numbers from 0 up to 1. */
export function createEvidence(db: Firestore, random = Math.random, mostEvents = MOST_EVENTS): Evidence {
  return {
    ...createKeptSamples(db),

    async storiesOf(counter, share, until) {
      const ranges = share >= 1 ? [{}] : rangesOf(share, random());
      const { events } = await readSample(db, counter, ranges, mostEvents);
      return storiesOf(until === undefined ? events : events.filter((event) => event.received_at < until));
    },

    async factsOf(app_id, stories) {
      const some = stories.slice(0, MOST_DEVICES);
      const reasons = await Promise.all(some.map((story) => reasonsOf(db, app_id, story)));
      return stories.map(({ last, platform }, index) => {
        const { facts } = last as StoredEvent;
        const known = Object.entries({ platform, ...facts }).flatMap(([field, value]) =>
          value === undefined ? [] : [[field, [value]] as const],
        );
        const action = reasons[index];
        return { ...Object.fromEntries(known), ...(action && { action }) };
      });
    },
  };
}

/** The failures that a device has reported since it began with the version, under whatever version. */
async function reasonsOf(db: Firestore, app_id: string, story: Story): Promise<string[]> {
  const { docs } = await eventsOfDevice(db, story.device_id).limit(MOST_EVENTS_OF_DEVICE).get();
  const since = (story.begun_at ?? story.installed_at ?? 0) - 60_000;
  const reported = docs.flatMap((event) => {
    const received: unknown = event.get("received_at");
    const isSince = received instanceof Timestamp && received.toMillis() >= since;
    return isSince && event.get("app_id") === app_id ? [String(event.get("action"))] : [];
  });
  const failures = reported.filter((action) => /failure$/.test(actions.get(action)?.kind ?? ""));
  const telling = failures.filter((action) => action !== "download_fail");
  return [...new Set(telling.length > 0 ? telling : failures)];
}
