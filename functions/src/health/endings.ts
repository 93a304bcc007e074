/** Tells when a version fails no more: it is good again, or devices get another one. Pure. */

import type { Finding } from "./alarm-life.ts";
import {
  attemptsIn,
  DAY_HOURS,
  type History,
  HOUR_MILLISECONDS,
  type Hour,
  hourOf,
  reportedProportions,
  sumOf,
} from "./history.ts";
import { inOrderOfRelease, RELEASE_HOURS } from "./questions.ts";
import { fisherExact, type Proportion, rateOf, sumProportions } from "./statistics.ts";
import { countDevices, type Story, settledBy } from "./stories.ts";

/** The times over which a version must have been good again, the shortest in which enough happened decides. */
const GOOD_HOURS = [2, DAY_HOURS];
const LEAST_GOOD = 30;
const GOOD_LEVEL = 0.001;

/** What an alarm, or what would be one, says: how often a version failed, and what that was compared with. */
type Failing = Pick<Finding, "measure" | "scopes" | "now" | "before">;

/**
 * Whether a version that has failed may be good again: the hours over which clearly fewer reports are of failures, or `undefined`.
 * Reports are easily made up, so it is for `isGoodAgain` to decide.
 */
export function goodHoursOf(history: History, failing: Failing, now: number): number | undefined {
  const { measure, scopes } = failing;
  const until = hourOf(now) + 1;
  const reportsOf = (from: Hour, before: Hour) =>
    sumProportions(scopes.map((scope) => reportedProportions[measure](sumOf(history, from, before, scope))));
  return GOOD_HOURS.find((hours) => {
    const from = until - hours;
    // A device starts often: the share of devices that crash says nothing of the share of starts.
    const bad = measure === "crashed" ? reportsOf(Number.NEGATIVE_INFINITY, from) : failing.now;
    return isClearlyBetter(reportsOf(from, until), { ...failing, now: bad });
  });
}

/** Whether a version is good again, by the devices that have begun with it in the last hours. */
export function isGoodAgain(
  stories: readonly Story[],
  failing: Failing,
  hours: number,
  now: number,
): boolean {
  const { measure, scopes } = failing;
  const from = now - hours * HOUR_MILLISECONDS;
  const until = settledBy(measure, now);
  return isClearlyBetter(
    sumProportions(scopes.map((scope) => countDevices(stories, { measure, scope, from, until }))),
    failing,
  );
}

function isClearlyBetter(lately: Proportion, { now, before }: Pick<Failing, "now" | "before">): boolean {
  const limit = rateOf(before) + (rateOf(now) - rateOf(before)) / 3;
  return lately.of >= LEAST_GOOD && rateOf(lately) < limit && fisherExact(now, lately) < GOOD_LEVEL;
}

/**
 * A version has been superseded when, over some hours, later ones have nearly all of the attempts, and its own are a small part of
 * what they were. Strangers can make up the former, but not the latter.
 */
const SUPERSEDED_HOURS = 3;
const SUPERSEDED_SHARE = 0.05;
const LEAST_SUPERSEDING = 20;
const SUPERSEDED_REST = 0.2;

/** The versions that devices no longer get: they get later ones, or nothing for a day. */
export function supersededOf(histories: readonly History[], now: number): string[] {
  const until = hourOf(now) + 1;
  const released = inOrderOfRelease(histories);
  const isSuperseded = (history: History) => {
    if (attemptsIn(history, until - DAY_HOURS, until) === 0) return true;
    const lately = (of: History) => attemptsIn(of, until - SUPERSEDED_HOURS, until);
    const place = released.findIndex(({ version_name }) => version_name === history.version_name);
    const later = released.slice(place + 1).reduce((sum, other) => sum + lately(other), 0);
    const own = lately(history);
    return (
      later >= LEAST_SUPERSEDING &&
      own < (own + later) * SUPERSEDED_SHARE &&
      own < mostOf(history, until) * SUPERSEDED_REST
    );
  };
  return histories.filter(isSuperseded).map(({ version_name }) => version_name);
}

/** The most attempts that a version had in as many hours on one of its last days. */
function mostOf(history: History, until: Hour): number {
  const ends = Array.from({ length: RELEASE_HOURS }, (_, hours) => until - hours);
  return Math.max(...ends.map((end) => attemptsIn(history, end - SUPERSEDED_HOURS, end)));
}
