/** Draws chances that repeat with their seed. */

/** Gives numbers from 0 up to 1. */
export type Chance = () => number;

/** Makes a generator that begins with a seed (mulberry32). */
export function createChance(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A time until the next of things that come at random, `mean` apart. */
export function exponential(chance: Chance, mean: number): number {
  return -Math.log(1 - chance()) * mean;
}

export function pick<Choice>(choices: ReadonlyArray<readonly [Choice, number]>, chance: Chance): Choice {
  let point = chance() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [choice, weight] of choices) {
    point -= weight;
    if (point < 0) return choice;
  }
  throw new Error("expected at least one choice");
}
