/** Tells how sure a rate is, and whether one rate is worse than another. Pure. */

/** `count` of `of` attempts. */
export interface Proportion {
  count: number;
  of: number;
}

/** The quantile of the normal distribution that leaves 2.5 % on either side. */
const Z_95 = 1.959963984540054;

/** From 0 to 1; 0 of nothing. */
export function rateOf({ count, of }: Proportion): number {
  return of === 0 ? 0 : count / of;
}

/**
 * The 95 % interval of a proportion by Wilson's score method, from 0 to 1. Right for few attempts and for
 * proportions near 0, where the textbook interval is not. Without attempts: anything, 0 to 1.
 */
export function wilsonInterval({ count, of }: Proportion): { low: number; high: number } {
  if (of === 0) return { low: 0, high: 1 };
  const share = Math.min(1, Math.max(0, count / of)); // Somebody may have edited the figures.
  const z2 = Z_95 ** 2;
  const centre = share + z2 / (2 * of);
  const spread = Z_95 * Math.sqrt((share * (1 - share)) / of + z2 / (4 * of ** 2));
  const scale = 1 + z2 / of;
  return {
    low: share === 0 ? 0 : (centre - spread) / scale,
    high: share === 1 ? 1 : (centre + spread) / scale,
  };
}

/**
 * The p-value of Fisher's exact test, one-sided: how likely it is that chance alone puts at least as many of all failures
 * on the side of `suspect`, if both fail equally often. Exact for any counts, small ones too.
 */
export function fisherExact(suspect: Proportion, before: Proportion): number {
  const failures = suspect.count + before.count;
  const attempts = suspect.of + before.of;
  const most = Math.min(failures, suspect.of);
  const least = Math.max(0, failures - before.of);
  if (suspect.count <= least) return 1;
  // From below the mean on, the first term may be too small for a number, though the sum is almost 1: the rest is summed up.
  if (suspect.count * attempts < failures * suspect.of) {
    return (
      1 -
      fisherExact(
        { count: failures - suspect.count + 1, of: before.of },
        { count: suspect.count - 1, of: suspect.of },
      )
    );
  }

  let term = Math.exp(
    logChoose(suspect.of, suspect.count) + logChoose(before.of, before.count) - logChoose(attempts, failures),
  );
  let sum = 0;
  for (let count = suspect.count; count <= most; count++) {
    sum += term;
    const ratio =
      ((suspect.of - count) * (failures - count)) / ((count + 1) * (before.of - failures + count + 1));
    if (ratio < 1 && term * ratio < sum * Number.EPSILON) break;
    term *= ratio;
  }
  return Math.min(1, sum);
}

/** How likely it is that at least `count` of `of` fail, if each fails with this probability. */
export function binomialTail({ count, of }: Proportion, probability: number): number {
  if (count <= 0) return 1;
  if (probability <= 0) return 0;
  if (probability >= 1) return 1;
  // As above.
  if (count < of * probability) return 1 - binomialTail({ count: of - count + 1, of }, 1 - probability);
  const odds = probability / (1 - probability);
  let term = Math.exp(
    logChoose(of, count) + count * Math.log(probability) + (of - count) * Math.log1p(-probability),
  );
  let sum = 0;
  for (let failures = count; failures <= of; failures++) {
    sum += term;
    const ratio = ((of - failures) / (failures + 1)) * odds;
    if (ratio < 1 && term * ratio < sum * Number.EPSILON) break;
    term *= ratio;
  }
  return Math.min(1, sum);
}

/** The logarithm of the number of ways to choose `k` of `n`. */
function logChoose(n: number, k: number): number {
  return logFactorial(n) - logFactorial(k) - logFactorial(n - k);
}

const exactLogFactorials = [0];

/** Summed up to 255, by Stirling's series above: its error there is below 1e-16. */
function logFactorial(n: number): number {
  if (n >= 256) {
    return (n + 0.5) * Math.log(n) - n + Math.log(2 * Math.PI) / 2 + 1 / (12 * n) - 1 / (360 * n ** 3);
  }
  for (let i = exactLogFactorials.length; i <= n; i++) {
    exactLogFactorials.push((exactLogFactorials[i - 1] ?? 0) + Math.log(i));
  }
  return exactLogFactorials[n] ?? 0;
}

/** By how much a rate is higher than before. */
export function excessOf({ now, before }: Readonly<Record<"now" | "before", Proportion>>): number {
  return rateOf(now) - rateOf(before);
}

/** Adds up what is counted in parts. */
export function sumProportions(parts: readonly Proportion[]): Proportion {
  return parts.reduce((total, { count, of }) => ({ count: total.count + count, of: total.of + of }), {
    count: 0,
    of: 0,
  });
}

/** The rate is so many times as high as before at least, and higher by so much: less is no alarm, even where it is real. */
const LEAST_FACTOR = 1.5;
const LEAST_DIFFERENCE = 0.003;

/** Whether a rate is alarmingly higher than another, at a level. */
export function isWorse(now: Proportion, before: Proportion, level: number): boolean {
  return (
    before.of > 0 &&
    rateOf(now) >= rateOf(before) * LEAST_FACTOR &&
    rateOf(now) >= rateOf(before) + LEAST_DIFFERENCE &&
    fisherExact(now, before) < level
  );
}
