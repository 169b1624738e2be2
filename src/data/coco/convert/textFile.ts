// Text of other programs: UTF-8, with or without a byte order mark; XML also in the encoding that it declares.

import { readFile } from 'node:fs/promises';
import { systemReason } from '../../../files/systemReason.ts';
import { DataError } from '../../../errors.ts';
import { foreignContent } from '../../foreignContent.ts';

/**
 * Reads a text.
 * @param what what is expected of the file, for errors: 'labels'
 * @throws DataError naming the file when it cannot be read or is not UTF-8
 */
export async function readText(file: string, what: string): Promise<string> {
  return decode(await bytesOf(file, what, 'may be empty'), 'utf-8', file);
}

/** The same for XML. @throws DataError also for an encoding that is not known */
export async function readXmlText(file: string, what: string): Promise<string> {
  const bytes = await bytesOf(file, what);
  const start = new TextDecoder('latin1').decode(bytes.subarray(0, 200));
  const declared = /^(?:ï»¿)?<\?xml[^>]*?encoding\s*=\s*["']([\w.:-]+)["']/.exec(start)?.[1];
  return decode(bytes, start.startsWith('\xff\xfe') ? 'utf-16le' : start.startsWith('\xfe\xff') ? 'utf-16be' : declared ?? 'utf-8', file);
}

async function bytesOf(file: string, what: string, kind?: 'may be empty'): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: unknown) => {
    throw new DataError(`readText: expected a file of ${what}, got ${file}: ${systemReason(error)}`);
  });
  // Labels of a photo without objects are empty.
  const foreign = bytes.length === 0 && kind === 'may be empty' ? undefined : foreignContent(bytes);
  if (foreign !== undefined) throw new DataError(`readText: expected a file of ${what}, got ${file}: ${foreign}`);
  return bytes;
}

function decode(bytes: Uint8Array, encoding: string, file: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (error) {
    const got = error instanceof RangeError ? `the encoding ${encoding}, which is not known` : 'bytes that are none; save the file as UTF-8';
    throw new DataError(`readText: expected text in ${encoding === 'utf-8' ? 'UTF-8' : encoding} in ${file}, got ${got}`);
  }
}
