/** Shows what strangers sent: readable, and never as a command to the terminal. */

import Table from "cli-table3";
import { cellText, replaceInvisible } from "../../src/printable.ts";

const LONGEST_CELL = 48;

/** The value as JSON, with what is invisible written out as JSON escapes it. */
export function printableJson(value: unknown): string {
  return replaceInvisible(JSON.stringify(value, null, 2), (character) => {
    if (character === "\n") return character;
    const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/**
 * Rows as aligned text under their headings: texts to the left, numbers to the right. Long texts are cut, and none is a
 * formula to a spreadsheet.
 */
export function table(
  headings: readonly string[],
  rows: ReadonlyArray<ReadonlyArray<string | number>>,
): string {
  const lines = new Table({
    head: [...headings],
    colAligns: headings.map((_, column) => (typeof rows[0]?.[column] === "number" ? "right" : "left")),
    chars: borderless,
    style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
  });
  lines.push(...rows.map((row) => row.map((cell) => (typeof cell === "number" ? cell : cut(cell)))));
  return lines
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

const borderless = {
  ...{ top: "", "top-mid": "", "top-left": "", "top-right": "" },
  ...{ bottom: "", "bottom-mid": "", "bottom-left": "", "bottom-right": "" },
  ...{ left: "", "left-mid": "", mid: "", "mid-mid": "", right: "", "right-mid": "", middle: "" },
};

/** `1 event`, `2 events`. */
export function amount(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

/** A text as a table shows it. */
export function cut(cell: string): string {
  const shown = cellText(cell);
  return shown.length <= LONGEST_CELL ? shown : `${shown.slice(0, LONGEST_CELL - 1)}…`;
}
