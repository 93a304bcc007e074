/** The versions of an app, a row each. */

import type { AppReport, VersionReport } from "../../src/dashboard/data.ts";
import { formatNumber } from "../format.ts";
import { Choose } from "../parts/choose.tsx";
import { Name } from "../parts/name.tsx";
import { type Column, Table } from "../parts/table.tsx";
import { words } from "../words.ts";

export function VersionsView({ app }: { app: AppReport; now: number }) {
  const columns: Column<VersionReport>[] = [
    {
      id: "version",
      name: words.versions.version,
      value: ({ version_name }) => version_name,
      cell: ({ version_name }) => (
        <Choose
          change={{ version: version_name, with: undefined }}
          current={version_name === app.version?.version.version_name}
          goTo="version"
        >
          <Name of={version_name} />
        </Choose>
      ),
    },
    {
      id: "installed",
      name: words.versions.installed,
      numeric: true,
      value: ({ measures }) => measures.installed,
      cell: ({ measures }) => formatNumber(measures.installed),
    },
  ];
  return (
    <section id="versions" class="card" tabIndex={-1}>
      <h2>{words.versions.title}</h2>
      <Table
        id="versions-table"
        label={words.versions.title}
        columns={columns}
        rows={app.versions}
        keyOf={({ version_name }) => version_name}
      />
    </section>
  );
}
