// JSON as almost all files write it: everything but \u in strings, numbers of very many digits and deep nesting. What is refused
// here may be right or wrong: JavaScript reads it again, in the general way. Source: RFC 8259.

import {
  BACKSLASH, CLOSE_LIST, CLOSE_OBJECT, COLON, COMMA, MINUS, NEWLINE, OPEN_LIST, OPEN_OBJECT, PLUS, POINT, QUOTE, RETURN, SPACE,
  TAB, ZERO,
} from './bytes';
import { EXACT_LENGTH, MOST_DECIMALS, longDecimal, shortDecimal } from './decimal';

const MOST_LEVELS: i32 = 32;

/** Where reading stands. The text ends with a NUL, which fits nowhere, and 16 bytes of anything. */
export let at: usize = 0;
/** The number read last. */
export let value: f64 = 0;

let exponent: i32 = 0;

export function setAt(position: usize): void {
  at = position;
}

/** Skips white space. */
export function skipSpace(): void {
  let byte = <i32>load<u8>(at);
  while (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) byte = <i32>load<u8>(++at);
}

/** Skips white space and this byte, if it is next. */
export function take(byte: i32): bool {
  skipSpace();
  if (load<u8>(at) !== byte) return false;
  at++;
  return true;
}

/** Reads a number into `value`. */
export function readNumber(): bool {
  skipSpace();
  const start = at;
  let here = at;
  const isNegative = <i32>load<u8>(here) === MINUS;
  if (isNegative) here++;
  const first = here;
  let digits: u64 = 0;
  let digit = <i32>load<u8>(here) - ZERO;
  for (; <u32>digit < 10; digit = <i32>load<u8>(++here) - ZERO) digits = digits * 10 + digit;
  if (here === first || (here > first + 1 && load<u8>(first) === ZERO)) return refuse(here);
  let decimals = 0;
  if (digit === POINT - ZERO) {
    const point = here++;
    digit = <i32>load<u8>(here) - ZERO;
    for (; <u32>digit < 10; digit = <i32>load<u8>(++here) - ZERO) digits = digits * 10 + digit;
    decimals = <i32>(here - point) - 1;
    if (decimals === 0) return refuse(here);
  }
  const end = here;
  if (isExponent(digit)) {
    if (!skipExponent(here)) return false;
    here = at;
    decimals -= exponent;
  }
  if (<u32>decimals > <u32>MOST_DECIMALS) return refuse(end);
  const result = <i32>(end - start) <= EXACT_LENGTH ? shortDecimal(digits, decimals) : longDecimal(first, end, decimals);
  if (isNaN(result)) return refuse(end);
  value = isNegative ? -result : result;
  at = here;
  return true;
}

/** Skips a value. */
export function skipValue(level: i32): bool {
  skipSpace();
  const byte = <i32>load<u8>(at);
  if (byte === QUOTE) return skipString();
  if (byte === OPEN_LIST) return skipList(level);
  if (byte === OPEN_OBJECT) return skipObject(level);
  if (byte === MINUS || <u32>(byte - ZERO) < 10) return skipNumber();
  return skipLiteral(0x6c6c756e) || skipLiteral(0x65757274) || (load<u8>(at) === 0x66 && skipFalse()); // null, true, false
}

/** Skips a string; its opening quote is next. */
export function skipString(): bool {
  let here = at + 1;
  while (true) {
    // 16 bytes at a time: which of them are a quote, a backslash or no character.
    const bytes = v128.load(here);
    const isEnd = v128.eq<i8>(bytes, i8x16.splat(<i8>QUOTE));
    const isEscape = v128.eq<i8>(bytes, i8x16.splat(<i8>BACKSLASH));
    const isControl = v128.lt<u8>(bytes, i8x16.splat(<i8>SPACE));
    const found = i8x16.bitmask(v128.or(v128.or(isEnd, isEscape), isControl));
    if (found === 0) {
      here += 16;
      continue;
    }
    here += ctz(found);
    const byte = <i32>load<u8>(here);
    if (byte === QUOTE) {
      at = here + 1;
      return true;
    }
    if (byte !== BACKSLASH || !isEscapable(load<u8>(here, 1))) return refuse(byte === BACKSLASH ? here + 1 : here);
    here += 2;
  }
}

/** " \ / b f n r t */
function isEscapable(byte: i32): bool {
  return byte === QUOTE || byte === BACKSLASH || byte === 0x2f || byte === 0x62 || byte === 0x66 || byte === 0x6e ||
    byte === 0x72 || byte === 0x74;
}

function skipList(level: i32): bool {
  if (level === MOST_LEVELS) return false;
  at++;
  if (take(CLOSE_LIST)) return true;
  do {
    const byte = <i32>load<u8>(at);
    const isNumber = byte === MINUS || <u32>(byte - ZERO) < 10;
    if (!(isNumber ? skipNumber() : skipValue(level + 1))) return false;
    // Between numbers mostly a comma and a space: tried first, since most bytes of a file are such numbers.
    while (isNumber && load<u8>(at) === COMMA) {
      at += load<u8>(at, 1) === SPACE ? 2 : 1;
      const next = <i32>load<u8>(at);
      if (next !== MINUS && <u32>(next - ZERO) >= 10) {
        if (!skipValue(level + 1)) return false;
      } else if (!skipNumber()) return false;
    }
    if (take(CLOSE_LIST)) return true;
    if (!take(COMMA)) return false;
    skipSpace();
  } while (true);
}

function skipObject(level: i32): bool {
  if (level === MOST_LEVELS) return false;
  at++;
  if (take(CLOSE_OBJECT)) return true;
  do {
    skipSpace();
    if (load<u8>(at) !== QUOTE || !skipString() || !take(COLON) || !skipValue(level + 1)) return false;
  } while (take(COMMA));
  return take(CLOSE_OBJECT);
}

/** Skips the number that is next. */
function skipNumber(): bool {
  let here = at;
  if (load<u8>(here) === MINUS) here++;
  const first = here;
  here = skipDigits(here);
  if (here === first || (here > first + 1 && load<u8>(first) === ZERO)) return refuse(here);
  if (load<u8>(here) === POINT) {
    const point = here;
    here = skipDigits(here + 1);
    if (here === point + 1) return refuse(here);
  }
  at = here;
  return !isExponent(<i32>load<u8>(here) - ZERO) || skipExponent(here);
}

function skipDigits(from: usize): usize {
  let here = from;
  while (<u32>(<i32>load<u8>(here) - ZERO) < 10) here++;
  return here;
}

function isExponent(digit: i32): bool {
  return ((digit + ZERO) | 0x20) === 0x65;
}

/** Skips e, a sign and digits, and keeps the `exponent`. */
function skipExponent(e: usize): bool {
  let here = e + 1;
  const sign = <i32>load<u8>(here);
  if (sign === MINUS || sign === PLUS) here++;
  const first = here;
  exponent = 0;
  for (let digit = <i32>load<u8>(here) - ZERO; <u32>digit < 10; digit = <i32>load<u8>(++here) - ZERO) {
    exponent = min(1000, exponent * 10 + digit);
  }
  if (sign === MINUS) exponent = -exponent;
  at = here;
  return here > first;
}

function skipLiteral(letters: u32): bool {
  if (load<u32>(at) !== letters) return false;
  at += 4;
  return true;
}

function skipFalse(): bool {
  if (load<u32>(at, 1) !== 0x65736c61) return false; // alse
  at += 5;
  return true;
}

/** Stops at a byte that does not fit. */
function refuse(position: usize): bool {
  at = position;
  return false;
}
