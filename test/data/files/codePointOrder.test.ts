import { describe, expect, it } from 'vitest';
import { compareCodePoints, inCodePointOrder } from '../../../src/data/files/codePointOrder.ts';

/** As Python: code point by code point, a beginning before what goes on. */
function slowly(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => Array.from(text, (character) => character.codePointAt(0)!));
  for (let i = 0; i < Math.min(x!.length, y!.length); i++) if (x![i] !== y![i]) return x![i]! - y![i]!;
  return x!.length - y!.length;
}

const characters = ['', 'a', 'Z', '0', '10', '/', 'é', '\ud7ff', '\ue000', '\uff21', '\uffff', '😀', '😁', '\u{10000}', '\u{10ffff}'];
const names = characters.flatMap((a) => characters.map((b) => a + b));

describe('code point order', () => {
  it("is that of Python's sorted", () => {
    for (const a of names) for (const b of names) expect(Math.sign(compareCodePoints(a, b))).toBe(Math.sign(slowly(a, b)));
    expect(inCodePointOrder(names)).toEqual(names.toSorted(slowly));
    expect(inCodePointOrder(new Set(['2', '10', 'Z', 'a', '1']))).toEqual(['1', '10', '2', 'Z', 'a']);
  });
});
