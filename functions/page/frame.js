/** Surrounds the figures: the choices, the page without any, the notes. */

import { h } from "./dom.js";
import { formatDay, formatNumber } from "./format.js";
import { printable } from "./printable.js";

/**
 * @typedef {import("./figures.js").AppReport} AppReport
 * @typedef {import("./figures.js").Choice} Choice
 * @typedef {import("./figures.js").DashboardData} DashboardData
 */

/**
 * @param {DashboardData} data
 * @param {string} shown the app that is shown, even if it has no counters
 */
export function appOptions(data, shown) {
  const known = data.apps.some(({ app_id }) => app_id === shown);
  const apps = data.apps.map(({ app_id, alarming }) =>
    h("option", { value: app_id, "data-key": app_id }, alarming ? `⚠ ${app_id}` : app_id),
  );
  return known || shown === ""
    ? apps
    : [...apps, h("option", { value: shown, "data-key": shown }, printable(shown))];
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

/**
 * @param {DashboardData} data
 * @param {Choice} choice
 */
export function emptyView(data, { app }) {
  if (data.apps.length > 0) {
    return emptyBox(
      h("h2", {}, "No counters for ", h("code", {}, printable(app ?? ""))),
      h("p", {}, "Nothing has been counted for this app. Choose another one above, or check its id."),
    );
  }
  return emptyBox(
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
  );
}

/** @param {...Node} children */
function emptyBox(...children) {
  return [h("div", { class: "empty" }, children)];
}

/**
 * @param {DashboardData} data
 * @param {AppReport} app
 */
export function notesView(data, app) {
  return [
    h(
      "p",
      {},
      `Days are UTC; the last one is ${formatDay(app.days.at(-1) ?? "")}. Totals are read every 10 seconds, days every 30. Rates in grey are of fewer than ${data.test.min_attempts}. Figures are of production builds on real devices.`,
    ),
    (data.incomplete || data.apps_left_out > 0) &&
      h(
        "p",
        {},
        "There are more versions than are read: only those that alarm, those with the most attempts and those active last are shown",
        data.apps_left_out > 0 && `; ${formatNumber(data.apps_left_out)} more apps are left out`,
        ".",
      ),
  ].filter((child) => child !== false);
}
