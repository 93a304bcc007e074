/** Lets many who ask for the same share one read of it. */

/** Nobody else waits for a read that has taken so long, in milliseconds: it may never end. */
const HUNG = 30_000;

/**
 * Makes a function that calls `read` at most once in `milliseconds`, for all who call it; also while a read takes longer than
 * that, for half a minute. A failure is told to all who wait for it, and not kept. `now` is the time in milliseconds since 1970.
 */
export function shareReads<T>(
  milliseconds: number,
  now: () => number,
  read: () => Promise<T>,
): () => Promise<T> {
  const shared = shareReadsOf<void, T>(milliseconds, now, () => "", read);
  return () => shared();
}

/** The same for each key. With 0 milliseconds, only those share a read who ask while it is under way. */
export function shareReadsOf<Asked, T>(
  milliseconds: number,
  now: () => number,
  keyOf: (asked: Asked) => string,
  read: (asked: Asked) => Promise<T>,
): (asked: Asked) => Promise<T> {
  const kept = new Map<string, { startedAt: number; running: boolean; result: Promise<T> }>();
  return (asked) => {
    const time = now();
    for (const [key, { startedAt, running }] of kept) {
      if (time - startedAt >= (running ? HUNG : milliseconds)) kept.delete(key);
    }
    const key = keyOf(asked);
    const known = kept.get(key);
    if (known) return known.result;
    const mine = { startedAt: time, running: true, result: read(asked) };
    kept.set(key, mine);
    mine.result.then(
      () => {
        mine.running = false;
      },
      () => {
        if (kept.get(key) === mine) kept.delete(key);
      },
    );
    return mine.result;
  };
}
