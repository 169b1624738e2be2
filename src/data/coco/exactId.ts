/**
 * Whether no other id that a file may hold is read as the same double: from 2^53 on whole numbers are rounded, and an id would
 * match its neighbours.
 */
export function isExactId(id: number): boolean {
  return Math.abs(id) < 2 ** 53;
}

/** What is expected of an id, for errors. */
export const EXACT_ID = 'a number between -2^53 and 2^53';
