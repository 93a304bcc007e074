/** Works out the figures behind the views, for a version on the platforms that are chosen. */

/**
 * @typedef {import("../src/dashboard/handler.ts").DashboardData} DashboardData
 * @typedef {NonNullable<DashboardData["app"]>} AppReport
 * @typedef {AppReport["versions"][number]} Version
 * @typedef {AppReport["alarms"][number]} Alarm
 * @typedef {Alarm["scope"]} Scope
 * @typedef {{ app: string | null, scope: Scope, version: string | null }} Choice what the address says
 * @typedef {Record<string, { kind: string, meaning: string }>} Meanings by action
 */

/**
 * @param {Version} version
 * @param {Scope} scope
 * @returns {Record<string, number>}
 */
export function actionsOf(version, scope) {
  return scope === "all" ? version.actions : (version.platforms[scope] ?? {});
}

/**
 * @param {Version} version
 * @param {Scope} scope
 */
export function healthOf(version, scope) {
  return version.health[scope] ?? { installs: 0, failed: 0, rolled_back: 0 };
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
 * The alarms to show: of a version that is alarming on some platform, that platform says it all.
 *
 * @param {AppReport} app
 * @param {Scope} scope
 */
export function alarmsIn({ alarms }, scope) {
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

/**
 * @param {AppReport} app
 * @param {Choice} choice
 */
export function shownVersion(app, { version }) {
  return app.versions.find(({ version_name }) => version_name === version) ?? app.versions[0];
}

/** @param {Record<string, number>} actions */
export function downloads(actions) {
  const count = (/** @type {string} */ action) => actions[action] ?? 0;
  // Plugins before 6.50 report neither start: their first sign of a download is its first percentage.
  const begun = Math.max(
    count("download_0"),
    count("download_zip_start") + count("download_manifest_start"),
    count("download_10"),
  );
  return { begun, completed: count("download_complete") };
}

/**
 * The actions that say why an update failed, the most frequent first.
 *
 * @param {Record<string, number>} actions
 * @param {Meanings} meanings
 */
export function failureKinds(actions, meanings) {
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
 * @param {Record<string, number>} actions
 * @param {Meanings} meanings
 * @param {string} kind
 */
export function countOfKind(actions, meanings, kind) {
  return sum(Object.entries(actions).map(([action, count]) => (meanings[action]?.kind === kind ? count : 0)));
}

/**
 * The steps of an update, each with how many devices were lost on the way to it.
 *
 * @param {Record<string, number>} actions
 * @param {number} rolledBack
 */
export function funnelSteps(actions, rolledBack) {
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
