/** Writes out what strangers sent so that it looks like what it is, for alarms, the page and the tools. */

/**
 * Characters that a terminal obeys, or nobody sees: control, formatting and surrogate characters, line separators, and what Unicode
 * lets a font leave out, such as fillers and variation selectors. With some of them `1.5.2` looks like `2.5.1`. Marks on a letter
 * that has three already cover what is above and below.
 */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]|(?<=\p{M}{3})\p{M}/gu;

/** Spaces, but plain, single ones between words. */
const ODD_SPACE = /(?! )\p{Zs}|^ | $|(?<= ) /gu;

/** The text with each invisible character as `write` writes it out. */
export function replaceInvisible(text: string, write: (character: string) => string): string {
  return text.replace(INVISIBLE, write);
}

/** The text with what is invisible written out: `\u{1b}` for an escape. */
export function printable(text: string): string {
  return replaceInvisible(text, numbered).replace(ODD_SPACE, numbered);
}

function numbered(character: string): string {
  return `\\u{${character.codePointAt(0)?.toString(16)}}`;
}

/** The beginning of a formula, to a spreadsheet, also in the wide characters of East Asia. */
const FORMULA = /^[-=+@\uff0d\uff1d\uff0b\uff20]/;

/**
 * The text as a table shows it: printable, and with a `'` in front where a spreadsheet that it is copied to would run it
 * as a formula.
 */
export function cellText(text: string): string {
  const shown = printable(text);
  return FORMULA.test(shown) ? `'${shown}` : shown;
}
