/** Names a device, or those with a custom id, and finds their events. */

import type { Firestore, Query, QueryDocumentSnapshot } from "firebase-admin/firestore";
import { z } from "zod";
import { EVENTS } from "../../src/counting/documents.ts";
import { MAX_CUSTOM_ID, storedDeviceId } from "../../src/ingest/event.ts";
import { printable } from "../../src/printable.ts";
import { optionHelp } from "./command.ts";
import { UsageError } from "./session.ts";

/**
 * The person whose events are meant; in one app, or in all. `device` is taken in any case, since it is stored in
 * lower case; `customId` is taken as it is.
 */
export type Whose = ({ device: string } | { customId: string }) & { app?: string | undefined };

/** Finds somebody's events in all apps, which are few: those of one app would need an index more. */
export function eventsQuery(db: Firestore, whose: Whose): Query {
  const events = db.collection(EVENTS);
  return "device" in whose
    ? events.where("device_id", "==", storedDeviceId(whose.device))
    : events.where("custom_id", "==", whose.customId);
}

/** Whether an event that the query found is of the app that is meant. */
export function isOf({ app }: Whose) {
  return (event: QueryDocumentSnapshot) => app === undefined || event.get("app_id") === app;
}

/** The options that say whose events are meant. */
export const whoseOptions = {
  device: z
    .string()
    .trim()
    .min(1, { error: "the id of a device" })
    .optional()
    .register(optionHelp, { value: "ID", text: "the events of this device, its id in any case" }),
  customId: z
    .string()
    .trim()
    .min(1, { error: "a custom id" })
    .max(MAX_CUSTOM_ID, { error: `at most ${MAX_CUSTOM_ID} characters, since no more of it is stored` })
    .optional()
    .register(optionHelp, { value: "ID", text: "or the events with this custom id, exactly" }),
};

interface Asked {
  device?: string | undefined;
  customId?: string | undefined;
  app?: string | undefined;
}

/** Those whose events were asked for, with a name to print. Throws a `UsageError` unless exactly one is named. */
export function whoseEvents({ app, device, customId }: Asked): { whose: Whose; name: string } {
  if (device !== undefined && customId === undefined) {
    return { whose: { device, app }, name: printable(`device ${device}`) };
  }
  if (customId !== undefined && device === undefined) {
    return { whose: { customId, app }, name: printable(`custom id ${customId}`) };
  }
  throw new UsageError(
    `expected either --device or --custom-id, got ${device === undefined ? "neither" : "both"}`,
  );
}
