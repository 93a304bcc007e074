/** A table that is sorted by its columns, copied and saved. */

import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { cellText } from "../../src/printable.ts";
import { words } from "../words.ts";
import { Tip } from "./tip.tsx";

export type Value = string | number | null;

export interface Column<Row> {
  id: string;
  name: string;
  tip?: string;
  numeric?: boolean;
  /** What the column is sorted by, and what a spreadsheet gets. */
  value(row: Row): Value;
  /** How it is shown, if not as its value. */
  cell?(row: Row): ComponentChildren;
}

export interface TableProps<Row> {
  id: string;
  label: string;
  columns: readonly Column<Row>[];
  /** In the order in which they are shown until somebody sorts them. */
  rows: readonly Row[];
  keyOf(row: Row): string;
  rowClass?(row: Row): string | undefined;
}

interface Order {
  column: string;
  descending: boolean;
}

/** The first column names the row. */
export function Table<Row>({ id, label, columns, rows, keyOf, rowClass }: TableProps<Row>) {
  const [order, setOrder] = useState<Order>();
  const sorted = sortRows(rows, columns, order);
  return (
    <>
      <table id={id} aria-label={label}>
        <thead>
          <tr>
            {columns.map((column) => (
              <ColumnHead key={column.id} column={column} order={order} onSort={setOrder} />
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((row) => (
            <tr key={keyOf(row)} class={rowClass?.(row)}>
              {columns.map((column, place) => {
                const content = column.cell ? column.cell(row) : shown(column.value(row));
                return place === 0 ? (
                  <th key={column.id} scope="row">
                    {content}
                  </th>
                ) : (
                  <td key={column.id} class={column.numeric ? `${column.id} number` : column.id}>
                    {content}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      <Exports name={id} columns={columns} rows={sorted} />
    </>
  );
}

interface ColumnHeadProps<Row> {
  column: Column<Row>;
  order: Order | undefined;
  onSort(order: Order | undefined): void;
}

/** A click sorts, a second one the other way round, a third one not at all. Figures begin with the largest. */
function ColumnHead<Row>({ column, order, onSort }: ColumnHeadProps<Row>) {
  const { id, name, tip, numeric = false } = column;
  const descending = order?.column === id ? order.descending : undefined;
  const next =
    descending === undefined
      ? { column: id, descending: numeric }
      : descending === numeric
        ? { column: id, descending: !numeric }
        : undefined;
  return (
    <th
      scope="col"
      class={numeric ? `${id} number` : id}
      aria-sort={descending === undefined ? undefined : descending ? "descending" : "ascending"}
    >
      <button type="button" class="sort" onClick={() => onSort(next)} title={words.table.sortBy(name)}>
        {name}
      </button>
      {tip !== undefined && <Tip of={name}>{tip}</Tip>}
    </th>
  );
}

function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  order: Order | undefined,
): readonly Row[] {
  const column = columns.find(({ id }) => id === order?.column);
  if (!column || !order) return rows;
  const sign = order.descending ? -1 : 1;
  return rows.toSorted((a, b) => compare(column.value(a), column.value(b), sign));
}

/** What has no value comes last, in either order. */
function compare(a: Value, b: Value, sign: number): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  if (typeof a === "number" && typeof b === "number") return sign * (a - b);
  return sign * String(a).localeCompare(String(b), "en", { numeric: true });
}

function shown(value: Value): string {
  return value === null ? words.nothing : cellText(String(value));
}

function Exports<Row>({
  name,
  columns,
  rows,
}: {
  name: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}) {
  const [copied, setCopied] = useState(false);
  const lines = () => [
    columns.map((column) => cellText(column.name)),
    ...rows.map((row) => columns.map((column) => text(column.value(row)))),
  ];
  const copy = async () => {
    await navigator.clipboard.writeText(
      lines()
        .map((line) => line.join("\t"))
        .join("\n"),
    );
    setCopied(true);
  };
  return (
    <p class="exports">
      <button type="button" class="quiet" onClick={copy}>
        {copied ? words.table.copied : words.table.copy}
      </button>
      <button type="button" class="quiet" onClick={() => save(`${name}.csv`, csv(lines()))}>
        {words.table.csv}
      </button>
    </p>
  );
}

/** Numbers without separators, names so that a spreadsheet runs none of them. */
function text(value: Value): string {
  if (value === null) return "";
  return typeof value === "number" ? String(value) : cellText(value);
}

/** Comma-separated values as RFC 4180 has them. The mark at the beginning says that it is UTF-8. */
function csv(lines: readonly (readonly string[])[]): string {
  const quoted = lines.map((line) => line.map((cell) => `"${cell.replaceAll('"', '""')}"`).join(","));
  return `\ufeff${quoted.join("\r\n")}\r\n`;
}

function save(name: string, content: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
