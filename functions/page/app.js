/** The page's life: what is chosen, what is fetched and when, and what happens when that fails. */

import { adoptionView } from "./adoption.js";
import { alarmView, titleOf } from "./alarms.js";
import { detailView } from "./detail.js";
import { show } from "./dom.js";
import { formatClock } from "./format.js";
import { appOptions, emptyView, notesView, platformOptions } from "./frame.js";
import { versionsView } from "./versions.js";

/**
 * @typedef {import("../src/dashboard/handler.ts").DashboardData} DashboardData
 * @typedef {import("./figures.js").Choice} Choice
 */

const REFRESH_MILLISECONDS = 10_000;

/** @type {DashboardData | undefined} */
let data;
/** @type {Record<string, { kind: string, meaning: string }>} */
let meanings = {};
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;
let fetchedAt = Number.NEGATIVE_INFINITY;
let requests = 0;

const element = (/** @type {string} */ id) => {
  const found = document.getElementById(id);
  if (!found) throw new Error(`The page has no element ${id}.`);
  return found;
};
const picker = /** @type {HTMLSelectElement} */ (element("app"));

/** @returns {Choice} what the address chooses */
function choice() {
  const parameters = new URLSearchParams(location.search);
  const platform = parameters.get("platform");
  const scope = data?.app?.platforms.find((known) => known === platform) ?? "all";
  return { app: parameters.get("app"), scope, version: parameters.get("version") };
}

/** @param {Record<string, string | null>} change */
function choose(change) {
  const parameters = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) parameters.delete(name);
    else parameters.set(name, value);
  }
  history.pushState(null, "", `?${parameters}`);
}

async function refresh() {
  clearTimeout(timer);
  const request = ++requests;
  const { app } = choice();
  try {
    const [answer, actions] = await Promise.all([
      fetchJson(`data${app === null ? "" : `?${new URLSearchParams({ app })}`}`),
      Object.keys(meanings).length > 0 ? meanings : fetchJson("actions.json"),
    ]);
    if (request !== requests) return;
    meanings = actions;
    data = /** @type {DashboardData} */ (answer);
    fetchedAt = performance.now();
    // The app that is shown first stays the one that is shown, whatever else is installed more often later.
    if (app === null && data.app)
      history.replaceState(null, "", `?${new URLSearchParams({ app: data.app.app_id })}`);
    show(element("notice"));
    render();
  } catch (error) {
    if (request !== requests) return;
    showFailure(error instanceof Error ? error.message : String(error));
  }
  if (!document.hidden) timer = setTimeout(refresh, REFRESH_MILLISECONDS);
}

/**
 * Fetches from beside this file. Rejects with a sentence for the operator.
 *
 * @param {string} name
 */
async function fetchJson(name) {
  const response = await fetch(new URL(name, import.meta.url), { redirect: "manual" }).catch(() => {
    throw new Error(
      "The dashboard does not answer. Is the network up, and is gcloud run services proxy still running?",
    );
  });
  // A sign-in that has run out is answered with 401 or 403, or sent to a sign-in page.
  if (response.type === "opaqueredirect" || response.status === 401 || response.status === 403) {
    throw new Error("The sign-in has run out, or does not allow this page. Load the page again to sign in.");
  }
  const body = await response.json().catch(() => undefined);
  if (!response.ok)
    throw new Error(body?.message ? `Not read: ${body.message}.` : `HTTP ${response.status}.`);
  return body;
}

/** @param {string} reason */
function showFailure(reason) {
  const title = document.createElement("strong");
  title.textContent = data
    ? `These are the figures of ${formatClock(data.read_at)}: newer ones cannot be had.`
    : "The figures cannot be had.";
  const text = document.createElement("span");
  text.textContent = ` ${reason} It is tried again every 10 seconds.`;
  const box = document.createElement("p");
  box.className = "notice";
  box.append(title, text);
  show(element("notice"), box);
  element("freshness").textContent = "";
}

function render() {
  if (!data) return;
  const chosen = choice();
  document.title = titleOf(data, chosen);
  element("freshness").textContent = `As of ${formatClock(data.read_at)}`;

  const shownApp = data.app?.app_id ?? chosen.app ?? "";
  show(picker, ...appOptions(data, shownApp));
  picker.value = shownApp;
  element("picker").hidden = data.apps.length === 0;
  const platforms = element("platforms");
  show(platforms, ...platformOptions(data.app));
  platforms.hidden = (data.app?.platforms.length ?? 0) < 2;
  for (const radio of platforms.querySelectorAll("input")) radio.checked = radio.value === chosen.scope;

  const { app } = data;
  show(element("alarm"), ...(app ? alarmView(data, app, chosen) : emptyView(data, chosen)));
  show(element("versions"), ...(app ? versionsView(app, chosen, meanings) : []));
  show(element("adoption"), ...(app ? adoptionView(app, chosen) : []));
  show(element("detail"), ...(app ? detailView(app, chosen, meanings) : []));
  show(element("notes"), ...(app ? notesView(data, app) : []));
}

picker.addEventListener("change", () => {
  choose({ app: picker.value, version: null });
  follow();
});

element("platforms").addEventListener("change", ({ target }) => {
  if (!(target instanceof HTMLInputElement)) return;
  choose({ platform: target.value === "all" ? null : target.value });
  render();
});

document.addEventListener("click", (event) => {
  if (!(event.target instanceof Element)) return;
  const copy = event.target.closest("[data-copy]");
  if (copy instanceof HTMLElement) {
    navigator.clipboard.writeText(tableText(copy.dataset.copy ?? "")).then(() => {
      copy.textContent = "Copied";
    });
  }
  const link = event.target.closest("a[data-choose]");
  if (!(link instanceof HTMLAnchorElement) || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const change = Object.fromEntries(new URLSearchParams(link.dataset.choose));
  choose(change);
  follow();
  if ("version" in change) {
    element("detail").focus({ preventScroll: true });
    element("detail").scrollIntoView({ block: "start" });
  }
});

/**
 * A table as tab-separated text, numbers without separators, for a spreadsheet.
 *
 * @param {string} id
 */
function tableText(id) {
  const rows = [...element(id).querySelectorAll("tr")];
  return rows
    .map((row) =>
      [...row.children]
        .map((cell) => (cell instanceof HTMLElement ? (cell.dataset.value ?? cell.textContent) : ""))
        .join("\t"),
    )
    .join("\n");
}

/** Shows what the address chooses now. */
function follow() {
  if (choice().app === (data?.app?.app_id ?? null)) render();
  else refresh();
}

window.addEventListener("popstate", follow);

document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) return;
  const due = fetchedAt + REFRESH_MILLISECONDS - performance.now();
  timer = setTimeout(refresh, Math.max(0, due));
});

refresh();
