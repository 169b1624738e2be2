// Compressed masks: each run as a signed number in base 32, low digits first, one character per digit from '0' (48) on, bit 5
// set on all but the last; from the fourth run on, the difference to the run before the last is stored.
// Source: the behaviour of pycocotools 2.0.11 (maskApi).

import { grown, withReserve } from './buffer';
import { BACKSLASH, QUOTE } from './bytes';
import { UNUSUAL, WRONG_RUN } from './outcomes';

const FIRST: i32 = 48;
/** 2^32 needs 33 bits and a sign: seven digits of five bits. */
const MAX_DIGITS: i32 = 7;

/** Of all masks: where runs of ones start and end, start, end, start, end, … as positions x * height + y. [ends of u32] */
export let ends: usize = heap.alloc(4096);
let endsRoom: u32 = 4096;
/** Ends in use. */
export let used: i32 = 0;

/** What was wrong: 1 a character, 2 too many characters in a run, 3 the text ends within a run, 4 a run's length, 5 their sum. */
export let faultKind: i32 = 0;
/** Bytes from the text's start to the fault. */
export let faultAt: i32 = 0;
/** Number of the faulty run. */
export let faultRun: i32 = 0;
/** Its length, or the sum. */
export let faultValue: f64 = 0;

export function setUsed(count: i32): void {
  used = count;
}

/** Makes room for more ends. */
export function reserveEnds(more: i32): void {
  const bytes = <u32>(used + more) * 4;
  if (bytes <= endsRoom) return;
  const room = withReserve(bytes);
  ends = grown(ends, 4 * used, room);
  endsRoom = room;
}

/**
 * Reads runs and writes their ends behind those in use.
 * @param limit where the text ends; or it ends at a quote, if there is one before
 * @param pixels of the image: no run is longer
 * @param escaped whether the text stands in JSON, where a backslash is written twice
 * @returns the number of runs, or an outcome
 */
export function readRuns(start: usize, limit: usize, pixels: u32, escaped: bool): i32 {
  reserveEnds(<i32>(limit - start));
  const first = ends + 4 * used;
  let into = first;
  let position: u64 = 0;
  let last: i64 = 0;
  let beforeLast: i64 = 0;
  let at = start;
  while (at < limit) {
    let digit = <i32>load<u8>(at++) - FIRST;
    let run: i64;
    if (<u32>digit < 32) {
      // One digit, the usual case; bit 4 is its sign.
      run = <i64>((digit << 27) >> 27);
    } else {
      if (digit === QUOTE - FIRST && escaped) {
        at--;
        break;
      }
      run = 0;
      let shift: i64 = 0;
      for (let digits = 1; ; digits++) {
        if (<u32>digit > 63) return fault(1, start, at, first, into, 0);
        if (digit === BACKSLASH - FIRST && escaped && <i32>load<u8>(at++) !== BACKSLASH) return UNUSUAL;
        run |= <i64>(digit & 31) << shift;
        shift += 5;
        if (digit < 32) break;
        if (at >= limit) return fault(3, start, at, first, into, 0);
        if (digits === MAX_DIGITS) return fault(2, start, at, first, into, 0);
        digit = <i32>load<u8>(at++) - FIRST;
      }
      if (digit >= 16) run -= <i64>1 << shift;
    }
    if (into > first + 8) run += beforeLast;
    if (<u64>run > <u64>pixels) return fault(4, start, at, first, into, <f64>run);
    position += run;
    store<u32>(into, <u32>position);
    into += 4;
    beforeLast = last;
    last = run;
  }
  if (position > 0xffff_ffff) return fault(5, start, at, first, into, <f64>position);
  return <i32>((into - first) >> 2);
}

function fault(kind: i32, start: usize, at: usize, first: usize, into: usize, value: f64): i32 {
  faultKind = kind;
  faultAt = <i32>(at - start);
  faultRun = <i32>((into - first) >> 2);
  faultValue = value;
  return WRONG_RUN;
}
