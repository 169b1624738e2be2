// Reads JSON from bytes, value by value, without making strings or objects of it. Accepts what JSON.parse accepts and nothing
// else; numbers come out as JSON.parse gives them, bit for bit. Source: RFC 8259, ECMA-262 §25.5.1.
//
// The bytes end with a NUL that is not part of the text. JSON allows no NUL anywhere, so every loop stops there by itself and
// needs no check against the end; only where a byte does not fit is it asked whether the text ended or is wrong.

import { shortDecimal } from './decimal.ts';
import { JsonFault, NEEDS_MORE } from './jsonFault.ts';
import type { KeySet } from './keySet.ts';

const TAB = 0x09;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const SPACE = 0x20;
const QUOTE = 0x22;
const PLUS = 0x2b;
const COMMA = 0x2c;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/** Longest number, in characters, whose digits as an integer are surely exact. */
export const EXACT_LENGTH = 15;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class JsonScanner {
  /** The text and, at `limit`, a NUL. */
  #bytes: Uint8Array = new Uint8Array(1);
  #limit = 0;
  #isLast = true;
  /** Of each open list or object around the value being skipped: 1 for an object. */
  #nesting = new Uint8Array(64);
  /** The next byte to read. */
  position = 0;

  /**
   * Starts on other bytes.
   * @param bytes the text is [position, limit); bytes[limit] must be 0
   * @param isLast whether the text ends there; otherwise a value that reaches the limit throws NEEDS_MORE
   */
  start(bytes: Uint8Array, position: number, limit: number, isLast: boolean): void {
    if (bytes[limit] !== 0) throw new RangeError('JsonScanner.start: expected a NUL after the text');
    this.#bytes = bytes;
    this.#limit = limit;
    this.#isLast = isLast;
    this.position = position;
  }

  /** What is being read. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Where it ends. */
  get limit(): number {
    return this.#limit;
  }

  /** Skips white space; the byte after it, 0 at the end. */
  next(): number {
    const bytes = this.#bytes;
    let at = this.position;
    let byte = bytes[at]!;
    while (byte === SPACE || byte === NEWLINE || byte === RETURN || byte === TAB) byte = bytes[++at]!;
    this.position = at;
    return byte;
  }

  /** Whether only white space is left. */
  isAtEnd(): boolean {
    return this.next() === 0 && this.position >= this.#limit;
  }

  /** Skips white space and this byte. */
  expect(byte: number): void {
    if (this.next() !== byte) this.fault(this.position, `"${String.fromCharCode(byte)}"`);
    this.position++;
  }

  /**
   * After a value in a list or object: skips the comma, or what closes it.
   * @returns whether another value follows
   */
  another(close: number): boolean {
    const byte = this.next();
    if (byte !== COMMA && byte !== close) this.fault(this.position, `"," or "${String.fromCharCode(close)}"`);
    this.position++;
    return byte === COMMA;
  }

  /** Reports that the byte at `at` does not fit. */
  fault(at: number, expected: string): never {
    if (at >= this.#limit && !this.#isLast) throw NEEDS_MORE;
    throw new JsonFault(at, expected);
  }

  /**
   * Reads the number at the position.
   * @returns the double that JSON.parse gives
   */
  number(): number {
    const bytes = this.#bytes;
    const start = this.position;
    let at = start;
    let byte = bytes[at]!;
    if (byte === MINUS) byte = bytes[++at]!;
    let mantissa = 0;
    if (byte === ZERO) byte = bytes[++at]!;
    else if (isDigit(byte)) {
      do {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = bytes[++at]!;
      } while (isDigit(byte));
    } else this.fault(at, at === start ? 'a number' : 'a digit');
    let decimals = 0;
    if (byte === POINT) {
      const first = ++at;
      byte = bytes[at]!;
      if (!isDigit(byte)) this.fault(at, 'a digit');
      do {
        mantissa = mantissa * 10 + (byte - ZERO);
        byte = bytes[++at]!;
      } while (isDigit(byte));
      decimals = at - first;
    }
    const hasExponent = (byte | 0x20) === 0x65;
    if (hasExponent) at = this.#exponent(at);
    if (at >= this.#limit && !this.#isLast) throw NEEDS_MORE;
    this.position = at;
    if (hasExponent || at - start > EXACT_LENGTH) return Number(this.#latin1(start, at));
    const value = shortDecimal(mantissa, decimals);
    return bytes[start] === MINUS ? -value : value;
  }

  /** Skips e, a sign and digits. */
  #exponent(e: number): number {
    const bytes = this.#bytes;
    let at = e + 1;
    if (bytes[at] === PLUS || bytes[at] === MINUS) at++;
    if (!isDigit(bytes[at]!)) this.fault(at, 'a digit');
    while (isDigit(bytes[at]!)) at++;
    return at;
  }

  /** Skips the number that starts at `at`. */
  #skipNumber(at: number): number {
    const bytes = this.#bytes;
    let byte = bytes[at]!;
    if (byte === MINUS) byte = bytes[++at]!;
    if (byte === ZERO) byte = bytes[++at]!;
    else {
      if (!isDigit(byte)) this.fault(at, 'a digit');
      do byte = bytes[++at]!; while (isDigit(byte));
    }
    if (byte === POINT) {
      byte = bytes[++at]!;
      if (!isDigit(byte)) this.fault(at, 'a digit');
      do byte = bytes[++at]!; while (isDigit(byte));
    }
    if ((byte | 0x20) === 0x65) return this.#exponent(at);
    return at;
  }

  /**
   * Skips the string whose opening quote is at the position.
   * @returns whether it has escapes
   */
  skipString(): boolean {
    const bytes = this.#bytes;
    let at = this.position;
    if (bytes[at] !== QUOTE) this.fault(at, 'a string');
    let hasEscapes = false;
    for (;;) {
      let byte = bytes[++at]!;
      while (byte >= SPACE && byte !== QUOTE && byte !== BACKSLASH) byte = bytes[++at]!;
      if (byte === QUOTE) break;
      if (byte !== BACKSLASH) this.fault(at, 'a character or the closing quote');
      hasEscapes = true;
      at = this.#skipEscape(at);
    }
    this.position = at + 1;
    return hasEscapes;
  }

  /** The last byte of the escape whose backslash is at `at`. */
  #skipEscape(at: number): number {
    const bytes = this.#bytes;
    switch (bytes[++at]) {
      case 0x22: case 0x5c: case 0x2f: case 0x62: case 0x66: case 0x6e: case 0x72: case 0x74: // " \ / b f n r t
        return at;
      case 0x75: // u
        for (let i = 0; i < 4; i++) if (!isHexDigit(bytes[++at]!)) this.fault(at, 'four hexadecimal digits');
        return at;
      default:
        return this.fault(at, 'one of "\\/bfnrtu after a backslash');
    }
  }

  /** Skips true, false or null. */
  literal(text: 'true' | 'false' | 'null'): void {
    for (let i = 0; i < text.length; i++) {
      if (this.#bytes[this.position + i] !== text.charCodeAt(i)) this.fault(this.position + i, text);
    }
    this.position += text.length;
  }

  /** Skips the value at the position, however deep; all of it is checked. White space may come before it. */
  skip(): void {
    let depth = 0;
    for (;;) {
      const byte = this.next();
      if (byte === OPEN_LIST) {
        this.position++;
        if (this.next() === CLOSE_LIST) this.position++;
        else if (!this.#skipNumbers()) {
          this.#open(depth++, 0);
          continue;
        }
      } else if (byte === OPEN_OBJECT) {
        this.position++;
        if (this.next() !== CLOSE_OBJECT) {
          this.#open(depth++, 1);
          this.#skipKey();
          continue;
        }
        this.position++;
      } else this.#skipScalar(byte);

      for (; depth > 0; depth--) {
        const isObject = this.#nesting[depth - 1] === 1;
        if (this.another(isObject ? CLOSE_OBJECT : CLOSE_LIST)) {
          if (isObject) this.#skipKey();
          break;
        }
      }
      if (depth === 0) return;
    }
  }

  /**
   * Most bytes of a COCO file are polygons: this skips numbers of a list with nothing but a comma and a space between them.
   * @returns true after the end of the list, false before a value of it (perhaps its first)
   */
  #skipNumbers(): boolean {
    const bytes = this.#bytes;
    let at = this.position;
    for (;;) {
      let byte = bytes[at]!;
      if (byte === MINUS) byte = bytes[++at]!;
      if (byte === ZERO) byte = bytes[++at]!;
      else {
        if (!isDigit(byte)) break;
        do byte = bytes[++at]!; while (isDigit(byte));
      }
      if (byte === POINT) {
        byte = bytes[++at]!;
        if (!isDigit(byte)) break;
        do byte = bytes[++at]!; while (isDigit(byte));
      }
      if (byte === CLOSE_LIST) {
        this.position = at + 1;
        return true;
      }
      if (byte !== COMMA) break; // an exponent, white space, a fault: the general way sees to it
      if (bytes[++at] === SPACE) at++;
      this.position = at;
    }
    return false;
  }

  #skipScalar(byte: number): void {
    if (isDigit(byte) || byte === MINUS) {
      const at = this.#skipNumber(this.position);
      if (at >= this.#limit && !this.#isLast) throw NEEDS_MORE;
      this.position = at;
    } else if (byte === QUOTE) this.skipString();
    else if (byte === 0x74) this.literal('true');
    else if (byte === 0x66) this.literal('false');
    else if (byte === 0x6e) this.literal('null');
    else this.fault(this.position, 'a value');
  }

  #skipKey(): void {
    if (this.next() !== QUOTE) this.fault(this.position, 'a key in quotes');
    this.skipString();
    this.expect(COLON);
  }

  /**
   * Reads a key and the colon after it.
   * @returns the key's place in `keys`, or -1 when it is none of them
   */
  key(keys: KeySet): number {
    if (this.next() !== QUOTE) this.fault(this.position, 'a key in quotes');
    const start = this.position;
    const likely = keys.guess(this.#bytes, start);
    if (likely >= 0) {
      this.position += keys.lengthOf(likely);
      this.expect(COLON);
      return likely;
    }
    const isEscaped = this.skipString();
    const end = this.position;
    this.expect(COLON);
    return isEscaped ? keys.names.indexOf(this.value(start, end) as string) : keys.find(this.#bytes, start, end);
  }

  /** What JSON.parse makes of the bytes [start, end), which have been checked. Broken UTF-8 becomes U+FFFD. */
  value(start: number, end: number): unknown {
    return JSON.parse(decoder.decode(this.#bytes.slice(start, end))); // a copy: decoders take no shared memory
  }

  #open(depth: number, isObject: 0 | 1): void {
    if (depth === this.#nesting.length) {
      const deeper = new Uint8Array(2 * depth);
      deeper.set(this.#nesting);
      this.#nesting = deeper;
    }
    this.#nesting[depth] = isObject;
  }

  /** The bytes [start, end) as characters; for ASCII. */
  #latin1(start: number, end: number): string {
    let text = '';
    for (let at = start; at < end; at++) text += String.fromCharCode(this.#bytes[at]!);
    return text;
  }
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39;
}

function isHexDigit(byte: number): boolean {
  const lower = byte | 0x20;
  return isDigit(byte) || (lower >= 0x61 && lower <= 0x66);
}
