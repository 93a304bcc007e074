/** Installs per day by version. */

import { stackedColumns } from "./charts.js";
import { h, s } from "./dom.js";
import { sum } from "./figures.js";
import { formatPlace } from "./format.js";
import { printable } from "./printable.js";
import { copyButton, headings, numberCell } from "./tables.js";

/**
 * @typedef {import("./figures.js").AppReport} AppReport
 * @typedef {import("./figures.js").Version} Version
 * @typedef {import("./figures.js").Choice} Choice
 */

const MOST_SERIES = 6;

/**
 * @param {AppReport} app
 * @param {Choice} choice
 */
export function adoptionView(app, { scope }) {
  const total = (/** @type {Version} */ { daily }) => sum(daily[scope]?.installed ?? []);
  const updates = app.versions.filter((version) => version.is_update && total(version) > 0);
  const biggest = new Set(updates.toSorted((a, b) => total(b) - total(a)).slice(0, MOST_SERIES));
  const shown = updates.filter((version) => biggest.has(version));
  const others = updates.filter((version) => !biggest.has(version));
  const zeros = app.days.map(() => 0);
  const series = shown.map((version, i) => ({
    name: printable(version.version_name),
    className: `series-${i + 1}`,
    installs: version.daily[scope]?.installed ?? zeros,
  }));
  if (others.length > 0) {
    const installs = app.days.map((_, day) =>
      sum(others.map(({ daily }) => daily[scope]?.installed[day] ?? 0)),
    );
    series.push({
      name: others.length === 1 ? "1 other" : `${others.length} others`,
      className: "series-other",
      installs,
    });
  }
  const title = h("h2", {}, `Installs per day${formatPlace(scope)}`);
  if (series.length === 0)
    return [title, h("p", { class: "quiet" }, `No installs in the last ${app.days.length} days.`)];
  return [
    title,
    h(
      "ul",
      { class: "legend" },
      series.map(({ name, className }) =>
        h(
          "li",
          {},
          s(
            "svg",
            { class: "swatch", "aria-hidden": "true", viewBox: "0 0 12 12" },
            s("rect", { class: className, width: 12, height: 12, rx: 3 }),
          ),
          name,
        ),
      ),
    ),
    stackedColumns(app.days, series.toReversed()),
    h(
      "details",
      {},
      h("summary", {}, "As a table"),
      h(
        "div",
        { class: "scroll", tabindex: "0", role: "region", "aria-label": "Installs per day as a table" },
        h(
          "table",
          { id: "adoption-table" },
          headings(["Day", ...series.map(({ name }) => name)]),
          h(
            "tbody",
            {},
            app.days
              .map((day, i) =>
                h(
                  "tr",
                  {},
                  h("th", { scope: "row" }, day),
                  series.map(({ installs }) => numberCell(installs[i] ?? 0)),
                ),
              )
              .reverse(),
          ),
        ),
      ),
      copyButton("adoption-table"),
    ),
  ];
}
