/** Finds devices on which a version fails, and what they have reported. It reads events, so it is done on request only. */

import type { Firestore } from "firebase-admin/firestore";
import {
  eventsOfDevice,
  factFields,
  rangesOf,
  readEvent,
  readSample,
  type StoredEvent,
  selectEvents,
} from "../health/device-events.ts";
import { hasFailed, isIn, settledBy, storiesOf, timeOf } from "../health/stories.ts";
import {
  type DeviceEvent,
  type DeviceReport,
  type FailingDevices,
  MOST_EVENTS_OF_DEVICE,
  MOST_READ_OF_DEVICE,
  MOST_SAMPLED_EVENTS,
  MOST_SHOWN_DEVICES,
} from "./data.ts";

const LONGEST_MESSAGE = 200;

/** Which devices are meant: those that have a version of an app on a platform, or on all, and how they fail. */
export type DeviceRequest = Pick<FailingDevices, "app_id" | "version_name" | "platform" | "measure">;

/** Finds the production devices on which a version fails. Rejects with Firestore's error. */
export type FindFailingDevices = (request: DeviceRequest) => Promise<FailingDevices>;

/**
 * Makes a finder that reads the events of `db`. `now` is the time in milliseconds since 1970; `random` gives numbers from 0 up to 1.
 *
 * It reads the devices of a version in the order of their ids, which are random, from a random place on: all of them, or as many as
 * have `MOST_SAMPLED_EVENTS` events. A device that has so many alone hides those after it; the next request begins elsewhere.
 *
 * Of each device that it shows, it then reads what it has reported about other versions: 200 events, and where there are more, not
 * its last ones, since no index has them in the order of time. What it has reported about the version itself is always whole.
 */
export function createDeviceFinder(
  db: Firestore,
  now: () => number,
  random = Math.random,
): FindFailingDevices {
  return async ({ app_id, version_name, platform, measure }) => {
    const cohort = { measure, scope: platform, until: settledBy(measure, now()) };
    const sample = await readSample(db, { app_id, version_name }, rangesOf(1, random()), MOST_SAMPLED_EVENTS);
    const stories = storiesOf(sample.events).filter((story) => isIn(story, cohort));
    const failing = stories.filter((story) => hasFailed(story, cohort));
    const shown = failing.sort((a, b) => timeOf(b.last) - timeOf(a.last)).slice(0, MOST_SHOWN_DEVICES);
    const others = await Promise.all(shown.map(({ device_id }) => readDevice(db, device_id)));
    return {
      ...{ app_id, version_name, platform, measure },
      reads: sample.reads + others.reduce((sum, { size }) => sum + size, 0),
      sample: { count: failing.length, of: stories.length },
      devices: shown.map(({ device_id, platform }, index) => {
        const ofVersion = sample.events.filter((event) => event.device_id === device_id);
        const ofApp = others[index]?.docs.filter((snapshot) => snapshot.get("app_id") === app_id) ?? [];
        const events = [...ofVersion, ...ofApp.flatMap((snapshot) => readEvent(snapshot) ?? [])];
        return { device_id, platform, ...reportOf(events) };
      }),
    };
  };
}

function readDevice(db: Firestore, device_id: string) {
  return selectEvents(eventsOfDevice(db, device_id)).limit(MOST_READ_OF_DEVICE).get();
}

/** What some events of a device say, of which some come twice. */
function reportOf(events: readonly StoredEvent[]): Pick<DeviceReport, "facts" | "events"> {
  const byId = new Map(events.map((event) => [event.id, event]));
  const inOrder = [...byId.values()].sort(
    (a, b) => timeOf(a) - timeOf(b) || a.received_at - b.received_at || (a.id < b.id ? -1 : 1),
  );
  return {
    facts: factFields.flatMap((field) => {
      const value = inOrder.findLast(({ facts }) => facts[field])?.facts[field];
      return value && field !== "message" ? [{ field, value }] : [];
    }),
    events: inOrder.slice(-MOST_EVENTS_OF_DEVICE).map(shownEvent),
  };
}

function shownEvent(event: StoredEvent): DeviceEvent {
  const { action, version_name, facts } = event;
  const message = [...(facts.message ?? "")].slice(0, LONGEST_MESSAGE).join("");
  return { at: timeOf(event), action, version_name, ...(message && { message }) };
}
