import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { expect } from "chai";
import { logs } from "../../dev/testing/captured-logs.ts";
import { anEvent, newApp } from "../../dev/testing/events.ts";
import { firestoreError, interceptCalls } from "../../dev/testing/faults.ts";
import { backend, post, postInProcess, postRaw, storedEvents } from "../backend.ts";

const FIVE_MEBIBYTES = 5 * 1024 * 1024;

const compressions = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync };

describe("stats, request by request", () => {
  it("answers a valid event with 200 once it is stored", async () => {
    const app_id = newApp();
    const { status, body } = await post(anEvent({ app_id }));
    expect({ status, body }).to.deep.equal({ status: 200, body: { status: "ok" } });
    expect(await storedEvents(app_id)).to.have.length(1);
  });

  it("answers a batch with a result per event in order, and a bad event costs the others nothing", async () => {
    const app_id = newApp();
    const events = [anEvent({ app_id }), anEvent({ app_id, action: "explode" }), anEvent({ app_id }), "junk"];
    const { status, body } = await post(events);
    expect(status).to.equal(200);
    expect(body).to.deep.equal({
      status: "ok",
      results: [
        { status: "ok", index: 0 },
        {
          status: "error",
          index: 1,
          error: "invalid_event",
          message: 'action: expected an action of the updater plugin, got "explode"',
        },
        { status: "ok", index: 2 },
        { status: "error", index: 3, error: "invalid_event", message: 'expected an object, got "junk"' },
      ],
    });
    expect(await storedEvents(app_id)).to.have.length(2);
  });

  it("answers an empty batch with no results", async () => {
    expect((await post([])).body).to.deep.equal({ status: "ok", results: [] });
  });

  it("takes 500 events at once and refuses 501", async () => {
    const app_id = newApp();
    const full = await post(Array.from({ length: 500 }, () => anEvent({ app_id })));
    expect(full.status).to.equal(200);
    expect(full.body.results).to.have.length(500);
    expect(await storedEvents(app_id)).to.have.length(500);

    const { status, body } = await post(Array.from({ length: 501 }, () => anEvent({ app_id })));
    expect(status).to.equal(413);
    expect(body).to.deep.equal({ error: "batch_too_large", message: "expected at most 500 events, got 501" });
    expect(await storedEvents(app_id)).to.have.length(500);
  });

  it("takes 5 MiB and refuses a byte more", async () => {
    const limit = FIVE_MEBIBYTES;
    const event = anEvent({ app_id: newApp(), filler: "" });
    const padded = (bytes: number) => ({
      ...event,
      filler: "x".repeat(bytes - JSON.stringify(event).length),
    });
    expect((await post(padded(limit))).status).to.equal(200);
    const { status, body } = await post(padded(limit + 1));
    expect(status).to.equal(413);
    expect(body).to.deep.equal({
      error: "payload_too_large",
      message: `expected at most ${limit} bytes`,
    });
  });

  it("answers an invalid event with 400 and names every field at fault", async () => {
    const { status, body } = await post({
      ...anEvent({ app_id: "nodots", version_os: true }),
      device_id: undefined,
    });
    expect(status).to.equal(400);
    expect(body).to.deep.equal({
      error: "invalid_event",
      message:
        'app_id: expected a reverse domain name like com.example.app, at most 200 characters, got "nodots"; ' +
        "device_id: expected a string, got nothing; version_os: expected a string, got true",
    });
  });

  for (const [what, body] of Object.entries({
    "a number": "7",
    "a string": '"x"',
    null: "null",
    nothing: "",
    "no JSON": "{a",
  })) {
    it(`answers ${what} with 400 invalid_json, whatever its content type`, async () => {
      for (const type of ["application/json", "text/plain", "application/cloudevents+json"]) {
        const { status, body: answer } = await postRaw(body, { "Content-Type": type });
        expect(status).to.equal(400);
        expect(answer).to.deep.equal({
          error: "invalid_json",
          message: "expected a JSON object (one event) or array (a batch of events)",
        });
      }
    });
  }

  for (const type of [
    "application/json",
    "application/json; charset=utf-8",
    "application/json; charset=none",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/octet-stream",
    "nonsense",
  ]) {
    it(`reads JSON under the content type ${type}`, async () => {
      const { status } = await postRaw(JSON.stringify(anEvent({ app_id: newApp() })), {
        "Content-Type": type,
      });
      expect(status).to.equal(200);
    });
  }

  it("reads JSON without a content type, and with a byte order mark", async () => {
    const json = JSON.stringify(anEvent({ app_id: newApp() }));
    expect((await postRaw(Buffer.from(json))).status).to.equal(200);
    expect((await postRaw(Buffer.from(`\uFEFF${json}`))).status).to.equal(200);
  });

  for (const [encoding, compress] of Object.entries(compressions)) {
    const headers = { "Content-Type": "application/json", "Content-Encoding": encoding };

    it(`reads JSON in ${encoding}, up to 5 MiB of it, and says what is broken`, async () => {
      const app_id = newApp();
      const json = JSON.stringify(anEvent({ app_id }));
      expect((await postRaw(compress(json), headers)).status).to.equal(200);
      expect(await storedEvents(app_id)).to.have.length(1);
      expect(
        (await postRaw(compress(`${json}${" ".repeat(FIVE_MEBIBYTES - json.length)}`), headers)).status,
      ).to.equal(200);
      for (const broken of [json, compress(json).subarray(0, -5), ""]) {
        const { status, body } = await postRaw(broken, headers);
        expect(status).to.equal(400);
        expect(body).to.deep.equal({
          error: "invalid_encoding",
          message: `expected a body in ${encoding}, as its Content-Encoding says`,
        });
      }
    });

    it(`unpacks no more of a bomb in ${encoding} than may be in it`, async () => {
      const { status, body } = await postRaw(compress(Buffer.alloc(4 * FIVE_MEBIBYTES, "[")), headers);
      expect([status, body.error]).to.deep.equal([413, "payload_too_large"]);
    });
  }

  it("refuses an encoding that it does not know, and says which it does", async () => {
    for (const encoding of ["zstd", "gzip, gzip", "compress"]) {
      const { status, headers, body } = await postRaw("{}", { "Content-Encoding": encoding });
      expect(status).to.equal(415);
      expect(headers.get("accept-encoding")).to.equal("gzip, deflate, br");
      expect(body).to.deep.equal({
        error: "unsupported_encoding",
        message: `expected Content-Encoding gzip, deflate or br, or none, got "${encoding}"`,
      });
    }
  });

  it("refuses what is nested too deep, or has too many values", async () => {
    const deep = await postRaw("[".repeat(FIVE_MEBIBYTES));
    expect(deep.status).to.equal(400);
    expect(deep.body).to.deep.equal({ error: "invalid_json", message: "expected JSON of at most 32 levels" });
    const wide = await postRaw(`[${"[],".repeat(1_000_000)}[]]`);
    expect(wide.status).to.equal(413);
    expect(wide.body).to.deep.equal({
      error: "payload_too_large",
      message: "expected JSON of at most 100000 values",
    });
  });

  it("keeps 30 entries of 300,000 in metadata, and what is beside it", async () => {
    const app_id = newApp();
    const metadata = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, "v"]));
    const { body } = await post([{ metadata, ...anEvent({ app_id }) }, anEvent({ app_id })]);
    expect(body.results?.map(({ status }) => status)).to.deep.equal(["ok", "ok"]);
    const sizes = (await storedEvents(app_id)).map((event) => Object.keys(event.metadata ?? {}).length);
    expect(sizes.sort()).to.deep.equal([0, 30]);
  });

  it("answers an event whose fields look like strings with 400, and stores its neighbours", async () => {
    const app_id = newApp();
    const lookalike = { length: { toString: 1 } };
    const { status, body } = await post([anEvent({ app_id }), { device_id: lookalike }, anEvent({ app_id })]);
    expect(status).to.equal(200);
    expect(body.results?.map((result) => result.status)).to.deep.equal(["ok", "error", "ok"]);
    expect(body.results?.[1]?.message).to.include("device_id: expected a string, got an object");
    expect(await storedEvents(app_id)).to.have.length(2);
    expect((await post({ device_id: lookalike })).status).to.equal(400);
  });

  it("answers whatever the path is", async () => {
    for (const path of ["%ff", "%", "/", "a/b?c=%ff", "favicon.ico"]) {
      expect((await post(anEvent({ app_id: newApp() }), path)).status, path).to.equal(200);
    }
  });

  it("refuses too large a body without a content type", async () => {
    const { status, body } = await postRaw(Buffer.alloc(6 * 1024 * 1024, " "));
    expect([status, body.error]).to.deep.equal([413, "payload_too_large"]);
  });

  it("keeps working with a query string on statsUrl", async () => {
    expect((await post(anEvent({ app_id: newApp() }), "?a=b")).status).to.equal(200);
  });

  it("answers GET and HEAD for health checks", async () => {
    const get = await fetch(backend().statsUrl);
    expect([get.status, await get.json()]).to.deep.equal([200, { status: "ok" }]);
    const head = await fetch(backend().statsUrl, { method: "HEAD" });
    expect([head.status, await head.text()]).to.deep.equal([200, ""]);
  });

  for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS"]) {
    it(`refuses ${method} with 405 and says what is allowed`, async () => {
      const response = await fetch(backend().statsUrl, { method });
      expect(response.status).to.equal(405);
      expect(response.headers.get("allow")).to.equal("GET, HEAD, POST");
      expect(await response.json()).to.deep.equal({
        error: "method_not_allowed",
        message: `expected POST, got ${method}`,
      });
    });
  }
});

describe("stats, when Firestore fails", () => {
  const transient = {
    CANCELLED: 1,
    UNKNOWN: 2,
    DEADLINE_EXCEEDED: 4,
    RESOURCE_EXHAUSTED: 8,
    ABORTED: 10,
    INTERNAL: 13,
    UNAVAILABLE: 14,
  };

  for (const [name, code] of Object.entries(transient)) {
    it(`answers 503 with Retry-After on ${name}, for an event and for a batch`, async () => {
      interceptCalls(backend().firestore, () => Promise.reject(firestoreError(code)));
      const event = anEvent({ app_id: newApp() });
      const answers = await Promise.all([
        postInProcess(event),
        postInProcess([event]),
        postInProcess([event, "junk"]),
      ]);
      for (const { status, headers, body } of answers) {
        expect(status).to.equal(503);
        expect(Number(headers.get("retry-after"))).to.be.greaterThan(0);
        expect(body).to.deep.equal({
          error: "unavailable",
          message: "events cannot be stored right now; send them again later",
        });
      }
    });
  }

  it("answers 503, never 4xx, when it may not write: the plugin drops a batch for good on a 4xx", async () => {
    interceptCalls(backend().firestore, () => Promise.reject(firestoreError(7, "PERMISSION_DENIED")));
    expect((await postInProcess([anEvent()])).status).to.equal(503);
    expect(logs).to.have.length(1);
    expect(logs[0]).to.include({ severity: "ERROR", app_id: "com.example.shop", events: 1 });
  });

  it("stores a batch when it comes again after it was stored in part, each event once", async () => {
    const app_id = newApp();
    const batch = Array.from({ length: 50 }, (_, i) => anEvent({ app_id, timestamp: 1_795_392_000_000 + i }));
    let calls = 0;
    const restore = interceptCalls(backend().firestore, ({ method, proceed }) =>
      method !== "batchWrite" || ++calls % 2 ? proceed() : Promise.reject(firestoreError(8)),
    );
    expect((await postInProcess(batch)).status).to.equal(503);
    restore();
    const inPart = (await storedEvents(app_id)).length;
    expect(inPart).to.be.within(1, 49);

    const again = await postInProcess(batch);
    expect(again.status).to.equal(200);
    expect(again.body.results?.every((result) => result.status === "ok")).to.equal(true);
    expect(await storedEvents(app_id)).to.have.length(50);
  });

  it("tries a single event again, since old plugins do not", async () => {
    const app_id = newApp();
    let calls = 0;
    interceptCalls(backend().firestore, ({ method, proceed }) =>
      method === "batchWrite" && ++calls === 1 ? Promise.reject(firestoreError(14)) : proceed(),
    );
    expect((await postInProcess(anEvent({ app_id }))).status).to.equal(200);
    expect(calls).to.equal(2);
    expect(await storedEvents(app_id)).to.have.length(1);
  });

  it("reports the one document that Firestore refuses, and stores the others", async () => {
    const app_id = newApp();
    const batch = [anEvent({ app_id }), anEvent({ app_id, custom_id: "refused" }), anEvent({ app_id })];
    interceptCalls(backend().firestore, ({ request, proceed }) =>
      JSON.stringify(request.writes ?? []).includes("refused")
        ? Promise.reject(firestoreError(3))
        : proceed(),
    );
    const { status, body } = await postInProcess(batch);
    expect(status).to.equal(200);
    expect(body.results?.map((result) => result.status)).to.deep.equal(["ok", "error", "ok"]);
    expect(body.results?.[1]).to.include({
      error: "invalid_event",
      message: "Firestore cannot store this event",
    });
    expect(await storedEvents(app_id)).to.have.length(2);
  });
});
