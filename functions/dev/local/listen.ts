/** Gives servers a port on this machine. */

import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";

/** Lets a server listen on 127.0.0.1, on any free port if `port` is 0. Resolves with its port; rejects if that is in use. */
export async function listen(server: Server, port = 0, backlog?: number): Promise<number> {
  server.listen({ host: "127.0.0.1", port, ...(backlog !== undefined && { backlog }) });
  await once(server, "listening");
  return (server.address() as AddressInfo).port;
}
