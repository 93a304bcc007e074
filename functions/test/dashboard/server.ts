/** The dashboard as it is served, on a Firestore of the test's own and with a clock that the test sets. */

import { type HttpFunction, http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { listen } from "../../dev/local/listen.ts";
import type { TimedFirestore } from "../../dev/testing/firestores.ts";
import { createDashboardHandler } from "../../src/dashboard/handler.ts";
import { createDashboardReader, type DashboardReader } from "../../src/dashboard/reader.ts";
import { SHOWN_DAYS } from "../../src/dashboard/report.ts";
import { createCounterReader } from "../../src/health/counter-reader.ts";

export interface ServedDashboard {
  /** Where it is served, as on run.app: at the root. */
  url: string;
  port: number;
  close(): Promise<void>;
}

/** Makes the reader of the dashboard, as `src/index.ts` does. */
export function readerOf({ firestore, now }: Pick<TimedFirestore, "firestore" | "now">): DashboardReader {
  const counters = createCounterReader(firestore, now, {
    lastDays: SHOWN_DAYS,
    daysFresh: 30_000,
    mostChanged: 200,
  });
  return createDashboardReader(firestore, counters, now);
}

let served = 0;

/** Serves the dashboard of a Firestore by the Functions Framework, as in production. */
export async function serveDashboard(
  database: Pick<TimedFirestore, "firestore" | "now">,
  port = 0,
): Promise<ServedDashboard> {
  const name = `dashboard${served++}`;
  http(name, createDashboardHandler(readerOf(database), database.now) as unknown as HttpFunction);
  const server = getTestServer(name);
  const listening = await listen(server, port);
  return {
    url: `http://127.0.0.1:${listening}/`,
    port: listening,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
