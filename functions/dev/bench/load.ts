/** A process that sends events: `node load.ts URL EVENTS EVENTS_PER_REQUEST CONNECTIONS [FIRST]`. */

import { Agent, request } from "node:http";
import pLimit from "p-limit";

const [, , url = "", ...figures] = process.argv;
const [events = 0, perRequest = 1, connections = 1, first = 0] = figures.map(Number);
const agent = new Agent({ keepAlive: true, maxSockets: connections });

await pLimit(connections).map(Array(Math.ceil(events / perRequest)).keys(), async (request) => {
  const from = request * perRequest;
  const batch = Array.from({ length: Math.min(perRequest, events - from) }, (_, n) =>
    event(first + from + n),
  );
  await send(JSON.stringify(perRequest === 1 ? batch[0] : batch));
});
agent.destroy();

/** An event of the plugin, of one hot version; each at a time of its own, so that none is a duplicate. */
function event(index: number) {
  return {
    platform: index % 3 === 0 ? "ios" : "android",
    device_id: `4b7c9f0e-7d0b-4a57-9a3c-${String(index % 50_000).padStart(12, "0")}`,
    app_id: "com.example.shop",
    custom_id: "",
    version_build: "2.4.0",
    version_code: "240",
    version_os: "14",
    version_name: "2.5.1",
    plugin_version: "8.51.23",
    is_emulator: false,
    is_prod: true,
    install_source: "com.android.vending",
    defaultChannel: "production",
    old_version_name: "2.5.0",
    action: ["download_complete", "set", "app_launch_ready"][index % 3],
    timestamp: 1_795_392_000_000 + index,
  };
}

function send(body: string): Promise<void> {
  const headers = { "Content-Type": "application/json", "Content-Length": Buffer.byteLength(body) };
  return new Promise((resolve, reject) => {
    request(url, { method: "POST", headers, agent }, (response) => {
      response.resume().on("end", () => {
        if (response.statusCode === 200) resolve();
        else reject(new Error(`answered ${response.statusCode}`));
      });
    })
      .on("error", reject)
      .end(body);
  });
}
