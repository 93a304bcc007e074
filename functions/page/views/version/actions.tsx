/** All that devices reported of a version, in the order of an update. */

import type { VersionDetail } from "../../../src/dashboard/data.ts";
import { printable } from "../../../src/printable.ts";
import { formatNumber } from "../../format.ts";
import { Action } from "../../parts/action.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { words } from "../../words.ts";
import { inOrder } from "./reasons.ts";

interface ActionRow {
  action: string;
  count: number;
}

const columns: Column<ActionRow>[] = [
  {
    id: "action",
    name: words.version.action,
    value: ({ action }) => action,
    cell: ({ action }) => <Action name={action} />,
  },
  {
    id: "count",
    name: words.version.count,
    numeric: true,
    value: ({ count }) => count,
    cell: ({ count }) => formatNumber(count),
  },
  { id: "meaning", name: words.version.meaning, value: ({ action }) => words.meaning(action) },
];

export function ActionsView({ detail: { version, development } }: { detail: VersionDetail }) {
  const others = inOrder(development);
  return (
    <details class="actions">
      <summary>{words.version.actions}</summary>
      <Table
        id="actions"
        label={words.version.actions}
        columns={columns}
        rows={inOrder(version.actions)}
        keyOf={({ action }) => action}
      />
      {others.length > 0 && (
        <p class="notes">
          {words.version.development}{" "}
          {others.map(({ action, count }) => `${printable(action)} ${formatNumber(count)}`).join(", ")}.
        </p>
      )}
    </details>
  );
}
