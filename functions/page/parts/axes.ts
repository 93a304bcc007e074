/** Works out the axes of a chart: round numbers, times worth a label, and places where no label covers another. Pure. */

import { formatDate, formatHour, PERCENT } from "../format.ts";
import type { Zone } from "../state/zone.ts";

/** An axis from 0 to `top`. */
export interface Axis {
  top: number;
  ticks: number[];
}

/** From 0 to `most` or a little more, in at most `count` steps that are 1, 2 or 5 times a power of ten. `most` is more than 0. */
export function axisOf(most: number, count: number): Axis {
  const least = most / count;
  const power = 10 ** Math.floor(Math.log10(least));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= least * (1 - 1e-9)) ?? 10);
  const steps = Math.ceil(most / step - 1e-9);
  return { top: steps * step, ticks: Array.from({ length: steps + 1 }, (_, place) => place * step) };
}

/** A rate at an axis, with the decimals that tell all its ticks apart: `5 %`, `0.4 %`. */
export function formatPercentTick(rate: number, { ticks: [, step = 1] }: Axis): string {
  const decimals = Math.max(0, -Math.floor(Math.log10(100 * step) + 1e-9));
  return `${(100 * rate).toFixed(decimals)}${PERCENT}`;
}

/** Steps of time, each given by when it begins, in milliseconds since 1970. Days are UTC. */
export interface Steps {
  times: readonly number[];
  step: "hour" | "day";
}

export const stepMilliseconds = { hour: 3_600_000, day: 86_400_000 };

/** The place of a step, and what stands there. */
interface TimeTick {
  index: number;
  label: string;
}

/** So many hours have hours at their axis, more have days. */
const MOST_HOURS = 48;

/** Names `most` of the steps or fewer: round hours of a day, the beginnings of several days in a zone, or days. */
export function timeTicks({ times, step }: Steps, zone: Zone, most: number): TimeTick[] {
  const label = (index: number) => {
    const time = times[index] ?? 0;
    if (step === "day") return formatDate(time, "UTC");
    return hourOf(time, zone) === 0 ? formatDate(time, zone) : formatHour(time, zone);
  };
  const places = placesOf(times, step, zone, most);
  return places.map((index) => ({ index, label: label(index) }));
}

function placesOf(times: readonly number[], step: Steps["step"], zone: Zone, most: number): number[] {
  const all = [...times.keys()];
  if (step === "day") return thin(all, most);
  const everyHours = (hours: number) => all.filter((index) => hourOf(times[index] ?? 0, zone) % hours === 0);
  if (times.length > MOST_HOURS) return thin(everyHours(24), most);
  const hours = [1, 2, 3, 4, 6, 12].find((every) => everyHours(every).length <= most) ?? 24;
  return everyHours(hours);
}

/** Keeps the last one, and every second, seventh and so on before it. */
function thin(places: readonly number[], most: number): number[] {
  const every = [1, 2, 3, 7, 14, 28].find((days) => Math.ceil(places.length / days) <= most) ?? 56;
  return places.filter((_, place) => (places.length - 1 - place) % every === 0);
}

function hourOf(time: number, zone: Zone): number {
  const date = new Date(time);
  return zone === "UTC" ? date.getUTCHours() : date.getHours();
}

/** The place of a time among the steps: 2.5 is the middle of the third. `undefined` where it is in none of them. */
export function placeOf(time: number, { times, step }: Steps): number | undefined {
  const place = (time - (times[0] ?? 0)) / stepMilliseconds[step];
  return place >= 0 && place < times.length ? place : undefined;
}

/** Whether each label covers none before it in the list that is shown. */
export function fitting(labels: readonly { left: number; right: number }[]): boolean[] {
  const shown: { left: number; right: number }[] = [];
  return labels.map((label) => {
    const fits = shown.every(({ left, right }) => label.right <= left || label.left >= right);
    if (fits) shown.push(label);
    return fits;
  });
}

/** Moves heights apart so that labels stand at them, `gap` apart and none below `bottom`; heights grow downwards. */
export function spread(heights: readonly number[], gap: number, bottom: number): number[] {
  const order = [...heights.keys()].sort((a, b) => (heights[a] ?? 0) - (heights[b] ?? 0));
  const moved = [...heights];
  let free = Number.NEGATIVE_INFINITY;
  for (const index of order) {
    moved[index] = Math.max(moved[index] ?? 0, free);
    free = (moved[index] ?? 0) + gap;
  }
  let limit = bottom;
  for (const index of order.toReversed()) {
    moved[index] = Math.min(moved[index] ?? 0, limit);
    limit = (moved[index] ?? 0) - gap;
  }
  return moved;
}
