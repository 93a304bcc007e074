/** Draws a rate with its 95 % interval. */

import { type Proportion, rateOf, wilsonInterval } from "../../src/health/statistics.ts";

/** On a scale from 0 to `most`; what is above it is cut off. The figures stand beside it. */
export function Interval({ proportion, most }: { proportion: Proportion; most: number }) {
  const { low, high } = wilsonInterval(proportion);
  const rate = rateOf(proportion);
  const at = (value: number) => `${(Math.min(value / most, 1) * 100).toFixed(2)}%`;
  return (
    <svg class="interval" aria-hidden="true">
      <line class="track" x1="0" x2="100%" y1="5" y2="5" />
      <line class="range" x1={at(low)} x2={at(high)} y1="5" y2="5" />
      {rate <= most && <circle cx={at(rate)} cy="5" r="4" />}
    </svg>
  );
}
