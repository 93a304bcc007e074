/** Spreads the counts of a busy counter over shards, and moves them from there to the counter. */

import type { DocumentReference, DocumentSnapshot, Firestore, WriteBatch } from "firebase-admin/firestore";
import * as logger from "firebase-functions/logger";
import { classify } from "../firestore/errors.ts";
import { pages } from "../firestore/pages.ts";
import {
  addCountsByDay,
  addToCounter,
  type CounterIdentity,
  countsOfPlatforms,
  type DayCounts,
  increments,
  SHARDS,
  shardDocument,
} from "./documents.ts";

/** The shard that an instance writes to; `undefined` where counters are not sharded. */
export interface ShardPicker {
  current(): number | undefined;
  /** Takes another shard, after a commit on this one has failed: contention is a likely reason. */
  change(): void;
}

/**
 * Makes a picker that begins with a random shard. Two instances on one shard part as soon as a commit of theirs
 * fails.
 */
export function createShardPicker(shards: number): ShardPicker {
  const pick = () => (shards > 1 ? Math.floor(Math.random() * shards) : undefined);
  let shard = pick();
  return {
    current: () => shard,
    change: () => {
      shard = pick();
    },
  };
}

/** Adds counts to shard `n` of a counter, as part of a commit. Writes one document, whatever the number of days. */
export function addToShard(
  batch: WriteBatch,
  counter: DocumentReference,
  n: number,
  { app_id, version_name }: CounterIdentity,
  parts: readonly DayCounts[],
): void {
  const byDay = [...addCountsByDay(parts)].map(([day, { platforms }]) => [day, platforms]);
  const days = increments(Object.fromEntries(byDay));
  batch.set(counter.collection(SHARDS).doc(String(n)), { app_id, version_name, days }, { merge: true });
}

const PAGE_SIZE = 500;

const SHARDS_PER_COMMIT = 5;

/** A shard may change each time before it is moved. The function runs again in a minute. */
const MAX_ATTEMPTS = 5;

/**
 * Moves what is in shards to their counters. A count is in a shard or in the counter and moves in one commit, so this
 * can run at any time, any number of times, and beside anything. Rejects if a counter could not take its shards; the
 * others take theirs.
 */
export async function moveShards(db: Firestore): Promise<void> {
  const failures: unknown[] = [];
  for await (const page of pages(db.collectionGroup(SHARDS).select(), { size: PAGE_SIZE })) {
    const refs = page.map(({ ref }) => ref);
    for (const ofCounter of Map.groupBy(refs, (ref) => ref.parent.path).values()) {
      await moveShardsOf(ofCounter).catch((error) => failures.push(error));
    }
  }
  if (failures.length > 0)
    throw new AggregateError(failures, `${failures.length} counters could not take their shards`);
}

/** Moves some shards at a time: the more there are in a commit, the likelier one of them has changed. */
async function moveShardsOf(refs: readonly DocumentReference[]): Promise<void> {
  for (let first = 0; first < refs.length; first += SHARDS_PER_COMMIT) {
    await moveTogether(refs.slice(first, first + SHARDS_PER_COMMIT));
  }
}

/**
 * Reads shards, and in one atomic commit adds them to their counter and deletes them, on condition that they are as
 * they were read.
 */
async function moveTogether(refs: readonly DocumentReference[]): Promise<void> {
  const counter = refs[0]?.parent.parent;
  if (!counter) return;
  const db = counter.firestore;
  for (let attempt = 1; ; attempt++) {
    const snapshots = await db.getAll(...refs);
    const shards = snapshots.flatMap((snapshot) => readShard(snapshot) ?? []);
    const [first] = shards;
    if (!first) return;
    const batch = db.batch();
    const parts = shards.flatMap((shard) => shard.parts);
    addToCounter(batch, counter, first.identity, parts);
    for (const { ref, updateTime } of shards) batch.delete(ref, { lastUpdateTime: updateTime });
    try {
      await batch.commit();
      return;
    } catch (error) {
      if (attempt === MAX_ATTEMPTS || classify(error) !== "stale") throw error;
    }
  }
}

/** Reads a shard; nothing for one that is deleted, or a document that `addToShard` did not write. */
export function readShard(snapshot: DocumentSnapshot) {
  if (!snapshot.updateTime) return undefined;
  const document = shardDocument.safeParse(snapshot.data());
  if (!document.success) {
    logger.error("A document in `shards` is no shard and is left alone.", { path: snapshot.ref.path });
    return undefined;
  }
  const { days, ...identity } = document.data;
  const parts = Object.entries(days).map(([day, platforms]) => ({
    day,
    counts: countsOfPlatforms(platforms),
  }));
  return { ref: snapshot.ref, updateTime: snapshot.updateTime, identity, parts };
}
