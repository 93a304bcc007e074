/** Works out what the dashboard says about one version beside another one, at the same age. Pure. */

import { type Counter, DAY_MILLISECONDS, dayId } from "../counting/documents.ts";
import type { AlarmMeasure, Scope } from "../health/alarm-documents.ts";
import { type Days, FIRST_DAYS } from "../health/counter-reader.ts";
import {
  DAY_HOURS,
  type History,
  HOUR_MILLISECONDS,
  type Hour,
  hourOf,
  releaseOf,
  reportedProportions,
  sumOf,
} from "../health/history.ts";
import { addMeasures, type Measures } from "../health/measures.ts";
import type { Proportion } from "../health/statistics.ts";
import { MIN_ATTEMPTS, type Range, SHOWN_DAYS, type VersionDetail, type VersionSide } from "./data.ts";
import { actionsIn, historyIn, type ReadVersion, releasedAt } from "./figures.ts";
import { attemptsOn } from "./report.ts";

/** What the steps of a range are, and how many. The last one is not over. */
export const spans: Record<Range, { step: "hour" | "day"; steps: number }> = {
  "24h": { step: "hour", steps: 24 },
  "7d": { step: "hour", steps: 7 * DAY_HOURS },
  "30d": { step: "day", steps: 30 },
  "90d": { step: "day", steps: 90 },
};

/** A version whose days were read, and what they say over time. */
export interface DatedVersion extends Required<ReadVersion> {
  /** Of all days that were read. */
  history: History;
  /** Of the first and the last days, so that it is the same in all that is shown. */
  release: Hour | undefined;
}

/** Works out when a version was released, and what happened in each hour, from its first and its last days. */
export function dateVersion(counter: Counter, days: Days): DatedVersion {
  const history = historyIn(counter, days);
  return { counter, days, history, release: releaseOf(history) };
}

/**
 * Chooses the version that another one is compared with: the one that is asked for, or the update that was released last before it,
 * with enough attempts if there is such a one. Nothing where one of the two has no release: it has no age. Of releases in one hour, which
 * is as exact as they are known, the one that was reported first is the earlier one.
 */
export function chooseOther(
  version: DatedVersion,
  candidates: readonly DatedVersion[],
  platform: Scope,
  asked: string | undefined,
): DatedVersion | undefined {
  const { release, counter } = version;
  if (release === undefined) return undefined;
  const named = candidates.find((dated) => dated.counter.version_name === asked);
  if (named && named.counter.id !== counter.id) return named.release === undefined ? undefined : named;
  const before = candidates
    .flatMap((dated) => (dated.release === undefined ? [] : { dated, age: release - dated.release }))
    .filter(({ dated, age }) => age > 0 || (age === 0 && dated.counter.created_at < counter.created_at))
    .sort((a, b) => a.age - b.age || b.dated.counter.created_at - a.dated.counter.created_at)
    .map(({ dated }) => ({ dated, attempts: attemptsOn(dated.counter, platform) }));
  const chosen =
    before.find(({ attempts }) => attempts >= MIN_ATTEMPTS) ?? before.find(({ attempts }) => attempts > 0);
  return chosen?.dated;
}

/** The range that shows a version best, `time` being in milliseconds since 1970. */
export function rangeFor({ release }: DatedVersion, time: number): Range {
  const age = hourOf(time) - (release ?? Number.NEGATIVE_INFINITY);
  if (age < 2 * DAY_HOURS) return "24h";
  return age < 14 * DAY_HOURS ? "7d" : "30d";
}

export interface DetailParts {
  version: DatedVersion;
  other: DatedVersion | undefined;
  platform: Scope;
  range: Range;
  /** Milliseconds since 1970. */
  time: number;
}

/** Reports on a version, beside another one. */
export function reportDetail({ version, other, platform, range, time }: DetailParts): VersionDetail {
  const { step, steps } = spans[range];
  const stepHours = step === "day" ? DAY_HOURS : 1;
  const last = Math.floor(hourOf(time) / stepHours);
  const starts = Array.from({ length: steps }, (_, index) => (last - steps + 1 + index) * stepHours);
  const compared = [version, ...(other ? [other] : [])];
  const ages = compared.map((dated) => coveredUntil(dated, range, time) - firstHourOf(dated));
  const age_hours = Math.max(1, Math.min(...ages));
  const side = (dated: DatedVersion, from: Hour, shift: number): VersionSide => {
    const { counter, history, release } = dated;
    const first = firstHourOf(dated);
    const ofSteps = starts.map((start) => {
      const begin = Math.max(start - shift, from);
      const end = start - shift + stepHours;
      return begin < end ? sumOf(history, begin, end, platform) : addMeasures([]);
    });
    return {
      version_name: counter.version_name,
      released_at: releasedAt(counter, release),
      measures: sumOf(history, first, first + age_hours, platform),
      actions: actionsIn(counter, platform),
      failures: failuresOf(ofSteps),
    };
  };
  const stepOf = (dated: DatedVersion) => Math.floor(firstHourOf(dated) / stepHours);
  return {
    range,
    step,
    times: starts.map((start) => start * HOUR_MILLISECONDS),
    age_hours,
    version: side(version, Number.NEGATIVE_INFINITY, 0),
    other: other ? side(other, firstHourOf(other), (stepOf(version) - stepOf(other)) * stepHours) : null,
    development: version.counter.development,
  };
}

function failuresOf(ofSteps: readonly Measures[]): Record<AlarmMeasure, Proportion[]> {
  const { not_downloaded, rolled_back, crashed } = reportedProportions;
  return {
    not_downloaded: ofSteps.map(not_downloaded),
    rolled_back: ofSteps.map(rolled_back),
    crashed: ofSteps.map(crashed),
  };
}

/** The hour from which on a version is looked at: its release, or its first report where it has none. */
function firstHourOf({ counter, history, release }: DatedVersion): Hour {
  return release ?? history.hours[0] ?? hourOf(counter.created_at);
}

/** The hour up to which the days after the release of a version were read without a gap; full hours only. */
function coveredUntil(dated: DatedVersion, range: Range, time: number): Hour {
  const lastDays = Math.max(SHOWN_DAYS, spans[range].step === "day" ? spans[range].steps : 0);
  const firstOfLast = Date.parse(dayId(time, lastDays - 1));
  const afterFirst = Date.parse(dayId(dated.counter.created_at + FIRST_DAYS * DAY_MILLISECONDS));
  const isWithoutGap = afterFirst >= firstOfLast || firstHourOf(dated) >= hourOf(firstOfLast);
  return isWithoutGap ? hourOf(time) : hourOf(afterFirst);
}
