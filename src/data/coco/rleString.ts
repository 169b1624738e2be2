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
  const runs = readRuns(bytesOf(counts), 0, counts.length, height * width, false);
  const sum = runs.reduce((total, run) => total + run, 0);
  checkSum(sum, height, width, 'parseRle');
  return { height, width, counts: runs.slice() };
}

/**
 * The runs of a compressed mask, not summed.
 * @returns a view that the next call overwrites
 * @throws DataError as readRunEnds
 */
export function readRuns(bytes: Uint8Array, start: number, end: number, pixels: number, escaped: boolean): Uint32Array {
  if (scratchRuns.length < end - start) scratchRuns = new Uint32Array(2 * (end - start));
  const runs = scratchRuns;
  const count = readRunEnds(bytes, start, end, { pixels, escaped, into: runs, first: 0 });
  for (let i = count - 1; i > 0; i--) runs[i]! -= runs[i - 1]!;
  return runs.subarray(0, count);
}

interface RunTarget {
  /** Of the image: no run is longer. */
  readonly pixels: number;
  /** Whether the bytes stand in a JSON text, with two backslashes for one or other escapes. */
  readonly escaped: boolean;
  /** Has room for as many ends as there are bytes. */
  readonly into: Uint32Array;
  /** Where the first end goes. */
  readonly first: number;
}

/**
 * Where the runs of a compressed mask end, as positions down the columns.
 * @param start first byte of the string
 * @param end byte behind the last
 * @returns the number of runs
 * @throws DataError naming the character or run that is wrong
 */
export function readRunEnds(bytes: Uint8Array, start: number, end: number, target: RunTarget): number {
  const { pixels, escaped, into, first } = target;
  let used = first;
  let position = 0;
  let last = 0;
  let beforeLast = 0;
  let at = start;
  while (at < end) {
    let digit = bytes[at++]! - FIRST;
    let run: number;
    if (digit >= 0 && digit < 32) {
      // One digit, the usual case; bit 4 is its sign.
      run = (digit << 27) >> 27;
    } else {
      run = 0;
      let scale = 1;
      for (let digits = 1; ; digits++) {
        if (digit < 0 || digit > 63) throw wrongCharacter(bytes, start, at - 1);
        if (digit === BACKSLASH - FIRST && escaped && bytes[at++] !== BACKSLASH) {
          const plain = bytesOf(unescaped(bytes, start, end));
          return readRunEnds(plain, 0, plain.length, { ...target, escaped: false });
        }
        run += (digit & 31) * scale;
        scale *= 32;
        if (digit < 32) break;
        if (at >= end || digits === MAX_DIGITS) throw wrongRun(used - first, at >= end, at - start);
        digit = bytes[at++]! - FIRST;
      }
      if (digit >= 16) run -= scale;
    }
    if (used > first + 2) run += beforeLast;
    if (run < 0 || run > pixels) {
      throw new DataError(`parseRle: expected a length from 0 to ${pixels} for run ${used - first} of counts, got ${run} at character ${at - start - 1}`);
    }
    position += run;
    into[used++] = position;
    beforeLast = last;
    last = run;
  }
  if (position > 0xffff_ffff) throw new DataError(`parseRle: expected runs that add up to ${pixels} pixels for counts, got ${position}`);
  return used - first;
}

/** A string as JSON.parse gives it. @param start behind its opening quote @param end its closing quote */
export function unescaped(bytes: Uint8Array, start: number, end: number): string {
  return JSON.parse(new TextDecoder().decode(bytes.slice(start - 1, end + 1))) as string;
}

/** One byte per character; one that does not fit becomes a byte that is refused. */
export function bytesOf(counts: string): Uint8Array {
  const bytes = new Uint8Array(counts.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Math.min(255, counts.charCodeAt(i));
  return bytes;
}

function wrongRun(run: number, isAtEnd: boolean, place: number): DataError {
  if (isAtEnd) return new DataError(`parseRle: expected another character for run ${run} of counts, got the end at character ${place}`);
  return new DataError(`parseRle: expected at most ${MAX_DIGITS} characters for run ${run} of counts, got more at character ${place}`);
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
