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
  dimensions,
} from "../src/counting/documents.ts";
import { pages } from "../src/firestore/pages.ts";
import { type Measures, measuresOf } from "../src/health/measures.ts";
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
  return { id: snapshot.id, ...counter.data };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

/**
 * The measures of a version with its rates, failed / (installs + failed) and the rest; `null` before the first of
 * either.
 */
interface Rates extends Measures {
  success_rate: number | null;
  failure_rate: number | null;
}

function ratesOf(actions: ActionCounts): Rates {
  const measures = measuresOf(actions);
  const { installs, failed } = measures;
  const all = installs + failed;
  return {
    ...measures,
    success_rate: all > 0 ? installs / all : null,
    failure_rate: all > 0 ? failed / all : null,
  };
}

/** The table of `npm run counters`: a line for each version, and for each platform that installed it or failed to. */
export function counterTable(counters: readonly (CounterIdentity & Counts)[]): string {
  if (counters.length === 0) return "Nothing is counted yet.";
  return table(
    ["app", "version", "platform", "installs", "failed", "rolled back", "success", "failure rate"],
    counters.flatMap(({ app_id, version_name, actions, platforms }) => {
      const each = Object.entries(platforms)
        .filter(([, counts]) => ratesOf(counts).failure_rate !== null)
        .sort(([a], [b]) => compare(a, b));
      const lines = each.map(([platform, counts]) => ["", "", platform, ...figures(counts)]);
      return [[app_id, version_name, "all", ...figures(actions)], ...lines];
    }),
  );
}

function figures(actions: ActionCounts) {
  const { installs, failed, rolled_back, success_rate, failure_rate } = ratesOf(actions);
  return [installs, failed, rolled_back, percent(success_rate), percent(failure_rate)];
}

function percent(rate: number | null): string {
  return rate === null ? "–" : `${(rate * 100).toFixed(2)} %`;
}

/** The output of `npm run counters -- --json`: the counters with their rates. */
export function counterJson(counters: readonly Counter[]): string {
  return printableJson(
    counters.map(({ app_id, version_name, updated_at, actions, ...counter }) => ({
      app_id,
      version_name,
      updated_at: new Date(updated_at).toISOString(),
      ...ratesOf(actions),
      actions,
      ...Object.fromEntries(dimensions.map((dimension) => [dimension, ratesOfEach(counter[dimension])])),
    })),
  );
}

function ratesOfEach(parts: Record<string, ActionCounts>) {
  return Object.fromEntries(
    Object.entries(parts).map(([part, actions]) => [part, { ...ratesOf(actions), actions }]),
  );
}

const options = z.object({ project, app, version, json: flag("print JSON, with every action") });

export const command: Command<typeof options> = {
  name: "counters",
  summary:
    "Shows how each version fares, and each platform of it. Installed is a `set`, rolled back an `update_fail`; what " +
    "counts as failed is in src/ingest/actions.ts.",
  example: "--project my-project --app com.example.shop",
  options,
  async run({ project, app, version, json }, session) {
    const found = await readCounters(await session.firestore(project), { app, version });
    session.print(json ? counterJson(found) : counterTable(found));
    return ExitCode.done;
  },
};

if (import.meta.main) await main(command);
