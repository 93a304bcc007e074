/** A figure of the benchmark, ours beside the baseline's. */

export interface Row {
  figure: string;
  ours: string;
  baseline: string;
  required: string;
  /** `undefined` where a figure is only reported. */
  reached: boolean | undefined;
}

export function thousands(value: number): string {
  return Math.round(value).toLocaleString("en");
}
