/** Counts by name. */

/** Adds to the count under a key, which begins at 0. */
export function addTo<Key>(counts: Map<Key, number>, key: Key, count: number): void {
  counts.set(key, (counts.get(key) ?? 0) + count);
}
