/** Answers `data`: reads what it is asked for, and reports on it. */

import type { Counter } from "../counting/documents.ts";
import type { Alarm } from "../health/alarm-documents.ts";
import { summarizeApps } from "./apps.ts";
import type { AppReport, DashboardData } from "./data.ts";
import { chooseOther, type DatedVersion, dateVersion, rangeFor, reportDetail } from "./detail.ts";
import { historyIn } from "./figures.ts";
import type { DataQuery } from "./query.ts";
import type { DashboardReader } from "./reader.ts";
import { chooseVersions, countersOn, platformsOf, reportApp } from "./report.ts";

/** Answers at a time in milliseconds since 1970. `page` are the names of the page's files. Rejects with Firestore's error. */
export async function answerData(
  query: DataQuery,
  reader: DashboardReader,
  page: string,
  time: number,
): Promise<DashboardData> {
  const { counters, alarms, watched_at, incomplete, alarms_incomplete } = await reader.read();
  const byApp = Map.groupBy(counters, ({ app_id }) => app_id);
  const [only] = byApp.size === 1 ? byApp.keys() : [];
  const app_id = query.app ?? only;
  const today = app_id === undefined && byApp.size > 1 ? await reader.today() : undefined;
  const ofApp = app_id === undefined ? undefined : byApp.get(app_id);
  return {
    page,
    watched_at,
    incomplete,
    alarms_incomplete,
    ...summarizeApps(counters, alarms, time, today),
    app:
      app_id !== undefined && ofApp
        ? await answerApp(
            { app_id, counters: ofApp, alarms: alarms.filter((alarm) => alarm.app_id === app_id) },
            query,
            reader,
            time,
          )
        : null,
  };
}

interface ReadApp {
  app_id: string;
  counters: readonly Counter[];
  alarms: readonly Alarm[];
}

async function answerApp(
  { app_id, counters, alarms }: ReadApp,
  query: DataQuery,
  reader: DashboardReader,
  time: number,
): Promise<AppReport> {
  const platform = platformsOf(counters).find((each) => each === query.platform) ?? "all";
  const onPlatform = countersOn(counters, platform);
  const asked = counters.filter(({ version_name }) => [query.version, query.with].includes(version_name));
  const always = new Set([...alarms, ...asked].map(({ version_name }) => version_name));
  const chosen = chooseVersions(onPlatform, platform, always);
  const read = await Promise.all(
    [...new Set([...chosen, ...asked])].map(async (counter) =>
      dateVersion(counter, await reader.daysOf(counter)),
    ),
  );
  const readByName = new Map(read.map((dated) => [dated.counter.version_name, dated]));
  const shown = (query.all ? onPlatform : chosen).map(
    (counter) => readByName.get(counter.version_name) ?? { counter },
  );
  const report = reportApp({ app_id, platform, counters, alarms, shown, time });
  const first = report.versions.find(({ daily }) => daily);
  const version = readByName.get(query.version ?? "") ?? readByName.get(first?.version_name ?? "");
  if (!version) return { ...report, version: null };
  const other = chooseOther(version, read, platform, query.with);
  const range = query.range ?? rangeFor(version, time);
  const withDays = async (dated: DatedVersion) => (range === "90d" ? withOldDays(dated, reader) : dated);
  const compared = { version: await withDays(version), other: other && (await withDays(other)) };
  return { ...report, version: reportDetail({ ...compared, platform, range, time }) };
}

async function withOldDays(dated: DatedVersion, reader: DashboardReader): Promise<DatedVersion> {
  const days = new Map([...dated.days, ...(await reader.oldDaysOf(dated.counter))]);
  return { ...dated, days, history: historyIn(dated.counter, days) };
}
