// COCO's compressed masks: each run as a signed number in base 32, low digits first, one character per digit from '0' (48) on,
// bit 5 set on all but the last; from the fourth run on, the difference to the run before the last is stored.
// Source: the behaviour of pycocotools 2.0.11 (maskApi).

import { DataError } from '../../errors.ts';
import { sharedKernel, WRONG_RUN, type MaskKernel } from './maskKernel.ts';
import { checkMaskSize, checkSum, type Rle } from './rle.ts';

const FIRST = 48;
/** 2^32 needs 33 bits and a sign: seven digits of five bits. */
const MAX_DIGITS = 7;

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
  return { height, width, counts: runs };
}

/**
 * The runs of a compressed mask.
 * @param start first byte of the string
 * @param end byte behind the last
 * @param pixels of the image: no run is longer
 * @param escaped whether the bytes stand in a JSON text, with two backslashes for one or other escapes
 * @throws DataError naming the character or run that is wrong, or the sum when it does not fit 32 bits
 */
export function readRuns(bytes: Uint8Array, start: number, end: number, pixels: number, escaped: boolean): Uint32Array {
  const kernel = sharedKernel();
  const count = kernel.code.decodeString(kernel.putText(bytes, start, end), end - start, pixels, escaped ? 1 : 0);
  if (count >= 0) {
    const runs = kernel.ends(count).slice();
    for (let i = count - 1; i > 0; i--) runs[i]! -= runs[i - 1]!;
    return runs;
  }
  if (count === WRONG_RUN) throw faultOf(kernel, bytes.subarray(start, end), pixels);
  const plain = bytesOf(unescaped(bytes, start, end));
  return readRuns(plain, 0, plain.length, pixels, false);
}

/** Whether the text from `start` on is how Python shows bytes, b'…' or b"…", which str() and json's `default=str` write. */
export function isPythonBytes(bytes: Uint8Array, start: number): boolean {
  const [letter, ...quote] = bytes.subarray(start, start + 3);
  return letter === 0x62 && (quote[0] === 0x27 || quote[0] === 0x22 || (quote[0] === 0x5c && quote[1] === 0x22)); // JSON's \"
}

function faultOf({ fault: { kind, at, run, value } }: MaskKernel, bytes: Uint8Array, pixels: number): DataError {
  switch (kind) {
    case 'character':
      if (isPythonBytes(bytes, 0)) return new DataError(`parseRle: expected characters '0' to 'o' for counts, got Python's bytes as text, b'…'; write counts.decode()`);
      return new DataError(`parseRle: expected characters '0' to 'o' for counts, got character code ${bytes[at - 1]} at character ${at - 1}`);
    case 'length of text':
      return new DataError(`parseRle: expected at most ${MAX_DIGITS} characters for run ${run} of counts, got more at character ${at}`);
    case 'end':
      return new DataError(`parseRle: expected another character for run ${run} of counts, got the end at character ${at}`);
    case 'value':
      return new DataError(`parseRle: expected a length from 0 to ${pixels} for run ${run} of counts, got ${value} at character ${at - 1}`);
    case 'sum':
      return new DataError(`parseRle: expected runs that add up to ${pixels} pixels for counts, got ${value}`);
  }
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
