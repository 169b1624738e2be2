// Why a picture was not decoded, for people: what libvips says of it, what the file is instead, and what helps.

import { open } from 'node:fs/promises';
import sharp from 'sharp';
import { foreignContent, TELLING_BYTES } from './foreignContent.ts';
import { pixelLimit, PIXEL_LIMIT_VARIABLE } from './pixelLimit.ts';
import { systemReason } from '../files/systemReason.ts';

/** How files of the formats that are decoded begin, read as latin1. */
const KNOWN = /^(\xff\xd8|\x89PNG|RIFF....WEBP|II[*+]\0|MM\0[*+]|GIF8|....ftyp)/s;
/** How libvips and its loaders speak: `loader: what`. */
const LIBVIPS = /corrupt header|(^|; )[^;,: ]+: /;
const CUT_OFF = /premature|unexpected end|bad seek|too small|read error|truncat/i;
const NOT_SUPPORTED = /not been built in|not supported|unsupported/i;
/** Nothing but printable ASCII; SVG is a text that is a picture. */
const TEXT = /^(?!.*<svg)[\t\n\r -~]+$/s;
const CONVERT = 'convert it, to PNG for example';
const ANEW = 'copy or download it anew, or remove it';

/**
 * One line for a failure of sharp, or for an error with a message of ours, which stays.
 * @param input what was to be decoded: a path, or the bytes of a file
 */
export async function decodeFault(error: unknown, input: string | Uint8Array): Promise<string> {
  const message = (error instanceof Error ? error.message : String(error)).trim().replaceAll(/\s*\n\s*/g, '; ');
  if (/exceeds pixel limit/.test(message)) {
    const { width, height } = await sharp(input, { limitInputPixels: false }).metadata();
    return `${width} x ${height} pixels, more than the limit of ${pixelLimit().toLocaleString('en')}; scale it down, or lift the limit with the ` +
      `environment variable ${PIXEL_LIMIT_VARIABLE}=${width * height}`;
  }
  let start: Uint8Array;
  try {
    start = typeof input === 'string' ? await startOf(input) : input.subarray(0, TELLING_BYTES);
  } catch (unreadable) {
    return systemReason(unreadable);
  }
  const foreign = foreignContent(start);
  if (foreign !== undefined) return foreign;
  const text = new TextDecoder('latin1').decode(start);
  const isKnown = KNOWN.test(text);
  if (TEXT.test(text)) return `a text, not a picture: it begins with ${JSON.stringify(text.slice(0, 40))}`;
  if (/unsupported image format/.test(message)) {
    return isKnown ? `the beginning of a picture; the file is damaged or cut off: ${ANEW}` : `${message}; ${CONVERT}`;
  }
  if (!LIBVIPS.test(message)) return message;
  // The same may be said several times, and libheif tells of each attempt to read.
  const [said] = [...new Set(message.replace(/^Input file has corrupt header: */, '').split('; '))].filter((part) => part !== '' && !/bad seek/.test(part));
  if (NOT_SUPPORTED.test(message)) return `${said}; ${CONVERT}`;
  const what = CUT_OFF.test(message) ? 'the file is cut off' : 'the file is damaged or cut off';
  return `${said === undefined ? '' : `${said}; `}${what}: ${ANEW}`;
}

async function startOf(path: string): Promise<Uint8Array> {
  const file = await open(path);
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(TELLING_BYTES), 0, TELLING_BYTES, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
