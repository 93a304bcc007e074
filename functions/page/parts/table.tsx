/** A table that is searched, sorted by its columns, copied and saved; where there is no room for columns, a list that opens. */

import type { ComponentChildren, RefObject } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { cellText } from "../../src/printable.ts";
import { formatNumber } from "../format.ts";
import { words } from "../words.ts";
import {
  type DataColumn,
  linesOf,
  type Order,
  searchRows,
  sortRows,
  type Value,
  writeCsv,
  writeTabs,
} from "./table-data.ts";
import { Tip } from "./tip.tsx";

export type { Value } from "./table-data.ts";

/** Pixels. A card has as many for its table in a window of 760. */
const ROOM_FOR_COLUMNS = 672;

export interface Column<Row> extends DataColumn<Row> {
  tip?: string;
  numeric?: boolean;
  /** How it is shown, if not as its value. */
  cell?(row: Row): ComponentChildren;
}

interface TableProps<Row> {
  id: string;
  label: string;
  columns: readonly Column<Row>[];
  /** In the order in which they are shown until somebody sorts them. */
  rows: readonly Row[];
  keyOf(row: Row): string;
  rowClass?(row: Row): string | undefined;
  /** What the field is called that searches the first column; without it, there is none. */
  search?: string | undefined;
  /** The line that a row is where there is no room for columns; it opens to all of them. */
  folded?(row: Row): ComponentChildren;
}

/** The first column names the row. */
export function Table<Row>(props: TableProps<Row>) {
  const { id, label, columns, rows, search, folded } = props;
  const [order, setOrder] = useState<Order>();
  const [text, setText] = useState("");
  const frame = useRef<HTMLDivElement>(null);
  const isNarrow = useNarrow(frame);
  const searched = search === undefined ? "" : text;
  const found = searchRows(rows, columns, searched);
  const shown = { ...props, rows: sortRows(found, columns, order) };
  const isFolded = isNarrow && folded !== undefined;
  return (
    <div class="rows" ref={frame}>
      {(search !== undefined || isFolded) && (
        <div class="finding">
          {search !== undefined && <Search label={search} text={text} onText={setText} />}
          {isFolded && <SortPicker columns={columns} order={order} onSort={setOrder} />}
          <p class="found" role="status">
            {searched.trim() !== "" &&
              words.table.found(formatNumber(found.length), formatNumber(rows.length))}
          </p>
        </div>
      )}
      {isFolded ? (
        <Folded {...shown} folded={folded} />
      ) : (
        <table id={id} aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <ColumnHead key={column.id} column={column} order={order} onSort={setOrder} />
              ))}
            </tr>
          </thead>
          <Body {...shown} />
        </table>
      )}
      <Exports name={id} columns={columns} rows={shown.rows} />
    </div>
  );
}

function Body<Row>({ columns, rows, keyOf, rowClass }: TableProps<Row>) {
  return (
    <tbody>
      {rows.map((row) => (
        <tr key={keyOf(row)} class={rowClass?.(row)}>
          {columns.map((column, place) =>
            place === 0 ? (
              <th key={column.id} scope="row" class={column.id}>
                {contentOf(column, row)}
              </th>
            ) : (
              <td key={column.id} class={classOf(column)}>
                {contentOf(column, row)}
              </td>
            ),
          )}
        </tr>
      ))}
    </tbody>
  );
}

/** Whether a row is open is the browser's to keep, over a refresh too. */
function Folded<Row>({
  id,
  label,
  columns,
  rows,
  keyOf,
  rowClass,
  folded,
}: TableProps<Row> & Required<Pick<TableProps<Row>, "folded">>) {
  return (
    <ul id={id} class="folded" aria-label={label}>
      {rows.map((row) => (
        <li key={keyOf(row)} class={rowClass?.(row)}>
          <details>
            <summary>{folded(row)}</summary>
            <dl>
              {columns.map((column) => (
                <div key={column.id} class={column.id}>
                  <dt>
                    {column.name}
                    {column.tip !== undefined && <Tip of={column.name}>{column.tip}</Tip>}
                  </dt>
                  <dd>{contentOf(column, row)}</dd>
                </div>
              ))}
            </dl>
          </details>
        </li>
      ))}
    </ul>
  );
}

function contentOf<Row>(column: Column<Row>, row: Row): ComponentChildren {
  if (column.cell) return column.cell(row);
  return shownValue(column.value(row));
}

function shownValue(value: Value): string {
  if (value === null) return words.nothing;
  return typeof value === "number" ? formatNumber(value) : cellText(value);
}

function classOf({ id, numeric }: { id: string; numeric?: boolean }): string {
  return numeric ? `${id} number` : id;
}

interface Sorting {
  order: Order | undefined;
  onSort(order: Order | undefined): void;
}

/** A click sorts, a second one the other way round, a third one not at all. Figures begin with the largest. */
function ColumnHead<Row>({ column, order, onSort }: Sorting & { column: Column<Row> }) {
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
      class={classOf(column)}
      aria-sort={descending === undefined ? undefined : descending ? "descending" : "ascending"}
    >
      <button type="button" class="sort" onClick={() => onSort(next)}>
        {name}
      </button>
      {tip !== undefined && <Tip of={name}>{tip}</Tip>}
    </th>
  );
}

/** What the heads of the columns do, where there are none. */
function SortPicker<Row>({ columns, order, onSort }: Sorting & { columns: readonly Column<Row>[] }) {
  const pick = ({ currentTarget: { value } }: { currentTarget: HTMLSelectElement }) => {
    const column = columns.find(({ id }) => id === value);
    onSort(column && { column: column.id, descending: column.numeric ?? false });
  };
  return (
    <span class="sorting">
      <select aria-label={words.table.sort} value={order?.column ?? ""} onChange={pick}>
        <option value="">{words.table.unsorted}</option>
        {columns.map(({ id, name }) => (
          <option key={id} value={id}>
            {words.table.sortedBy(name)}
          </option>
        ))}
      </select>
      {order && (
        <button
          type="button"
          aria-label={words.table.turn}
          aria-pressed={order.descending}
          onClick={() => onSort({ ...order, descending: !order.descending })}
        >
          {order.descending ? "↓" : "↑"}
        </button>
      )}
    </span>
  );
}

function Search({ label, text, onText }: { label: string; text: string; onText(text: string): void }) {
  return (
    <input
      type="search"
      aria-label={label}
      placeholder={label}
      value={text}
      onInput={({ currentTarget }) => onText(currentTarget.value)}
      onKeyDown={({ key }) => key === "Escape" && onText("")}
      autocomplete="off"
      spellcheck={false}
    />
  );
}

/** Whether columns have too little room in an element. */
function useNarrow(frame: RefObject<HTMLElement | null>): boolean {
  const [isNarrow, setNarrow] = useState(false);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const measure = () => setNarrow(element.clientWidth < ROOM_FOR_COLUMNS);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return isNarrow;
}

interface ExportsProps<Row> {
  name: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
}

function Exports<Row>({ name, columns, rows }: ExportsProps<Row>) {
  const [outcome, setOutcome] = useState<string>();
  useEffect(() => {
    if (outcome === undefined) return;
    const timer = setTimeout(() => setOutcome(undefined), 4_000);
    return () => clearTimeout(timer);
  }, [outcome]);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(writeTabs(linesOf(rows, columns)));
      setOutcome(words.table.copied);
    } catch {
      setOutcome(words.table.notCopied);
    }
  };
  return (
    <p class="exports">
      <button type="button" class="quiet" onClick={copy}>
        {outcome ?? words.table.copy}
      </button>
      <button
        type="button"
        class="quiet"
        onClick={() => save(`${name}.csv`, writeCsv(linesOf(rows, columns)))}
      >
        {words.table.csv}
      </button>
      <span class="hidden" role="status">
        {outcome}
      </span>
    </p>
  );
}

function save(name: string, content: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type: "text/csv" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
