/** Sorts and searches the rows of a table, and writes them for a spreadsheet. Pure. */

import { cellText, printable } from "../../src/printable.ts";

/** `null` where there is nothing to say. */
export type Value = string | number | null;

/** What a spreadsheet gets of a row in one of its columns. */
export interface Field<Row> {
  name: string;
  value(row: Row): Value;
}

export interface DataColumn<Row> extends Field<Row> {
  id: string;
  /** From the least to the greatest, where that is not the order of the values. */
  compare?(a: Row, b: Row): number;
  /** What a spreadsheet gets, if not the value. */
  fields?: readonly Field<Row>[];
}

export interface Order {
  column: string;
  descending: boolean;
}

/** The rows in an order; as they are without one. What has no value comes last, in either direction. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly DataColumn<Row>[],
  order: Order | undefined,
): readonly Row[] {
  const column = columns.find(({ id }) => id === order?.column);
  if (!column || !order) return rows;
  const sign = order.descending ? -1 : 1;
  return rows.toSorted((a, b) => {
    if (column.compare) return sign * column.compare(a, b);
    const [left, right] = [column.value(a), column.value(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null);
    return sign * compareValues(left, right);
  });
}

/** The rows whose first column has a text in it, in large letters or small ones. */
export function searchRows<Row>(
  rows: readonly Row[],
  columns: readonly DataColumn<Row>[],
  text: string,
): readonly Row[] {
  const [first] = columns;
  const wanted = text.trim().toLowerCase();
  if (!first || wanted === "") return rows;
  return rows.filter((row) => {
    const name = String(first.value(row));
    return [name, printable(name)].some((written) => written.toLowerCase().includes(wanted));
  });
}

/** The head and the rows as a spreadsheet gets them: numbers without separators, names so that it runs none of them. */
export function linesOf<Row>(rows: readonly Row[], columns: readonly DataColumn<Row>[]): string[][] {
  const fields = columns.flatMap((column): readonly Field<Row>[] => column.fields ?? [column]);
  return [
    fields.map(({ name }) => cellText(name)),
    ...rows.map((row) => fields.map(({ value }) => textOf(value(row)))),
  ];
}

/**
 * Values separated by tabs, as a spreadsheet takes them from the clipboard. No cell has a tab or a line's end in it. One that begins
 * with a quotation mark is quoted: a spreadsheet would take its marks away, run what is between them, and read on over lines.
 */
export function writeTabs(lines: readonly (readonly string[])[]): string {
  return lines
    .map((cells) => cells.map((cell) => (cell.startsWith('"') ? quote(cell) : cell)).join("\t"))
    .join("\n");
}

/** Values separated by commas, as RFC 4180 has them. The mark at the beginning says that it is UTF-8. */
export function writeCsv(lines: readonly (readonly string[])[]): string {
  return `\ufeff${lines.map((cells) => cells.map(quote).join(",")).join("\r\n")}\r\n`;
}

function quote(cell: string): string {
  return `"${cell.replaceAll('"', '""')}"`;
}

function compareValues(a: string | number, b: string | number): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return String(a).localeCompare(String(b), "en", { numeric: true });
}

function textOf(value: Value): string {
  if (value === null) return "";
  return typeof value === "number" ? String(value) : cellText(value);
}
