/** Reads, unpacks and parses the body of a request within bounds, whatever a stranger sends. */

import { subscribe } from "node:diagnostics_channel";
import type { IncomingMessage, ServerResponse } from "node:http";
import { finished } from "node:stream/promises";
import { promisify } from "node:util";
import { brotliDecompress, gunzip, inflate } from "node:zlib";
import pLimit from "p-limit";
import { parseBoundedJson } from "./bounded-json.ts";

const MEBIBYTE = 1024 * 1024;

/** Bounds a body, both as sent and unpacked. The plugin's largest has some 100 kB. */
const MAX_BODY_BYTES = 5 * MEBIBYTE;

/**
 * An instance serves 80 requests at once, and its memory has no room for 80 bodies of 5 MiB. So a body that is larger
 * than this, or compressed, waits for one of a few places, and keeps it until its request is answered. A stranger who
 * sends slowly can hold all places, which costs the plugin nothing: it compresses no body and hardly ever sends as
 * much.
 */
const SMALL_BODY_BYTES = MEBIBYTE / 2;
const LARGE_BODIES = 4;

/** The JSON of a body, or the reason why it cannot be read. */
export type Body =
  | { ok: true; json: unknown }
  | { ok: false; error: BodyError; message: string; headers?: Record<string, string> };

export type BodyError = "invalid_json" | "invalid_encoding" | "unsupported_encoding" | "payload_too_large";

export const NO_EVENTS = "expected a JSON object (one event) or array (a batch of events)";

/** A request as the Functions Framework hands it on. `rawBody` is there where the framework has read the body itself. */
type BodyRequest = IncomingMessage & { rawBody?: Buffer };

/**
 * Makes the Functions Framework leave every body of this process unread. It would unpack up to 1 GiB and parse it
 * before the function is called, so 20 kB of compressed arrays would end an instance. It has no setting for that.
 */
export function leaveBodiesUnparsed(): void {
  subscribe("http.server.request.start", (message) => {
    leaveUnparsed((message as { request: IncomingMessage }).request);
  });
}

/**
 * Hides from the framework what its parsers and its router look at. The parsers skip a body without a content type;
 * the router would answer a path like `/%ff` with an HTML page. `headersDistinct` stays as it came.
 */
export function leaveUnparsed(request: IncomingMessage): void {
  delete request.headers["content-type"];
  delete request.headers["content-encoding"];
  request.url = `/${request.url?.match(/\?.*/s)?.[0] ?? ""}`;
}

/** Makes a reader of bodies as JSON, at most `MAX_BODY_BYTES` long. Its requests share memory. It never rejects. */
export function createBodyReader() {
  const largeBodies = pLimit(LARGE_BODIES);
  const takePlace = (response: ServerResponse) =>
    new Promise<void>((taken) => {
      largeBodies(() => {
        taken();
        return finished(response).catch(() => {});
      });
    });

  return async (request: BodyRequest, response: ServerResponse): Promise<Body> => {
    if (request.rawBody) return parse(request.rawBody);
    const encoding = request.headersDistinct["content-encoding"]?.join(", ").toLowerCase() ?? "";
    const unpack = decoders.get(encoding);
    if (!unpack) {
      request.resume();
      const message = `expected Content-Encoding gzip, deflate or br, or none, got ${JSON.stringify(encoding.slice(0, 40))}`;
      const headers = { "Accept-Encoding": "gzip, deflate, br" };
      return { ok: false, error: "unsupported_encoding", message, headers };
    }
    const isCompressed = unpack !== asSent;
    if (isCompressed) await takePlace(response);
    const bytes = await read(request, isCompressed ? undefined : () => takePlace(response));
    if (!bytes) return tooLarge;
    try {
      return parse(await unpack(bytes));
    } catch (error) {
      if (isTooLarge(error)) return tooLarge;
      return {
        ok: false,
        error: "invalid_encoding",
        message: `expected a body in ${encoding}, as its Content-Encoding says`,
      };
    }
  };
}

const tooLarge: Body = {
  ok: false,
  error: "payload_too_large",
  message: `expected at most ${MAX_BODY_BYTES} bytes`,
};

type Unpack = (bytes: Buffer) => Promise<Buffer>;

const asSent: Unpack = async (bytes) => bytes;
/** A bomb unpacks to gigabytes, so zlib stops where a body would be too large. */
const bounded = { maxOutputLength: MAX_BODY_BYTES };
const decoders = new Map<string, Unpack>([
  ["", asSent],
  ["identity", asSent],
  ["gzip", (bytes) => promisify(gunzip)(bytes, bounded)],
  ["deflate", (bytes) => promisify(inflate)(bytes, bounded)],
  ["br", (bytes) => promisify(brotliDecompress)(bytes, bounded)],
]);

function isTooLarge(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ERR_BUFFER_TOO_LARGE";
}

/**
 * Reads the bytes of the body; nothing if there are too many. Waits for `takePlace` before it holds more than
 * `SMALL_BODY_BYTES`. Reads on past the limit without keeping anything, since a client sees the answer only after it
 * has sent its request.
 */
async function read(request: IncomingMessage, takePlace = async () => {}): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of request) {
      const wasSmall = length <= SMALL_BODY_BYTES;
      length += chunk.length;
      if (wasSmall && length > SMALL_BODY_BYTES) await takePlace();
      if (length <= MAX_BODY_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    }
  } catch {
    return Buffer.alloc(0); // The client is gone, and nobody reads the answer.
  }
  return length <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined;
}

function parse(bytes: Buffer): Body {
  if (bytes.length > MAX_BODY_BYTES) return tooLarge;
  const parsed = parseBoundedJson(bytes);
  if (parsed.ok) return { ok: true, json: parsed.value };
  const error = parsed.error === "too_many_values" ? "payload_too_large" : "invalid_json";
  return {
    ok: false,
    error,
    message: parsed.error === "malformed" ? NO_EVENTS : `expected ${parsed.expected}`,
  };
}
