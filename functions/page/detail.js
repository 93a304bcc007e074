/** One version: its funnel, its failures by kind, all its actions. */

import { funnel, shareBar } from "./charts.js";
import { h } from "./dom.js";
import { actionsOf, downloads, failureKinds, healthOf, shownVersion } from "./figures.js";
import { formatNumber, formatPlace } from "./format.js";
import { cellText, printable } from "./printable.js";
import { copyButton, headings, numberCell } from "./tables.js";

/**
 * @typedef {import("./figures.js").AppReport} AppReport
 * @typedef {import("./figures.js").Choice} Choice
 * @typedef {import("./figures.js").Meanings} Meanings
 */

/**
 * @param {AppReport} app
 * @param {Choice} choice
 * @param {Meanings} meanings
 */
export function detailView(app, choice, meanings) {
  const version = shownVersion(app, choice);
  if (!version) return [];
  const { scope } = choice;
  const actions = actionsOf(version, scope);
  const kinds = failureKinds(actions, meanings);
  const mostOfAKind = Math.max(...kinds.map(({ count }) => count));
  return [
    h("h2", {}, h("span", { class: "version-name" }, printable(version.version_name)), formatPlace(scope)),
    h(
      "div",
      { class: "columns-2" },
      h(
        "section",
        { "aria-label": "Funnel" },
        h("h3", {}, "From download to running app"),
        funnel(funnelSteps(actions, healthOf(version, scope).rolled_back)),
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
                  shareBar(count / mostOfAKind, kind === "failure" ? "fill-bad" : "fill-muted"),
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
      headings(["Action", "Count", "Meaning"]),
      h("tbody", {}, actionRows(actions, meanings)),
    ),
    copyButton("actions"),
  ];
}

/**
 * In the order of an update; actions that the dashboard does not know come last.
 *
 * @param {Record<string, number>} actions
 * @param {Meanings} meanings
 */
function actionRows(actions, meanings) {
  const order = new Map(Object.keys(meanings).map((action, i) => [action, i]));
  const place = (/** @type {string} */ action) => order.get(action) ?? order.size;
  return Object.entries(actions)
    .sort(([a], [b]) => place(a) - place(b))
    .map(([action, count]) =>
      h(
        "tr",
        { "data-key": action, "data-action": action },
        h("th", { scope: "row" }, h("code", {}, cellText(action))),
        numberCell(count),
        h("td", { class: "meaning" }, meanings[action]?.meaning ?? "Not known to this dashboard."),
      ),
    );
}

/**
 * @param {Record<string, number>} actions
 * @param {number} rolledBack
 */
function funnelSteps(actions, rolledBack) {
  const { begun } = downloads(actions);
  const counts = [
    { name: "Begun", action: "begun", count: begun },
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
  const last = counts.length - 1;
  const reached = counts.map((_, i) =>
    Math.max(...counts.slice(i, i < last ? last : undefined).map(({ count }) => count)),
  );
  const lost = reached.map((count, i) => Math.max(0, (reached[i - 1] ?? count) - count));
  // Old plugins do not report `app_launch_ready`, and new ones do at each start: what was undone is what was lost.
  lost[last] = rolledBack;
  const most = Math.max(...lost);
  return counts.map((step, i) => ({
    ...step,
    lost: lost[i] ?? 0,
    lostShare: (lost[i] ?? 0) / Math.max(1, reached[i - 1] ?? 1),
    widest: most > 0 && i === lost.indexOf(most),
  }));
}
