/** `npm run device`: tells what happened to a device, event by event. */

import type { Firestore } from "firebase-admin/firestore";
import { z } from "zod";
import { pages } from "../src/firestore/pages.ts";
import { printable } from "../src/printable.ts";
import { figures, utc } from "./lib/attribution.ts";
import { app, type Command, ExitCode, flag, main, project } from "./lib/command.ts";
import { type Line, type Story, type StoryEvent, storiesOf, storyEvent, type Trait } from "./lib/story.ts";
import { amount, printableJson, table } from "./lib/table.ts";
import { eventsQuery, isOf, type Whose, whoseEvents, whoseOptions } from "./lib/whose.ts";

/** What a run reads at most of a device, and to find the devices of a custom id. A busy device sends 40 events a day. */
const MAX_EVENTS = 10_000;
const MAX_DEVICES = 10;

/** What is stored of somebody's devices. */
export interface Found {
  stories: Story[];
  /** What the stories lack, a sentence each. */
  gaps: string[];
}

interface Limits {
  maxEvents?: number;
  maxDevices?: number;
}

/**
 * Reads the stories of a device, one for each app; or those of the devices that had a custom id, with all their events.
 * Changes nothing.
 */
export async function readStories(
  db: Firestore,
  whose: Whose,
  { maxEvents = MAX_EVENTS, maxDevices = MAX_DEVICES }: Limits = {},
): Promise<Found> {
  if ("device" in whose) return readDevice(db, whose, maxEvents);
  const { devices, gaps } = await readDevices(db, whose, maxEvents);
  if (devices.length > maxDevices) {
    gaps.push(`Of ${devices.length} devices with this custom id, only ${maxDevices} are shown.`);
  }
  const stories: Story[] = [];
  for (const device of devices.slice(0, maxDevices)) {
    const found = await readDevice(db, { device, app: whose.app }, maxEvents);
    stories.push(...found.stories);
    gaps.push(...found.gaps);
  }
  return { stories, gaps };
}

async function readDevice(
  db: Firestore,
  whose: Whose & { device: string },
  maxEvents: number,
): Promise<Found> {
  const events: StoryEvent[] = [];
  const gaps: string[] = [];
  let read = 0;
  let foreign = 0;
  for await (const page of pages(eventsQuery(db, whose))) {
    for (const document of page.slice(0, maxEvents - read).filter(isOf(whose))) {
      const event = storyEvent.safeParse(document.data());
      if (event.success) events.push(event.data);
      else foreign++;
    }
    read += page.length;
    if (read <= maxEvents) continue;
    gaps.push(
      `Only ${maxEvents} events of device ${whose.device} were read. They do not come in the order of time, so any may be missing.`,
    );
    break;
  }
  if (foreign > 0) gaps.push(`${amount(foreign, "document")} of device ${whose.device} could not be read.`);
  return { stories: storiesOf(events), gaps };
}

/** The ids of the devices that had a custom id. */
async function readDevices(db: Firestore, whose: Whose, maxEvents: number) {
  const devices = new Set<string>();
  const gaps: string[] = [];
  let read = 0;
  for await (const page of pages(eventsQuery(db, whose).select("app_id", "device_id"))) {
    for (const event of page.filter(isOf(whose))) {
      const device: unknown = event.get("device_id");
      // Devices without an id are no one device.
      if (typeof device === "string" && device !== "") devices.add(device);
    }
    read += page.length;
    if (read <= maxEvents) continue;
    gaps.push(`Only ${read} events with this custom id were read, so it may have more devices.`);
    break;
  }
  return { devices: [...devices], gaps };
}

/** A story as `npm run device` prints it. */
export function storyText({ app_id, device_id, traits, versions, lines }: Story): string {
  const isUnreported = versions.some((version) => figures.some((figure) => version[figure] === null));
  return [
    printable(`Device ${device_id} in ${app_id}`),
    "",
    table(["", "last known", "changed"], traits.map(traitCells)),
    "",
    versions.length === 0
      ? "No version was downloaded, installed, rolled back or started."
      : table(
          ["version", ...figures.map((figure) => figure.replace("_", " "))],
          versions.map((version) => [
            version.version_name,
            ...figures.map((figure) => version[figure] ?? "–"),
          ]),
        ),
    ...(isUnreported ? ["–: no event of this device says so, and not every plugin reports it."] : []),
    "",
    `${amount(lines.length, "event")}, in UTC by the device's clock. ~: by ours, when it was received.`,
    "",
    linesText(lines),
  ].join("\n");
}

function traitCells({ name, value, changes }: Trait): string[] {
  const last = changes.at(-1);
  const earlier = changes.length > 1 ? `, ${amount(changes.length - 1, "time")} before` : "";
  return [name, value, last ? `${utc(last.time)}, from ${last.from}${earlier}` : ""];
}

/** The lines as a table, each with its words below it. */
function linesText(all: readonly Line[]): string {
  const runs = progressRuns(all);
  const lines = runs.flatMap((run) => run.at(-1) ?? []);
  const [headings = "", ...rows] = table(
    ["time", "action", "version", "before"],
    lines.map(({ time, clock, action, version_name, old_version_name }) => [
      `${utc(time)}${clock === "backend" ? " ~" : ""}`,
      action,
      version_name,
      old_version_name,
    ]),
  ).split("\n");
  const told = lines.map((line, index) => [
    rows[index] ?? "",
    ...words(line, runs[index]?.length ?? 1).map((text) => `    ${printable(text)}`),
  ]);
  return [headings, ...told.flat()].join("\n");
}

/** Lines that say in a row how far the download of a version is, together; every other line alone. */
function progressRuns(lines: readonly Line[]): Line[][] {
  const runs: Line[][] = [];
  for (const line of lines) {
    const run = runs.at(-1);
    const before = run?.at(-1);
    const isOneRun =
      before?.version_name === line.version_name && isPlainProgress(before) && isPlainProgress(line);
    if (run && isOneRun) run.push(line);
    else runs.push([line]);
  }
  return runs;
}

function isPlainProgress({ action, notes }: Line): boolean {
  return /^download_\d+$/.test(action) && notes.length === 0;
}

/** A longer delay than this is worth a word. */
const LONG_DELAY_MILLISECONDS = 60_000;

/** The longest text of a device that a line shows. JSON has all of it. */
const LONGEST_DETAIL = 200;

function words({ time, received_at, meaning, notes, message, metadata }: Line, reports: number): string[] {
  const details = [["", message] as const, ...Object.entries(metadata)]
    .filter(([, value]) => value !== "")
    .map(([name, value]) => `${name && `${name}: `}${shorten(value)}`);
  return [
    meaning,
    ...(reports > 1 ? [`The last of ${reports} reports of progress in a row.`] : []),
    ...notes,
    ...(details.length > 0 ? [`It says: ${details.join("; ")}`] : []),
    ...(Math.abs(received_at - time) > LONG_DELAY_MILLISECONDS ? [`Received at ${utc(received_at)}.`] : []),
  ];
}

function shorten(text: string): string {
  return text.length <= LONGEST_DETAIL ? text : `${text.slice(0, LONGEST_DETAIL - 1)}…`;
}

/** The output of `npm run device -- --json`. */
export function storiesJson({ stories, gaps }: Found): string {
  const iso = (time: number) => new Date(time).toISOString();
  return printableJson({
    gaps,
    devices: stories.map((story) => ({
      ...story,
      traits: story.traits.map((trait) => ({
        ...trait,
        changes: trait.changes.map((change) => ({ ...change, time: iso(change.time) })),
      })),
      lines: story.lines.map((line) => ({
        ...line,
        time: iso(line.time),
        received_at: iso(line.received_at),
      })),
    })),
  });
}

const options = z.object({
  project,
  ...whoseOptions,
  app,
  json: flag("print JSON, with every report of progress"),
});

export const command: Command<typeof options> = {
  name: "device",
  summary:
    "Tells what happened to a device, event by event, for support: what it downloaded, installed and rolled back, " +
    "and what the plugin's reports mean. Its output is personal data. With a custom id, it tells all of every device " +
    "that had it, also what the device sent without it. It changes nothing.",
  example: "--project my-project --device 4b7c9f0e-7d0b-4a57-9a3c-2f1c5f6f2a10",
  options,
  async run({ project, json, ...asked }, session) {
    const { whose, name } = whoseEvents(asked);
    const found = await readStories(await session.firestore(project), whose);
    if (json) session.print(storiesJson(found));
    else session.print(report(found, name));
    return ExitCode.done;
  },
};

function report({ stories, gaps }: Found, name: string): string {
  const parts = [...gaps.map(printable), ...stories.map(storyText)];
  if (stories.length === 0) parts.push(`There is no event of ${name}.`);
  return parts.join("\n\n");
}

if (import.meta.main) await main(command);
