/** The versions, a row each. */

import { intervalLine, shareBar, sparkline } from "./charts.js";
import { h } from "./dom.js";
import {
  actionsOf,
  alarmsIn,
  countOfKind,
  downloads,
  failureKinds,
  healthOf,
  query,
  shownVersion,
  sum,
} from "./figures.js";
import { formatAge, formatNumber, formatPercent } from "./format.js";
import { cellText } from "./printable.js";

/**
 * @typedef {import("./figures.js").AppReport} AppReport
 * @typedef {import("./figures.js").Version} Version
 * @typedef {import("./figures.js").Alarm} Alarm
 * @typedef {import("./figures.js").Scope} Scope
 * @typedef {import("./figures.js").Choice} Choice
 * @typedef {import("./figures.js").Meanings} Meanings
 */

const columns = [
  ["Version", ""],
  [
    "Failure rate",
    "Failed attempts of all attempts: failed / (failed + installed), with its 95 % interval (Wilson)",
  ],
  ["Installs", "How often the version was installed (set)"],
  ["Share, 7 days", "Of all installs of the last 7 days, of the versions shown"],
  ["Downloads", "Begun, and completed (download_complete)"],
  ["Failures", "Attempts that failed, and the most frequent actions that say why"],
  ["Rollbacks", "Installed, not started properly, and undone (update_fail)"],
  ["Crashes", "The app or its web view went down"],
  ["30 days", "Installs per day, with failures on top in red"],
];

/**
 * @param {AppReport} app
 * @param {Choice} choice
 * @param {Meanings} meanings
 */
export function versionsView(app, choice, meanings) {
  const { scope } = choice;
  const versions = app.versions.filter((version) => scope === "all" || version.platforms[scope]);
  const recent = (/** @type {Version} */ version) => sum((version.daily[scope]?.installs ?? []).slice(-7));
  const context = {
    app,
    scope,
    meanings,
    selected: shownVersion(app, choice)?.version_name,
    recent,
    recentOfAll: sum(versions.map(recent)),
    // Rates that say something set the scale, so that one of two attempts does not flatten the others.
    mostRate: Math.max(
      0.02,
      ...versions.map((version) => {
        const rate = healthOf(version, scope).failure_rate;
        return rate?.enough ? rate.high : 0;
      }),
    ),
  };
  return [
    h("h2", {}, "Versions"),
    h(
      "table",
      { class: "versions", role: "table", "aria-label": "Versions" },
      h(
        "thead",
        { role: "rowgroup" },
        h(
          "tr",
          { role: "row" },
          columns.map(([name, title]) =>
            h("th", { role: "columnheader", scope: "col", title: title || null }, name),
          ),
        ),
      ),
      h(
        "tbody",
        { role: "rowgroup" },
        versions.map((version) => versionRow(version, context)),
      ),
    ),
    app.versions_left_out > 0 &&
      h(
        "p",
        { class: "left-out" },
        `${formatNumber(app.versions_left_out)} more versions are left out: those with few installs and no recent activity.`,
      ),
  ].filter((child) => child !== false);
}

/**
 * @param {Version} version
 * @param {{ app: AppReport, scope: Scope, meanings: Meanings, selected: string | undefined,
 *   recent: (version: Version) => number, recentOfAll: number, mostRate: number }} context
 */
function versionRow(version, { app, scope, meanings, selected, recent, recentOfAll, mostRate }) {
  const { version_name, is_update, updated_at } = version;
  const actions = actionsOf(version, scope);
  const { installs, failed, rolled_back, failure_rate } = healthOf(version, scope);
  const alarms = alarmsIn(app, scope).filter((alarm) => alarm.version_name === version_name);
  const alarming = alarms.length > 0;
  const share = recentOfAll > 0 ? recent(version) / recentOfAll : 0;
  const { begun, completed } = downloads(actions);
  const link = new URLSearchParams({ version: version_name });
  const cell = (
    /** @type {number} */ column,
    /** @type {string} */ className,
    /** @type {(Node | string | false)[]} */ ...children
  ) => h("td", { role: "cell", class: className, "data-label": columns[column]?.[0] ?? "" }, children);
  return h(
    "tr",
    {
      role: "row",
      "data-key": version_name,
      "data-version": version_name,
      class: [alarming && "alarming", !is_update && "no-update"].filter(Boolean).join(" ") || null,
    },
    h(
      "th",
      { role: "rowheader", scope: "row" },
      h(
        "span",
        { class: "name" },
        h(
          "a",
          {
            href: query({
              app: app.app_id,
              ...(scope !== "all" && { platform: scope }),
              version: version_name,
            }),
            "data-choose": link.toString(),
            "aria-current": version_name === selected ? "true" : null,
          },
          cellText(version_name),
        ),
        alarming && h("strong", { class: "tag" }, "Alarm"),
      ),
      h(
        "small",
        {},
        is_update
          ? `active ${formatAge(updated_at, Date.now())}`
          : version_name === "builtin"
            ? "from the store"
            : "no version given",
      ),
    ),
    is_update
      ? cell(
          1,
          alarms.some(({ measure }) => measure === "failed") ? "rate bad" : "rate",
          ...rateCell(failure_rate, mostRate),
          ...alarmRates(alarms, "failed"),
        )
      : cell(1, "rate", "–"),
    cell(2, "number installs", formatNumber(installs)),
    cell(3, "number share", formatPercent(share), shareBar(share, "fill-installs")),
    cell(
      4,
      "number downloads",
      h("span", { class: "begun" }, formatNumber(begun)),
      h("span", { class: "arrow", "aria-label": "begun, completed", role: "img" }, " → "),
      h("span", { class: "completed" }, formatNumber(completed)),
    ),
    cell(
      5,
      "number failures",
      h("span", { class: "failed" }, formatNumber(failed)),
      h(
        "small",
        {},
        failureKinds(actions, meanings)
          .slice(0, 2)
          .flatMap(({ action, count }) => [
            h("span", { class: "kind" }, `${action} ${formatNumber(count)}`),
            " ",
          ]),
      ),
    ),
    cell(
      6,
      "number rollbacks",
      h("span", { class: "value" }, formatNumber(rolled_back)),
      ...alarmRates(alarms, "rolled_back"),
    ),
    cell(7, "number crashes", formatNumber(countOfKind(actions, meanings, "crash"))),
    cell(8, "days", version.daily[scope] ? sparkline(app.days, version.daily[scope]) : "–"),
  );
}

/**
 * @param {{ rate: number, low: number, high: number, enough: boolean } | undefined} rate
 * @param {number} most
 */
function rateCell(rate, most) {
  if (!rate) return ["–"];
  return [
    h("span", { class: rate.enough ? "value" : "value little" }, formatPercent(rate.rate)),
    h(
      "span",
      { class: rate.enough ? "bounds" : "bounds little" },
      h("span", {}, `${formatPercent(rate.low).replace(" %", "")} – ${formatPercent(rate.high)}`),
      intervalLine(rate, most),
      !rate.enough && h("small", {}, "too little data"),
    ),
  ];
}

/**
 * The rates that are alarming, since the figures above them are of all time and may be of all platforms.
 *
 * @param {Alarm[]} alarms
 * @param {Alarm["measure"]} measure
 */
function alarmRates(alarms, measure) {
  return alarms
    .filter((alarm) => alarm.measure === measure)
    .map(({ scope, now }) =>
      h("span", { class: "on" }, scope === "all" ? "" : `${scope} `, formatPercent(now.count / now.of)),
    );
}
