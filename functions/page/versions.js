/** The versions, a row each. */

import { intervalLine, shareBar, sparkline } from "./charts.js";
import { h } from "./dom.js";
import { actionsOf, alarmsIn, healthOf, query, reasons, shownVersion, sum } from "./figures.js";
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
    "Not downloaded",
    "Downloads that began and did not end with the version on the device, of those that began, with the 95 % interval (Wilson); those under way are among them. Of plugins that report both",
  ],
  ["Downloads", "Begun, and downloaded"],
  ["Installs", "How often it became the running version (set), returns to it included"],
  ["Share, 7 days", "Of all installs of the last 7 days, of the versions shown"],
  ["Rolled back", "Installed, not started properly, and undone (update_fail), of installs"],
  [
    "Crash-free",
    "Starts without a crash. A crash is reported at the next start, under the version that runs then",
  ],
  [
    "Reasons",
    "The most frequent actions that say why something failed. They are no rate: most are reported under the version that was running",
  ],
  ["30 days", "Installs per day, with downloads that failed on top in red"],
];

/**
 * @param {AppReport} app
 * @param {Choice} choice
 * @param {Meanings} meanings
 */
export function versionsView(app, choice, meanings) {
  const { scope } = choice;
  const versions = app.versions.filter((version) => scope === "all" || version.platforms[scope]);
  const recent = (/** @type {Version} */ version) => sum((version.daily[scope]?.installed ?? []).slice(-7));
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
        const rate = healthOf(version, scope).rates.not_downloaded;
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
        `${formatNumber(app.versions_left_out)} more versions are left out: those with few attempts and no recent activity.`,
      ),
  ].filter((child) => child !== false);
}

/**
 * @param {Version} version
 * @param {{ app: AppReport, scope: Scope, meanings: Meanings, selected: string | undefined,
 *   recent: (version: Version) => number, recentOfAll: number, mostRate: number }} context
 */
function versionRow(version, { app, scope, meanings, selected, recent, recentOfAll, mostRate }) {
  const { version_name, is_update } = version;
  const { begun, downloaded, installed, rolled_back, rates } = healthOf(version, scope);
  const why = reasons(actionsOf(version, scope), meanings).slice(0, 2);
  const alarms = alarmsIn(app, scope).filter((alarm) => alarm.version_name === version_name);
  const alarming = alarms.length > 0;
  const share = recentOfAll > 0 ? recent(version) / recentOfAll : 0;
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
      h("small", {}, remark(version)),
    ),
    is_update
      ? cell(
          1,
          alarms.some(({ measure }) => measure === "not_downloaded") ? "rate bad" : "rate",
          ...rateCell(rates.not_downloaded, mostRate),
          ...alarmRates(alarms, "not_downloaded"),
        )
      : cell(1, "rate", "–"),
    cell(
      2,
      "number downloads",
      h("span", { class: "begun" }, formatNumber(begun)),
      h("span", { class: "arrow", "aria-label": "begun, downloaded", role: "img" }, " → "),
      h("span", { class: "completed" }, formatNumber(Math.max(0, downloaded))),
    ),
    cell(3, "number installs", formatNumber(installed)),
    cell(4, "number share", formatPercent(share), shareBar(share, "fill-installs")),
    cell(
      5,
      "number rollbacks",
      h("span", { class: "value" }, formatNumber(rolled_back)),
      h("small", {}, rates.rolled_back ? formatPercent(rates.rolled_back.rate) : ""),
      ...alarmRates(alarms, "rolled_back"),
    ),
    cell(
      6,
      "number crashes",
      h(
        "span",
        { class: rates.crashed?.enough === false ? "value little" : "value" },
        rates.crashed ? formatPercent(1 - rates.crashed.rate) : "–",
      ),
      ...alarmRates(alarms, "crashed"),
    ),
    cell(
      7,
      "number failures",
      why.length === 0 && "–",
      h(
        "small",
        {},
        why.flatMap(({ action, count }) => [
          h("span", { class: "kind" }, `${action} ${formatNumber(count)}`),
          " ",
        ]),
      ),
    ),
    cell(8, "days", is_update && version.daily[scope] ? sparkline(app.days, version.daily[scope]) : "–"),
  );
}

/** @param {Version} version */
function remark({ version_name, is_update, updated_at, platforms }) {
  if (is_update) return `active ${formatAge(updated_at, Date.now())}`;
  if (version_name === "unknown") return "no version given";
  if (version_name === "builtin") return "from the store";
  return Object.keys(platforms).length === 0 ? "development builds only" : "never downloaded or installed";
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
 * The rates that are alarming, of devices: the figures above them are of reports, of all time, and may be of all platforms.
 *
 * @param {Alarm[]} alarms
 * @param {Alarm["measure"]} measure
 */
function alarmRates(alarms, measure) {
  return alarms
    .filter((alarm) => alarm.measure === measure)
    .map(({ scopes, now }) =>
      h(
        "span",
        { class: "on" },
        scopes.includes("all") ? "" : `${scopes.join(", ")} `,
        formatPercent(now.of === 0 ? 0 : now.count / now.of),
      ),
    );
}
