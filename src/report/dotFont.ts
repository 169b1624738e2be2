// A font of 5 x 8 dots for the legends of PNGs. Text by way of SVG needs fonts of the system, which containers often lack: then
// it vanishes without an error. Letters of Latin scripts beyond ASCII are a letter and its marks.

import type { RawImage } from '../data/decode.ts';

/** ' ' to '~', 19 in a band of 8 lines. */
const ART = `
..... ..#.. .#.#. .#.#. ..#.. ##... .##.. ..#.. ...#. .#... ..... ..... ..... ..... ..... ..... .###. ..#.. .###.
..... ..#.. .#.#. .#.#. .#### ##..# #..#. ..#.. ..#.. ..#.. ..#.. ..#.. ..... ..... ..... ....# #...# .##.. #...#
..... ..#.. .#.#. ##### #.#.. ...#. #.#.. ..#.. .#... ...#. #.#.# ..#.. ..... ..... ..... ...#. #..## ..#.. ....#
..... ..#.. ..... .#.#. .###. ..#.. .#... ..... .#... ...#. .###. ##### ..... ##### ..... ..#.. #.#.# ..#.. ...#.
..... ..#.. ..... ##### ..#.# .#... #.#.# ..... .#... ...#. #.#.# ..#.. ..... ..... ..... .#... ##..# ..#.. ..#..
..... ..... ..... .#.#. ####. #..## #..#. ..... ..#.. ..#.. ..#.. ..#.. ..#.. ..... ..#.. #.... #...# ..#.. .#...
..... ..#.. ..... .#.#. ..#.. ...## .##.# ..... ...#. .#... ..... ..... ..#.. ..... ..#.. ..... .###. .###. #####
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... .....
##### ...#. ##### ..##. ##### .###. .###. ..... ..... ...#. ..... .#... .###. .###. .###. ####. .###. ###.. #####
...#. ..##. #.... .#... ....# #...# #...# ..... ..... ..#.. ..... ..#.. #...# #...# #...# #...# #...# #..#. #....
..#.. .#.#. ####. #.... ...#. #...# #...# ..#.. ..#.. .#... ##### ...#. ....# ....# #...# #...# #.... #...# #....
...#. #..#. ....# ####. ..#.. .###. .#### ..... ..... #.... ..... ....# ...#. .##.# #...# ####. #.... #...# ####.
....# ##### ....# #...# .#... #...# ....# ..... ..... .#... ##### ...#. ..#.. #.#.# ##### #...# #.... #...# #....
#...# ...#. #...# #...# .#... #...# ...#. ..#.. ..#.. ..#.. ..... ..#.. ..... #.#.# #...# #...# #...# #..#. #....
.###. ...#. .###. .###. .#... .###. .##.. ..... ..#.. ...#. ..... .#... ..#.. .###. #...# ####. .###. ###.. #####
..... ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
##### .###. #...# .###. ..### #...# #.... #...# #...# .###. ####. .###. ####. .#### ##### #...# #...# #...# #...#
#.... #...# #...# ..#.. ...#. #..#. #.... ##.## #...# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# #...#
#.... #.... #...# ..#.. ...#. #.#.. #.... #.#.# ##..# #...# #...# #...# #...# #.... ..#.. #...# #...# #...# .#.#.
####. #.### ##### ..#.. ...#. ##... #.... #.#.# #.#.# #...# ####. #...# ####. .###. ..#.. #...# #...# #.#.# ..#..
#.... #...# #...# ..#.. ...#. #.#.. #.... #...# #..## #...# #.... #.#.# #.#.. ....# ..#.. #...# #...# #.#.# .#.#.
#.... #...# #...# ..#.. #..#. #..#. #.... #...# #...# #...# #.... #..#. #..#. ....# ..#.. #...# .#.#. #.#.# #...#
#.... .#### #...# .###. .##.. #...# ##### #...# #...# .###. #.... .##.# #...# ####. ..#.. .###. ..#.. .#.#. #...#
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .....
#...# ##### .###. ..... .###. ..#.. ..... .#... ..... #.... ..... ....# ..... ..##. ..... #.... ..#.. ...#. #....
#...# ....# .#... #.... ...#. .#.#. ..... ..#.. ..... #.... ..... ....# ..... .#..# ..... #.... ..... ..... #....
#...# ...#. .#... .#... ...#. #...# ..... ..... .###. #.##. .###. .##.# .###. .#... .#### #.##. .##.. ..##. #..#.
.#.#. ..#.. .#... ..#.. ...#. ..... ..... ..... ....# ##..# #.... #..## #...# ###.. #...# ##..# ..#.. ...#. #.#..
..#.. .#... .#... ...#. ...#. ..... ..... ..... .#### #...# #.... #...# ##### .#... #...# #...# ..#.. ...#. ##...
..#.. #.... .#... ....# ...#. ..... ..... ..... #...# #...# #...# #...# #.... .#... .#### #...# ..#.. ...#. #.#..
..#.. ##### .###. ..... .###. ..... ##### ..... .#### ####. .###. .#### .###. .#... ....# #...# .###. #..#. #..#.
..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... .##.. .....
.##.. ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ...#. ..#.. .#... .....
..#.. ..... ..... ..... ..... ..... ..... ..... .#... ..... ..... ..... ..... ..... ..... ..#.. ..#.. ..#.. .....
..#.. ##.#. #.##. .###. ####. .##.# #.##. .###. ###.. #...# #...# #...# #...# #...# ##### ..#.. ..#.. ..#.. .....
..#.. #.#.# ##..# #...# #...# #..## ##..# #.... .#... #...# #...# #...# .#.#. #...# ...#. .#... ..#.. ...#. .##.#
..#.. #.#.# #...# #...# #...# #...# #.... .###. .#... #...# #...# #.#.# ..#.. #...# ..#.. ..#.. ..#.. ..#.. #..#.
..#.. #...# #...# #...# ####. .#### #.... ....# .#..# #..## .#.#. #.#.# .#.#. .#### .#... ..#.. ..#.. ..#.. .....
.###. #...# #...# .###. #.... ....# #.... ####. ..##. .##.# ..#.. .#.#. #...# ....# ##### ...#. ..#.. .#... .....
..... ..... ..... ..... #.... ....# ..... ..... ..... ..... ..... ..... ..... .###. ..... ..... ..... ..... .....`.trim().split('\n').map((line) => line.split(' '));

const FIRST = 32;
const PER_BAND = 19;
const ROWS = 8;
const COLUMNS = 5;
/** Dots from one character to the next. */
const ADVANCE = 6;

const BLANK = ['.....', '.....'];

/** Combining marks: two lines above a letter, five over it, one below. */
const MARKS: Readonly<Record<string, Mark>> = {
  '\u0300': { above: ['.#...', '..#..'] },
  '\u0301': { above: ['...#.', '..#..'] },
  '\u0302': { above: ['..#..', '.#.#.'] },
  '\u0303': { above: ['.##.#', '#..#.'] },
  '\u0304': { above: ['.###.', '.....'] },
  '\u0306': { above: ['#...#', '.###.'] },
  '\u0307': { above: ['..#..', '.....'] },
  '\u0308': { above: ['.#.#.', '.....'] },
  '\u030a': { above: ['.##..', '.##..'] },
  '\u030b': { above: ['..#.#', '.#.#.'] },
  '\u030c': { above: ['.#.#.', '..#..'] },
  '\u0312': { above: ['..#..', '..#..'] },
  '\u0323': { below: '..#..' },
  '\u0326': { below: '..#..' },
  '\u0327': { below: '..##.' },
  '\u0328': { below: '...##' },
  '\u0335': { over: ['.....', '.###.', '.....', '.....', '.....'] }, // a bar: \u0142, \u0111
  '\u0338': { over: ['....#', '...#.', '..#..', '.#...', '#....'] }, // a stroke: \u00f8
};

/** Characters that Unicode does not take apart, as others that are drawn. */
const SPELT: Readonly<Record<string, string>> = {
  ß: 'ss', ẞ: 'SS', æ: 'ae', Æ: 'AE', œ: 'oe', Œ: 'OE', þ: 'th', Þ: 'Th', ŋ: 'ng', Ŋ: 'NG', ı: 'i', ĸ: 'k',
  ø: 'o\u0338', Ø: 'O\u0338', ł: 'l\u0335', Ł: 'L\u0335', đ: 'd\u0335', Đ: 'D\u0335', ð: 'd\u0335', Ð: 'D\u0335',
  ĳ: 'ij', Ĳ: 'IJ', ŀ: 'l.', Ŀ: 'L.', ŉ: "'n", ſ: 's',
  ħ: 'h\u0335', Ħ: 'H\u0335', ŧ: 't\u0335', Ŧ: 'T\u0335',
  '\u2018': "'", '\u2019': "'", '\u201c': '"', '\u201d': '"', '\u2013': '-', '\u2014': '-', '\u2026': '...', '\u00a0': ' ', '\u00d7': 'x', '\u00b7': '.',
};

interface Mark {
  readonly above?: readonly string[];
  readonly over?: readonly string[];
  readonly below?: string;
}

/** Of a mark that has no shape here. */
const DOT: Mark = { above: ['..#..', '.....'] };

export interface TextOptions {
  /** Pixels per dot and side. */
  readonly dotPx: number;
  /** RGB bytes. */
  readonly colour: readonly [number, number, number];
}

/** Width of a text in pixels, without the gap after its last character. */
export function textWidth(text: string, dotPx: number): number {
  return Math.max(0, glyphsOf(text).length * ADVANCE - 1) * dotPx;
}

/** Height of a line in pixels. */
export function textHeight(dotPx: number): number {
  return ROWS * dotPx;
}

/** Whether all of a text can be drawn: ASCII, letters of Latin scripts, and usual punctuation. */
export function canDraw(text: string): boolean {
  return charactersOf(text).every(({ base }) => isAscii(base));
}

/** Writes a line into a picture, in place. What lies outside it is cut off; a character that cannot be drawn becomes '?'. */
export function drawText(picture: RawImage, text: string, left: number, top: number, { dotPx, colour }: TextOptions): void {
  const { data, width, height } = picture;
  for (const [position, glyph] of glyphsOf(text).entries()) {
    for (let row = 0; row < ROWS * dotPx; row++) {
      for (let column = 0; column < COLUMNS * dotPx; column++) {
        const x = left + position * ADVANCE * dotPx + column;
        const y = top + row;
        const isInk = glyph[Math.floor(row / dotPx)]?.[Math.floor(column / dotPx)] === '#';
        if (isInk && x >= 0 && x < width && y >= 0 && y < height) data.set(colour, (y * width + x) * 3);
      }
    }
  }
}

/** A character of ASCII and what is drawn over it; marks are keys of MARKS. */
interface Character {
  readonly base: string;
  readonly marks: readonly string[];
}

function charactersOf(text: string): Character[] {
  const plain = Array.from(text.normalize('NFC'), (letter) => SPELT[letter] ?? letter).join('').normalize('NFD');
  const characters: { base: string; marks: string[] }[] = [];
  for (const letter of plain) {
    const last = characters.at(-1);
    if (/\p{M}/u.test(letter) && last !== undefined) last.marks.push(letter);
    else characters.push({ base: letter, marks: [] });
  }
  return characters;
}

function isAscii(letter: string): boolean {
  return letter >= ' ' && letter <= '~';
}

/** The eight lines of each character. */
function glyphsOf(text: string): (readonly string[])[] {
  return charactersOf(text).map(({ base, marks }) => {
    if (!isAscii(base)) return asciiGlyph('?');
    return marks.reduce<readonly string[]>((glyph, mark) => withMark(glyph, base, mark), asciiGlyph(base));
  });
}

function asciiGlyph(letter: string): readonly string[] {
  const index = letter.charCodeAt(0) - FIRST;
  const band = Math.floor(index / PER_BAND) * ROWS;
  return Array.from({ length: ROWS }, (_, row) => ART[band + row]?.[index % PER_BAND] ?? '');
}

function withMark(glyph: readonly string[], base: string, mark: string): readonly string[] {
  const isUnderG = base === 'g' && mark === '\u0327'; // written above, where g leaves room
  const { above, over = [], below } = MARKS[isUnderG ? '\u0312' : mark] ?? DOT;
  const body = above === undefined ? glyph : [...BLANK, ...roomAbove(glyph, base)];
  const ink = [...(above ?? BLANK), ...(over.length > 0 ? over : Array<string>(5).fill('.....')), below ?? '.....'];
  return body.map((line, row) => Array.from(line, (dot, column) => (ink[row]?.[column] === '#' ? '#' : dot)).join(''));
}

/** The lines 2 to 7 of a letter that leaves the first two free: its dot goes, a high one loses lines that are twice there. */
function roomAbove(glyph: readonly string[], base: string): readonly string[] {
  const below = glyph.at(-1)!;
  const isLow = glyph.slice(0, 2).every((line) => !line.includes('#'));
  if (isLow || base === 'i' || base === 'j') return [...glyph.slice(2, 7), below];
  const high = glyph.slice(0, 7);
  const twice = high.flatMap((line, row) => (row > 0 && line === high[row - 1] ? [row] : []));
  const dropped = twice.length >= 2 ? [twice[0], twice.at(-1)] : [2, 4];
  return [...high.filter((_, row) => !dropped.includes(row)), below];
}
