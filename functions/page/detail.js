/** One version: its funnel, its failures by kind, all its actions. */

import { funnel, shareBar } from "./charts.js";
import { h } from "./dom.js";
import { actionsOf, failureKinds, funnelSteps, healthOf, shownVersion } from "./figures.js";
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
