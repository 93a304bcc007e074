/** Shows a name that a stranger may have chosen as what it is. */

import { printable } from "../../src/printable.ts";
import { words } from "../words.ts";

/** What is not on a keyboard for English may look like what is: `а` is Cyrillic. */
const FOREIGN = /([^\u0020-\u007e]+)/;

/** The text, with what is invisible written out, and letters that may look like others marked. */
export function Name({ of }: { of: string }) {
  const parts = printable(of).split(FOREIGN);
  return (
    <span class="name">
      {parts.map((part, index) =>
        index % 2 === 1 ? (
          <mark key={index} class="foreign" title={words.foreign}>
            {part}
          </mark>
        ) : (
          part
        ),
      )}
    </span>
  );
}
