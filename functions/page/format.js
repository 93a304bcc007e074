/** Writes numbers, rates and times for people. */

const whole = new Intl.NumberFormat("en-GB");
const day = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const minute = new Intl.DateTimeFormat("en-GB", {
  day: "numeric",
  month: "short",
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "UTC",
});
const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit" });

/** @param {string[]} scopes platforms, or `all`: ` on ios and android`, or nothing */
export function formatPlace(...scopes) {
  return scopes.includes("all") ? "" : ` on ${scopes.join(" and ")}`;
}

/** @param {number} value `12,345` */
export function formatNumber(value) {
  return whole.format(value);
}

/** @param {number} rate from 0 to 1: `8.1 %`, `0.04 %`, `100 %` */
export function formatPercent(rate) {
  const percent = rate * 100;
  const decimals = percent === 0 || percent >= 99.95 ? 0 : percent >= 0.095 ? 1 : 2;
  return `${percent.toFixed(decimals)} %`;
}

/** @param {string} date `2026-11-21` as `21 Nov` */
export function formatDay(date) {
  return day.format(new Date(`${date}T00:00:00Z`));
}

/** @param {number} time milliseconds since 1970: `21 Nov, 07:14 UTC` */
export function formatMinute(time) {
  return `${minute.format(time)} UTC`;
}

/** @param {number} time milliseconds since 1970, as the clock on the wall shows it */
export function formatClock(time) {
  return clock.format(time);
}

/**
 * How long ago something was, roughly: `just now`, `5 min ago`, `21 Nov`.
 *
 * @param {number} time milliseconds since 1970
 * @param {number} now
 */
export function formatAge(time, now) {
  const minutes = Math.floor((now - time) / 60_000);
  if (minutes < 1) return "just now";
  if (minutes < 60) return `${minutes} min ago`;
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h ago`;
  return formatDay(new Date(time).toISOString().slice(0, 10));
}
