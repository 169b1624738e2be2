// Decimal numbers to the nearest double.
// Source: W. D. Clinger, How to read floating point numbers accurately (1990).

/** Powers of ten that are exact as doubles, as far as they are needed. */
const POWERS = Float64Array.from({ length: 16 }, (_, exponent) => Number(`1e${exponent}`));

/**
 * A whole number of at most 15 digits with its point `decimals` places from the right.
 * Both doubles are exact, so that one division rounds once.
 */
export function shortDecimal(digits: number, decimals: number): number {
  return decimals === 0 ? digits : digits / POWERS[decimals]!;
}
