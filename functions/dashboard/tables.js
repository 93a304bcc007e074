/** Parts of tables that are copied. */

import { h } from "./dom.js";
import { formatNumber } from "./format.js";

/** @param {number} value */
export function numberCell(value) {
  return h("td", { class: "number", "data-value": value }, formatNumber(value));
}

/** @param {string} table its id */
export function copyButton(table) {
  return h("button", { type: "button", "data-copy": table, class: "copy" }, "Copy table");
}
