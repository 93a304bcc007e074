/** One version beside another. */

import type { AppReport } from "../../src/dashboard/data.ts";
import { Name } from "../parts/name.tsx";

export function VersionView({ app, isOld }: { app: AppReport; now: number; isOld: boolean }) {
  if (!app.version) return null;
  return (
    <section id="version" class="card" tabIndex={-1} aria-busy={isOld}>
      <h2>
        <Name of={app.version.version.version_name} />
      </h2>
    </section>
  );
}
