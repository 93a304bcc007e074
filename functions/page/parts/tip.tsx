/** A word that explains itself on demand: by click, keyboard and touch. */

import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";
import { words } from "../words.ts";

interface TipProps {
  /** What it explains, for those who do not see where it stands. */
  of: string;
  /** What the button says instead of `?`. */
  text?: string;
  children: ComponentChildren;
}

export function Tip({ of, text, children }: TipProps) {
  const id = useId();
  return (
    <>
      {text === undefined ? (
        <button type="button" class="tip-button" popovertarget={id} aria-label={words.frame.more(of)}>
          ?
        </button>
      ) : (
        <button type="button" class="quiet" popovertarget={id}>
          {text}
        </button>
      )}
      <span id={id} class="tip" popover="auto">
        {children}
      </span>
    </>
  );
}
