/** A receiver of webhooks: a real HTTP server that answers as a test says, also badly. */

import http from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { listen } from "../local/listen.ts";

/** A POST that has come. */
export interface Received {
  path: string;
  headers: http.IncomingHttpHeaders;
  body: Record<string, unknown>;
}

/** Answers a request that has been read. */
export type Answer = (response: http.ServerResponse, received: Received) => unknown;

export interface WebhookReceiver {
  url: string;
  /** All that has come, in order. */
  received: Received[];
  /** How it answers; it takes all, at first. */
  answer: Answer;
  /** Ends it at once, with what is under way. */
  close(): void;
}

export const take: Answer = (response) => response.writeHead(204).end();

/** Starts one, on a port if one is given. */
export async function startWebhookReceiver(port = 0): Promise<WebhookReceiver> {
  const server = http.createServer(async (request, response) => {
    const body = await text(request);
    const came = { path: request.url ?? "", headers: request.headers, body: JSON.parse(body || "{}") };
    receiver.received.push(came);
    await receiver.answer(response, came);
  });
  await listen(server, port);
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/alarms/s3cret?token=s3cret`,
    received: [],
    answer: take,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
  return receiver;
}
