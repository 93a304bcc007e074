/** Makes the random numbers of this process repeat, so that a run of the model can be repeated. */

/** Replaces `Math.random`, from which the counting code draws as well, by a generator that begins with a seed (mulberry32). */
export function seedRandom(seed: number): void {
  let state = seed;
  Math.random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
