/** Locks documents for the time of a commit, in the two ways that Firestore may do it. */

import type { VirtualTime } from "./time.ts";
import type { World } from "./world.ts";

export interface Locks {
  /** Locks documents, by their paths. Resolves with a way to unlock them, or with nothing where the commit is to be aborted. */
  take(paths: readonly string[]): Promise<(() => void) | undefined>;
}

export function createLocks(kind: World["locks"], time: VirtualTime): Locks {
  return kind === "abort" ? createAbortingLocks() : createWaitingLocks(time);
}

/** A commit is aborted at once if any of its documents is locked. */
function createAbortingLocks(): Locks {
  const locked = new Set<string>();
  return {
    async take(paths) {
      if (paths.some((path) => locked.has(path))) return undefined;
      for (const path of paths) locked.add(path);
      return () => {
        for (const path of paths) locked.delete(path);
      };
    },
  };
}

/** A commit that waits longer for one lock is aborted, in milliseconds. An assumption. */
const LONGEST_WAIT = 20_000;

/**
 * A commit takes its documents in the order of its writes, holds what it has while it waits for the next, and has its turn when
 * those before it are done. Two commits that hold what the other one waits for are freed by the time limit.
 */
function createWaitingLocks({ timers }: VirtualTime): Locks {
  /** Who waits for each locked document. */
  const waiting = new Map<string, (() => void)[]>();

  const turnOf = (queue: (() => void)[]) =>
    new Promise<boolean>((resolve) => {
      const grant = () => {
        timers.clearTimeout(timer);
        resolve(true);
      };
      const timer = timers.setTimeout(() => {
        queue.splice(queue.indexOf(grant), 1);
        resolve(false);
      }, LONGEST_WAIT);
      queue.push(grant);
    });

  const unlock = (paths: readonly string[]) => {
    for (const path of paths) {
      const next = waiting.get(path)?.shift();
      if (next) next();
      else waiting.delete(path);
    }
  };

  return {
    async take(paths) {
      const taken: string[] = [];
      for (const path of new Set(paths)) {
        const queue = waiting.get(path);
        if (!queue) waiting.set(path, []);
        else if (!(await turnOf(queue))) {
          unlock(taken);
          return undefined;
        }
        taken.push(path);
      }
      return () => unlock(taken);
    },
  };
}
