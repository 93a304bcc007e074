/** The actions that say why a version failed, beside those of another version. */

import type { AppReport, VersionDetail } from "../../../src/dashboard/data.ts";
import { printable } from "../../../src/printable.ts";
import { formatNumber } from "../../format.ts";
import { Action } from "../../parts/action.tsx";
import { type Column, Table } from "../../parts/table.tsx";
import { words } from "../../words.ts";
import { begunOf, type ReasonRow, reasonsOf } from "./reasons.ts";

export function ReasonsView({ app, detail: { version, other } }: { app: AppReport; detail: VersionDetail }) {
  const rows = reasonsOf(version.actions, other?.actions ?? {});
  return (
    <section aria-labelledby="reasons-title">
      <h3 id="reasons-title">{words.version.why}</h3>
      {rows.length === 0 ? (
        <p class="quiet">{words.version.noReason}</p>
      ) : (
        <>
          <Table
            id="reasons"
            label={words.version.why}
            columns={[
              reasonColumn,
              countColumn("own", version.version_name, begunOf(app.versions, version.version_name)),
              ...(other
                ? [countColumn("other", other.version_name, begunOf(app.versions, other.version_name))]
                : []),
            ]}
            rows={rows}
            keyOf={({ action }) => action}
          />
          <p class="notes">{words.version.reasonNotes}</p>
        </>
      )}
    </section>
  );
}

const reasonColumn: Column<ReasonRow> = {
  id: "reason",
  name: words.version.reason,
  value: ({ action }) => action,
  cell: ({ action, isOfFiles }) => (
    <>
      <Action name={action} />
      <small>
        {words.meaning(action)} {isOfFiles && words.version.manyFiles}
      </small>
    </>
  ),
};

/** What stands beside a count makes it comparable with that of a version that was downloaded more often. */
function countColumn(
  side: "own" | "other",
  version_name: string,
  begun: number | undefined,
): Column<ReasonRow> {
  return {
    id: side,
    name: printable(version_name),
    numeric: true,
    value: (row) => row[side],
    cell: (row) => (
      <>
        {formatNumber(row[side])}
        {begun !== undefined && <small>{words.version.per100(formatPer100(row[side] / begun))}</small>}
      </>
    ),
  };
}

function formatPer100(share: number): string {
  const value = 100 * share;
  return value.toFixed(value === 0 || value >= 10 ? 0 : value >= 0.1 ? 1 : 2);
}
