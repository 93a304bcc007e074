/**
 * Parses the JSON of strangers at a bounded cost: `JSON.parse` alone takes up to 100 times the memory of `[[[` or
 * `[],[],`.
 */

/** Events with their metadata are 3 levels deep in a batch. */
const MAX_DEPTH = 32;

/** 500 events have some 30,000. */
const MAX_VALUES = 100_000;

/** Of each array and object within the outermost. `metadata` of 5 MiB has half a million, of which 30 are kept. */
const MAX_MEMBERS = 1_000;

/** The value of the JSON, or what was expected instead. */
export type BoundedJson =
  | { ok: true; value: unknown }
  | { ok: false; error: "malformed" | "too_deep" | "too_many_values"; expected: string };

/**
 * Parses JSON that is at most `MAX_DEPTH` deep and has at most `MAX_VALUES` values. Of an array or object within it, members
 * after the first `MAX_MEMBERS` are left out; they do not count. Takes some milliseconds for each MiB, whatever is in it.
 */
export function parseBoundedJson(json: Buffer): BoundedJson {
  const surplus = surplusOf(json);
  if (typeof surplus === "string") return { ok: false, error: surplus, expected: expectations[surplus] };
  try {
    return { ok: true, value: JSON.parse(new TextDecoder().decode(without(surplus, json))) };
  } catch {
    return { ok: false, error: "malformed", expected: expectations.malformed };
  }
}

const expectations = {
  malformed: "JSON",
  too_deep: `JSON of at most ${MAX_DEPTH} levels`,
  too_many_values: `JSON of at most ${MAX_VALUES} values`,
};

/** From a byte to before another. */
type Range = [from: number, to: number];

const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_ARRAY, CLOSE_ARRAY, OPEN_OBJECT, CLOSE_OBJECT] = [0x5b, 0x5d, 0x7b, 0x7d];

/**
 * Finds what to leave out, or why nothing is parsed. In UTF-8 the bytes that it looks for are part of no other
 * character.
 */
function surplusOf(json: Buffer): Range[] | keyof typeof expectations {
  const surplus: Range[] = [];
  /** The members so far of each open array or object, from the outermost. */
  const members: number[] = [];
  let values = 1;
  let cut: { depth: number; from: number } | undefined;
  let inString = false;
  for (let at = 0; at < json.length; at++) {
    const byte = json[at];
    if (inString) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) {
      inString = true;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      if (members.push(1) > MAX_DEPTH) return "too_deep";
      if (!cut) values++;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      if (cut?.depth === members.length) {
        surplus.push([cut.from, at]);
        cut = undefined;
      }
      members.pop();
    } else if (byte === COMMA && !cut) {
      values++;
      const count = (members.pop() ?? 0) + 1;
      if (members.push(count) > 1 && count > MAX_MEMBERS) cut = { depth: members.length, from: at };
    }
    if (values > MAX_VALUES) return "too_many_values";
  }
  return members.length > 0 ? "malformed" : surplus;
}

function without(surplus: readonly Range[], json: Buffer): Buffer {
  if (surplus.length === 0) return json;
  const kept = surplus.map(([from], index) => json.subarray(surplus[index - 1]?.[1] ?? 0, from));
  return Buffer.concat([...kept, json.subarray(surplus.at(-1)?.[1])]);
}
