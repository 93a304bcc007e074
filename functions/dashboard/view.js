/** What the page shows, as elements, from the data and what is chosen. */

import { funnel, intervalLine, shareBar, sparkline, stackedColumns } from "./charts.js";
import { h, s } from "./dom.js";
import { formatAge, formatDay, formatNumber, formatPercent } from "./format.js";

/**
 * @typedef {import("../src/dashboard.ts").DashboardData} DashboardData
 * @typedef {NonNullable<DashboardData["app"]>} AppReport
 * @typedef {AppReport["versions"][number]} Version
 * @typedef {AppReport["alarms"][number]} Alarm
 * @typedef {Alarm["scope"]} Scope
 * @typedef {{ app: string | null, scope: Scope, version: string | null }} Choice what the address says
 * @typedef {Record<string, { kind: string, meaning: string }>} Meanings by action
 */

/** @param {Version} version @param {Scope} scope @returns {Record<string, number>} */
function actionsOf(version, scope) {
  return scope === "all" ? version.actions : (version.platforms[scope] ?? {});
}

/** @param {Version} version @param {Scope} scope */
function healthOf(version, scope) {
  return version.health[scope] ?? { installs: 0, failed: 0, rolled_back: 0 };
}

/** @param {number[]} numbers */
function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @param {Record<string, string>} parameters */
function query(parameters) {
  return `?${new URLSearchParams(parameters)}`;
}

// --- What is chosen ------------------------------------------------------------------------------------------------

/** @param {DashboardData} data @param {string} shown the app that is shown, even if it has no counters */
export function appOptions(data, shown) {
  const known = data.apps.some(({ app_id }) => app_id === shown);
  const apps = data.apps.map(({ app_id, alarming }) =>
    h("option", { value: app_id, "data-key": app_id }, alarming ? `⚠ ${app_id}` : app_id),
  );
  return known || shown === "" ? apps : [...apps, h("option", { value: shown, "data-key": shown }, shown)];
}

/** @param {AppReport | null} app */
export function platformOptions(app) {
  return [
    h("legend", {}, "Platform"),
    ...["all", ...(app?.platforms ?? [])].map((scope) =>
      h(
        "label",
        { "data-key": scope },
        h("input", { type: "radio", name: "platform", value: scope }),
        h("span", {}, scope),
      ),
    ),
  ];
}

// --- Alarms --------------------------------------------------------------------------------------------------------

/**
 * The alarms to show: of a version that is alarming on some platform, that platform says it all.
 *
 * @param {AppReport} app
 * @param {Scope} scope
 */
function alarmsIn({ alarms }, scope) {
  if (scope !== "all") return alarms.filter((alarm) => alarm.scope === scope);
  return alarms.filter(
    (alarm) =>
      alarm.scope !== "all" ||
      !alarms.some(
        ({ version_name, measure, scope: other }) =>
          version_name === alarm.version_name && measure === alarm.measure && other !== "all",
      ),
  );
}

/** @param {Alarm} alarm such as `2.5.1 on ios: 8.1 % fail, 0.4 % before` */
function headline({ version_name, scope, measure, now, before }) {
  const where = scope === "all" ? "" : ` on ${scope}`;
  const what = measure === "failed" ? "fail" : "roll back";
  const rates = [now, before].map(({ count, of }) => formatPercent(count / of));
  return { subject: version_name + where, verdict: `${rates[0]} ${what}, ${rates[1]} before` };
}

/** @param {DashboardData} data @param {Choice} choice */
export function titleOf({ app }, { scope }) {
  if (!app) return "Live updates";
  const [alarm] = alarmsIn(app, scope);
  if (!alarm) return `${app.app_id} · Live updates`;
  const { subject, verdict } = headline(alarm);
  return `⚠ ${subject}: ${verdict}`;
}

/** @param {DashboardData} data @param {AppReport} app @param {Choice} choice @param {Meanings} meanings */
export function alarmView(data, app, { scope }, meanings) {
  const alarms = alarmsIn(app, scope);
  const elsewhere = new Set(app.alarms.map((alarm) => alarm.scope).filter((other) => other !== "all"));
  const hidden = [...elsewhere].filter((other) => scope !== "all" && other !== scope);
  return [
    h("h2", { class: "hidden" }, "Alarms"),
    ...alarms.map((alarm) => alarmBox(app, alarm, meanings)),
    alarms.length === 0 && calmBox(app, scope),
    hidden.length > 0 &&
      h(
        "p",
        { class: "elsewhere" },
        "There is an alarm on ",
        hidden.flatMap((other, i) => [
          i > 0 ? ", " : "",
          h(
            "a",
            {
              href: query({ app: app.app_id, platform: other }),
              "data-choose": `platform=${other}`,
            },
            other,
          ),
        ]),
        ".",
      ),
    h(
      "p",
      { class: "decided" },
      h("button", { type: "button", popovertarget: "test", class: "quiet" }, "How is this decided?"),
    ),
    h(
      "div",
      { id: "test", popover: true, class: "tip" },
      h("p", {}, data.test.description),
      h(
        "p",
        {},
        `${formatNumber(app.comparisons)} comparisons were made here. builtin and unknown are no updates, and are not compared.`,
      ),
    ),
  ].filter((child) => child !== false);
}

/** @param {AppReport} app @param {Alarm} alarm @param {Meanings} meanings */
function alarmBox(app, alarm, meanings) {
  const { version_name, scope, measure, now, before, since } = alarm;
  const { subject, verdict } = headline(alarm);
  const version = app.versions.find((candidate) => candidate.version_name === version_name);
  const worst =
    measure === "failed" && version ? failureKinds(actionsOf(version, scope), meanings)[0] : undefined;
  return h(
    "article",
    { class: "alarm", "data-key": `${version_name} ${scope} ${measure}` },
    warningSign(),
    h(
      "div",
      {},
      h(
        "h3",
        {},
        h("span", { class: "subject" }, subject),
        h("span", { class: "colon" }, ": "),
        h("span", { class: "verdict" }, verdict),
      ),
      h(
        "p",
        {},
        `${formatNumber(now.count)} of ${formatNumber(now.of)} ${measure === "failed" ? "attempts failed" : "installs were rolled back"} in the last 7 days`,
        since !== undefined && `, since ${formatDay(since)}`,
        ". ",
        worst && ["Most often ", h("code", {}, worst.action), ": ", lowerFirst(worst.meaning), " "],
        `Before: ${before.version_name}, ${formatNumber(before.count)} of ${formatNumber(before.of)}.`,
      ),
    ),
    h(
      "a",
      {
        href: query({ app: app.app_id, version: version_name }),
        "data-choose": new URLSearchParams({ version: version_name }).toString(),
        class: "button",
      },
      "Look closer",
      h("span", { class: "hidden" }, ` at ${version_name}`),
    ),
  );
}

/** @param {string} text */
function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** @param {AppReport} app @param {Scope} scope */
function calmBox(app, scope) {
  const where = scope === "all" ? "" : ` on ${scope}`;
  return app.comparisons > 0
    ? h(
        "p",
        { class: "calm" },
        check(),
        `No version fails significantly more than the one before it${where}.`,
      )
    : h("p", { class: "calm" }, "There is no earlier version to compare with yet, so there can be no alarm.");
}

function warningSign() {
  return s(
    "svg",
    { class: "sign", viewBox: "0 0 48 48", "aria-hidden": "true" },
    s("path", { d: "M24 5 46 43H2Z", fill: "currentColor" }),
    s("path", { d: "M24 18v13m0 4v4", class: "sign-mark" }),
  );
}

function check() {
  return s(
    "svg",
    { class: "check", viewBox: "0 0 24 24", "aria-hidden": "true" },
    s("path", { d: "m5 13 4.5 4.5L19 7.5" }),
  );
}

// --- Nothing to show -----------------------------------------------------------------------------------------------

/** @param {DashboardData} data @param {Choice} choice */
export function emptyView(data, { app }) {
  if (data.apps.length > 0) {
    return [
      h("h2", {}, "No counters for ", h("code", {}, app ?? "")),
      h("p", {}, "Nothing has been counted for this app. Choose another one above, or check its id."),
    ];
  }
  return [
    h("h2", {}, "Nothing has been counted yet"),
    h("p", {}, "This page fills itself as soon as a device reports. To get there:"),
    h(
      "ol",
      { class: "steps" },
      h(
        "li",
        {},
        "Set ",
        h("code", {}, "statsUrl"),
        " of the updater plugin, in ",
        h("code", {}, "capacitor.config"),
        ", to the address of the ",
        h("code", {}, "stats"),
        " function, and start the app on a device.",
      ),
      h("li", {}, "Or send an event by hand: the README has the ", h("code", {}, "curl"), " line."),
      h(
        "li",
        {},
        "If events arrive in Firestore but this page stays empty, look at the log of the ",
        h("code", {}, "countEvent"),
        " function.",
      ),
    ),
  ];
}

// --- Versions ------------------------------------------------------------------------------------------------------

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
  ["Rollbacks", "The device left the version again (update_fail, reset)"],
  ["Crashes", "The app or its web view went down"],
  ["30 days", "Installs per day, with failures on top in red"],
];

/** @param {AppReport} app @param {Choice} choice */
function shownVersion(app, { version }) {
  return app.versions.find(({ version_name }) => version_name === version) ?? app.versions[0];
}

/** @param {AppReport} app @param {Choice} choice @param {Meanings} meanings */
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
  const { installs, failed, failure_rate } = healthOf(version, scope);
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
          version_name,
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
      ? cell(1, "rate", ...rateCell(failure_rate, mostRate), ...alarmRates(alarms))
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
    cell(6, "number rollbacks", formatNumber((actions.update_fail ?? 0) + (actions.reset ?? 0))),
    cell(7, "number crashes", formatNumber(countOfKind(actions, meanings, "crash"))),
    cell(8, "days", version.daily[scope] ? sparkline(app.days, version.daily[scope]) : "–"),
  );
}

/** @param {{ rate: number, low: number, high: number, enough: boolean } | undefined} rate @param {number} most */
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

/** Where the rate over all platforms hides what is alarming. @param {Alarm[]} alarms */
function alarmRates(alarms) {
  return alarms
    .filter(({ scope, measure }) => scope !== "all" && measure === "failed")
    .map(({ scope, now }) => h("span", { class: "on" }, `${scope} ${formatPercent(now.count / now.of)}`));
}

/** @param {Record<string, number>} actions */
function downloads(actions) {
  const count = (/** @type {string} */ action) => actions[action] ?? 0;
  // Plugins before 6.50 report neither start: their first sign of a download is its first percentage.
  const begun = Math.max(
    count("download_0"),
    count("download_zip_start") + count("download_manifest_start"),
    count("download_10"),
  );
  return { begun, completed: count("download_complete") };
}

/** The actions that say why an update failed, the most frequent first. @param {Record<string, number>} actions @param {Meanings} meanings */
function failureKinds(actions, meanings) {
  return Object.entries(actions)
    .map(([action, count]) => ({
      action,
      count,
      kind: meanings[action]?.kind,
      meaning: meanings[action]?.meaning ?? "",
    }))
    .filter(({ kind, count }) => count > 0 && (kind === "failure" || kind === "file_failure"))
    .sort(
      (a, b) => Number(a.kind === "file_failure") - Number(b.kind === "file_failure") || b.count - a.count,
    );
}

/** @param {Record<string, number>} actions @param {Meanings} meanings @param {string} kind */
function countOfKind(actions, meanings, kind) {
  return sum(Object.entries(actions).map(([action, count]) => (meanings[action]?.kind === kind ? count : 0)));
}

// --- Adoption ------------------------------------------------------------------------------------------------------

const MOST_SERIES = 6;

/** @param {AppReport} app @param {Choice} choice */
export function adoptionView(app, { scope }) {
  const updates = app.versions.filter(
    ({ is_update, daily }) => is_update && sum(daily[scope]?.installs ?? []) > 0,
  );
  const total = (/** @type {Version} */ { daily }) => sum(daily[scope]?.installs ?? []);
  const biggest = new Set(updates.toSorted((a, b) => total(b) - total(a)).slice(0, MOST_SERIES));
  const shown = updates.filter((version) => biggest.has(version));
  const others = updates.filter((version) => !biggest.has(version));
  const zeros = app.days.map(() => 0);
  const series = shown.map((version, i) => ({
    name: version.version_name,
    className: `series-${i + 1}`,
    installs: version.daily[scope]?.installs ?? zeros,
  }));
  if (others.length > 0) {
    const installs = app.days.map((_, day) =>
      sum(others.map(({ daily }) => daily[scope]?.installs[day] ?? 0)),
    );
    series.push({ name: `${others.length} others`, className: "series-other", installs });
  }
  const title = h("h2", {}, `Installs per day${scope === "all" ? "" : ` on ${scope}`}`);
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
          h(
            "thead",
            {},
            h(
              "tr",
              {},
              ["Day", ...series.map(({ name }) => name)].map((name) => h("th", { scope: "col" }, name)),
            ),
          ),
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

/** @param {number} value */
function numberCell(value) {
  return h("td", { class: "number", "data-value": value }, formatNumber(value));
}

/** @param {string} table its id */
function copyButton(table) {
  return h("button", { type: "button", "data-copy": table, class: "copy" }, "Copy table");
}

// --- One version ---------------------------------------------------------------------------------------------------

/** @param {AppReport} app @param {Choice} choice @param {Meanings} meanings */
export function detailView(app, choice, meanings) {
  const version = shownVersion(app, choice);
  if (!version) return [];
  const { scope } = choice;
  const actions = actionsOf(version, scope);
  const kinds = failureKinds(actions, meanings);
  return [
    h(
      "h2",
      {},
      h("span", { class: "version-name" }, version.version_name),
      scope === "all" ? "" : ` on ${scope}`,
    ),
    h(
      "div",
      { class: "columns-2" },
      h(
        "section",
        { "aria-label": "Funnel" },
        h("h3", {}, "From download to running app"),
        funnel(funnelSteps(actions)),
        h(
          "p",
          {},
          h(
            "small",
            {},
            "An app is ready at each start, so more often than it was installed; lost there is what was rolled back.",
          ),
        ),
      ),
      h(
        "section",
        { "aria-label": "Failures by kind" },
        h("h3", {}, "Failures by kind"),
        kinds.length === 0
          ? h("p", { class: "quiet" }, "None.")
          : h(
              "ul",
              { class: "kinds" },
              kinds.map(({ action, count, kind, meaning }) =>
                h(
                  "li",
                  { "data-key": action },
                  h("code", {}, action),
                  h("span", { class: "count" }, formatNumber(count)),
                  shareBar(
                    count / Math.max(...kinds.map((other) => other.count)),
                    kind === "failure" ? "fill-bad" : "fill-muted",
                  ),
                  h(
                    "small",
                    {},
                    meaning,
                    kind === "file_failure" && " Not in the failure rate: one attempt reports many files.",
                  ),
                ),
              ),
            ),
      ),
    ),
    h("h3", {}, "All actions"),
    h(
      "table",
      { id: "actions", class: "actions" },
      h(
        "thead",
        {},
        h(
          "tr",
          {},
          ["Action", "Count", "Meaning"].map((name) => h("th", { scope: "col" }, name)),
        ),
      ),
      h("tbody", {}, actionRows(actions, meanings)),
    ),
    copyButton("actions"),
  ];
}

/** In the order of an update; actions that the dashboard does not know come last. @param {Record<string, number>} actions @param {Meanings} meanings */
function actionRows(actions, meanings) {
  const order = Object.keys(meanings);
  const place = (/** @type {string} */ action) =>
    order.includes(action) ? order.indexOf(action) : order.length;
  return Object.entries(actions)
    .sort(([a], [b]) => place(a) - place(b))
    .map(([action, count]) =>
      h(
        "tr",
        { "data-key": action, "data-action": action },
        h("th", { scope: "row" }, h("code", {}, action)),
        numberCell(count),
        h("td", { class: "meaning" }, meanings[action]?.meaning ?? "Not known to this dashboard."),
      ),
    );
}

/** @param {Record<string, number>} actions */
function funnelSteps(actions) {
  const { begun } = downloads(actions);
  const counts = [
    { name: "Download begun", action: "begun", count: begun },
    ...[10, 20, 30, 40, 50, 60, 70, 80, 90].map((percent) => ({
      name: `${percent} %`,
      action: `download_${percent}`,
      count: actions[`download_${percent}`] ?? 0,
    })),
    { name: "Downloaded", action: "download_complete", count: actions.download_complete ?? 0 },
    { name: "Installed", action: "set", count: actions.set ?? 0 },
    { name: "App ready", action: "app_launch_ready", count: actions.app_launch_ready ?? 0 },
  ];
  // A device that reports 20 % had 10 %, whether it said so or not: what is lost is lost after the last sign of it.
  const reached = counts.map((_, i) =>
    Math.max(...counts.slice(i, i < 12 ? 12 : undefined).map(({ count }) => count)),
  );
  const lost = reached.map((count, i) => Math.max(0, (reached[i - 1] ?? count) - count));
  // Old plugins do not report `app_launch_ready`, and new ones do at each start: what was undone is what was lost.
  lost[counts.length - 1] = actions.update_fail ?? 0;
  const most = Math.max(...lost);
  return counts.map((step, i) => ({
    ...step,
    lost: lost[i] ?? 0,
    lostShare: (lost[i] ?? 0) / Math.max(1, reached[i - 1] ?? 1),
    widest: most > 0 && i === lost.indexOf(most),
  }));
}

// --- Notes ---------------------------------------------------------------------------------------------------------

/** @param {DashboardData} data @param {AppReport} app */
export function notesView(data, app) {
  return [
    h(
      "p",
      {},
      `Days are UTC; the last one is ${formatDay(app.days.at(-1) ?? "")}. Totals are read every 10 seconds, days once a minute. Rates in grey have fewer than ${data.test.min_attempts} attempts.`,
    ),
    (data.incomplete || data.apps_left_out > 0) &&
      h(
        "p",
        {},
        "There are more counters than are read: only those with the most installs and those active last are shown",
        data.apps_left_out > 0 && `; ${formatNumber(data.apps_left_out)} more apps are left out`,
        ".",
      ),
  ].filter((child) => child !== false);
}
