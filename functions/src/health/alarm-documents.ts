/** Describes the documents of alarms in Firestore: their path, their ids and their schema. */

import {
  type DocumentReference,
  type DocumentSnapshot,
  type Firestore,
  Timestamp,
} from "firebase-admin/firestore";
import * as z from "zod"; // `{ z }` would bring the messages of all languages into the bundle.
import { counterId, platforms } from "../counting/documents.ts";

export const ALARMS = "alarms";

/** The ways in which a version fails. */
export const alarmMeasures = ["not_downloaded", "rolled_back", "crashed"] as const;
export type AlarmMeasure = (typeof alarmMeasures)[number];

/** The parts of an app that a version fails in. `all` stands alone: no single platform is bad by itself. */
export const alarmScopes = ["all", ...platforms] as const;
export type Scope = (typeof alarmScopes)[number];

/** Milliseconds since 1970; a timestamp in the document, so that the console shows it as one. */
const time = z.codec(z.instanceof(Timestamp), z.number(), {
  decode: (stored) => stored.toMillis(),
  encode: (milliseconds) => Timestamp.fromMillis(milliseconds),
});

/** `count` of `of` devices. */
export const proportion = z.object({ count: z.number(), of: z.number() });

/** What sets the failing devices apart: the shares of them, and of the other devices, whose `field` has this value. */
const cause = z.object({ field: z.string(), value: z.string(), failing: proportion, others: proportion });

/** What an alarm is about. The platforms are no part of it: they may change while it is open. */
const alarmIdentity = z.object({
  app_id: z.string(),
  version_name: z.string(),
  measure: z.enum(alarmMeasures),
});
export type AlarmIdentity = z.output<typeof alarmIdentity>;

/** How telling one thing in one place ended; absent as long as it has not. */
const outcome = z.enum(["taken", "given_up"]);
const outcomes = z.object({ log: outcome.optional(), webhook: outcome.optional() });

/** `alarms/{counter id}:{measure}`: an alarm, open or ended. What is parsed is as Firestore has it, times excepted. */
export const alarmDocument = alarmIdentity.extend({
  scopes: z.array(z.enum(alarmScopes)).nonempty(),
  /** What `now` was compared with. */
  rule: z.enum(["earlier_versions", "threshold", "own_past"]),
  now: proportion,
  /** Summed over `scopes`, as `now` is. With the rule `threshold`: that many percent, of 100. */
  before: proportion,
  /** The same for each of `scopes`, in their order. Alarms from before this field have none. */
  parts: z.array(z.object({ scope: z.enum(alarmScopes), now: proportion, before: proportion })).default([]),
  causes: z.array(cause),
  /** One equality filter finds the open ones. */
  open: z.boolean(),
  began_at: time,
  ended_at: time.optional(),
  end: z.enum(["superseded", "good_again"]).optional(),
  /** How many looks in a row have found it good, and when the last of them was. */
  good_looks: z.number(),
  good_at: time.optional(),
  updated_at: time,
  /** One equality filter finds those that somebody may have to be told of. */
  to_tell: z.boolean(),
  told: z.object({
    began: outcomes,
    ended: outcomes,
    /** Until then, it is the business of one watcher. */
    claimed_until: time.optional(),
  }),
});

/** An alarm, with times in milliseconds since 1970. */
export type Alarm = z.output<typeof alarmDocument>;

/** The document id of an alarm. No version has a `:`. */
export function alarmId(alarm: AlarmIdentity): string {
  return `${counterId(alarm)}:${alarm.measure}`;
}

/** The document of an alarm. */
export function alarmRef(db: Firestore, alarm: AlarmIdentity): DocumentReference {
  return db.collection(ALARMS).doc(alarmId(alarm));
}

/** The alarm in a document; nothing where somebody has edited it so that it is none, or has copied it. */
export function alarmIn(snapshot: DocumentSnapshot): Alarm | undefined {
  const { data } = alarmDocument.safeParse(snapshot.data());
  return data && snapshot.id === alarmId(data) ? data : undefined;
}
