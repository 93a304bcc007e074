/** What many devices report about an update, stored and counted. */

import type { Firestore } from "firebase-admin/firestore";
import { systemTime } from "../../dev/testing/clocks.ts";
import { anEvent } from "../../dev/testing/events.ts";
import { createEventParser } from "../../src/ingest/event.ts";
import { createEventStore } from "../../src/ingest/event-store.ts";
import { addAllDeltas, countAllEvents } from "../tools/operator.ts";

/** Stores and counts events, as the backend does. */
export async function report(db: Firestore, events: readonly Record<string, unknown>[]): Promise<void> {
  const parse = createEventParser(new Set());
  const parsed = events.map((event) => {
    const result = parse(anEvent(event));
    if (!result.ok) throw new Error(result.message);
    return result.event;
  });
  const options = { eventRetentionDays: 90, storeCustomId: true, storeMetadata: true, ...systemTime };
  await createEventStore(db, options)(parsed);
  await countAllEvents(db);
  await addAllDeltas(db);
}

let device = 0;

/**
 * What so many iOS devices report about an update to a version, ten minutes ago by their clocks; `failing` of them, which have
 * `ofFailing`, do not get it, and report that under the version that they run.
 */
export function updates(
  devices: number,
  failing: number,
  version_name: string,
  fields: Record<string, unknown> = {},
  ofFailing: Record<string, unknown> = {},
): Record<string, unknown>[] {
  return Array.from({ length: devices }, (_, index) => {
    const number = (device++ * 2_654_435_761) % 2 ** 32;
    const said = {
      platform: "ios",
      device_id: `${number.toString(16).padStart(8, "0")}-0000-4000-8000-000000000000`,
      timestamp: Date.now() - 600_000,
      ...fields,
      ...(index < failing && ofFailing),
    };
    const [version, ends] =
      index < failing
        ? ["1.0.0", ["checksum_fail", "download_fail"]]
        : [version_name, ["download_complete", "set"]];
    return [
      { ...said, version_name, action: "download_zip_start" },
      ...ends.map((action) => ({ ...said, version_name: version, action })),
    ];
  }).flat();
}
