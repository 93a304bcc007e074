/** A queue that is quick however long it is: `Array.shift` moves all that is left. */

export interface Queue<Item> {
  readonly length: number;
  push(item: Item): void;
  shift(): Item | undefined;
}

export function createQueue<Item>(): Queue<Item> {
  let items: Item[] = [];
  let taken = 0;
  return {
    get length() {
      return items.length - taken;
    },
    push: (item) => items.push(item),
    shift() {
      const item = items[taken];
      if (taken < items.length) taken++;
      if (taken > 1_000 && taken * 2 > items.length) {
        items = items.slice(taken);
        taken = 0;
      }
      return item;
    },
  };
}
