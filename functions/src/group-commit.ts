/** Lets concurrent work share commits; knows nothing of what is committed. */

import DataLoader from "dataloader";

export interface GroupCommitOptions<Item, Result> {
  /** Commits items together: a result or an `Error` for each, in order. If it rejects, each of them fails. */
  commit(items: readonly Item[]): Promise<ArrayLike<Result | Error>>;
  /** The number of items that make a commit full. */
  maxItems: number;
  /** Resolves when the commit after one of `items` may begin; `done` settles when that one has ended. Asked as it begins. */
  next(done: Promise<unknown>, items: readonly Item[]): Promise<unknown>;
  /** Called when a commit has ended, the next may begin, and nothing waits for it. */
  onIdle?(): void;
}

/**
 * Makes a way for concurrent callers to share commits. The first item is committed at once. Items that come after it gather for
 * the next commit. That begins when `next` says so, or as soon as an item comes for which it has no room.
 *
 * The returned function resolves with the result of its item when the commit that held it is done, and rejects if that
 * failed.
 *
 * @example
 * const save = createGroupCommit({ commit: saveAll, maxItems: 500, next: (done) => done });
 * await Promise.all([save(a), save(b)]); // one call of saveAll([a, b])
 */
export function createGroupCommit<Item, Result>(options: GroupCommitOptions<Item, Result>) {
  const { commit, maxItems, next, onIdle } = options;
  /** Resolves when the next commit may begin. */
  let mayBegin: Promise<unknown> = Promise.resolve();
  /** Begins the commit for which items gather. */
  let dispatchOpen: (() => void) | undefined;

  const commitBatch = (items: readonly Item[]) => {
    const done = (async () => commit(items))();
    const turn = Promise.allSettled([mayBegin, next(done, items)]);
    mayBegin = turn;
    Promise.allSettled([turn, done]).then(() => {
      if (turn === mayBegin && !dispatchOpen) onIdle?.();
    });
    return done;
  };

  const openBatch = (dispatch: () => void) => {
    dispatchOpen?.(); // DataLoader opens a batch when none is open, or the open one is full.
    const dispatchOnce = () => {
      if (dispatchOpen !== dispatchOnce) return;
      dispatchOpen = undefined;
      dispatch();
    };
    dispatchOpen = dispatchOnce;
    mayBegin.then(dispatchOnce);
  };

  const loader = new DataLoader<Item, Result>(commitBatch, {
    cache: false,
    maxBatchSize: maxItems,
    batchScheduleFn: openBatch,
  });
  return (item: Item): Promise<Result> => loader.load(item);
}

/**
 * Makes a way for concurrent callers to share commits with those of the same key only. `optionsOf` makes the group commit
 * of a key for its first item; it is forgotten when idle.
 */
export function createGroupCommits<Item, Result>(
  keyOf: (item: Item) => string,
  optionsOf: (first: Item) => Omit<GroupCommitOptions<Item, Result>, "onIdle">,
): (item: Item) => Promise<Result> {
  const open = new Map<string, (item: Item) => Promise<Result>>();
  return (item) => {
    const key = keyOf(item);
    const commit = open.get(key) ?? createGroupCommit({ ...optionsOf(item), onIdle: () => open.delete(key) });
    open.set(key, commit);
    return commit(item);
  };
}
