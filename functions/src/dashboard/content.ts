/** Sends content as small as the browser takes it, and not at all where it has the same already. */

import { createHash } from "node:crypto";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Request, Response } from "firebase-functions/https";

/** Some bytes, also compressed. */
export interface Content {
  type: string;
  etag: string;
  plain: Buffer;
  /** Browsers take it over HTTPS and from their own machine. */
  br(): Buffer;
  gzip(): Buffer;
}

/** Higher qualities take longer than they save on the way. */
const quality = { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } };

/** Makes content of what is answered once, in JSON. */
export function jsonContent(answer: object): Content {
  const plain = Buffer.from(JSON.stringify(answer));
  return {
    type: "application/json; charset=utf-8",
    etag: etagOf(plain),
    plain,
    br: () => brotliCompressSync(plain, quality),
    gzip: () => gzipSync(plain),
  };
}

/** The tag by which a browser asks whether it has the same already. */
export function etagOf(plain: Buffer): string {
  return `W/"${createHash("sha256").update(plain).digest("base64url").slice(0, 22)}"`;
}

/** Answers 200 with the content, or 304. The headers that say how long it may be kept are set before. */
export function send(request: Request, response: Response, content: Content): void {
  response.set("ETag", content.etag).set("Vary", "Accept-Encoding");
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  response.set("Content-Type", content.type);
  // Asked one by one: of two that it takes alike, a browser names the larger one first.
  if (request.acceptsEncodings("br")) response.set("Content-Encoding", "br").send(content.br());
  else if (request.acceptsEncodings("gzip")) response.set("Content-Encoding", "gzip").send(content.gzip());
  else response.send(content.plain);
}
