/** The alarms: which version fails, where, how much, since when. */

import { h, s } from "./dom.js";
import { actionsOf, alarmsIn, failureKinds, query } from "./figures.js";
import { formatDay, formatNumber, formatPercent, formatPlace } from "./format.js";
import { printable } from "./printable.js";

/**
 * @typedef {import("./figures.js").AppReport} AppReport
 * @typedef {import("./figures.js").Alarm} Alarm
 * @typedef {import("./figures.js").Scope} Scope
 * @typedef {import("./figures.js").Choice} Choice
 * @typedef {import("./figures.js").Meanings} Meanings
 * @typedef {import("./figures.js").DashboardData} DashboardData
 */

/** @param {Alarm} alarm such as `2.5.1 on ios: 8.1 % fail, 0.4 % before` */
function headline({ version_name, scope, measure, now, before }) {
  const what = measure === "failed" ? "fail" : "roll back";
  const rates = [now, before].map(({ count, of }) => formatPercent(count / of));
  return {
    subject: printable(version_name) + formatPlace(scope),
    verdict: `${rates[0]} ${what}, ${rates[1]} before`,
  };
}

/**
 * @param {DashboardData} data
 * @param {Choice} choice
 */
export function titleOf({ app }, { scope }) {
  if (!app) return "Live updates";
  const [alarm] = alarmsIn(app, scope);
  if (!alarm) return `${app.app_id} · Live updates`;
  const { subject, verdict } = headline(alarm);
  return `⚠ ${subject}: ${verdict}`;
}

/**
 * @param {DashboardData} data
 * @param {AppReport} app
 * @param {Choice} choice
 * @param {Meanings} meanings
 */
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

/**
 * @param {AppReport} app
 * @param {Alarm} alarm
 * @param {Meanings} meanings
 */
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
        `Before: ${printable(before.version_name)}, ${formatNumber(before.count)} of ${formatNumber(before.of)}.`,
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
      h("span", { class: "hidden" }, ` at ${printable(version_name)}`),
    ),
  );
}

/** @param {string} text */
function lowerFirst(text) {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/**
 * @param {AppReport} app
 * @param {Scope} scope
 */
function calmBox(app, scope) {
  return app.comparisons > 0
    ? h(
        "p",
        { class: "calm" },
        check(),
        `No version fails significantly more than the one before it${formatPlace(scope)}.`,
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
