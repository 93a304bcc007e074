/** Virtual time: it stands still while anything is to be done, and jumps over the time in which nothing happens. */

import type { Clock } from "../../../src/clock.ts";
import type { Timers } from "../../../src/firestore/deadline.ts";

export interface VirtualTime {
  clock: Clock;
  timers: Timers;
  /** Lets time pass until `isDone`. Rejects if nothing is left to wait for. */
  passUntil(isDone: () => boolean): Promise<void>;
}

interface Sleeper {
  wake: (() => void) | undefined;
}

/**
 * Makes a time that begins at 0. Sleepers wake in whole milliseconds, rounded up: all of one millisecond wake together, and what
 * they do settles before the next.
 */
export function createVirtualTime(): VirtualTime {
  let now = 0;
  const sleepers = new Map<number, Sleeper[]>();
  const instants = createHeap();

  const wakeAt = (time: number, wake: () => void): Sleeper => {
    const instant = Math.max(now, Math.ceil(time));
    const sleeper = { wake };
    const others = sleepers.get(instant);
    if (others) others.push(sleeper);
    else {
      sleepers.set(instant, [sleeper]);
      instants.push(instant);
    }
    return sleeper;
  };

  /** Returns whether anybody woke: a timer that was cleared leaves its place. */
  const wakeNext = (): boolean => {
    const instant = instants.pop();
    if (instant === undefined) throw new Error("nothing is left to wait for");
    now = instant;
    const due = sleepers.get(instant) ?? [];
    sleepers.delete(instant);
    let woke = false;
    for (const { wake } of due) {
      wake?.();
      woke ||= wake !== undefined;
    }
    return woke;
  };

  return {
    clock: {
      now: () => now,
      sleep: (milliseconds) => new Promise((wake) => wakeAt(now + milliseconds, wake)),
    },
    timers: {
      setTimeout: (callback, milliseconds) => wakeAt(now + milliseconds, callback),
      clearTimeout: (timer) => {
        (timer as Sleeper).wake = undefined;
      },
    },
    async passUntil(isDone) {
      for (;;) {
        await new Promise((settled) => setImmediate(settled));
        if (isDone()) return;
        while (!wakeNext());
      }
    },
  };
}

/** Numbers, of which the least comes out first. */
function createHeap() {
  const heap: number[] = [];
  const at = (index: number) => heap[index] ?? Number.POSITIVE_INFINITY;
  return {
    push(value: number): void {
      let index = heap.length;
      for (; index > 0; index = (index - 1) >> 1) {
        const parent = at((index - 1) >> 1);
        if (parent <= value) break;
        heap[index] = parent;
      }
      heap[index] = value;
    },
    pop(): number | undefined {
      const [least] = heap;
      const last = heap.pop();
      if (last === undefined || heap.length === 0) return least;
      let index = 0;
      for (;;) {
        const left = 2 * index + 1;
        const child = at(left + 1) < at(left) ? left + 1 : left;
        if (at(child) >= last) break;
        heap[index] = at(child);
        index = child;
      }
      heap[index] = last;
      return least;
    },
  };
}
