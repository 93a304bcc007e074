/** Requests that nobody should send, whole or in pieces. */

import { readdirSync, readFileSync } from "node:fs";
import { brotliCompressSync, constants, deflateSync, gzipSync } from "node:zlib";
import fc from "fast-check";
import { anEvent } from "../testing/events.ts";
import { poison } from "./poison.ts";

export interface AttackRequest {
  method: string;
  /** Follows the URL of `stats`. */
  suffix: string;
  headers: Record<string, string>;
  body: Buffer;
  /** `slow`: in pieces, with pauses. `cut`: the connection ends in the middle. `whole`: as it should be. */
  delivery: "whole" | "slow" | "cut";
}

const folder = new URL("../testing/payloads/", import.meta.url);
const payloads = readdirSync(folder).map((name) => readFileSync(new URL(name, folder)));

const batch = fc.array(poison, { maxLength: 20 }).map((events) => `[${events.join(",")}]`);
const valid = fc.constantFrom(anEvent(), [anEvent(), anEvent({ platform: "ios" })]).map(toJson);
const deep = fc
  .tuple(fc.constantFrom("[", '{"a":', '[{"metadata":'), fc.nat(20_000))
  .map(([open, depth]) => open.repeat(depth));
const long = fc.nat(5_000).map((length) => toJson(Array.from({ length }, () => ({}))));

/** Fields that are no strings, but have what a check of strings looks at. */
const lookalikes = fc
  .dictionary(
    fc.constantFrom(...Object.keys(anEvent()), "custom_id", "message"),
    fc.constant({ length: { toString: 1 } }),
  )
  .map((fields) => toJson([anEvent(fields), anEvent()]));

const json = fc
  .oneof(
    { arbitrary: poison, weight: 20 },
    { arbitrary: batch, weight: 10 },
    { arbitrary: valid, weight: 10 },
    { arbitrary: deep, weight: 1 },
    { arbitrary: long, weight: 1 },
    { arbitrary: lookalikes, weight: 4 },
  )
  .map((source) => Buffer.from(source));

/** A request as a plugin sends it, with a byte changed and an end missing. */
const damaged = fc
  .tuple(fc.constantFrom(...payloads), fc.nat(), fc.nat(255), fc.nat())
  .map(([payload, at, byte, end]) => {
    const copy = Buffer.from(payload);
    copy[at % copy.length] = byte;
    return end % 2 === 0 ? copy : copy.subarray(0, end % copy.length);
  });

const bytes = fc.uint8Array({ maxLength: 2_000 }).map((array) => Buffer.from(array));

const MEBIBYTE = 1024 * 1024;

/** An event with as many keys in its metadata as 5 MiB have room for. */
const manyKeys = Buffer.from(
  toJson(anEvent({ metadata: Object.fromEntries(Array.from({ length: 350_000 }, (_, i) => [`k${i}`, 1])) })),
);

/** Up to the limit of 5 MiB, and past it. They cost time, and so are rare. */
const huge = fc.constantFrom(
  manyKeys,
  Buffer.alloc(6 * MEBIBYTE, " "),
  Buffer.alloc(5 * MEBIBYTE, "["),
  Buffer.alloc(5 * MEBIBYTE, "[],"),
);

/** 20 MiB of nested arrays, and 5 MiB of them, which may be in a body. */
const nested = [20, 5].map((size) =>
  Buffer.from("[".repeat((size * MEBIBYTE) / 2) + "]".repeat((size * MEBIBYTE) / 2)),
);

const body = fc.oneof(
  { arbitrary: json, weight: 600 },
  { arbitrary: damaged, weight: 200 },
  { arbitrary: bytes, weight: 190 },
  { arbitrary: huge, weight: 1 },
);

/** The best that brotli can do takes it seconds for each MiB. */
const brotliQuickly = (whole: Buffer) =>
  brotliCompressSync(whole, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } });
const compressions = { gzip: gzipSync, deflate: deflateSync, br: brotliQuickly };

const bombs = Object.entries(compressions).flatMap(([name, compress]) =>
  [...nested, manyKeys].map((whole) => {
    const bomb = compress(whole);
    return encoded(name, () => bomb);
  }),
);

const encoding = fc.oneof(
  { arbitrary: fc.constant(plain), weight: 1_000 },
  { arbitrary: fc.constant(encoded("gzip", gzipSync)), weight: 150 },
  { arbitrary: fc.constant(encoded("deflate", deflateSync)), weight: 50 },
  { arbitrary: fc.constant(encoded("br", brotliCompressSync)), weight: 50 },
  { arbitrary: fc.constant(encoded("gzip", (whole) => gzipSync(whole).subarray(0, -9))), weight: 50 },
  { arbitrary: fc.constant(encoded("gzip", (whole) => whole)), weight: 50 },
  { arbitrary: fc.constant(encoded("compress, zstd", (whole) => whole)), weight: 50 },
  { arbitrary: fc.constantFrom(...bombs), weight: 3 },
);

type Encode = (body: Buffer) => { headers: Record<string, string>; body: Buffer };

function plain(body: Buffer) {
  return { headers: {}, body };
}

function encoded(name: string, encode: (body: Buffer) => Buffer): Encode {
  return (whole) => ({ headers: { "Content-Encoding": name }, body: encode(whole) });
}

const contentType = fc.option(
  fc.oneof(
    fc.constantFrom(
      "application/json",
      "application/json; charset=utf-16",
      "application/json; charset=none",
      "application/cloudevents+json",
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
      "text/plain",
      "application/octet-stream",
    ),
    fc.string(),
  ),
);

const headerValue = fc.string().map((value) => value.trim());
const headers = fc.dictionary(
  fc.constantFrom(
    "Accept",
    "Authorization",
    "Cookie",
    "Forwarded",
    "Function-Execution-Id",
    "If-None-Match",
    "Range",
    "Traceparent",
    "Upgrade",
    "X-Cloud-Trace-Context",
    "X-Forwarded-For",
    "X-HTTP-Method-Override",
    "ce-id",
    "ce-type",
  ),
  headerValue,
  { maxKeys: 3 },
);

const suffix = fc.oneof(
  { arbitrary: fc.constant(""), weight: 10 },
  {
    arbitrary: fc.constantFrom(
      "/",
      "//",
      "/a/../b",
      "/%ff",
      "/%00",
      "/stats",
      "?token=x",
      "?token[]=x",
      "?%ff",
      "?__proto__[x]=1",
      `?${"a[b]".repeat(500)}=1`,
    ),
    weight: 2,
  },
);

const method = fc.oneof(
  { arbitrary: fc.constant("POST"), weight: 20 },
  {
    arbitrary: fc.constantFrom(
      "GET",
      "HEAD",
      "PUT",
      "PATCH",
      "DELETE",
      "OPTIONS",
      "TRACE",
      "PROPFIND",
      "QUERY",
    ),
    weight: 1,
  },
);

const delivery = fc.oneof(
  { arbitrary: fc.constant("whole" as const), weight: 96 },
  { arbitrary: fc.constant("slow" as const), weight: 2 },
  { arbitrary: fc.constant("cut" as const), weight: 2 },
);

/** Any of them. */
export const attackRequest: fc.Arbitrary<AttackRequest> = fc
  .record({ method, suffix, headers, contentType, body, encoding, delivery })
  .map(({ contentType: type, encoding: encode, body: raw, headers: others, ...rest }) => {
    const { headers: encodingHeaders, body: sent } = encode(raw);
    const typeHeader = type === null ? {} : { "Content-Type": type.trim() };
    return { ...rest, headers: { ...others, ...typeHeader, ...encodingHeaders }, body: sent };
  });

const messagesAgainstTheRules = (path: string) => [
  "\r\n\r\n",
  "GET\r\n\r\n",
  `GET ${path}\r\n\r\n`,
  "GET // HTTP/1.1\r\nHost: a\r\n\r\n",
  "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
  "CONNECT example.com:443 HTTP/1.1\r\nHost: a\r\n\r\n",
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
  `POST http://example.com${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\nContent-Length: 2\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000000\r\n\r\n{}`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffffffffff\r\n{}`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n{}`,
  `POST ${path} HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(100_000)}\r\n\r\n`,
  `POST ${path}?${"x".repeat(100_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
];

/** Bytes for a socket that are no request at all, or one that HTTP forbids. */
export const brokenMessage = (path: string): fc.Arbitrary<Buffer> =>
  fc.oneof(
    fc.constantFrom(...messagesAgainstTheRules(path)).map((message) => Buffer.from(message, "latin1")),
    bytes,
  );

function toJson(value: unknown): string {
  return JSON.stringify(value);
}
