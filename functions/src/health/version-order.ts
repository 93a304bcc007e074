/** Orders version names. Pure. */

const numbered = /^v?(?<numbers>\d+(?:\.\d+)*)(?:-(?<prerelease>[^+]*))?/;

/** The collator takes 5 ms to make, and every function loads this module: it waits for its first use. */
let collator: Intl.Collator | undefined;

function compareNaturally(a: string, b: string): number {
  collator ??= new Intl.Collator("en", { numeric: true });
  return collator.compare(a, b);
}

/**
 * Orders version names from old to new, as semantic versioning does (`2.9.0`, `2.10.0-beta.1`, `2.10.0`), with any number
 * of numbers. Names that do not begin with a number come first, by their text.
 */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [numbered.exec(a)?.groups, numbered.exec(b)?.groups];
  if (!left || !right) return Number(Boolean(left)) - Number(Boolean(right)) || compareNaturally(a, b);
  return (
    compareNumbers(left.numbers ?? "", right.numbers ?? "") ||
    Number(left.prerelease === undefined) - Number(right.prerelease === undefined) ||
    compareNaturally(left.prerelease ?? "", right.prerelease ?? "") ||
    compareNaturally(a, b)
  );
}

function compareNumbers(a: string, b: string): number {
  const [left, right] = [a.split(".").map(Number), b.split(".").map(Number)];
  for (let i = 0; i < Math.max(left.length, right.length); i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
