/** The dashboard as it is served, on a Firestore of the test's own and with a clock that the test sets. */

import { type HttpFunction, http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { listen } from "../../dev/local/listen.ts";
import { systemTime } from "../../dev/testing/clocks.ts";
import type { TimedFirestore } from "../../dev/testing/firestores.ts";
import { createDashboardHandler } from "../../src/dashboard/handler.ts";
import { createDashboardReader } from "../../src/dashboard/reader.ts";

export interface ServedDashboard {
  /** Where it is served, as on run.app: at the root. */
  url: string;
  port: number;
  close(): Promise<void>;
}

let served = 0;

/** The hash that the page's files are served under here. */
export const PAGE = "a-hash";

/** Serves the dashboard of a Firestore by the Functions Framework, as in production. */
export async function serveDashboard(
  { firestore, now }: Pick<TimedFirestore, "firestore" | "now">,
  port = 0,
  timers = systemTime.timers,
): Promise<ServedDashboard> {
  const name = `dashboard${served++}`;
  const handler = createDashboardHandler({
    reader: createDashboardReader(firestore, now),
    now,
    page: PAGE,
    timers,
  });
  http(name, handler as unknown as HttpFunction);
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
