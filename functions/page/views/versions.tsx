/** The versions of an app, a row each. */

import type { AppReport, VersionReport } from "../../src/dashboard/data.ts";
import type { AlarmMeasure, Scope } from "../../src/health/alarm-documents.ts";
import { type Proportion, rateOf, wilsonInterval } from "../../src/health/statistics.ts";
import { compareVersions } from "../../src/health/version-order.ts";
import { cellText } from "../../src/printable.ts";
import { formatAge, formatDay, formatNumber, formatPercent, formatRate, PERCENT } from "../format.ts";
import { Choose } from "../parts/choose.tsx";
import { Interval } from "../parts/interval.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";
import type { Field } from "../parts/table-data.ts";
import { useChoice } from "../state/choice.ts";
import { useZone, type Zone } from "../state/zone.ts";
import { words } from "../words.ts";
import { sum } from "./adoption-figures.ts";
import {
  isEnough,
  lostDaily,
  mainMeasure,
  mainRate,
  rowsOf,
  SPARK_STEP,
  scaleOf,
  sortingRate,
  sparkOf,
  summarizeDays,
  type VersionRow,
} from "./versions-figures.ts";

const SPARK_HEIGHT = 32;

export function VersionsView({ app, now }: { app: AppReport; now: number }) {
  const zone = useZone();
  const rows = rowsOf(app);
  return (
    <section id="versions" class="card" tabIndex={-1}>
      <h2>
        {words.versions.title}
        {words.on([app.platform])}
      </h2>
      <Table
        key={app.app_id}
        id="versions-table"
        label={words.versions.title}
        search={words.versions.search}
        columns={columnsOf(app, rows, now, zone)}
        rows={rows}
        keyOf={({ report }) => report.version_name}
        rowClass={({ report, alarmsHere }) =>
          [alarmsHere && "alarming", !report.is_update && "no-update"].filter(Boolean).join(" ") || undefined
        }
        folded={(row) => <Line row={row} remark={remarkOn(row.report, now, zone)} />}
      />
      <LeftOut app={app} />
    </section>
  );
}

function columnsOf(
  app: AppReport,
  rows: readonly VersionRow[],
  now: number,
  zone: Zone,
): Column<VersionRow>[] {
  const { columns, tips } = words.versions;
  const most = scaleOf(rows, "not_downloaded");
  return [
    {
      id: "version",
      name: columns.version,
      value: ({ report }) => report.version_name,
      compare: (a, b) => compareVersions(a.report.version_name, b.report.version_name),
      fields: [
        { name: columns.version, value: ({ report }) => report.version_name },
        {
          name: columns.alarm,
          value: ({ alarmScopes }) => alarmScopes.map(words.platform).join(", ") || null,
        },
      ],
      cell: (row) => (
        <>
          <span class="title">
            <Choose
              change={{ version: row.report.version_name, with: undefined, measure: undefined }}
              current={row.report.version_name === app.version?.version.version_name}
              goTo="version"
            >
              <Name of={cellText(row.report.version_name)} />
            </Choose>
            <Tag row={row} />
          </span>
          <small>{remarkOn(row.report, now, zone)}</small>
        </>
      ),
    },
    {
      id: "not_downloaded",
      name: columns.not_downloaded,
      tip: tips.not_downloaded,
      numeric: true,
      value: (row) => sortingRate(row, "not_downloaded"),
      fields: fieldsOf("not_downloaded", columns.not_downloaded),
      cell: (row) => <RateCell row={row} measure="not_downloaded" shown={app.platform} most={most} />,
    },
    {
      id: "downloads",
      name: columns.downloads,
      tip: tips.downloads,
      numeric: true,
      value: ({ report }) => report.measures.begun,
      fields: [
        { name: columns.begun, value: ({ report }) => report.measures.begun },
        { name: columns.downloaded, value: ({ report }) => report.measures.downloaded },
      ],
      cell: ({ report: { measures } }) => (
        <>
          {formatNumber(measures.begun)}
          <span class="hidden">{words.versions.begun}</span>{" "}
          <span class="downloaded">
            <span aria-hidden="true">→ </span>
            {formatNumber(Math.max(0, measures.downloaded))}
          </span>
          <span class="hidden">{words.versions.downloaded}</span>
        </>
      ),
    },
    {
      id: "installed",
      name: columns.installed,
      tip: tips.installed,
      numeric: true,
      value: ({ report }) => report.measures.installed,
    },
    {
      id: "use",
      name: columns.use,
      tip: tips.use,
      numeric: true,
      value: ({ use }) => use && rateOf(use),
      fields: [
        { name: columns.use, value: ({ use }) => use && rateOf(use) },
        { name: columns.opened, value: ({ use }) => use?.count ?? null },
      ],
      cell: ({ use }) => (use && use.of > 0 ? <Share of={use} /> : words.nothing),
    },
    {
      id: "rolled_back",
      name: columns.rolled_back,
      tip: tips.rolled_back,
      numeric: true,
      value: (row) => sortingRate(row, "rolled_back"),
      fields: [
        ...fieldsOf("rolled_back", columns.rolled_back),
        { name: columns.rollbacks, value: ({ report }) => report.measures.rolled_back },
      ],
      cell: (row) => (
        <>
          <RateCell row={row} measure="rolled_back" shown={app.platform} />
          {row.report.is_update && (
            <small>{words.versions.times(formatNumber(row.report.measures.rolled_back))}</small>
          )}
        </>
      ),
    },
    {
      id: "crashed",
      name: columns.crash_free,
      tip: tips.crash_free,
      numeric: true,
      value: (row) => complementOf(sortingRate(row, "crashed")),
      fields: fieldsOf("crashed", columns.crash_free),
      cell: (row) => <RateCell row={row} measure="crashed" shown={app.platform} />,
    },
    {
      id: "reasons",
      name: columns.reasons,
      tip: tips.reasons,
      numeric: true, // The one with the most frequent reason is the first.
      value: ({ report }) => report.reasons[0]?.count ?? null,
      fields: [
        {
          name: columns.reasons,
          value: ({ report }) =>
            report.reasons.map(({ action, count }) => `${action} ${count}`).join("; ") || null,
        },
      ],
      cell: ({ report }) =>
        report.reasons.length === 0
          ? words.nothing
          : report.reasons.map(({ action, count }) => (
              <span key={action} class="reason">
                {words.versions.times(formatNumber(count))} {action}
              </span>
            )),
    },
    {
      id: "daily",
      name: columns.daily(app.days.length),
      tip: tips.daily,
      numeric: true,
      value: ({ report }) => (report.daily ? sum(report.daily.installed) : null),
      fields: [
        {
          name: columns.daily_installed(app.days.length),
          value: ({ report }) => (report.daily ? sum(report.daily.installed) : null),
        },
        {
          name: columns.daily_lost(app.days.length),
          value: ({ report }) => (report.daily ? sum(lostDaily(report.daily)) : null),
        },
      ],
      cell: ({ report }) =>
        report.is_update && report.daily ? <Spark days={app.days} daily={report.daily} /> : words.nothing,
    },
  ];
}

/** What a spreadsheet gets of a measure. Of crashes, it gets the share that is free of them, as the column says. */
function fieldsOf(measure: AlarmMeasure, name: string): Field<VersionRow>[] {
  const shareOf = (rate: Proportion | undefined) => {
    if (!rate || rate.of === 0) return null;
    return measure === "crashed" ? complementOf(rateOf(rate)) : rateOf(rate);
  };
  return [
    { name: words.versions.columns.ofReports(name), value: ({ report }) => shareOf(report.rates[measure]) },
    {
      name: words.versions.columns.ofDevices(name),
      value: ({ devices }) => shareOf(devices[measure][0]?.rate),
    },
  ];
}

function complementOf(rate: number | null): number | null {
  return rate === null ? null : 1 - rate;
}

function remarkOn({ version_name, is_update, updated_at }: VersionReport, now: number, zone: Zone): string {
  const { remarks } = words.versions;
  if (is_update) return remarks.active(formatAge(updated_at, now, zone));
  if (version_name === "unknown") return remarks.unknown;
  return version_name === "builtin" ? remarks.builtin : remarks.noUpdate;
}

/** An alarm of a platform that is not shown is said, too. */
function Tag({ row: { alarmScopes, alarmsHere } }: { row: VersionRow }) {
  if (alarmScopes.length === 0) return null;
  return (
    <strong class={alarmsHere ? "tag" : "tag elsewhere-tag"}>
      {words.versions.alarm(alarmsHere ? "" : words.on(alarmScopes))}
    </strong>
  );
}

interface RateProps {
  row: VersionRow;
  measure: AlarmMeasure;
  /** The platform that is shown. */
  shown: Scope;
}

/** Where a version alarms, the rate of devices that it alarms for comes first, and that of all reports after it: each says which it is. */
function RateCell({ row, measure, shown, most }: RateProps & { most?: number }) {
  const { report, devices } = row;
  const reports = report.rates[measure];
  const alarming = devices[measure];
  const written = (rate: Proportion) =>
    formatRate(measure === "crashed" ? { count: rate.of - rate.count, of: rate.of } : rate);
  if (alarming.length === 0) {
    if (reports.of === 0) return <>{words.nothing}</>;
    const enough = isEnough(row, measure);
    return (
      <span class={enough ? "rate" : "rate little"}>
        <span class="value">{written(reports)}</span>
        {most !== undefined && <Bounds rate={reports} most={most} />}
        {!enough && <small>{words.versions.tooLittle}</small>}
      </span>
    );
  }
  const differs = alarming.some(({ scopes }) => !scopes.includes(shown));
  return (
    <>
      {alarming.map(({ scopes, rate }, place) => (
        <span key={scopes.join()} class="rate bad">
          <span class="devices">
            <span class="value">{written(rate)}</span>{" "}
            <small>{words.versions.ofDevices(differs ? where(scopes) : "")}</small>
          </span>
          {place === 0 && most !== undefined && <Bounds rate={rate} most={most} />}
        </span>
      ))}
      {reports.of > 0 && (
        <small class="reports">
          {differs && shown === "all"
            ? words.versions.ofAllReports(written(reports))
            : words.versions.ofReports(written(reports), differs ? words.on([shown]) : "")}
        </small>
      )}
    </>
  );
}

function where(scopes: readonly Scope[]): string {
  return scopes.includes("all") ? words.versions.everywhere : words.on(scopes);
}

function Bounds({ rate, most }: { rate: Proportion; most: number }) {
  const { low, high } = wilsonInterval(rate);
  return (
    <>
      <span class="bounds">
        <span class="hidden">{words.versions.interval}</span>
        {words.versions.bounds(formatPercent(low).replace(PERCENT, ""), formatPercent(high))}
      </span>
      <Interval proportion={rate} most={most} />
    </>
  );
}

function Share({ of }: { of: Proportion }) {
  return (
    <>
      {formatRate(of)}
      <svg class="share" aria-hidden="true">
        <rect class="track" width="100%" height="100%" rx="2" />
        {of.count > 0 && <rect class="filled" width={`${100 * rateOf(of)}%`} height="100%" rx="2" />}
      </svg>
    </>
  );
}

/** Two outlines: installs stand on the line, what was lost hangs from it, so that they are told apart without colours. */
function Spark({ days, daily }: { days: readonly string[]; daily: NonNullable<VersionReport["daily"]> }) {
  const lost = lostDaily(daily);
  const { line, up, down } = sparkOf(daily.installed, lost, SPARK_HEIGHT);
  const width = days.length * SPARK_STEP - 1;
  const text = [
    daysInWords(words.versions.sparkInstalls, days, daily.installed),
    daysInWords(words.versions.sparkLost, days, lost),
  ].join(" ");
  return (
    <svg class="spark" role="img" aria-label={text} viewBox={`0 0 ${width} ${SPARK_HEIGHT}`}>
      <path class="baseline" d={`M0 ${line}H${width}`} />
      <path class="up" d={up} />
      <path class="down" d={down} />
    </svg>
  );
}

function daysInWords(name: string, days: readonly string[], counts: readonly number[]): string {
  const { total, peak, most } = summarizeDays(counts);
  if (total === 0) return words.versions.noneOnDays(name, days.length);
  return words.versions.onDays(
    name,
    formatNumber(total),
    days.length,
    formatDay(days[peak] ?? ""),
    formatNumber(most),
  );
}

/** A version in one line, for a phone. */
function Line({ row, remark }: { row: VersionRow; remark: string }) {
  const measure = mainMeasure(row);
  const rate = mainRate(row, measure);
  const state = row.devices[measure].length > 0 ? "bad" : isEnough(row, measure) ? "" : "little";
  return (
    <>
      <span class="line-name">
        <Name of={cellText(row.report.version_name)} />
      </span>
      <Tag row={row} />
      <span class={`line-rate ${state}`}>
        {rate.of > 0 ? (
          <>
            <span class="value">{formatRate(rate)}</span>{" "}
            <small>{words.alarms.measures[measure].short}</small>
          </>
        ) : (
          <small>{remark}</small>
        )}
      </span>
    </>
  );
}

/** Says that there are more versions than are shown, and which ones are. */
function LeftOut({ app }: { app: AppReport }) {
  const { address } = useChoice();
  const shown = app.versions.length;
  if (app.versions_left_out === 0) {
    if (!address.all) return null;
    return (
      <p class="left-out">
        <Choose change={{ all: undefined }} goTo="versions">
          {words.versions.showFewer}
        </Choose>
      </p>
    );
  }
  const all = formatNumber(shown + app.versions_left_out);
  return (
    <p class="left-out">
      {words.versions.leftOut(formatNumber(shown), all)}{" "}
      {!address.all && (
        <Choose change={{ all: true }} goTo="versions">
          {words.versions.showAll(all)}
        </Choose>
      )}
    </p>
  );
}
