/** Logs what happens to alarms, for people and for log-based alerts: the field `alarm` says what a line is about. */

import * as logger from "firebase-functions/logger";
import type { Alarm } from "./alarm-documents.ts";
import { type AlarmEvent, alarmFields, alarmText, shownName } from "./alarm-text.ts";

const severities = { began: "ERROR", ended: "NOTICE" } as const;

/** One line: `alarm: "began"` as an ERROR, `alarm: "ended"` as a NOTICE, with the figures as fields. */
export function logAlarm(alarm: Alarm, event: AlarmEvent): void {
  logger.write({
    severity: severities[event],
    message: alarmText(alarm, event),
    alarm: event,
    ...shownFields(alarm),
  });
}

/** One line, with `alarm: "not_told"`: the webhook has not taken it for so long that it is told no more. */
export function logGivenUp(alarm: Alarm, event: AlarmEvent, reason: string): void {
  logger.write({
    severity: "ERROR",
    message: `ALARM_WEBHOOK_URL is no longer told of this, since ${reason}: ${alarmText(alarm, event)}`,
    alarm: "not_told",
    ...shownFields(alarm),
  });
}

/** One line for all that the webhook has not taken in one look. */
export function logRefusals(reasons: readonly string[]): void {
  if (reasons.length === 0) return;
  logger.warn("ALARM_WEBHOOK_URL was not told of alarms; it is tried again at the next look.", {
    alarms: reasons.length,
    reasons: [...new Set(reasons)],
  });
}

function shownFields(alarm: Alarm) {
  const fields = alarmFields(alarm);
  return {
    ...fields,
    id: shownName(fields.id),
    version_name: shownName(fields.version_name),
    causes: fields.causes.map((cause) => ({
      ...cause,
      field: shownName(cause.field),
      value: shownName(cause.value),
    })),
  };
}
