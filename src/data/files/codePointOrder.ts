// The order of names: by code points, as Python's `sorted` has it, and so torchvision's class numbers. JavaScript's own order
// goes by UTF-16 units, which puts characters beyond U+FFFF before those from U+E000 on.

const SURROGATE = /[\ud800-\udfff]/;
const FIRST_SURROGATE = 0xd800;
const AFTER_SURROGATES = 0xe000;

/** Compares two strings by code points: below, at or above 0, as Array.sort takes it. */
export function compareCodePoints(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return rank(x) - rank(y);
  }
  return a.length - b.length;
}

/** The strings in the order of their code points. */
export function inCodePointOrder(names: Iterable<string>): string[] {
  const sorted = [...names];
  return sorted.some((name) => SURROGATE.test(name)) ? sorted.sort(compareCodePoints) : sorted.sort();
}

/** Halves of characters beyond U+FFFF rank above all other units. */
function rank(unit: number): number {
  if (unit < FIRST_SURROGATE) return unit;
  return unit < AFTER_SURROGATES ? unit + 0x10000 : unit;
}
