/** Draws the small charts, as SVG that says in words what it shows. */

import { h, s } from "./dom.js";
import { formatDay, formatNumber, formatPercent } from "./format.js";

/**
 * Installs of each day as thin bars, with attempts that were not downloaded on top in the colour of failure.
 *
 * @param {string[]} days
 * @param {{ installed: number[], begun: number[], downloaded: number[] }} daily
 */
export function sparkline(days, { installed, begun, downloaded }) {
  const height = 28;
  const failed = begun.map((count, i) => Math.max(0, count - (downloaded[i] ?? 0)));
  const totals = installed.map((count, i) => count + (failed[i] ?? 0));
  const most = Math.max(...totals, 1);
  const step = 4;
  const bars = installed.flatMap((count, i) => {
    const base = (count / most) * height;
    const top = ((failed[i] ?? 0) / most) * height;
    return [
      base > 0 && bar(i * step, height - Math.max(base, 1), step - 1, Math.max(base, 1), "fill-installs"),
      top > 0 && bar(i * step, Math.max(0, height - base - top), step - 1, Math.max(top, 1), "fill-bad"),
    ];
  });
  const width = days.length * step;
  const peak = totals.indexOf(Math.max(...totals));
  const label =
    totals[peak] === 0
      ? `Neither installs nor failed downloads in the last ${days.length} days`
      : `Installs and failed downloads, last ${days.length} days: most on ${formatDay(days[peak] ?? "")}, ${formatNumber(totals[peak] ?? 0)}; today ${formatNumber(totals.at(-1) ?? 0)}`;
  return s(
    "svg",
    { class: "spark", role: "img", "aria-label": label, viewBox: `0 0 ${width} ${height}` },
    s("title", {}, label),
    s("path", { class: "baseline", d: `M0 ${height}H${width}` }),
    bars,
  );
}

/**
 * @param {number | string} x
 * @param {number | string} y
 * @param {number | string} width
 * @param {number | string} height
 * @param {string} className
 */
function bar(x, y, width, height, className) {
  return s("rect", {
    x: short(x),
    y: short(y),
    width: short(width),
    height: short(height),
    class: className,
  });
}

/** @param {number | string} value */
function short(value) {
  return typeof value === "number" ? Math.round(value * 100) / 100 : value;
}

/**
 * A rate and its interval on a common scale from 0 to `most`; what is above it is cut off.
 *
 * @param {{ rate: number, low: number, high: number }} interval
 * @param {number} most
 */
export function intervalLine({ rate, low, high }, most) {
  const at = (/** @type {number} */ value) => `${short(Math.min(value / most, 1) * 100)}%`;
  return s(
    "svg",
    { class: "interval", "aria-hidden": "true" },
    s("line", { class: "track", x1: "0", x2: "100%", y1: "5", y2: "5" }),
    s("line", { class: "range", x1: at(low), x2: at(high), y1: "5", y2: "5" }),
    rate <= most && s("circle", { cx: at(rate), cy: "5", r: "4" }),
  );
}

/**
 * A bar from the left, `share` (0 to 1) of the width.
 *
 * @param {number} share
 * @param {string} className
 */
export function shareBar(share, className) {
  return s(
    "svg",
    { class: "share-bar", "aria-hidden": "true" },
    s("rect", { class: "track", width: "100%", height: "100%", rx: "2" }),
    share > 0 && s("rect", { class: className, width: `${short(share * 100)}%`, height: "100%", rx: "2" }),
  );
}

/**
 * Installs per day, stacked: a column a day, a layer a series, the first at the bottom.
 *
 * @param {string[]} days
 * @param {Array<{ name: string, className: string, installs: number[] }>} series
 */
export function stackedColumns(days, series) {
  const totals = days.map((_, i) => series.reduce((sum, { installs }) => sum + (installs[i] ?? 0), 0));
  const scale = niceScale(Math.max(...totals, 1));
  const height = 200;
  const column = 100 / days.length;
  const columns = days.map((day, i) => {
    let y = height;
    const layers = series.map(({ installs, className }) => {
      const size = ((installs[i] ?? 0) / scale.most) * height;
      y -= size;
      // A hair's breadth between layers keeps them apart without their colours.
      return (
        size > 0 &&
        bar(
          `${short(i * column + column * 0.1)}%`,
          y,
          `${short(column * 0.8)}%`,
          Math.max(size - 1, 0.5),
          className,
        )
      );
    });
    const lines = series
      .filter(({ installs }) => installs[i])
      .map(({ name, installs }) => `${name}: ${formatNumber(installs[i] ?? 0)}`)
      .reverse();
    return s(
      "g",
      {},
      s("title", {}, [`${formatDay(day)}: ${formatNumber(totals[i] ?? 0)}`, ...lines].join("\n")),
      bar(`${short(i * column)}%`, 0, `${short(column)}%`, height, "hover-area"),
      layers,
    );
  });
  const label = `Installs per day by version, ${formatDay(days[0] ?? "")} to today. The table below has the numbers.`;
  return h(
    "div",
    { class: "chart" },
    s(
      "svg",
      { class: "columns", role: "img", "aria-label": label, height },
      scale.ticks.map((tick) => {
        const y = short(height - (tick / scale.most) * height);
        return s("line", { class: "grid", x1: "0", x2: "100%", y1: y, y2: y });
      }),
      columns,
    ),
    h(
      "div",
      { class: "y-axis", "aria-hidden": "true" },
      scale.ticks.toReversed().map((tick) => h("span", {}, formatNumber(tick))),
    ),
    h(
      "div",
      { class: "x-axis", "aria-hidden": "true" },
      [0, Math.floor(days.length / 2) - 1, days.length - 1].map((i) =>
        h("span", {}, i === days.length - 1 ? "today" : formatDay(days[i] ?? "")),
      ),
    ),
  );
}

/**
 * A round number at or above `value`, and the steps to it.
 *
 * @param {number} value
 */
function niceScale(value) {
  const power = 10 ** Math.floor(Math.log10(value / 4 || 1));
  const step = Math.max(1, ([1, 2, 2.5, 5, 10].find((factor) => factor * power * 4 >= value) ?? 10) * power);
  const whole = Math.ceil(step);
  return { most: whole * 4, ticks: [0, 1, 2, 3, 4].map((i) => i * whole) };
}

/**
 * The steps of an update with how often each was reported, and what is lost on the way to it.
 *
 * @param {Array<{ name: string, measure: string, count: number, lost: number, lostShare: number, widest: boolean }>} steps
 */
export function funnel(steps) {
  const most = Math.max(...steps.map(({ count }) => count), 1);
  return h(
    "ol",
    { class: "funnel" },
    steps.map(({ name, measure, count, lost, lostShare, widest }) =>
      h(
        "li",
        { class: widest && "widest", "data-measure": measure },
        h("span", { class: "step" }, name),
        h("span", { class: "count" }, formatNumber(count)),
        shareBar(count / most, widest || measure === "rolled_back" ? "fill-bad" : "fill-installs"),
        h(
          "span",
          { class: "lost" },
          lost > 0 && `−${formatNumber(lost)}`,
          widest && h("span", { class: "most" }, ` (${formatPercent(Math.min(1, lostShare))}) most`),
        ),
      ),
    ),
  );
}
