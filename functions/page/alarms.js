/** The alarms: which version fails, where, how much, since when. */

import { h, s } from "./dom.js";
import { alarmsIn, query } from "./figures.js";
import { formatMinute, formatNumber, formatPercent, formatPlace } from "./format.js";
import { printable } from "./printable.js";

/**
 * @typedef {import("./figures.js").AppReport} AppReport
 * @typedef {import("./figures.js").Alarm} Alarm
 * @typedef {import("./figures.js").Scope} Scope
 * @typedef {import("./figures.js").Choice} Choice
 * @typedef {import("./figures.js").DashboardData} DashboardData
 */

/**
 * What happens to the devices: in the headline, and in full.
 *
 * @type {Record<Alarm["measure"], { short: string, full: string }>}
 */
const words = {
  not_downloaded: { short: "are not downloaded", full: "devices that began the download did not get it" },
  rolled_back: { short: "are rolled back", full: "devices that installed it rolled it back" },
  crashed: { short: "crash", full: "devices that started it crashed" },
};

/** The box of an alarm has so many causes, and so much of what devices said. */
const MOST_CAUSES = 3;
const LONGEST_CAUSE = 100;

/** @param {Alarm} alarm such as `2.5.1 on ios: 8.1 % are not downloaded, 0.4 % before` */
function headline({ version_name, scopes, measure, rule, now, before }) {
  const than = rule === "threshold" ? `at most ${share(before)} allowed` : `${share(before)} before`;
  return {
    subject: printable(version_name) + formatPlace(...scopes),
    verdict: `${share(now)} ${words[measure].short}, ${than}`,
  };
}

/** @param {{ count: number, of: number }} proportion */
function share({ count, of }) {
  return formatPercent(of === 0 ? 0 : count / of);
}

/** @param {{ count: number, of: number }} proportion of devices with something in common */
function wholeShare({ count, of }) {
  return `${of === 0 ? 0 : Math.round((100 * count) / of)} %`;
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
 */
export function alarmView(data, app, { scope }) {
  const alarms = alarmsIn(app, scope);
  const hidden = new Set(
    app.alarms.filter((alarm) => !alarms.includes(alarm)).flatMap(({ scopes }) => scopes),
  );
  return [
    h("h2", { class: "hidden" }, "Alarms"),
    ...alarms.map((alarm) => alarmBox(app, alarm)),
    alarms.length === 0 && calmBox(app, scope),
    hidden.size > 0 &&
      h(
        "p",
        { class: "elsewhere" },
        "There is an alarm on ",
        [...hidden].flatMap((other, i) => [
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
    h("div", { id: "test", popover: true, class: "tip" }, h("p", {}, data.test.description)),
  ].filter((child) => child !== false);
}

/**
 * @param {AppReport} app
 * @param {Alarm} alarm
 */
function alarmBox(app, alarm) {
  const { version_name, measure, now, causes, began_at } = alarm;
  const { subject, verdict } = headline(alarm);
  return h(
    "article",
    { class: "alarm", "data-key": `${version_name} ${measure}` },
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
        `${formatNumber(now.count)} of ${formatNumber(now.of)} ${words[measure].full}. ${comparison(alarm)} `,
        `Alarm since ${formatMinute(began_at)}.`,
      ),
      causes.length > 0 && [
        h("p", { class: "why" }, "What sets those that fail apart:"),
        h(
          "ul",
          {},
          causes
            .slice(0, MOST_CAUSES)
            .map(({ field, value, failing, others }) =>
              h(
                "li",
                {},
                h("code", {}, `${cut(field)} ${cut(value)}`),
                `: ${wholeShare(failing)} of those that fail, ${wholeShare(others)} of the others`,
              ),
            ),
        ),
      ],
    ),
    app.versions.some((version) => version.version_name === version_name) &&
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

/** @param {Alarm} alarm */
function comparison({ rule, before }) {
  const figures = `${formatNumber(before.count)} of ${formatNumber(before.of)}`;
  switch (rule) {
    case "earlier_versions":
      return `Before: ${figures}, with earlier versions at the same age.`;
    case "own_past":
      return `Before: ${figures}, with this version until a day ago.`;
    case "threshold":
      return `There is no earlier version to compare with; the settings allow ${share(before)}.`;
  }
}

/** @param {string} text what a device said */
function cut(text) {
  const characters = [...text];
  const shown = printable(characters.slice(0, LONGEST_CAUSE).join(""));
  return characters.length > LONGEST_CAUSE ? `${shown}…` : shown;
}

/**
 * @param {AppReport} app
 * @param {Scope} scope
 */
function calmBox(app, scope) {
  return app.versions.some(({ is_update }) => is_update)
    ? h(
        "p",
        { class: "calm" },
        check(),
        `No version is known to fail more than it should${formatPlace(scope)}.`,
      )
    : h("p", { class: "calm" }, "No device has reported an update yet, so there is nothing to judge.");
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
