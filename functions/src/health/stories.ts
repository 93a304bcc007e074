/** Tells what became of each device that reported about a version. Pure. */

import type { Platform } from "../counting/documents.ts";
import type { AlarmMeasure, Scope } from "./alarm-documents.ts";
import { measuresOfEvent } from "./measures.ts";
import type { Proportion } from "./statistics.ts";

/** An event about a version, as far as its device's story needs it. Times are milliseconds since 1970. */
export interface StoryEvent {
  device_id: string;
  platform: Platform;
  action: string;
  plugin_version: string;
  received_at: number;
  /** By the device's clock. */
  occurred_at?: number | undefined;
}

/** The story of one device with one version. Times are milliseconds since 1970; what did not happen is left out. */
export interface Story<Event extends StoryEvent = StoryEvent> {
  device_id: string;
  platform: Platform;
  /** When its first attempt began: by its own clock, or when that was received. */
  begun_at?: number;
  /** When it was first known to have it. */
  downloaded_at?: number;
  /** When it first ran it. */
  installed_at?: number;
  /** Whether the last thing known is that it went back. */
  rolled_back: boolean;
  /** When it first reported a start. */
  started_at?: number;
  starts: number;
  crashes: number;
  /** Its last event. */
  last: Event;
}

/** What began less than five minutes ago is under way. */
export const UNDER_WAY_MILLISECONDS = 300_000;

/** The time before which something must have begun, so that its outcome is known at another. Milliseconds since 1970. */
export function settledBy(measure: AlarmMeasure, time: number): number {
  return measure === "not_downloaded" ? time - UNDER_WAY_MILLISECONDS : time;
}

/** Tells the stories of the devices that some events about one version come from. */
export function storiesOf<Event extends StoryEvent>(events: Iterable<Event>): Story<Event>[] {
  const byDevice = Map.groupBy(events, ({ device_id }) => device_id);
  return [...byDevice.values()].flatMap((ofDevice) => storyOf(ofDevice) ?? []);
}

function storyOf<Event extends StoryEvent>(events: readonly Event[]): Story<Event> | undefined {
  const inOrder = events.length === 1 ? events : events.toSorted((a, b) => timeOf(a) - timeOf(b));
  const last = inOrder.at(-1);
  if (!last) return undefined;
  const { device_id, platform } = last;
  const story: Story<Event> = { device_id, platform, rolled_back: false, starts: 0, crashes: 0, last };
  let downloads = 0;
  for (const event of inOrder) {
    const time = timeOf(event);
    const { begun = 0, downloaded = 0, installed = 0, rolled_back = 0, ...said } = measuresOfEvent(event);
    if (begun > 0) story.begun_at ??= time;
    downloads += downloaded;
    if (installed > 0 || rolled_back > 0) story.installed_at ??= time;
    if (installed > 0) story.rolled_back = false;
    if (rolled_back > 0) story.rolled_back = true;
    if (said.starts) story.started_at ??= time;
    story.starts += said.starts ?? 0;
    story.crashes += said.crashes ?? 0;
    if (downloads > 0 || installed > 0 || rolled_back > 0) story.downloaded_at ??= time;
    // On iOS, a checksum is tested after the download is reported.
    else if (downloaded < 0) delete story.downloaded_at;
  }
  return story;
}

/** When an event happened, in milliseconds since 1970. Some clocks are ahead: nothing happens after it was reported. */
export function timeOf({
  received_at,
  occurred_at = received_at,
}: Pick<StoryEvent, "received_at" | "occurred_at">): number {
  return Math.min(occurred_at, received_at);
}

/** Which devices a figure is about. Times are milliseconds since 1970. */
export interface Cohort {
  measure: AlarmMeasure;
  scope: Scope;
  /** Those for which it began from here on … */
  from?: number;
  /** … and before this. */
  until: number;
  /** A failed attempt counts as lost if it is not made up for in this time, in milliseconds; without it, until now. */
  within?: number;
}

/** Counts the devices of a cohort, and those that failed; each once, however often it failed. */
export function countDevices(stories: readonly Story[], cohort: Cohort): Proportion {
  let count = 0;
  let of = 0;
  for (const story of stories) {
    if (!isIn(story, cohort)) continue;
    of++;
    if (hasFailed(story, cohort)) count++;
  }
  return { count, of };
}

/** Whether a device is one that a figure is about. */
export function isIn(story: Story, { measure, scope, from = 0, until }: Cohort): boolean {
  if (scope !== "all" && scope !== story.platform) return false;
  const at = beginningOf(story, measure);
  return at !== undefined && at >= from && at < until;
}

export function hasFailed(
  { begun_at = 0, downloaded_at = Number.POSITIVE_INFINITY, rolled_back, crashes }: Story,
  { measure, within = Number.MAX_VALUE }: Pick<Cohort, "measure" | "within">,
): boolean {
  switch (measure) {
    case "not_downloaded":
      return downloaded_at - begun_at > within;
    case "rolled_back":
      return rolled_back;
    case "crashed":
      return crashes > 0;
  }
}

function beginningOf({ begun_at, installed_at, started_at }: Story, measure: AlarmMeasure) {
  switch (measure) {
    case "not_downloaded":
      return begun_at;
    case "rolled_back":
      return installed_at;
    case "crashed":
      return started_at;
  }
}
