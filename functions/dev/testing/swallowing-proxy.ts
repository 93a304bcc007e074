/** A connection that goes silent: nothing comes through any more, and nothing says so. */

import net from "node:net";
import { listen } from "../local/listen.ts";

export interface SwallowingProxy {
  /** `127.0.0.1:{port}` */
  host: string;
  /** Lets what is sent on the connections that are open now vanish, both ways. New ones work. */
  swallow(): void;
  close(): void;
}

/** Passes connections to `target`, `{host}:{port}`. */
export async function startSwallowingProxy(target: string): Promise<SwallowingProxy> {
  const [host = "", port] = target.split(":");
  const sockets = new Set<net.Socket>();
  const server = net.createServer((client) => {
    const upstream = net.connect(Number(port), host);
    client.pipe(upstream).pipe(client);
    for (const socket of [client, upstream]) {
      socket.on("error", () => {});
      sockets.add(socket);
    }
  });
  return {
    host: `127.0.0.1:${await listen(server)}`,
    swallow() {
      for (const socket of sockets) socket.unpipe().resume();
    },
    close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
