// COCO's compressed masks: each run as a signed number in base 32, low digits first, one character per digit from '0' (48) on,
// bit 5 set on all but the last; from the fourth run on, the difference to the run before the last is stored.
// Source: the behaviour of pycocotools 2.0.11 (maskApi).

import { DataError } from '../../errors.ts';
import { checkMaskSize, checkSum, type Rle } from './rle.ts';

const FIRST = 48;
const BACKSLASH = 92;
/** 2^32 needs 33 bits and a sign: seven digits of five bits. */
const MAX_DIGITS = 7;

let scratchRuns = new Uint32Array(4096);
let scratchBytes = new Uint8Array(4096);

/**
 * Decodes a compressed mask.
 * @throws DataError naming the character or run that is wrong, or the sum when it is not height * width
 */
export function parseRle(counts: string, height: number, width: number): Rle {
  checkMaskSize(height, width, 'parseRle');
  const { length } = counts;
  if (scratchBytes.length < length) scratchBytes = new Uint8Array(2 * length);
  // Characters that do not fit a byte become one that is refused.
  for (let i = 0; i < length; i++) scratchBytes[i] = Math.min(255, counts.charCodeAt(i));
  const runs = readRuns(scratchBytes, 0, length, height * width, false);
  const sum = runs.reduce((total, run) => total + run, 0);
  checkSum(sum, height, width, 'parseRle');
  return { height, width, counts: runs.slice() };
}

/**
 * The runs of a compressed mask, not summed.
 * @param start first byte of the string
 * @param end byte behind the last
 * @param pixels of the image: no run is longer
 * @param escaped whether the bytes stand in a JSON text, with two backslashes for one
 * @returns a view that the next call overwrites
 * @throws DataError naming the character or run that is wrong
 */
export function readRuns(bytes: Uint8Array, start: number, end: number, pixels: number, escaped: boolean): Uint32Array {
  if (scratchRuns.length < end - start) scratchRuns = new Uint32Array(2 * (end - start));
  const runs = scratchRuns;
  let count = 0;
  let at = start;
  while (at < end) {
    const character = bytes[at++]! - FIRST;
    let run: number;
    if (character >= 0 && character < 32) {
      // One digit, the usual case; bit 4 is its sign.
      run = (character << 27) >> 27;
    } else {
      let value = 0;
      let scale = 1;
      let digit = character;
      let digits = 1;
      for (;;) {
        if (digit < 0 || digit > 63) throw wrongCharacter(bytes, start, at - 1);
        if (escaped && digit === BACKSLASH - FIRST && bytes[at++] !== BACKSLASH) throw wrongCharacter(bytes, start, at - 1);
        value += (digit & 31) * scale;
        if (digit < 32) break;
        if (at >= end) throw new DataError(`parseRle: expected another character for run ${count} of counts, got the end at character ${at - start}`);
        if (++digits > MAX_DIGITS) throw new DataError(`parseRle: expected at most ${MAX_DIGITS} characters for run ${count} of counts, got more at character ${at - start}`);
        scale *= 32;
        digit = bytes[at++]! - FIRST;
      }
      run = digit & 16 ? value - scale * 32 : value;
    }
    if (count > 2) run += runs[count - 2]!;
    if (run < 0 || run > pixels) throw new DataError(`parseRle: expected a length from 0 to ${pixels} for run ${count} of counts, got ${run} at character ${at - start - 1}`);
    runs[count++] = run;
  }
  return runs.subarray(0, count);
}

function wrongCharacter(bytes: Uint8Array, start: number, at: number): DataError {
  const got = at < bytes.length ? `character code ${bytes[at]}` : 'the end';
  return new DataError(`parseRle: expected characters '0' to 'o' for counts, got ${got} at character ${at - start}`);
}

/** The compressed form of a mask. */
export function formatRle({ counts }: Rle): string {
  const most = counts.length * MAX_DIGITS;
  if (scratchBytes.length < most) scratchBytes = new Uint8Array(2 * most);
  const out = scratchBytes;
  let length = 0;
  for (let i = 0; i < counts.length; i++) {
    let rest = i > 2 ? counts[i]! - counts[i - 2]! : counts[i]!;
    for (;;) {
      const next = Math.floor(rest / 32);
      const digit = rest - next * 32;
      rest = next;
      const last = rest === (digit & 16 ? -1 : 0);
      out[length++] = digit + FIRST + (last ? 0 : 32);
      if (last) break;
    }
  }
  return new TextDecoder().decode(out.subarray(0, length));
}
