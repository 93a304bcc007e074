/**
 * Declares what an operator can set, as Firebase params: `firebase deploy` asks for those that no `.env` file holds, and keeps
 * the answers in `.env.{project}`. It knows each rule as a regular expression, so one decides for both: what is typed, and
 * what an instance reads.
 */

import { defineBoolean, defineInt, defineString } from "firebase-functions/params";
import { ACTION } from "./ingest/actions.ts";
import { APP_ID } from "./ingest/event.ts";
import { REGIONS } from "./regions.ts";

/** A fragment would not be sent, and Node refuses a user and a password. */
const WEBHOOK_URL =
  /^$|^(https:\/\/[A-Za-z0-9.-]+|http:\/\/(localhost|127\.0\.0\.1|\[::1\]))(:[0-9]{1,5})?([/?][^\s#]*)?$/;

const appIds = list("APP_IDS", {
  label: "App ids that are served, separated by commas",
  description: "Events of other apps are refused. Empty: every app is served, also those of strangers.",
  item: APP_ID,
  itemIs: "an app id like com.example.app",
});

const statsToken = text("STATS_TOKEN", {
  default: "",
  label: "Token that statsUrl must carry as ?token=…",
  description: "Keeps passers-by out, but is in the bundle of every app: a fence, not a lock. Empty: none.",
  pattern: /^[A-Za-z0-9_.~-]{0,128}$/,
  is: "at most 128 letters, digits and -._~",
});

const extraActions = list("EXTRA_ACTIONS", {
  label: "Actions to accept beyond those known, separated by commas",
  description: "For what a newer plugin sends. The log warns of each action that is refused.",
  item: ACTION,
  itemIs: "an action name like app_crash",
});

const eventRetentionDays = int("EVENT_RETENTION_DAYS", {
  default: 90,
  least: 0,
  most: 36_500,
  label: "Days to keep events",
  description: "Firestore's TTL policy deletes events this old; counters stay. 0 keeps events for ever.",
});

const storeCustomId = flag("STORE_CUSTOM_ID", {
  default: true,
  label: "Store custom_id",
  description: "The id that the app gives its user. false leaves it out of the stored events.",
});

const storeMetadata = flag("STORE_METADATA", {
  default: true,
  label: "Store message and metadata",
  description: "What a crash or an error said, which may hold what a user typed. false leaves both out.",
});

const maxEventsPerSecond = int("MAX_EVENTS_PER_SECOND", {
  default: 1_000,
  least: 0,
  most: 1_000_000,
  label: "Most events a second, of all instances of stats together",
  description:
    "Bounds what events of an attack cost. Devices are told to send again later. Bursts of a minute are taken. 0: no bound.",
});

const alarmWebhookUrl = text("ALARM_WEBHOOK_URL", {
  default: "",
  label: "URL that is told when an alarm begins and ends",
  description:
    "Gets a POST with a text, as Slack and Google Chat show it, and its figures for machines. Empty: the log alone is told.",
  pattern: WEBHOOK_URL,
  is: "nothing, or a URL like https://example.com/alarms (http only for this machine)",
  secret: true,
});

const alarmThresholdPercent = int("ALARM_THRESHOLD_PERCENT", {
  default: 10,
  least: 1,
  most: 100,
  label: "Percent of devices that may fail",
  description: "Decides where there is no earlier version to compare with. More than this is an alarm.",
});

const region = text("REGION", {
  default: "us-central1",
  label: "Where the functions run",
  description: "A Cloud Functions region in or next to the location of the Firestore database.",
  pattern: new RegExp(`^(${REGIONS.join("|")})$`),
  is: "a region of Cloud Functions, such as us-central1 or europe-west4",
});

/**
 * The service account that the functions run as; empty: the project's default account. It is no param, so nobody is asked for it:
 * the Firebase CLI would create the jobs of Cloud Scheduler with the empty text as their account.
 */
const serviceAccount = {
  read: reader(
    "SERVICE_ACCOUNT",
    {
      pattern: /^$|^[a-z][a-z0-9-]{4,28}[a-z0-9]@[a-z0-9.-]+\.gserviceaccount\.com$/,
      is: "nothing, or a service account like updater-stats@project.iam.gserviceaccount.com",
    },
    "",
    (raw) => raw,
  ),
};

const statsMaxInstances = int("STATS_MAX_INSTANCES", {
  default: 3,
  least: 1,
  most: 1_000,
  label: "Most instances of stats",
  description: "An instance takes 80 requests at once, and its share of MAX_EVENTS_PER_SECOND.",
});

const statsMinInstances = int("STATS_MIN_INSTANCES", {
  default: 0,
  least: 0,
  most: 1_000,
  label: "Instances of stats that are always there",
  description:
    "They are paid for all day. 0 lets the first request wait for an instance to start. At most STATS_MAX_INSTANCES.",
});

const counterMaxInstances = int("COUNTER_MAX_INSTANCES", {
  default: 3,
  least: 1,
  most: 1_000,
  label: "Most instances of countEvent",
  description: "An instance counts some 500 events a second. Raise it for more.",
});

/** The params that the options of functions use. `firebase deploy` resolves them. */
export const params = {
  region: region.param,
  statsMaxInstances: statsMaxInstances.param,
  statsMinInstances: statsMinInstances.param,
  counterMaxInstances: counterMaxInstances.param,
};

/** The settings of an instance, as `readSettings` reads them. */
export type Settings = ReturnType<typeof readSettings>;

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads the settings from an environment, which `firebase deploy` fills from the params; where nothing did, the default
 * holds. Throws a `SettingError`, which stops a deployment or a start.
 */
export function readSettings(env: Environment) {
  const settings = {
    appIds: new Set(appIds.read(env)),
    statsToken: statsToken.read(env),
    extraActions: new Set(extraActions.read(env)),
    eventRetentionDays: eventRetentionDays.read(env),
    storeCustomId: storeCustomId.read(env),
    storeMetadata: storeMetadata.read(env),
    maxEventsPerSecond: maxEventsPerSecond.read(env),
    alarmWebhookUrl: alarmWebhookUrl.read(env),
    alarmThresholdPercent: alarmThresholdPercent.read(env),
    region: region.read(env),
    serviceAccount: serviceAccount.read(env),
    statsMaxInstances: statsMaxInstances.read(env),
    statsMinInstances: statsMinInstances.read(env),
    counterMaxInstances: counterMaxInstances.read(env),
  };
  const { statsMinInstances: least, statsMaxInstances: most } = settings;
  if (least > most) {
    throw new SettingError(
      `STATS_MIN_INSTANCES: expected at most STATS_MAX_INSTANCES, which is ${most}, got "${least}"`,
    );
  }
  return settings;
}

/** A setting that cannot be used. Its message names the setting, what was expected and what came. */
export class SettingError extends Error {}

interface Labels {
  label: string;
  description: string;
}

/** How a value must look, in words and as a pattern. */
interface Rule {
  pattern: RegExp;
  is: string;
}

function text(
  name: string,
  options: Labels &
    Rule & { default: string /** A wrong value is not shown: messages are logged. */; secret?: boolean },
) {
  const { pattern, is, secret = false, ...declared } = options;
  const rule = { pattern, is };
  const param = defineString(name, { ...declared, input: validated(name, rule) });
  return { param, read: reader(name, rule, options.default, (raw) => raw, secret) };
}

/** The pattern of an item has no end of its own but `$`, since more may follow it. */
function list(name: string, options: Labels & { item: RegExp; itemIs: string }) {
  const { item, itemIs, ...declared } = options;
  const anItem = `\\s*(${item.source.replace(/^\^|\$$/g, "")})?\\s*`;
  const rule = {
    pattern: new RegExp(`^${anItem}(,${anItem})*$`),
    is: `nothing, or ${itemIs}, or several of them separated by commas`,
  };
  const param = defineString(name, { ...declared, default: "", input: validated(name, rule) });
  const split = (raw: string) => raw.split(",").flatMap((part) => part.trim() || []);
  return { param, read: reader(name, rule, "", split) };
}

function int(name: string, options: Labels & { default: number; least: 0 | 1; most: number }) {
  const { least, most, ...declared } = options;
  const rule = { pattern: wholeNumbers(least, most), is: `a whole number from ${least} to ${most}` };
  const param = defineInt(name, { ...declared, input: validated(name, rule) });
  return { param, read: reader(name, rule, String(options.default), Number) };
}

/** Matches the whole numbers of a range: those with fewer digits than `most`, and those smaller in one digit. */
function wholeNumbers(least: 0 | 1, most: number): RegExp {
  const digits = String(most);
  const smaller = [...digits].flatMap((digit, at) => {
    const further = digits.length - at - 1;
    return digit === "0" ? [] : `${digits.slice(0, at)}[0-${Number(digit) - 1}]\\d{${further}}`;
  });
  const notZero = least === 1 ? "(?!0+$)" : "";
  return new RegExp(`^${notZero}(\\d{1,${digits.length - 1}}|${smaller.join("|")}|${digits})$`);
}

function flag(name: string, options: Labels & { default: boolean }) {
  const rule = { pattern: /^(true|false)$/, is: "true or false" };
  const param = defineBoolean(name, { ...options, input: validated(name, rule) });
  return { param, read: reader(name, rule, String(options.default), (raw) => raw === "true") };
}

/** How the Firebase CLI asks for a value. It asks again until the answer matches. */
function validated(name: string, { pattern, is }: Rule) {
  return { text: { validationRegex: pattern.source, validationErrorMessage: `${name}: expected ${is}` } };
}

function reader<T>(name: string, rule: Rule, fallback: string, parse: (raw: string) => T, secret = false) {
  return (env: Environment): T => {
    const raw = env[name] ?? fallback;
    if (!rule.pattern.test(raw)) {
      const shown = secret ? '"…" (not shown: it may hold a secret)' : JSON.stringify(raw);
      throw new SettingError(`${name}: expected ${rule.is}, got ${shown}`);
    }
    return parse(raw);
  };
}
