/** Checks what is sent, as Google does: an unknown or a wrong field is refused, and named. */

import { z } from "zod";
import { GoogleError } from "./routes.ts";

/** The body as its schema says. Throws the error that Google answers where it is another. A field that is `null` is not set. */
export function checked<Schema extends z.ZodType>(schema: Schema, body: unknown): z.output<Schema> {
  const { data, error } = schema.safeParse(withoutNulls(body ?? {}));
  if (error) throw new GoogleError("INVALID_ARGUMENT", z.prettifyError(error));
  return data as z.output<Schema>;
}

function withoutNulls(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, field) => field ?? undefined);
}
