/** Shows the name of an action, which breaks where its words end. */

import { printable } from "../../src/printable.ts";

export function Action({ name }: { name: string }) {
  const words = printable(name).split("_");
  return (
    <code>{words.flatMap((word, place) => (place === 0 ? word : ["_", <wbr key={place} />, word]))}</code>
  );
}
