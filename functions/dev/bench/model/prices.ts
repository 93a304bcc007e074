/**
 * Prices what the backend uses: Google's list prices of us-central1 in US dollars, without free quotas. `docs/cost.md` says which of
 * them could be read where, and when.
 */

const KB = 1_000;
const GIB = 2 ** 30;
const TIB = 2 ** 40;

/** https://cloud.google.com/firestore/pricing, regional locations in the US: per 100,000, and per GiB-month. */
const firestore = {
  write: 0.09 / 100_000,
  read: 0.03 / 100_000,
  delete: 0.01 / 100_000,
  storedByteForMonth: 0.15 / GIB,
};

/** https://cloud.google.com/run/pricing, tier 1, request-based billing. */
const cloudRun = {
  cpuSecond: 0.000024,
  gibSecond: 0.0000025,
  invocation: 0.4 / 1_000_000,
};

/** https://cloud.google.com/pubsub/pricing: publish and delivery alike; a request counts as 1,000 bytes at least. */
const pubsub = { byte: 40 / TIB, leastBytes: KB };

/** https://cloud.google.com/stackdriver/pricing: storage of logs in their bucket. */
const loggedByte = 0.5 / GIB;

/** A real event as Eventarc encodes it: 700 bytes, and 500 of attributes. A delta has fewer than the 1,000 bytes that count anyway. */
export const EVENT_MESSAGE_BYTES = 1.2 * KB;
export const DELTA_MESSAGE_BYTES = KB;

/** Assumptions: what Cloud Run logs for each request by itself, and the line that our `stats` adds. */
export const REQUEST_LOG_BYTES = KB;
export const STATS_LOG_BYTES = 0.5 * KB;

/** What an event leaves behind is kept for 90 days; then the TTL policy deletes it. */
const RETENTION_MONTHS = 90 / 30.4;
/** The baseline's ledger has a document for each event, kept as long. */
export const keptDocuments = { ours: 1, baseline: 2 };

/** What the backend did for some events. */
export interface Usage {
  writes: number;
  deletes: number;
  reads: number;
  billedSeconds: number;
  invocations: number;
  messageBytes: number;
  /** The lines of the function itself, and Google's line for each request. */
  logBytes: number;
  requestLogBytes: number;
}

export type Dollars = Record<
  "writes" | "deletes" | "reads" | "instances" | "invocations" | "messages" | "logs" | "requestLogs",
  number
>;

/** Prices the work of functions whose instances have one CPU and some GiB of memory. Pure. */
export function priceOf(usage: Usage, gib: number): Dollars {
  return {
    writes: usage.writes * firestore.write,
    deletes: usage.deletes * firestore.delete,
    reads: usage.reads * firestore.read,
    instances: usage.billedSeconds * (cloudRun.cpuSecond + gib * cloudRun.gibSecond),
    invocations: usage.invocations * cloudRun.invocation,
    messages: usage.messageBytes * pubsub.byte,
    logs: usage.logBytes * loggedByte,
    requestLogs: usage.requestLogBytes * loggedByte,
  };
}

/** Prices the keeping of so many events of so many bytes for their time, and their deletion after it. Pure. */
export function priceOfKeeping(events: number, bytes: number, documents: number) {
  return {
    storage: events * bytes * RETENTION_MONTHS * firestore.storedByteForMonth,
    ttlDeletes: events * documents * firestore.delete,
  };
}
