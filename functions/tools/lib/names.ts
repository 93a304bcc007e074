/** Options that name an app or a version as it is stored. */

import { z } from "zod";
import { countedVersion } from "../../src/counting/documents.ts";
import { APP_ID } from "../../src/ingest/event.ts";
import { optionHelp } from "./command.ts";

/** The id of an app, which must be given. */
export const appId = z
  .string({ error: "the id of an app" })
  .regex(APP_ID, { error: "the id of an app" })
  .register(optionHelp, { value: "ID", text: "the app" });

const VERSION = "the version of a counter, which has no `:`";

/** The version of a counter. */
export const versionName = z
  .string({ error: VERSION })
  .transform(storedName)
  .pipe(z.string({ error: VERSION }).refine((name) => countedVersion(name) === name, { error: VERSION }));

/**
 * A name as it is stored. What a table cannot show as it is, and hardly anybody can type, is given as JSON; `undefined`
 * for what begins like JSON and is none.
 */
function storedName(given: string): unknown {
  if (!given.startsWith('"')) return given;
  try {
    return JSON.parse(given);
  } catch {
    return undefined;
  }
}
