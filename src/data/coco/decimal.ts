// Decimal numbers to the nearest double, ties to even, as every correct reader gives them.
// Source: W. D. Clinger, How to read floating point numbers accurately (1990), for short numbers; T. J. Dekker, A floating-point
// technique for extending the available precision (1971), for the rest.

/** Powers of ten that are exact as doubles. */
const POWERS = Float64Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));

const POINT = 0x2e;
const ZERO = 0x30;

/** Digits of one part of a long number; two parts are a whole number that two doubles hold exactly. */
const PART_DIGITS = 8;
const MOST_DIGITS = 2 * PART_DIGITS + 1;

/**
 * A whole number of at most 15 digits with its point `decimals` places from the right.
 * Both doubles are exact, so that one division rounds once.
 */
export function shortDecimal(digits: number, decimals: number): number {
  return decimals === 0 ? digits : digits / POWERS[decimals]!;
}

/**
 * The number whose digits, with at most one point, are the bytes [start, end); no sign, no exponent.
 * @returns the nearest double, or NaN where it takes more than 17 digits or 22 decimals to tell
 */
export function longDecimal(bytes: Uint8Array, start: number, end: number): number {
  let high = 0;
  let low = 0;
  let digits = 0;
  let decimals = -1;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    if (byte === POINT) {
      decimals = 0;
      continue;
    }
    if (decimals >= 0) decimals++;
    if (digits === 0 && byte === ZERO) continue;
    if (digits < MOST_DIGITS - PART_DIGITS) high = high * 10 + (byte - ZERO);
    else low = low * 10 + (byte - ZERO);
    digits++;
  }
  decimals = Math.max(0, decimals);
  if (digits > MOST_DIGITS || decimals >= POWERS.length) return NaN;
  if (digits <= MOST_DIGITS - PART_DIGITS) return shortDecimal(high, decimals);
  return quotient(high * POWERS[digits - (MOST_DIGITS - PART_DIGITS)]!, low, POWERS[decimals]!);
}

/** (a + b) / d to the nearest double, for whole numbers a > b that are exact, and exact d; NaN where it is too close to a tie. */
function quotient(a: number, b: number, d: number): number {
  const sum = a + b;
  const rest = b - (sum - a); // exact: a + b = sum + rest
  const first = sum / d;
  const product = first * d;
  const remainder = sum - product - productError(first, d, product) + rest;
  const second = remainder / d;
  // The true quotient is first + second to 2^-50 of `second`: if that much more and less round alike, so does the quotient.
  const above = first + second * (1 + 2 ** -48);
  return above === first + second * (1 - 2 ** -48) ? above : NaN;
}

/** a * b - product, exactly (Dekker). */
function productError(a: number, b: number, product: number): number {
  const [ah, bh] = [upperHalf(a), upperHalf(b)];
  const [al, bl] = [a - ah, b - bh];
  return ((ah * bh - product) + ah * bl + al * bh) + al * bl;
}

/** The upper 26 bits (Veltkamp). */
function upperHalf(value: number): number {
  const shifted = value * (2 ** 27 + 1);
  return shifted - (shifted - value);
}
