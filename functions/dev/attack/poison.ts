/** Input that nobody should send: whatever JSON can hold, and events with fields that are anything. */

import fc from "fast-check";
import { anEvent } from "../testing/events.ts";

/** Strings that have broken a parser, a database or a terminal before. */
export const poisonStrings = [
  "",
  "\u0000",
  "\uD800",
  "x\uDFFF",
  "__proto__",
  "constructor",
  "__x__",
  "..",
  ".",
  "/",
  "a/../b",
  "\u202E",
  "'\"`",
  "9".repeat(400),
];

const text = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...poisonStrings));
const key = fc.oneof(text, fc.constantFrom(...Object.keys(anEvent()), "metadata", "timestamp", "custom_id"));

/** The source of anything that JSON can hold. `__proto__` is among the keys. */
const json = fc
  .letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      text,
      fc.double(),
      fc.constantFrom(null, true, false, 1e308, -0, 2 ** 64),
      fc.array(tie("value"), { maxLength: 4 }),
      fc.dictionary(key, tie("value"), { maxKeys: 6 }),
    ),
  }))
  .value.map((value) => JSON.stringify(value))
  .map((source) => source.replaceAll('"constructor":', '"__proto__":'));

/** A valid event in which some fields are replaced by anything. */
const mutated = fc.dictionary(key, json, { maxKeys: 4 }).map((fields) => {
  const parts = Object.entries({ ...strings(anEvent()), ...fields }).map(
    ([name, value]) => `${JSON.stringify(name)}:${value}`,
  );
  return `{${parts.join(",")}}`;
});

function strings(fields: Record<string, unknown>): Record<string, string> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, JSON.stringify(value)]));
}

/** Either of them, as JSON source. */
export const poison = fc.oneof(json, mutated);
