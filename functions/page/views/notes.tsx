/** What a reader has to know of all figures. */

import type { DashboardData } from "../../src/dashboard/data.ts";
import { formatDay, formatNumber } from "../format.ts";
import { words } from "../words.ts";

export function Notes({ data: { app, incomplete, apps_left_out } }: { data: DashboardData }) {
  const today = app?.days.at(-1);
  return (
    <footer class="notes">
      {today !== undefined && (
        <p>
          {words.notes.figures} {words.notes.days(formatDay(today))} {words.notes.ages}
        </p>
      )}
      {incomplete && <p>{words.notes.incomplete}</p>}
      {apps_left_out > 0 && <p>{words.apps.leftOut(formatNumber(apps_left_out))}</p>}
    </footer>
  );
}
