/** Decides what becomes of an alarm when its version is looked at: it begins, changes, ends, or stays. Pure. */

import { type Alarm, type AlarmIdentity, alarmId } from "./alarm-documents.ts";
import { rateOf } from "./statistics.ts";

/** What the judgement says of a version that fails. */
export type Finding = Pick<
  Alarm,
  "version_name" | "measure" | "scopes" | "rule" | "now" | "before" | "parts" | "causes"
>;

/** What one look at an app has found. What it does not mention could not be judged. */
export interface Look {
  app_id: string;
  findings: readonly Finding[];
  /** Looked at, and clearly good now. */
  good: readonly Omit<AlarmIdentity, "app_id">[];
  /** Devices no longer get it, or a newer version has taken over; without a measure, all measures of it. */
  superseded: readonly { version_name: string; measure?: AlarmIdentity["measure"] }[];
}

/** What one look says of one alarm. */
export type Sight = { finding: Finding } | "good" | "superseded";

/** So many looks that find it good, and none between them that finds it failing, end an alarm. */
const GOOD_LOOKS = 2;

/** Looks nearer to each other are one that was started twice, as a scheduler may: they have seen the same counts. */
const LOOKS_APART = 5_000;

/**
 * What a look says of each alarm that is open or begins, by the alarm's id. Superseded goes before failing: a version that
 * devices no longer get is nobody's alarm, so it neither begins nor stays one.
 */
export function sightsOf(look: Look, open: readonly AlarmIdentity[]): Map<string, [AlarmIdentity, Sight]> {
  const { app_id } = look;
  const sights = new Map<string, [AlarmIdentity, Sight]>();
  const see = (alarm: AlarmIdentity, sight: Sight) => sights.set(alarmId(alarm), [alarm, sight]);
  const openIds = new Set(open.map(alarmId));
  for (const { version_name, measure } of look.good) {
    const alarm = { app_id, version_name, measure };
    if (openIds.has(alarmId(alarm))) see(alarm, "good");
  }
  for (const finding of look.findings) {
    const { version_name, measure } = finding;
    const isSuperseded = look.superseded.some((gone) => isOf(gone, finding));
    if (!isSuperseded) see({ app_id, version_name, measure }, { finding });
  }
  for (const { version_name, measure } of open) {
    const isSuperseded = look.superseded.some((gone) => isOf(gone, { version_name, measure }));
    if (isSuperseded) see({ app_id, version_name, measure }, "superseded");
  }
  return sights;
}

function isOf(gone: Look["superseded"][number], { version_name, measure }: Omit<AlarmIdentity, "app_id">) {
  return gone.version_name === version_name && (gone.measure ?? measure) === measure;
}

/**
 * What an alarm is after a look at `at`, in milliseconds since 1970; `undefined` if that is what it was, or nothing that
 * anybody would notice. `before` is the alarm as it was, or `undefined` if there never was one.
 */
export function alarmAfter(
  app_id: string,
  before: Alarm | undefined,
  sight: Sight,
  at: number,
): Alarm | undefined {
  if (typeof sight === "object") {
    return before?.open ? stillFailing(before, sight.finding, at) : begun(app_id, sight.finding, at);
  }
  if (!before?.open) return undefined;
  return sight === "superseded" ? ended(before, "superseded", at) : good(before, at);
}

/** One that has ended begins anew: of its former life, nothing is left to tell. */
function begun(app_id: string, finding: Finding, at: number): Alarm {
  return {
    app_id,
    ...figuresOf(finding),
    open: true,
    began_at: at,
    good_looks: 0,
    updated_at: at,
    to_tell: true,
    told: { began: {}, ended: {} },
  };
}

function stillFailing(before: Alarm, finding: Finding, at: number): Alarm | undefined {
  if (before.good_looks === 0 && !isNoticeable(before, finding)) return undefined;
  const { good_at: _, ...alarm } = before;
  return { ...alarm, ...figuresOf(finding), good_looks: 0, updated_at: at };
}

function good(before: Alarm, at: number): Alarm | undefined {
  if (before.good_at !== undefined && at - before.good_at < LOOKS_APART) return undefined;
  const good_looks = before.good_looks + 1;
  const alarm = { ...before, good_looks, good_at: at, updated_at: at };
  return good_looks < GOOD_LOOKS ? alarm : ended(alarm, "good_again", at);
}

function ended(before: Alarm, end: Alarm["end"], at: number): Alarm {
  return { ...before, open: false, ended_at: at, end, updated_at: at, to_tell: true };
}

/** Only what a finding has: its maker may know more of it than the document does. */
function figuresOf({ version_name, measure, scopes, rule, now, before, parts, causes }: Finding): Finding {
  return { version_name, measure, scopes, rule, now, before, parts, causes };
}

/** Whether a person would see the difference. Each one costs a write, and figures grow with every device. */
function isNoticeable(old: Finding, now: Finding): boolean {
  const names = ({ scopes, rule, causes }: Finding) =>
    JSON.stringify([scopes.toSorted(), rule, causes.map(({ field, value }) => [field, value])]);
  return (
    names(old) !== names(now) ||
    haveChanged(old, now) ||
    now.parts.some((part) => {
      const before = old.parts.find(({ scope }) => scope === part.scope);
      return before === undefined || haveChanged(before, part);
    }) ||
    now.causes.some(({ failing, others }, index) => {
      const cause = old.causes[index];
      return (
        cause === undefined ||
        differs(rateOf(cause.failing), rateOf(failing)) ||
        differs(rateOf(cause.others), rateOf(others))
      );
    })
  );
}

function haveChanged(old: Pick<Finding, "now" | "before">, now: Pick<Finding, "now" | "before">): boolean {
  return (
    differs(old.now.of, now.now.of) ||
    differs(rateOf(old.now), rateOf(now.now)) ||
    differs(rateOf(old.before), rateOf(now.before))
  );
}

/** By more than a tenth of the larger one. */
function differs(a: number, b: number): boolean {
  return Math.abs(a - b) > 0.1 * Math.max(a, b);
}
