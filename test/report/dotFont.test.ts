import { describe, expect, it } from 'vitest';
import { canDraw, drawText, textHeight, textWidth } from '../../src/report/dotFont.ts';

function lines(text: string, width: number, height: number, left = 0, top = 0, dotPx = 1): string[] {
  const page = { data: new Uint8Array(width * height * 3), width, height };
  drawText(page, text, left, top, { dotPx, colour: [7, 8, 9] });
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (__, x) => ([...page.data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3)].join() === '7,8,9' ? '#' : '.')).join(''));
}

describe('drawText', () => {
  it('draws letters', () => {
    expect(lines('Tg', 11, 8)).toEqual([
      '#####......',
      '..#........',
      '..#....####',
      '..#...#...#',
      '..#...#...#',
      '..#....####',
      '..#.......#',
      '.......###.',
    ]);
  });

  it('draws larger ones', () => {
    const small = lines('~A', 11, 8);
    const large = lines('~A', 22, 16, 0, 0, 2);
    expect(large).toEqual(small.flatMap((line) => Array<string>(2).fill(line.replaceAll(/./g, '$&$&'))));
  });

  it('has a glyph of its own for every character from ! to ~', () => {
    const glyphs = Array.from({ length: 94 }, (_, i) => lines(String.fromCharCode(33 + i), 5, 8).join('\n'));
    expect(new Set(glyphs).size).toBe(94);
    expect(glyphs.every((glyph) => glyph.includes('#'))).toBe(true);
    expect(lines(' ', 5, 8).join('')).not.toContain('#');
  });

  it('cuts off what is outside and replaces what it does not know', () => {
    expect(lines('T', 3, 3, -2, -1)).toEqual(['#..', '#..', '#..']);
    expect(lines('水', 5, 8)).toEqual(lines('?', 5, 8));
  });

  it('draws letters with their marks, composed or not', () => {
    expect(lines('ä', 5, 8)).toEqual(['.#.#.', '.....', '.###.', '....#', '.####', '#...#', '.####', '.....']);
    expect(lines('Ä', 5, 8)).toEqual(['.#.#.', '.....', '.###.', '#...#', '#...#', '#####', '#...#', '.....']);
    expect(lines('É', 5, 8)).toEqual(['...#.', '..#..', '#####', '#....', '####.', '#....', '#####', '.....']);
    expect(lines('ç', 5, 8).at(-1)).toBe('..##.');
    expect(lines('ä', 5, 8)).toEqual(lines('a\u0308', 5, 8));
    expect(lines('ß', 11, 8)).toEqual(lines('ss', 11, 8));
    expect(textWidth('a\u0308', 1)).toBe(5);
  });

  it('draws every letter of Latin-1 and Latin Extended-A', () => {
    const letters = Array.from({ length: 0x17f - 0xc0 }, (_, i) => String.fromCharCode(0xc0 + i)).filter((letter) => /\p{L}/u.test(letter));
    expect(letters.filter((letter) => !canDraw(letter))).toEqual([]);
    const question = lines('?', 17, 8);
    for (const letter of letters) {
      const [base = ''] = letter.normalize('NFD');
      expect(lines(letter, 17, 8), letter).not.toEqual(question);
      if (base !== letter) expect(lines(letter, 17, 8), letter).not.toEqual(lines(base, 17, 8));
    }
  });

  it('says what it cannot draw', () => {
    expect(['tree', 'Straße', 'łódź', 'Việt', '“car”'].map(canDraw)).toEqual([true, true, true, true, true]);
    expect(['дерево', '水', 'a\n'].map(canDraw)).toEqual([false, false, false]);
  });

  it('says how large a text is', () => {
    expect([textWidth('Tg', 1), textWidth('Tg', 3), textWidth('', 2), textHeight(2)]).toEqual([11, 33, 0, 16]);
  });
});
