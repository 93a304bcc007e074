/** All apps, a row each. */

import type { DashboardData } from "../../src/dashboard/data.ts";
import { Choose } from "../parts/choose.tsx";
import { words } from "../words.ts";

export function AppsView({ data }: { data: DashboardData }) {
  return (
    <section class="card">
      <h2>{words.apps.title}</h2>
      <ul>
        {data.apps.map(({ app_id }) => (
          <li key={app_id}>
            <Choose change={{ app: app_id }}>{app_id}</Choose>
          </li>
        ))}
      </ul>
    </section>
  );
}
