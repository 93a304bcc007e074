/** Keeps alarms in Firestore, so that each begins once and ends once, however many watchers there are. */

import {
  type DocumentReference,
  type DocumentSnapshot,
  FieldValue,
  type Firestore,
  type Query,
} from "firebase-admin/firestore";
import * as z from "zod";
import { classify, Status, statusOf } from "../firestore/errors.ts";
import { pages } from "../firestore/pages.ts";
import {
  ALARMS,
  type Alarm,
  type AlarmIdentity,
  alarmDocument,
  alarmIn,
  alarmRef,
} from "./alarm-documents.ts";
import { alarmAfter, type Look, sightsOf } from "./alarm-life.ts";

export interface AlarmStore {
  /** Reads the open alarms, of one app or of all. */
  open(app_id?: string): Promise<Alarm[]>;
  /** Reads the alarms that an app has or had. */
  ofApp(app_id: string): Promise<Alarm[]>;
  /** Reads the alarms that somebody may still have to be told of, open and ended. */
  toTell(): Promise<Alarm[]>;
  /**
   * Begins, updates and ends the alarms of an app after a look at it. Safe to repeat after any failure, and beside another:
   * an alarm begins once and ends once. It reads the app's open alarms, and writes those that noticeably changed.
   */
  apply(look: Look): Promise<void>;
  /**
   * Changes one alarm as nobody else does meanwhile: `step` is called with the alarm as it is (`undefined` if there is none),
   * again if somebody was faster, and says what it becomes, or `undefined` to leave it. Resolves with what `step` said last.
   */
  change(alarm: AlarmIdentity, step: Step): Promise<Alarm | undefined>;
}

type Step = (alarm: Alarm | undefined) => Alarm | undefined;

/** Whoever is overtaken more often than this is not beside another watcher, but something is wrong. */
const MOST_ATTEMPTS = 10;

/** Makes the store of the alarms in `db`. `now` is the time in milliseconds since 1970. */
export function createAlarmStore(db: Firestore, now: () => number): AlarmStore {
  const alarms = db.collection(ALARMS);
  const open = (app_id?: string) => {
    const ofAll = alarms.where("open", "==", true);
    return readAll(app_id === undefined ? ofAll : ofAll.where("app_id", "==", app_id));
  };
  const change = (alarm: AlarmIdentity, step: Step) => changeDocument(alarmRef(db, alarm), step);

  return {
    open,
    ofApp: (app_id) => readAll(alarms.where("app_id", "==", app_id)),
    toTell: () => readAll(alarms.where("to_tell", "==", true)),
    async apply(look) {
      const at = now();
      const sights = sightsOf(look, await open(look.app_id));
      await Promise.all(
        [...sights.values()].map(([alarm, sight]) =>
          change(alarm, (before) => alarmAfter(look.app_id, before, sight, at)),
        ),
      );
    },
    change,
  };
}

async function readAll(query: Query): Promise<Alarm[]> {
  const alarms: Alarm[] = [];
  for await (const page of pages(query)) alarms.push(...page.flatMap((snapshot) => alarmIn(snapshot) ?? []));
  return alarms;
}

/**
 * Writes on condition that the document is as it was read, and otherwise reads again. One that somebody has edited so that it is
 * no alarm is as good as none: a look that finds it begins it.
 */
async function changeDocument(ref: DocumentReference, step: Step): Promise<Alarm | undefined> {
  for (let attempt = 1; ; attempt++) {
    const snapshot = await ref.get();
    const next = step(alarmIn(snapshot));
    if (!next) return undefined;
    try {
      await write(snapshot, next);
      return next;
    } catch (error) {
      const isOvertaken = classify(error) === "stale" || statusOf(error) === Status.ALREADY_EXISTS;
      if (!isOvertaken || attempt === MOST_ATTEMPTS) throw error;
    }
  }
}

async function write({ ref, updateTime }: DocumentSnapshot, alarm: Alarm): Promise<void> {
  const document = z.encode(alarmDocument, alarm);
  if (!updateTime) {
    await ref.create(document);
    return;
  }
  const absent = Object.keys(alarmDocument.shape).filter((field) => !Object.hasOwn(document, field));
  const deletions = Object.fromEntries(absent.map((field) => [field, FieldValue.delete()]));
  await ref.update({ ...document, ...deletions }, { lastUpdateTime: updateTime });
}
