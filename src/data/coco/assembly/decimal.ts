// Decimal numbers to the nearest double, ties to even, as every correct reader gives them.
// Source: W. D. Clinger, How to read floating point numbers accurately (1990), for short numbers; T. J. Dekker, A floating-point
// technique for extending the available precision (1971), for the rest.

import { POINT, ZERO } from './bytes';

/** Powers of ten that are exact as doubles. */
const POWERS: StaticArray<f64> = [
  1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];
/** The most decimals. */
export const MOST_DECIMALS: i32 = 22;
/** Numbers of at most so many characters have digits that a double holds exactly. */
export const EXACT_LENGTH: i32 = 15;
/** Digits of one part of a long number; two parts are a whole number that two doubles hold exactly. */
const PART_DIGITS: i32 = 8;
const MOST_DIGITS: i32 = 2 * PART_DIGITS + 1;

/** A whole number of at most 15 digits with its point `decimals` places from the right, 0 to 22. */
export function shortDecimal(digits: u64, decimals: i32): f64 {
  // Both are exact, so that one division rounds once.
  return decimals === 0 ? <f64>digits : <f64>digits / unchecked(POWERS[decimals]);
}

/**
 * The number whose digits, with at most one point, are the bytes [start, end); no sign, no exponent.
 * @param decimals places between its last digit and the point
 * @returns the nearest double, or NaN where it takes more than 17 digits to tell
 */
export function longDecimal(start: usize, end: usize, decimals: i32): f64 {
  let high: f64 = 0;
  let low: f64 = 0;
  let digits = 0;
  for (let at = start; at < end; at++) {
    const byte = <i32>load<u8>(at);
    if (byte === POINT || (digits === 0 && byte === ZERO)) continue;
    if (digits < MOST_DIGITS - PART_DIGITS) high = high * 10 + (byte - ZERO);
    else low = low * 10 + (byte - ZERO);
    digits++;
  }
  if (digits > MOST_DIGITS) return NaN;
  const divisor = unchecked(POWERS[decimals]);
  if (digits <= MOST_DIGITS - PART_DIGITS) return high / divisor;
  return quotient(high * unchecked(POWERS[digits - (MOST_DIGITS - PART_DIGITS)]), low, divisor);
}

/** (a + b) / d to the nearest double, for whole numbers a > b that are exact, and exact d; NaN where it is too close to a tie. */
function quotient(a: f64, b: f64, d: f64): f64 {
  const sum = a + b;
  const rest = b - (sum - a); // exact: a + b = sum + rest
  const first = sum / d;
  const product = first * d;
  const remainder = sum - product - productError(first, d, product) + rest;
  const second = remainder / d;
  // The true quotient is first + second to 2^-50 of `second`: if that much more and less round alike, so does the quotient.
  const above = first + second * (1 + 3.552713678800501e-15); // 2^-48
  return above === first + second * (1 - 3.552713678800501e-15) ? above : NaN;
}

/** a * b - product, exactly (Dekker). */
function productError(a: f64, b: f64, product: f64): f64 {
  const ah = upperHalf(a);
  const bh = upperHalf(b);
  const al = a - ah;
  const bl = b - bh;
  return ((ah * bh - product) + ah * bl + al * bh) + al * bl;
}

/** The upper 26 bits (Veltkamp). */
function upperHalf(value: f64): f64 {
  const shifted = value * 134_217_729; // 2^27 + 1
  return shifted - (shifted - value);
}
