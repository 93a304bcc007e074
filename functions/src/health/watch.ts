/** Looks at every app whose counters have changed, keeps its alarms, and tells of them. */

import pLimit from "p-limit";
import type { Counter } from "../counting/documents.ts";
import { reasonOf } from "../firestore/errors.ts";
import type { AlarmStore } from "./alarm-store.ts";
import { attemptsOf, type CounterReader, type CounterReaderOptions } from "./counter-reader.ts";
import { historyOf } from "./history.ts";
import type { Judge, WatchedApp } from "./judge.ts";
import { UNDER_WAY_MILLISECONDS } from "./stories.ts";

/** How often it looks. */
export const WATCH_MINUTES = 5;

/** What it reads of counters. It is alone, so it can afford to miss less of a flood of them than the dashboard. */
export const watchedReads: CounterReaderOptions = { lastDays: 8, daysFresh: 0, mostChanged: 1_000 };

/** A version that has fewer attempts is nobody's alarm, and not worth reading its days. */
const LEAST_ATTEMPTS = 4;

const READS_AT_ONCE = 20;

export interface WatchOptions {
  reader: CounterReader;
  alarms: AlarmStore;
  judge: Judge;
  /** Tells what is still to be told. */
  tell(): Promise<void>;
  /** Keeps when a look began that has judged all apps, in milliseconds since 1970. */
  keepLook(at: number): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
}

/**
 * Makes the function that is run every `WATCH_MINUTES`. An app that cannot be judged now does not keep the others from being
 * judged and told of. When it has looked at all of them, it keeps when. Rejects if something failed, so that the log has an error.
 */
export function createWatch({
  reader,
  alarms,
  judge,
  tell,
  keepLook,
  now,
}: WatchOptions): () => Promise<void> {
  const judgedAt = new Map<string, number>();

  return async () => {
    const failures: string[] = [];
    const attempt = (work: Promise<void>) => work.catch((error) => void failures.push(reasonOf(error)));

    const look = async () => {
      const { counters } = await reader.counters();
      const open = new Set((await alarms.open()).map(({ app_id }) => app_id));
      const byApp = Map.groupBy(counters, ({ app_id }) => app_id);
      for (const app_id of new Set([...byApp.keys(), ...open])) {
        const ofApp = byApp.get(app_id) ?? [];
        const changedAt = Math.max(...ofApp.map(({ updated_at }) => updated_at));
        // What was under way when it was judged may be lost by now.
        if (!open.has(app_id) && (judgedAt.get(app_id) ?? 0) > changedAt + 2 * UNDER_WAY_MILLISECONDS)
          continue;
        await attempt(
          readApp(app_id, ofApp, reader, alarms).then(async (app) => {
            const at = now();
            await alarms.apply(await judge(app, at));
            judgedAt.set(app_id, at);
          }),
        );
      }
    };
    const startedAt = now();
    await attempt(look());
    if (failures.length === 0) await attempt(keepLook(startedAt));
    await attempt(tell());
    if (failures.length > 0) {
      throw new Error(`Not everything could be looked at or told: ${JSON.stringify([...new Set(failures)])}`);
    }
  };
}

/** Reads what the judgement of an app needs, of the counters that have been read. */
export async function readApp(
  app_id: string,
  counters: readonly Counter[],
  reader: CounterReader,
  alarms: AlarmStore,
): Promise<WatchedApp> {
  const limit = pLimit(READS_AT_ONCE);
  const ofApp = await alarms.ofApp(app_id);
  const known = new Set(counters.map(({ version_name }) => version_name));
  // Where there are very many counters, one with an alarm may not be among those that were read.
  const others = await reader.find(
    ofApp.filter(({ open, version_name }) => open && !known.has(version_name)),
  );
  const tried = [...counters, ...others].filter((counter) => attemptsOf(counter) >= LEAST_ATTEMPTS);
  const versions = tried.map((counter) =>
    limit(async () => ({ counter, history: historyOf(counter, await reader.daysOf(counter)) })),
  );
  return { app_id, versions: await Promise.all(versions), alarms: ofApp };
}
