/** How concurrent work shares commits; knows nothing of what is committed. */

import DataLoader from "dataloader";
import type { Clock } from "./clock.ts";

export interface GroupCommitOptions<Item, Result> {
  /** Commits items together: a result or an `Error` for each, in order. If it rejects, each of them fails. */
  commit(items: readonly Item[]): Promise<ArrayLike<Result | Error>>;
  /** How many items make a commit full. */
  maxItems: number;
  /** The least time from the beginning of a commit to that of the next, in milliseconds; asked at each commit. */
  interval(): number;
  clock: Clock;
  /** Called when a commit has ended, its interval has passed, and nothing waits for the next. */
  onIdle?(): void;
}

/**
 * Lets concurrent callers share commits. The first item is committed at once. Items that come while a commit
 * runs, or before its interval has passed since it began, gather for the next one, which begins when both are
 * over, or as soon as it is full.
 *
 * The returned function resolves with the result of its item when the commit that held it is done, and
 * rejects if that failed.
 *
 * @example
 * const save = groupCommit({ commit: saveAll, maxItems: 500, interval: () => 1_000, clock: systemClock });
 * await Promise.all([save(a), save(b)]); // one call of saveAll([a, b])
 */
export function groupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>) {
  const { commit, maxItems, interval, clock, onIdle } = options;
  let free: Promise<unknown> = Promise.resolve();
  let gathering: { size: number; begin: () => void } | undefined;

  const loader = new DataLoader<Item, Result>(
    (items) => {
      gathering = undefined;
      const ended = (async () => commit(items))();
      const pause = clock.now() + interval();
      const turn = Promise.allSettled([free, ended])
        .then(() => (pause > clock.now() ? clock.sleep(pause - clock.now()) : undefined))
        .then(() => {
          if (turn === free && !gathering) onIdle?.();
        });
      free = turn;
      return ended;
    },
    {
      cache: false,
      maxBatchSize: maxItems,
      batchScheduleFn: (dispatch) => {
        const batch = { size: 0, begin: once(dispatch) };
        gathering = batch;
        free.then(batch.begin);
      },
    },
  );

  return (item: Item): Promise<Result> => {
    const result = loader.load(item);
    if (gathering && ++gathering.size === maxItems) gathering.begin();
    return result;
  };
}

/** A batch begins when its turn comes or when it is full, whichever is first. */
function once(begin: () => void): () => void {
  let begun = false;
  return () => {
    if (begun) return;
    begun = true;
    begin();
  };
}
