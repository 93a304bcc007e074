/** `npm run counters`: how each version fares, as a table. */

import type { DocumentSnapshot, Firestore, Query } from "firebase-admin/firestore";
import { z } from "zod";
import {
  type ActionCounts,
  COUNTERS,
  type Counter,
  type CounterIdentity,
  type Counts,
  counterDocument,
} from "../src/counting/documents.ts";
import { pages } from "../src/firestore/pages.ts";
import {
  crashed,
  isUpdate,
  type Measures,
  measuresOf,
  measuresOfCounts,
  notDownloaded,
  rolledBack,
} from "../src/health/measures.ts";
import type { Proportion } from "../src/health/statistics.ts";
import { app, type Command, ExitCode, flag, main, project, version } from "./lib/command.ts";
import { printableJson, table } from "./lib/table.ts";

/** Of which app and version, where not of all. */
export interface Which {
  app?: string | undefined;
  version?: string | undefined;
}

/** The counters, by app, and the version that was counted last first. */
export async function readCounters(db: Firestore, which: Which = {}): Promise<Counter[]> {
  const counters: Counter[] = [];
  for await (const page of pages(countersQuery(db, which))) counters.push(...page.map(parseCounter));
  return counters.sort((a, b) => compare(a.app_id, b.app_id) || b.updated_at - a.updated_at);
}

export function countersQuery(db: Firestore, { app, version }: Which): Query {
  let query: Query = db.collection(COUNTERS);
  if (app !== undefined) query = query.where("app_id", "==", app);
  if (version !== undefined) query = query.where("version_name", "==", version);
  return query;
}

/** Throws if the document is not a counter. */
export function parseCounter(snapshot: DocumentSnapshot): Counter {
  const counter = counterDocument.safeParse(snapshot.data());
  if (!counter.success)
    throw new Error(`${snapshot.ref.path} is not a counter:\n${z.prettifyError(counter.error)}`);
  const created_at = snapshot.createTime?.toMillis() ?? counter.data.updated_at;
  return { id: snapshot.id, created_at, ...counter.data };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/** The rates of some measures; `null` where there is nothing to take them of. */
function ratesOf(measures: Measures) {
  const starts = crashed(measures);
  return {
    not_downloaded_rate: rate(notDownloaded(measures)),
    rolled_back_rate: rate(rolledBack(measures)),
    crash_free_rate: rate({ ...starts, count: starts.of - starts.count }),
  };
}

function rate({ count, of }: Proportion): number | null {
  return of > 0 ? count / of : null;
}

/** The table of `npm run counters`: a line for each version, and for each platform of it that has a measure. */
export function counterTable(counters: readonly (CounterIdentity & Counts)[]): string {
  if (counters.length === 0) return "Nothing is counted yet.";
  return table(
    [
      ...["app", "version", "platform", "begun", "downloaded", "not downloaded"],
      ...["installed", "rolled back", "crash-free"],
    ],
    counters.flatMap(({ app_id, version_name, platforms }) => {
      const each = Object.entries(platforms)
        .map(([platform, actions]) => [platform, measuresOfCounts(actions, platform)] as const)
        .filter(([, measures]) => Object.values(measures).some((figure) => figure !== 0))
        .sort(([a], [b]) => compare(a, b));
      const all = measuresOf(platforms);
      return [
        [app_id, version_name, "all", ...figures(all, isUpdate(all) ? undefined : noUpdate(platforms))],
        ...each.map(([platform, measures]) => ["", "", platform, ...figures(measures)]),
      ];
    }),
  );
}

/** What stands in the place of a rate of downloads, where no production device has downloaded anything. */
function noUpdate(platforms: Counts["platforms"]): string {
  return Object.keys(platforms).length > 0 ? "no update" : "development only";
}

function figures(measures: Measures, instead?: string): (string | number)[] {
  const { begun, downloaded, installed } = measures;
  const { not_downloaded_rate, rolled_back_rate, crash_free_rate } = ratesOf(measures);
  return [
    ...[begun, Math.max(downloaded, 0), instead ?? percent(not_downloaded_rate)],
    ...[installed, percent(rolled_back_rate), percent(crash_free_rate)],
  ];
}

function percent(rate: number | null): string {
  return rate === null ? "–" : `${(rate * 100).toFixed(2)} %`;
}

/** The output of `npm run counters -- --json`: the counters with the measures and rates of production devices. */
export function counterJson(counters: readonly Counter[]): string {
  return printableJson(
    counters.map(({ app_id, version_name, updated_at, actions, platforms, development }) => {
      const measures = measuresOf(platforms);
      return {
        app_id,
        version_name,
        updated_at: new Date(updated_at).toISOString(),
        is_update: isUpdate(measures),
        ...measures,
        ...ratesOf(measures),
        actions,
        platforms: Object.fromEntries(
          Object.entries(platforms).map(([platform, actions]) => [platform, ofPlatform(platform, actions)]),
        ),
        development,
      };
    }),
  );
}

function ofPlatform(platform: string, actions: ActionCounts) {
  const measures = measuresOfCounts(actions, platform);
  return { ...measures, ...ratesOf(measures), actions };
}

const options = z.object({ project, app, version, json: flag("print JSON, with every action") });

export const command: Command<typeof options> = {
  name: "counters",
  summary:
    "Shows how each version fares on production devices, and on each platform. A download that " +
    "is under way is not downloaded yet. Which actions say what is in src/health/measures.ts.",
  example: "--project my-project --app com.example.shop",
  options,
  async run({ project, app, version, json }, session) {
    const found = await readCounters(await session.firestore(project), { app, version });
    session.print(json ? counterJson(found) : counterTable(found));
    return ExitCode.done;
  },
};

if (import.meta.main) await main(command);
