/** Writes the lines and areas of a chart as SVG has them. Pure. */

export type Point = readonly [x: number, y: number];

/** What stands together without a gap, in its order; `undefined` is a gap. */
export function runsOf<T>(values: readonly (T | undefined)[]): T[][] {
  const runs: T[][] = [];
  let isOpen = false;
  for (const value of values) {
    if (value !== undefined) {
      if (isOpen) runs.at(-1)?.push(value);
      else runs.push([value]);
    }
    isOpen = value !== undefined;
  }
  return runs;
}

/** A line through points: `M1,2L3,4`. */
export function linePath(points: readonly Point[]): string {
  return points.map((point, place) => `${place === 0 ? "M" : "L"}${at(point)}`).join("");
}

/** What lies between two lines, both from left to right. */
export function areaPath(upper: readonly Point[], lower: readonly Point[]): string {
  return `${linePath([...upper, ...lower.toReversed()])}Z`;
}

/** A tenth of a pixel is all that can be seen. */
function at([x, y]: Point): string {
  return `${Math.round(x * 10) / 10},${Math.round(y * 10) / 10}`;
}
