/** Parts of tables that are copied. */

import { h } from "./dom.js";
import { formatNumber } from "./format.js";
import { cellText } from "./printable.js";

/** @param {string[]} names of the columns */
export function headings(names) {
  return h(
    "thead",
    {},
    h(
      "tr",
      {},
      names.map((name) => h("th", { scope: "col" }, cellText(name))),
    ),
  );
}

/** @param {number} value */
export function numberCell(value) {
  return h("td", { class: "number", "data-value": value }, formatNumber(value));
}

/** @param {string} table its id */
export function copyButton(table) {
  return h("button", { type: "button", "data-copy": table, class: "copy" }, "Copy table");
}
