/** Which versions people use, and how soon they took them up. */

import { useState } from "preact/hooks";
import type { AppReport } from "../../src/dashboard/data.ts";
import { printable } from "../../src/printable.ts";
import { formatDay, formatMinute, formatNumber, formatPercent } from "../format.ts";
import { axisOf, formatPercentTick } from "../parts/axes.ts";
import { Chart, type Frame } from "../parts/chart.tsx";
import { Name } from "../parts/name.tsx";
import { Scroll } from "../parts/scroll.tsx";
import { Segments } from "../parts/segments.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { useZone } from "../state/zone.ts";
import { words } from "../words.ts";
import { type Adoption, adoptionOf, type By, type Series, seriesOf, sum } from "./adoption-figures.ts";

const ways = ["opened", "installed"] as const satisfies By[];

export function AdoptionView({ app }: { app: AppReport }) {
  const [by, setBy] = useState<By>("opened");
  const series = seriesOf(app, by);
  const adopted = adoptionOf(app, by);
  return (
    <section id="adoption" class="card">
      <div class="section-head">
        <h2>
          {words.adoption.title}
          {words.on([app.platform])}
        </h2>
        <Segments
          label={words.adoption.by}
          values={ways}
          chosen={by}
          nameOf={(way: By) => words.adoption.ways[way]}
          onChoose={(way) => setBy(way)}
        />
      </div>
      {series.length === 0 ? (
        <p class="quiet">{words.adoption.none[by](app.days.length)}</p>
      ) : (
        <>
          <AdoptionChart app={app} by={by} series={series} />
          <Legend series={series} adopted={adopted} />
          <details>
            <summary>{words.adoption.adopted}</summary>
            <Adopted rows={adopted} />
          </details>
          <details>
            <summary>{words.adoption.asTable}</summary>
            <Daily app={app} series={series} />
          </details>
        </>
      )}
    </section>
  );
}

interface SeriesProps {
  app: AppReport;
  series: readonly Series[];
}

/** Shares of use, or numbers of installs: installs come when a version is new, so their share says little. */
function AdoptionChart({ app: { days }, by, series }: SeriesProps & { by: By }) {
  const totals = totalsOf(series);
  const isShare = by === "opened";
  const axis = isShare ? axisOf(1, 4) : axisOf(Math.max(...totals), 4);
  const value = ({ counts }: Series, day: number) => {
    const count = counts[day] ?? 0;
    return isShare ? count / Math.max(1, totals[day] ?? 0) : count;
  };
  const lines = (day: number) =>
    series.flatMap((one) => {
      const count = one.counts[day] ?? 0;
      if (count === 0) return [];
      const share = formatPercent(count / Math.max(1, totals[day] ?? 0));
      return `${nameOf(one)}: ${share} (${formatNumber(count)})`;
    });
  return (
    <Chart
      label={words.adoption.chart[by]}
      steps={{ times: days.map((day) => Date.parse(day)), step: "day" }}
      axis={axis}
      formatTick={(tick) => (isShare ? formatPercentTick(tick, axis) : formatNumber(tick))}
      tip={(day) => (
        <>
          <strong>{formatDay(days[day] ?? "")}</strong>
          {lines(day).map((line) => (
            <span key={line}>{line}</span>
          ))}
        </>
      )}
      say={(day) => [formatDay(days[day] ?? ""), ...lines(day)].join(", ")}
    >
      {(frame) => <Layers frame={frame} days={days.length} series={series} value={value} />}
    </Chart>
  );
}

interface LayersProps {
  frame: Frame;
  days: number;
  series: readonly Series[];
  value(series: Series, day: number): number;
}

/** A column for each day, the first version on top. The number of a version stands where it is highest, and in the legend. */
function Layers({ frame: { x, y, stepWidth }, days, series, value }: LayersProps) {
  let floor: readonly number[] = Array(days).fill(0);
  const layers = [...series.entries()].toReversed().map(([place, own]) => {
    const low = floor;
    const high = low.map((below, day) => below + value(own, day));
    floor = high;
    return { place, low, high };
  });
  const width = stepWidth * 0.86;
  return (
    <g class="layers">
      {layers.map(({ place, low, high }) => {
        const sizes = high.map((value, day) => y(low[day] ?? 0) - y(value));
        const widest = sizes.indexOf(Math.max(...sizes));
        const middle = y(((low[widest] ?? 0) + (high[widest] ?? 0)) / 2);
        const columns = sizes.flatMap((size, day) =>
          size > 0 ? rectangle(x(day) - width / 2, y(high[day] ?? 0), width, size) : [],
        );
        return (
          <g key={place} class={classOf(series, place)}>
            <path d={columns.join("")} />
            {(sizes[widest] ?? 0) >= NUMBER_HEIGHT && (
              <text x={x(widest)} y={middle + 4} text-anchor="middle">
                {place + 1}
              </text>
            )}
          </g>
        );
      })}
    </g>
  );
}

function rectangle(left: number, top: number, width: number, height: number): string {
  const [x, y, w, h] = [left, top, width, height].map((length) => length.toFixed(1));
  return `M${x},${y}h${w}v${h}h-${w}Z`;
}

/** A layer that is lower, in pixels, has no room for its number. */
const NUMBER_HEIGHT = 16;

function classOf(series: readonly Series[], place: number): string {
  return series[place]?.version_name === undefined ? "series-other" : `series-${place + 1}`;
}

/** What each layer is, and how far the version has come. */
function Legend({ series, adopted }: { series: readonly Series[]; adopted: readonly Adoption[] }) {
  return (
    <ol class="legend">
      {series.map((one, place) => {
        const adoption = adopted.find(({ version_name }) => version_name === one.version_name);
        return (
          <li key={one.version_name ?? ""} class={classOf(series, place)}>
            <span class="swatch" aria-hidden="true">
              {place + 1}
            </span>
            {one.version_name === undefined ? nameOf(one) : <Name of={one.version_name} />}
            {adoption && adoption.today !== null && (
              <small>
                {words.adoption.shareToday(formatPercent(adoption.today))}
                {adoption.days_to_half !== null && words.adoption.halfAfter(adoption.days_to_half)}
              </small>
            )}
          </li>
        );
      })}
    </ol>
  );
}

function nameOf({ version_name, versions }: Series): string {
  return version_name === undefined ? words.adoption.others(versions) : printable(version_name);
}

function totalsOf(series: readonly Series[]): number[] {
  return (series[0]?.counts ?? []).map((_, day) => sum(series.map(({ counts }) => counts[day] ?? 0)));
}

function Adopted({ rows }: { rows: readonly Adoption[] }) {
  const zone = useZone();
  const columns: Column<Adoption>[] = [
    {
      id: "version",
      name: words.adoption.version,
      value: ({ version_name }) => version_name,
      cell: ({ version_name }) => <Name of={version_name} />,
    },
    {
      id: "released",
      name: words.adoption.released,
      value: ({ released_at }) => (released_at === null ? null : formatMinute(released_at, zone)),
    },
    {
      id: "today",
      name: words.adoption.today,
      numeric: true,
      value: ({ today }) => today,
      cell: ({ today }) => (today === null ? words.nothing : formatPercent(today)),
    },
    {
      id: "most",
      name: words.adoption.most,
      numeric: true,
      value: ({ most }) => most,
      cell: ({ most }) => formatPercent(most),
    },
    {
      id: "half",
      name: words.adoption.half,
      tip: words.adoption.halfTip,
      numeric: true,
      value: ({ days_to_half }) => days_to_half,
      cell: ({ days_to_half }) => (days_to_half === null ? words.nothing : words.days(days_to_half)),
    },
  ];
  return (
    <Scroll label={words.adoption.adopted}>
      <Table
        id="adoption-by-version"
        label={words.adoption.adopted}
        columns={columns}
        rows={rows}
        keyOf={({ version_name }) => version_name}
      />
    </Scroll>
  );
}

/** The numbers of the chart; the last day first. */
function Daily({ app: { days }, series }: SeriesProps) {
  const columns: Column<number>[] = [
    { id: "day", name: words.adoption.day, value: (day) => days[day] ?? "" },
    ...series.map((one, place) => ({
      id: `series-${place}`,
      name: nameOf(one),
      numeric: true,
      value: (day: number) => one.counts[day] ?? 0,
      cell: (day: number) => formatNumber(one.counts[day] ?? 0),
    })),
  ];
  return (
    <Scroll label={words.adoption.asTable}>
      <Table
        id="adoption-by-day"
        label={words.adoption.asTable}
        columns={columns}
        rows={[...days.keys()].toReversed()}
        keyOf={String}
      />
    </Scroll>
  );
}
