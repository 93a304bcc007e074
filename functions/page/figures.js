/** Works out the figures behind the views, for a version on the platforms that are chosen. */

/**
 * @typedef {import("../src/dashboard/handler.ts").DashboardData} DashboardData
 * @typedef {NonNullable<DashboardData["app"]>} AppReport
 * @typedef {AppReport["versions"][number]} Version
 * @typedef {AppReport["alarms"][number]} Alarm
 * @typedef {Alarm["scopes"][number]} Scope
 * @typedef {{ app: string | null, scope: Scope, version: string | null }} Choice what the address says
 * @typedef {Record<string, { kind: string, meaning: string }>} Meanings by action
 */

/**
 * What production devices reported.
 *
 * @param {Version} version
 * @param {Scope} scope
 * @returns {Record<string, number>}
 */
export function actionsOf({ platforms }, scope) {
  if (scope !== "all") return platforms[scope] ?? {};
  /** @type {Map<string, number>} */
  const total = new Map();
  for (const [action, count] of Object.values(platforms).flatMap((counts) => Object.entries(counts))) {
    total.set(action, (total.get(action) ?? 0) + count);
  }
  return Object.fromEntries(total);
}

/**
 * @param {Version} version
 * @param {Scope} scope
 * @returns {NonNullable<Version["health"]["all"]>}
 */
export function healthOf(version, scope) {
  return (
    version.health[scope] ?? {
      begun: 0,
      downloaded: 0,
      installed: 0,
      rolled_back: 0,
      starts: 0,
      crashes: 0,
      rates: { not_downloaded: undefined, rolled_back: undefined, crashed: undefined },
    }
  );
}

/** @param {number[]} numbers */
export function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

/** @param {Record<string, string>} parameters */
export function query(parameters) {
  return `?${new URLSearchParams(parameters)}`;
}

/**
 * The alarms that concern a platform: its own, and those of all platforms together.
 *
 * @param {AppReport} app
 * @param {Scope} scope
 */
export function alarmsIn({ alarms }, scope) {
  return scope === "all"
    ? alarms
    : alarms.filter(({ scopes }) => scopes.includes(scope) || scopes.includes("all"));
}

/**
 * @param {AppReport} app
 * @param {Choice} choice
 */
export function shownVersion(app, { version }) {
  return app.versions.find(({ version_name }) => version_name === version) ?? app.versions[0];
}

/**
 * The actions that say why updates failed, the most frequent first. They are no rate: see `health/measures.ts`.
 *
 * @param {Record<string, number>} actions
 * @param {Meanings} meanings
 */
export function reasons(actions, meanings) {
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

/**
 * The steps of an update, each with how many were lost on the way to it. What is rolled back is lost after it was installed; what
 * is downloaded and not installed mostly waits for the next start, so it is never the widest loss.
 *
 * @param {{ begun: number, downloaded: number, installed: number, rolled_back: number }} health
 */
export function funnelSteps({ begun, downloaded, installed, rolled_back }) {
  // Some plugins report no beginning or no download: what was installed was downloaded, whether they said so or not.
  const had = Math.max(downloaded, installed);
  const steps = [
    { name: "Begun", measure: "begun", count: begun, lost: 0, of: begun },
    {
      name: "Downloaded",
      measure: "downloaded",
      count: Math.max(0, downloaded),
      lost: Math.max(0, begun - had),
      of: begun,
    },
    { name: "Installed", measure: "installed", count: installed, lost: had - installed, of: had },
    { name: "Rolled back", measure: "rolled_back", count: rolled_back, lost: rolled_back, of: installed },
  ];
  const losses = steps.filter(({ measure }) => measure !== "installed");
  const widest = losses.toSorted((a, b) => b.lost - a.lost)[0];
  return steps.map(({ of, ...step }) => ({
    ...step,
    lostShare: step.lost / Math.max(1, of),
    widest: step.lost > 0 && step.measure === widest?.measure,
  }));
}
