// How large a picture may be. A small file can hold a huge picture, whose pixels take the memory of the whole machine.

import { ConfigError } from '../errors.ts';

/** The environment variable. */
export const PIXEL_LIMIT_VARIABLE = 'MPVG_PIXEL_LIMIT';
/** libvips' own: 16383 x 16383. */
const DEFAULT_LIMIT = 0x3fff ** 2;

/**
 * Pixels that a picture may have: the environment variable MPVG_PIXEL_LIMIT, default 268,402,689.
 * @throws ConfigError when the variable is no whole number above 0
 */
export function pixelLimit(): number {
  const given = process.env[PIXEL_LIMIT_VARIABLE];
  if (given === undefined || given === '') return DEFAULT_LIMIT;
  const limit = Number(given);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new ConfigError(`pixelLimit: expected a whole number of pixels for ${PIXEL_LIMIT_VARIABLE}, got ${given}`);
}
