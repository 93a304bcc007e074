/** Validates and cleans an event of the plugin, and explains an invalid one. */

import * as z from "zod"; // `{ z }` would bring the messages of all languages into the bundle.
import { actions } from "./actions.ts";

/**
 * An app id, at most 200 characters. The plugin's are reverse domain names of letters, digits, `-` and `_`. Document
 * ids begin with it, and Firestore reserves ids like `__x__`, so it begins with a letter or digit.
 */
export const APP_ID = /^(?=[\w.-]{1,200}(?![\w.-]))[A-Za-z0-9][\w-]*(\.[\w-]+)+$/;

const EARLIEST_TIMESTAMP = Date.UTC(2000, 0);
const LATEST_TIMESTAMP = Date.UTC(2101, 0) - 1;

/** The length at which a custom id is cut before it is stored. */
export const MAX_CUSTOM_ID = 128;

const MAX_METADATA_ENTRIES = 30;
const MAX_METADATA_KEY = 64;
const MAX_METADATA_VALUE = 2_048;

/** A string, cut where it is too long. Lone surrogates, which Firestore refuses, become U+FFFD. */
const text = (max: number) => z.string({ error: "a string" }).transform((value) => cut(value, max));

/** The same, where some plugins send a number. */
const textOrNumber = (max: number) =>
  z.preprocess((value) => (typeof value === "number" ? String(value) : value), text(max));

/** `""` where a device leaves a text out: Android's JSON drops `null`, and not every app has every version. */
const orEmpty = <T extends z.ZodType>(schema: T) => z.preprocess((value) => value ?? "", schema);

/** An optional field: `null` and `""` say as little as leaving it out. */
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === null || value === "" ? undefined : value), schema.optional());

const optionalText = (max: number) => optional(text(max));

/** A string without the space around it; absent where nothing else is left. */
const trimmed = (max: number) =>
  z.string({ error: "a string" }).transform((value) => cut(value.trim(), max) || undefined);

const optionalFlag = optional(z.boolean({ error: "true or false" }));

/** The one form of a device id: iOS sends it in upper case, Android in lower case. */
export function storedDeviceId(deviceId: string): string {
  return deviceId.toLowerCase();
}

const eventSchema = (isKnownAction: (action: string) => boolean) =>
  z.object({
    app_id: z.string({ error: "a string" }).pipe(
      z.string().regex(APP_ID, {
        error: "a reverse domain name like com.example.app, at most 200 characters",
      }),
    ),
    device_id: text(128).transform(storedDeviceId),
    action: z
      .string({ error: "a string" })
      .pipe(z.string().refine(isKnownAction, { error: "an action of the updater plugin" })),
    platform: text(128),
    version_name: orEmpty(text(512)),
    version_build: orEmpty(textOrNumber(128)),
    version_code: orEmpty(textOrNumber(128)),
    version_os: textOrNumber(128),
    plugin_version: text(128),
    old_version_name: optionalText(512),
    custom_id: optional(trimmed(MAX_CUSTOM_ID)),
    is_emulator: optionalFlag,
    is_prod: optionalFlag,
    defaultChannel: optionalText(128),
    channel: optionalText(128),
    install_source: optional(trimmed(64).transform((value) => value?.toLowerCase())),
    key_id: optionalText(20),
    bundle_id: optionalText(128),
    message: optionalText(2_048),
    timestamp: z.preprocess(
      (value) => (typeof value === "number" ? usableTimestamp(value) : (value ?? undefined)),
      z.number({ error: "a number of milliseconds" }).optional(),
    ),
    metadata: optional(
      z.custom<object>(isObject, { error: "an object of strings" }).transform(cleanMetadata),
    ),
  });

/** An event of the plugin, cleaned, as it is stored. Times are milliseconds since 1970. */
export type PluginEvent = z.infer<ReturnType<typeof eventSchema>>;

/** A valid event, or a `message` that names every field at fault, what was expected and what came. */
export type ParsedEvent =
  | { ok: true; event: PluginEvent }
  | { ok: false; message: string; fields: string[]; unknownAction?: string };

/**
 * Makes a parser of single events, whatever the input is. It never throws. It accepts `extraActions` beyond those of
 * `actions.ts`.
 *
 * @example
 * createEventParser(new Set())({ app_id: 7 })
 * // { ok: false, message: "app_id: expected a string, got 7; device_id: expected a string, got nothing; …", fields: [ … ] }
 */
export function createEventParser(extraActions: ReadonlySet<string>): (input: unknown) => ParsedEvent {
  const isKnown = (action: string) => actions.has(action) || extraActions.has(action);
  const schema = eventSchema(isKnown);
  return (input) => {
    const parsed = schema.safeParse(input);
    if (parsed.success) return { ok: true, event: withoutAbsent(parsed.data) };
    if (!isObject(input))
      return { ok: false, message: `expected an object, got ${describe(input)}`, fields: [] };
    const faults = parsed.error.issues.map(({ path, message }) => ({
      field: String(path[0]),
      expected: message,
    }));
    return {
      ok: false,
      message: faults
        .map(({ field, expected }) => `${field}: expected ${expected}, got ${describe(input[field])}`)
        .join("; "),
      fields: faults.map(({ field }) => field),
      ...(typeof input.action === "string" && !isKnown(input.action) && { unknownAction: input.action }),
    };
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Describes a value in a few words; quotes at most 40 characters of a stranger's input. */
function describe(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value !== "string") return String(value);
  return value.length <= 40 ? JSON.stringify(value) : `a string of ${value.length} characters`;
}

function cut(value: string, max: number): string {
  const within = value.slice(0, max);
  const endsInHalfACharacter = value.length > max && /[\uD800-\uDBFF]$/.test(within);
  return (endsInHalfACharacter ? within.slice(0, -1) : within).toWellFormed();
}

/** Rounds to whole milliseconds; nothing for a time that no device's clock can mean. */
function usableTimestamp(value: number): number | undefined {
  return value >= EARLIEST_TIMESTAMP && value <= LATEST_TIMESTAMP ? Math.floor(value) : undefined;
}

/**
 * Keeps what Firestore can store as a flat map of strings; nothing rather than an empty map. Stops after the last
 * entry that it keeps, because an object of 5 MiB has half a million.
 */
function cleanMetadata(metadata: object): Record<string, string> | undefined {
  const kept = new Map<string, string>();
  for (const key in metadata) {
    if (kept.size === MAX_METADATA_ENTRIES) break;
    const value: unknown = Reflect.get(metadata, key);
    const name = cut(key, MAX_METADATA_KEY);
    if (!["string", "number", "boolean"].includes(typeof value) || name === "" || isReservedFieldName(name))
      continue;
    kept.set(name, cut(String(value), MAX_METADATA_VALUE));
  }
  return kept.size > 0 ? Object.fromEntries(kept) : undefined;
}

/** Firestore: field names that match `__.*__` are reserved. `__proto__` is one. */
function isReservedFieldName(name: string): boolean {
  return /^__.*__$/s.test(name);
}

/** Leaves absent fields out: Firestore refuses `undefined`. */
function withoutAbsent(event: PluginEvent): PluginEvent {
  for (const [field, value] of Object.entries(event)) {
    if (value === undefined) Reflect.deleteProperty(event, field);
  }
  return event;
}
