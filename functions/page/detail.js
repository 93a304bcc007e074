/** One version: its funnel, the reasons for its failures, all its actions. */

import { funnel, shareBar } from "./charts.js";
import { h } from "./dom.js";
import { actionsOf, funnelSteps, healthOf, reasons, shownVersion } from "./figures.js";
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
  const development = Object.entries(scope === "all" ? version.development : {});
  const kinds = reasons(actions, meanings);
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
        funnel(funnelSteps(healthOf(version, scope))),
        h(
          "p",
          {},
          h(
            "small",
            {},
            "Reports of production devices, of all time: a device that tries again counts again. Downloads that are under way are not yet downloaded; what is downloaded is mostly installed at the next start.",
          ),
        ),
      ),
      h(
        "section",
        { "aria-label": "Reasons" },
        h("h3", {}, "Reasons for failures"),
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
                  h("small", {}, meaning, kind === "file_failure" && " One attempt can report many files."),
                ),
              ),
            ),
        h(
          "p",
          {},
          h(
            "small",
            {},
            "They say why, not how often: one failed attempt reports several, and most are reported under the version that was running, not under the one that failed.",
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
    development.length > 0 &&
      h(
        "p",
        { class: "development" },
        "Debug and test builds and emulators, which are in no figure above, reported: ",
        development.map(([action, count]) => `${printable(action)} ${formatNumber(count)}`).join(", "),
        ".",
      ),
    copyButton("actions"),
  ].filter((child) => child !== false);
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
