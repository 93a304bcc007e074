/** The dashboard as it is served, on a Firestore of the test's own and with a clock that the test sets. */

import { type HttpFunction, http } from "@google-cloud/functions-framework";
import { getTestServer } from "@google-cloud/functions-framework/testing";
import { listen } from "../../dev/local/listen.ts";
import { systemTime } from "../../dev/testing/clocks.ts";
import type { TimedFirestore } from "../../dev/testing/firestores.ts";
import { createDeviceFinder } from "../../src/dashboard/devices.ts";
import { createEndedAlarms } from "../../src/dashboard/ended-alarms.ts";
import { createDashboardHandler } from "../../src/dashboard/handler.ts";
import { createPageFiles } from "../../src/dashboard/page-files.ts";
import { createDashboardReader } from "../../src/dashboard/reader.ts";

export interface ServedDashboard {
  /** Where it is served, as on run.app: at the root. */
  url: string;
  port: number;
  close(): Promise<void>;
}

let served = 0;

/** The page as it was built. */
export const pageFiles = createPageFiles();

/** Serves the dashboard of a Firestore by the Functions Framework, as in production. */
export async function serveDashboard(
  { firestore, now }: Pick<TimedFirestore, "firestore" | "now">,
  port = 0,
  timers = systemTime.timers,
): Promise<ServedDashboard> {
  const name = `dashboard${served++}`;
  const handler = createDashboardHandler({
    pageFiles,
    reader: createDashboardReader(firestore, now),
    endedAlarms: createEndedAlarms(firestore, now),
    findDevices: createDeviceFinder(firestore, now),
    now,
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
