/** Makes the story of a device from its events. Pure. */

import { Timestamp } from "firebase-admin/firestore";
import { z } from "zod";
import { countedVersion } from "../../src/counting/documents.ts";
import { actions } from "../../src/ingest/actions.ts";
import { createNarrator, type Figure } from "./attribution.ts";

const text = z.string().catch("");
const time = z.instanceof(Timestamp).transform((time) => time.toMillis());

/** An event as a story reads it from its document: what is missing is `""`, and times are milliseconds since 1970. */
export const storyEvent = z.object({
  app_id: z.string(),
  device_id: z.string(),
  action: z.string(),
  platform: text,
  version_name: text,
  old_version_name: text,
  version_build: text,
  version_code: text,
  version_os: text,
  plugin_version: text,
  channel: text,
  defaultChannel: text,
  install_source: text,
  custom_id: text,
  message: text,
  metadata: z.record(z.string(), z.string()).catch({}),
  received_at: time,
  occurred_at: time.optional(),
});
export type StoryEvent = z.output<typeof storyEvent>;

/** The story of one device in one app. Times are milliseconds since 1970. */
export interface Story {
  app_id: string;
  device_id: string;
  traits: Trait[];
  /** In the order in which the story names them. */
  versions: VersionFigures[];
  lines: Line[];
}

/** Something that is known of the device, as it was last. */
export interface Trait {
  name: string;
  value: string;
  changes: { time: number; from: string; to: string }[];
}

/** What became of a version. `null`: no event of the device says so, of any version. */
export type VersionFigures = { version_name: string } & Record<Figure, number | null>;

/** One event. */
export interface Line {
  time: number;
  /** Whose clock that is: the backend's is the time of receipt. */
  clock: "device" | "backend";
  received_at: number;
  action: string;
  /** As it was sent. */
  version_name: string;
  old_version_name: string;
  meaning: string;
  notes: string[];
  message: string;
  metadata: Record<string, string>;
}

/** Tells what happened to each device in each app. The one that was heard of last comes first. */
export function storiesOf(events: readonly StoryEvent[]): Story[] {
  const devices = Map.groupBy(events, ({ app_id, device_id }) => JSON.stringify([app_id, device_id]));
  return [...devices.values()]
    .toSorted((a, b) => lastReceived(b) - lastReceived(a))
    .flatMap((own) => storyOf(own) ?? []);
}

function lastReceived(events: readonly StoryEvent[]): number {
  return events.reduce((last, { received_at }) => Math.max(last, received_at), 0);
}

/** Tells what happened to a device, from its events in one app; nothing if there are none. */
export function storyOf(events: readonly StoryEvent[]): Story | undefined {
  const [first] = events;
  if (!first) return undefined;
  const { app_id, device_id } = first;
  const narrate = createNarrator();
  const traits = new Map<string, Trait>();
  const counts = new Map<string, Record<Figure, number>>();
  const lines: Line[] = [];
  for (const event of events.toSorted(inOrder)) {
    const told = narrate({ ...event, time: timeOf(event) });
    const changes = updateTraits(traits, event);
    count(counts, countedVersion(event.version_name), told.figures);
    lines.push({
      time: timeOf(event),
      clock: event.occurred_at === undefined ? "backend" : "device",
      received_at: event.received_at,
      action: event.action,
      version_name: event.version_name,
      old_version_name: event.old_version_name,
      meaning: told.meaning,
      notes: [...told.notes, ...changes],
      message: event.message,
      metadata: event.metadata,
    });
  }
  return { app_id, device_id, traits: [...traits.values()], versions: withoutUnreported(counts), lines };
}

function timeOf({ occurred_at, received_at }: StoryEvent): number {
  return occurred_at ?? received_at;
}

function inOrder(a: StoryEvent, b: StoryEvent): number {
  return timeOf(a) - timeOf(b) || rank(a) - rank(b) || a.received_at - b.received_at;
}

const actionNames = [...actions.keys()];

/** Within a millisecond: a rollback, which sets its fallback at once, and then the order of an update. */
function rank({ action }: StoryEvent): number {
  return ["update_fail", "reset"].indexOf(action) + 1 || actionNames.indexOf(action) + 3;
}

/** Takes over what an event says of its device, and says what has changed. */
function updateTraits(traits: Map<string, Trait>, event: StoryEvent): string[] {
  const changes: string[] = [];
  for (const [name, value] of traitsOf(event)) {
    const trait = traits.get(name);
    if (value === "" || value === trait?.value) continue;
    if (!trait) {
      traits.set(name, { name, value, changes: [] });
      continue;
    }
    changes.push(`From here on, ${name}: ${value}. Before: ${trait.value}.`);
    trait.changes.push({ time: timeOf(event), from: trait.value, to: value });
    trait.value = value;
  }
  return changes;
}

function traitsOf(event: StoryEvent): [name: string, value: string][] {
  const { version_build, version_code } = event;
  return [
    ["platform", event.platform],
    ["plugin version", event.plugin_version],
    ["native build", [version_build, version_code && `(${version_code})`].filter(Boolean).join(" ")],
    ["OS", event.version_os],
    ["channel", event.channel || event.defaultChannel],
    ["install source", event.install_source],
    ["custom id", event.custom_id],
  ];
}

function count(
  counts: Map<string, Record<Figure, number>>,
  version: string,
  raised: readonly Figure[],
): void {
  if (raised.length === 0) return;
  const sums = counts.get(version) ?? { begun: 0, downloaded: 0, installed: 0, rolled_back: 0, started: 0 };
  for (const figure of raised) sums[figure]++;
  counts.set(version, sums);
}

/** Not every plugin reports a download, or under its version, or that the app is ready: none at all says nothing. */
function withoutUnreported(counts: ReadonlyMap<string, Record<Figure, number>>): VersionFigures[] {
  const unreported = (["begun", "downloaded", "started"] as const).filter((figure) =>
    [...counts.values()].every((sums) => sums[figure] === 0),
  );
  const nothing = Object.fromEntries(unreported.map((figure) => [figure, null]));
  return [...counts].map(([version_name, sums]) => ({ version_name, ...sums, ...nothing }));
}
