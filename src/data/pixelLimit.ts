// How large a picture may be. A small file can hold a huge picture, whose pixels take the memory of the whole machine.

import sharp from 'sharp';
import { ConfigError } from '../errors.ts';

const VARIABLE = 'MPVG_PIXEL_LIMIT';
/** libvips' own: 16383 x 16383. */
const DEFAULT_LIMIT = 0x3fff ** 2;

/**
 * Pixels that a picture may have: the environment variable MPVG_PIXEL_LIMIT, default 268,402,689.
 * @throws ConfigError when the variable is no whole number above 0
 */
export function pixelLimit(): number {
  const given = process.env[VARIABLE];
  if (given === undefined || given === '') return DEFAULT_LIMIT;
  const limit = Number(given);
  if (Number.isSafeInteger(limit) && limit > 0) return limit;
  throw new ConfigError(`pixelLimit: expected a whole number of pixels for ${VARIABLE}, got ${given}`);
}

/** Why a picture was not decoded, in one line, with what helps where it is known. */
export async function decodeFault(error: unknown, input: string | Uint8Array): Promise<string> {
  const message = (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, '; ');
  if (/unsupported image format/.test(message)) return `${message}; convert it, to PNG for example`;
  if (!/exceeds pixel limit/.test(message)) return message;
  const { width, height } = await sharp(input, { limitInputPixels: false }).metadata();
  return `${width} x ${height} pixels, more than the limit of ${pixelLimit().toLocaleString('en')}; scale it down, or lift the limit with the ` +
    `environment variable ${VARIABLE}=${width * height}`;
}
