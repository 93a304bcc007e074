/**
 * A proxy that takes what is meant for Google's hosts, and sends nothing on. Its clients keep Google's names and speak
 * TLS: they trust its certificate, and it is made anew each time.
 */

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { listen } from "../local/listen.ts";

const HOSTS = ["*.googleapis.com", "accounts.google.com"];

export interface GoogleProxy {
  /** `http://127.0.0.1:{port}` */
  url: string;
  /** The file with its certificate. */
  certificate: string;
  close(): Promise<void>;
}

/**
 * Starts one that keeps its certificate in `folder`. `answer` gets the requests to Google, and `refused` hears of any
 * other request.
 */
export async function startProxy(
  folder: string,
  answer: RequestListener,
  refused: (request: string) => void,
): Promise<GoogleProxy> {
  const { certificate, key } = await createCertificate(folder);
  const tls = createTlsServer({ cert: await readFile(certificate), key: await readFile(key) }, answer);
  const server = createServer((request, response) => {
    refused(`${request.method} ${request.url}`);
    response.writeHead(501).end();
  });
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("connect", (request: IncomingMessage, socket: Socket) => {
    const host = (request.url ?? "").replace(/:443$/, "");
    socket.on("error", () => socket.destroy()); // The client has gone.
    if (host.endsWith(".googleapis.com") || HOSTS.includes(host)) {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      tls.emit("connection", socket);
    } else {
      refused(`CONNECT ${host}`);
      socket.end("HTTP/1.1 501 Not Implemented\r\n\r\n");
    }
  });
  const port = await listen(server);
  return {
    url: `http://127.0.0.1:${port}`,
    certificate,
    async close() {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

/** Makes a certificate for Google's hosts. OpenSSL does, because Node cannot. */
async function createCertificate(folder: string): Promise<{ certificate: string; key: string }> {
  const certificate = join(folder, "certificate.pem");
  const key = join(folder, "key.pem");
  const kind = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=stand-in";
  const names = `subjectAltName=${HOSTS.map((host) => `DNS:${host}`).join()}`;
  const args = [...kind.split(" "), "-addext", names, "-keyout", key, "-out", certificate];
  await promisify(execFile)("openssl", args);
  return { certificate, key };
}
