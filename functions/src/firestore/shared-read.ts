/** Lets many who ask for the same share one read of it. */

/**
 * Makes a function that calls `read` at most once in `milliseconds`, for all who call it; also while a read takes longer than
 * that. A failure is told to all who wait for it, and not kept. `now` is the time in milliseconds since 1970.
 */
export function shareReads<T>(
  milliseconds: number,
  now: () => number,
  read: () => Promise<T>,
): () => Promise<T> {
  let last: { startedAt: number; result: Promise<T> } | undefined;
  let running = false;
  return () => {
    if (last && (running || now() - last.startedAt < milliseconds)) return last.result;
    running = true;
    const result = read().finally(() => {
      running = false;
    });
    last = { startedAt: now(), result };
    result.catch(() => {
      last = undefined;
    });
    return result;
  };
}
