/** How a version fails over time, in one way: each hour's or day's rate with its interval, beside another version at the same age. */

import type { AppReport, VersionDetail } from "../../../src/dashboard/data.ts";
import { ranges } from "../../../src/dashboard/data.ts";
import type { AlarmMeasure } from "../../../src/health/alarm-documents.ts";
import { isWorse, type Proportion, rateOf, sumProportions } from "../../../src/health/statistics.ts";
import { printable } from "../../../src/printable.ts";
import { formatDate, formatMinute, formatNumber, formatPercent, formatRate } from "../../format.ts";
import { axisOf, formatPercentTick, placeOf } from "../../parts/axes.ts";
import { Chart, type Frame, type LineEnd, type Mark } from "../../parts/chart.tsx";
import { Name } from "../../parts/name.tsx";
import { Segments } from "../../parts/segments.tsx";
import { areaPath, linePath, type Point, runsOf } from "../../parts/shapes.ts";
import { type Column, Table } from "../../parts/table.tsx";
import { measures } from "../../state/address.ts";
import { useChoice } from "../../state/choice.ts";
import { useZone, type Zone } from "../../state/zone.ts";
import { words } from "../../words.ts";
import {
  type FailureStep,
  FEW_ATTEMPTS,
  failureSteps,
  LEVEL,
  mostShown,
  settledSteps,
  worseSince,
} from "./failure-steps.ts";

/** More steps than this are drawn without a dot for each. */
const MOST_DOTS = 48;

interface FailureProps {
  app: AppReport;
  detail: VersionDetail;
  measure: AlarmMeasure;
}

export function FailureView({ app, detail, measure }: FailureProps) {
  const { address, choose } = useChoice();
  const steps = failureSteps(detail.version.failures[measure]);
  const others = failureSteps(detail.other?.failures[measure] ?? []);
  const isEmpty = steps.every((step) => step === undefined);
  return (
    <section class="failures-over-time" aria-labelledby="failures-title">
      <h3 id="failures-title">{words.version.failures}</h3>
      <div class="choices">
        <Segments
          label={words.version.measure}
          values={measures}
          chosen={measure}
          nameOf={(value) => words.version.measures[value]}
          onChoose={(value) => choose({ measure: value })}
        />
        <Segments
          label={words.version.range}
          values={ranges}
          chosen={address.range ?? detail.range}
          nameOf={(value) => words.version.ranges[value]}
          onChoose={(value) => choose({ range: value })}
        />
      </div>
      {isEmpty ? (
        <p class="quiet">{words.version.quietRange}</p>
      ) : (
        <>
          <Saying detail={detail} measure={measure} steps={steps} others={others} />
          <FailureChart app={app} detail={detail} measure={measure} steps={steps} others={others} />
          <Legend detail={detail} measure={measure} steps={steps} />
          <details>
            <summary>{words.version.asTable}</summary>
            <StepTable detail={detail} steps={steps} others={others} />
          </details>
        </>
      )}
    </section>
  );
}

type Steps = readonly (FailureStep | undefined)[];

interface SayingProps {
  detail: VersionDetail;
  measure: AlarmMeasure;
  steps: Steps;
  others: Steps;
}

/** What the chart shows, in a sentence: since when it is worse than before, or how it does beside the other version. */
function Saying({ detail, measure, steps, others }: SayingProps) {
  const zone = useZone();
  const name = words.version.measures[measure];
  const settled = settledSteps(steps, measure);
  const worse = worseSince(settled);
  if (worse) {
    return (
      <p>
        <strong class="worse">
          {words.version.since(name, formatStep(detail, worse.index, zone), shareOf(worse.now))}
        </strong>{" "}
        {words.version.before(shareOf(worse.before))}
      </p>
    );
  }
  if (settled.length === 0) {
    const underWay = sumProportions(steps.flatMap((step) => step?.proportion ?? []));
    return <p>{words.version.soFar(name, shareOf(underWay))}</p>;
  }
  const own = sumProportions(settled.map(({ proportion }) => proportion));
  const other = sumProportions(settled.flatMap(({ index }) => others[index]?.proportion ?? []));
  const said = words.version.sum(name, words.version.ranges[detail.range], shareOf(own));
  return (
    <p>
      {isWorse(own, other, LEVEL) ? <strong class="worse">{said}</strong> : said}
      {detail.other && other.of > 0 && (
        <>
          {" "}
          <Name of={detail.other.version_name} /> {words.version.sameAge}: {shareOf(other)}.
        </>
      )}
    </p>
  );
}

interface FailureChartProps extends FailureProps {
  steps: Steps;
  others: Steps;
}

function FailureChart({ app, detail, measure, steps, others }: FailureChartProps) {
  const zone = useZone();
  const axis = axisOf(mostShown(steps, others), 4);
  const name = words.version.measures[measure];
  const marks = marksOf(app, detail);
  const releasedIn = (index: number) =>
    marks
      .filter(({ time }) => Math.floor(placeOf(time, detail) ?? -1) === index)
      .map((mark) => printable(mark.name));
  const lines = (index: number) => {
    const step = steps[index];
    const other = others[index];
    return {
      time: formatStep(detail, index, zone),
      rate: step ? shareOf(step.proportion) : words.version.nothingReported,
      interval: step && words.version.within(formatPercent(step.low), formatPercent(step.high)),
      open: step?.kind === "open" ? openWords(measure) : undefined,
      other:
        detail.other &&
        other &&
        `${printable(detail.other.version_name)} ${words.version.sameAge}: ${shareOf(other.proportion)}`,
      released: releasedIn(index).map(words.version.was),
    };
  };
  return (
    <Chart
      label={words.version.chart(name, words.version.each[detail.step])}
      steps={detail}
      axis={axis}
      formatTick={(value) => formatPercentTick(value, axis)}
      marks={marks}
      ends={endsOf(detail, steps, others)}
      tip={(index) => {
        const { time, rate, interval, open, other, released } = lines(index);
        return (
          <>
            <span>{time}</span>
            <strong>{rate}</strong>
            {[interval, open, other, ...released].map((line) => line && <span key={line}>{line}</span>)}
          </>
        );
      }}
      say={(index) => {
        const { time, rate, interval, open, other, released } = lines(index);
        return [time, rate, interval, open, other, ...released].filter((line) => line).join(", ");
      }}
    >
      {(frame) => (
        <>
          <Intervals steps={steps} frame={frame} top={axis.top} />
          <OtherLine steps={others} frame={frame} top={axis.top} />
          <OwnLine steps={steps} frame={frame} top={axis.top} />
        </>
      )}
    </Chart>
  );
}

interface DrawnProps {
  steps: Steps;
  frame: Frame;
  /** What is above stands at the upper edge. */
  top: number;
}

/** Bands where steps follow each other, and whiskers where they do not. */
function Intervals({ steps, frame: { x, y }, top }: DrawnProps) {
  const sure = runsOf(steps.map((step) => (step?.kind === "sure" ? step : undefined)));
  const at = (index: number, value: number): Point => [x(index), y(Math.min(value, top))];
  return (
    <g class="intervals">
      {sure.map((run) => {
        const path =
          run.length > 1
            ? areaPath(
                run.map(({ index, high }) => at(index, high)),
                run.map(({ index, low }) => at(index, low)),
              )
            : linePath(run.flatMap(({ index, high, low }) => [at(index, high), at(index, low)]));
        return <path key={run[0]?.index} class={run.length > 1 ? "band" : "whisker"} d={path} />;
      })}
    </g>
  );
}

function OtherLine({ steps, frame: { x, y }, top }: DrawnProps) {
  return (
    <g class="other-line">
      {runsOf(steps).map((run) => {
        const points = run.map(({ index, rate }): Point => [x(index), y(Math.min(rate, top))]);
        const [first] = points;
        return points.length === 1 && first ? (
          <circle key={run[0]?.index} cx={first[0]} cy={first[1]} r={2.5} />
        ) : (
          <path key={run[0]?.index} d={linePath(points)} />
        );
      })}
    </g>
  );
}

/** Thin through all steps, thick through those that are sure. */
function OwnLine({ steps, frame: { x, y, selected }, top }: DrawnProps) {
  const sure = steps.map((step) => (step?.kind === "sure" ? step : undefined));
  const pathOf = (run: readonly FailureStep[]) =>
    linePath(run.map(({ index, rate }) => [x(index), y(Math.min(rate, top))]));
  const hasDot = ({ index, kind }: FailureStep) =>
    kind !== "sure" ||
    steps.length <= MOST_DOTS ||
    index === selected ||
    (sure[index - 1] === undefined && sure[index + 1] === undefined);
  return (
    <g class="own-line">
      {runsOf(steps).map((run) => (
        <path key={run[0]?.index} class="thin" d={pathOf(run)} />
      ))}
      {runsOf(sure).map((run) => (
        <path key={run[0]?.index} d={pathOf(run)} />
      ))}
      {steps.map(
        (step) =>
          step &&
          (step.rate > top ? (
            <path key={step.index} class={step.kind} d={arrow(x(step.index), y(top))} />
          ) : (
            hasDot(step) && (
              <circle
                key={step.index}
                class={step.kind}
                cx={x(step.index)}
                cy={y(step.rate)}
                r={step.kind === "open" || step.index === selected ? 4.5 : step.kind === "few" ? 2 : 3}
              />
            )
          )),
      )}
    </g>
  );
}

/** Points up from the upper edge. */
function arrow(x: number, y: number): string {
  return `M${x - 4},${y + 4}L${x},${y - 3}L${x + 4},${y + 4}Z`;
}

/** The version's own release, then the latest others. */
function marksOf({ versions }: AppReport, { version }: VersionDetail): Mark[] {
  const own = version.version_name;
  const released = versions.flatMap(({ version_name, is_update, released_at }) =>
    is_update && released_at !== null && version_name !== own
      ? [{ name: version_name, time: released_at, isStrong: false }]
      : [],
  );
  const others = released.sort((a, b) => b.time - a.time);
  return version.released_at === null
    ? others
    : [{ name: own, time: version.released_at, isStrong: true }, ...others];
}

function endsOf({ version, other }: VersionDetail, steps: Steps, others: Steps): LineEnd[] {
  const own = steps.findLast((step) => step !== undefined);
  const compared = others.findLast((step) => step !== undefined);
  return [
    ...(own ? [{ name: version.version_name, value: own.rate, class: "strong" }] : []),
    ...(other && compared ? [{ name: other.version_name, value: compared.rate, class: "quiet" }] : []),
  ];
}

/** Only what may be drawn is explained. */
function Legend({ detail, measure, steps }: { detail: VersionDetail; measure: AlarmMeasure; steps: Steps }) {
  const { version, other } = detail;
  const has = (kind: FailureStep["kind"]) => steps.some((step) => step?.kind === kind);
  return (
    <ul class="legend">
      <li>
        <svg width="28" height="12" aria-hidden="true" class="own-line">
          <rect class="band" width="28" height="12" />
          <path d="M0,6L28,6" />
        </svg>
        <Name of={version.version_name} /> {words.version.legend.own}
      </li>
      {other && (
        <li>
          <svg width="28" height="12" aria-hidden="true" class="other-line">
            <path d="M0,6L28,6" />
          </svg>
          <Name of={other.version_name} /> {words.version.legend.other}
        </li>
      )}
      {has("few") && (
        <li>
          <svg width="12" height="12" aria-hidden="true" class="own-line">
            <circle class="few" cx="6" cy="6" r="2" />
          </svg>
          {words.version.legend.few(FEW_ATTEMPTS)}
        </li>
      )}
      {has("open") && (
        <li>
          <svg width="12" height="12" aria-hidden="true" class="own-line">
            <circle class="open" cx="6" cy="6" r="4.5" />
          </svg>
          {openWords(measure)}
        </li>
      )}
    </ul>
  );
}

interface StepRow {
  index: number;
  time: number;
  own: Proportion;
  other: Proportion | undefined;
  step: FailureStep | undefined;
}

function StepTable({ detail, steps, others }: { detail: VersionDetail; steps: Steps; others: Steps }) {
  const zone = useZone();
  const rows = detail.times.map((time, index): StepRow => {
    const step = steps[index];
    return {
      index,
      time,
      own: step?.proportion ?? { count: 0, of: 0 },
      other: others[index]?.proportion,
      step,
    };
  });
  const names = words.version.columns;
  const percent = (rate: number | null) => (rate === null ? words.nothing : formatPercent(rate));
  const rateColumn = (
    id: "rate" | "low" | "high" | "other",
    value: (row: StepRow) => number | null,
  ): Column<StepRow> => ({ id, name: names[id], numeric: true, value, cell: (row) => percent(value(row)) });
  const countColumn = (id: "count" | "of"): Column<StepRow> => ({
    id,
    name: names[id],
    numeric: true,
    value: ({ own }) => own[id],
    cell: ({ own }) => formatNumber(own[id]),
  });
  const columns: Column<StepRow>[] = [
    {
      id: "time",
      name: names.time,
      value: ({ time }) => new Date(time).toISOString(),
      cell: ({ index }) => formatStep(detail, index, zone),
    },
    rateColumn("rate", ({ step }) => step?.rate ?? null),
    rateColumn("low", ({ step }) => step?.low ?? null),
    rateColumn("high", ({ step }) => step?.high ?? null),
    countColumn("count"),
    countColumn("of"),
    ...(detail.other
      ? [rateColumn("other", ({ other }) => (other && other.of > 0 ? rateOf(other) : null))]
      : []),
  ];
  return (
    <div class="scroll">
      <Table
        id="failures-table"
        label={words.version.failures}
        columns={columns}
        rows={rows}
        keyOf={({ time }) => String(time)}
      />
    </div>
  );
}

/** Hours in the zone that is chosen, days in UTC. */
function formatStep({ times, step }: VersionDetail, index: number, zone: Zone): string {
  const time = times[index] ?? 0;
  return step === "hour" ? formatMinute(time, zone) : formatDate(time, "UTC");
}

function shareOf(proportion: Proportion): string {
  return words.version.share(
    formatRate(proportion),
    formatNumber(proportion.count),
    formatNumber(proportion.of),
  );
}

function openWords(measure: AlarmMeasure): string {
  return measure === "not_downloaded" ? words.version.underWay : words.version.open;
}
