/** Measures how many events a core validates in a second, in a process that does nothing else. */

import { readFileSync } from "node:fs";
import { createEventParser } from "../../src/ingest/event.ts";

const ROUNDS = 100_000;

/** Events per second: those of a real batch, and the same with three faults each. */
export function validation(): { valid: number; invalid: number } {
  const parseEvent = createEventParser(new Set());
  const file = new URL("../testing/payloads/android-8.51.23-batch.json", import.meta.url);
  const events: Record<string, unknown>[] = JSON.parse(readFileSync(file, "utf8"));
  const faulty = events.map((event) => ({ ...event, app_id: "nodots", action: "explode", version_os: null }));
  const perSecond = (inputs: readonly unknown[]) => {
    for (let i = 0; i < ROUNDS / 10; i++) parseEvent(inputs[i % inputs.length]);
    const started = performance.now();
    for (let i = 0; i < ROUNDS; i++) parseEvent(inputs[i % inputs.length]);
    return ROUNDS / ((performance.now() - started) / 1_000);
  };
  return { valid: perSecond(events), invalid: perSecond(faulty) };
}
