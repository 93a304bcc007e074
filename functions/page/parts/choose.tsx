/** A link that changes what the page shows, without loading it again. */

import type { ComponentChildren } from "preact";
import { type Address, writeAddress } from "../state/address.ts";
import { useChoice } from "../state/choice.ts";

interface ChooseProps {
  /** What it changes; the rest stays chosen. */
  change: Address;
  class?: string | undefined;
  current?: boolean;
  /** The id of the element that has the focus afterwards, and is scrolled to. */
  goTo?: string;
  children: ComponentChildren;
}

/** With a key that opens a new tab, the browser follows the link by itself. */
export function Choose({ change, current, goTo, children, class: className }: ChooseProps) {
  const { address, choose } = useChoice();
  const follow = (event: MouseEvent) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    choose(change, goTo);
  };
  return (
    <a
      href={writeAddress({ ...address, ...change })}
      onClick={follow}
      class={className}
      aria-current={current ? "true" : undefined}
    >
      {children}
    </a>
  );
}
