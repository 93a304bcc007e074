/** Reads devices: what became of those that reported about a version, and what they say is wrong. */

import { type DocumentSnapshot, type Firestore, Timestamp } from "firebase-admin/firestore";
import * as z from "zod";
import {
  type CounterIdentity,
  countedFields,
  EVENTS,
  eventDocument,
  eventsOfCounter,
  isProduction,
} from "../counting/documents.ts";
import { pages } from "../firestore/pages.ts";
import { actions } from "../ingest/actions.ts";
import type { Facts } from "./causes.ts";
import { createKeptSamples, type KeptSamples } from "./kept-samples.ts";
import { type Story, type StoryEvent, storiesOf } from "./stories.ts";

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

/** Device ids are random hexadecimal digits, so a range of them is a random sample of devices. */
const ID_DIGITS = 8;
const IDS = 16 ** ID_DIGITS;

/** What sets devices apart, by the names of the plugin. */
const factFields = [
  "version_build",
  "version_os",
  "plugin_version",
  "channel",
  "defaultChannel",
  "install_source",
  "message",
] as const;

const text = z.string().optional().catch(undefined);
const facts = z.object(Object.fromEntries(factFields.map((field) => [field, text])));

const storyEvent = z.object({
  ...countedFields.shape,
  device_id: z.string(),
  received_at: eventDocument.shape.received_at,
  occurred_at: eventDocument.shape.occurred_at,
});

type StoredEvent = StoryEvent & { facts: Record<string, string | undefined> };

/** Makes a way to read the events of `db`. `random` gives numbers from 0 up to 1. */
export function createEvidence(db: Firestore, random = Math.random, mostEvents = MOST_EVENTS): Evidence {
  return {
    ...createKeptSamples(db),

    async storiesOf(counter, share, until) {
      const query = eventsOfCounter(db, counter);
      const events: StoredEvent[] = [];
      let read = 0;
      for (const { from, to } of rangesOf(share, random())) {
        const above = from === undefined ? query : query.where("device_id", ">=", from);
        const range = to === undefined ? above : above.where("device_id", "<", to);
        for await (const page of pages(range.select(...Object.keys(storyEvent.shape), ...factFields))) {
          events.push(...page.flatMap((snapshot) => readEvent(snapshot, until) ?? []));
          read += page.length;
          if (read >= mostEvents) {
            const last = page.at(-1)?.get("device_id"); // Its story is not complete.
            return storiesOf(events.filter(({ device_id }) => device_id !== last));
          }
        }
      }
      return storiesOf(events);
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

/** The ranges of ids that hold this share of all, from a random place on. At the end of all ids, it begins again. */
function rangesOf(share: number, random: number): { from?: string; to?: string }[] {
  if (share >= 1) return [{}];
  const from = Math.floor(random * IDS);
  const to = from + Math.ceil(share * IDS);
  if (to < IDS) return [{ from: hex(from), to: hex(to) }];
  return [{ from: hex(from) }, { to: hex(to - IDS) }];
}

function hex(number: number): string {
  return number.toString(16).padStart(ID_DIGITS, "0");
}

function readEvent(snapshot: DocumentSnapshot, until = Number.POSITIVE_INFINITY): StoredEvent | undefined {
  const { data } = storyEvent.safeParse(snapshot.data());
  if (!data || !isProduction(data) || data.received_at.toMillis() >= until) return undefined;
  const { device_id, platform, action, plugin_version, received_at, occurred_at } = data;
  return {
    device_id,
    platform,
    action,
    plugin_version,
    received_at: received_at.toMillis(),
    ...(occurred_at && { occurred_at: occurred_at.toMillis() }),
    facts: facts.parse(snapshot.data()),
  };
}

/** The failures that a device has reported since it began with the version, under whatever version. */
async function reasonsOf(db: Firestore, app_id: string, story: Story): Promise<string[]> {
  const query = db.collection(EVENTS).where("device_id", "==", story.device_id).limit(MOST_EVENTS_OF_DEVICE);
  const { docs } = await query.get();
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
