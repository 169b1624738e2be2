// Files into the parser. Node's fs is taken from the process when it is needed, so that a browser bundle can hold this file.

import type * as Files from 'node:fs/promises';
import { systemReason } from '../../files/systemReason.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { CocoParser, type ParsedCoco } from './cocoParser.ts';

const PIECE_BYTES = 2 ** 20;

/** Told while a file is read. */
export type ReadProgress = (bytesRead: number, bytesInAll: number) => void;

/**
 * Reads a COCO file of any size, in pieces; nothing of it is ever a string.
 * @throws DataError when it cannot be read or is no COCO JSON; ConfigError outside of Node
 */
export async function readCocoFile(path: string, onProgress?: ReadProgress): Promise<ParsedCoco> {
  const { open } = nodeFiles();
  const file = await open(path).catch((error: unknown) => { throw unreadable(path, error); });
  try {
    const { size } = await file.stat();
    const parser = new CocoParser({ name: path, size, shared: true });
    const readOn = () => file.read(parser.space().subarray(0, PIECE_BYTES));
    let reading = readOn();
    for (let total = 0; ;) {
      const { bytesRead } = await reading.catch((error: unknown) => { throw unreadable(path, error); });
      if (bytesRead === 0) return parser.finish();
      parser.take(bytesRead);
      // While one piece is parsed, the next one is being read.
      const next = parser.space().length > 0 ? readOn() : undefined;
      // A fault is heard of when it is waited for, or not at all if parsing fails first.
      next?.catch(() => undefined);
      parser.parse();
      reading = next ?? readOn();
      total += bytesRead;
      onProgress?.(total, size);
    }
  } finally {
    await file.close();
  }
}

/** Reads from bytes in memory, which are copied. */
export function readCocoBytes(bytes: Uint8Array, name: string): ParsedCoco {
  const parser = new CocoParser({ name, size: bytes.length });
  parser.push(bytes);
  return parser.finish();
}

function nodeFiles(): typeof Files {
  const { process } = globalThis as { process?: NodeJS.Process };
  if (typeof process?.getBuiltinModule !== 'function') {
    throw new ConfigError('CocoDataset.open: expected Node.js to read a path; elsewhere give the bytes to CocoDataset.fromBytes');
  }
  return process.getBuiltinModule('node:fs/promises');
}

function unreadable(path: string, error: unknown): DataError {
  return new DataError(`CocoDataset.open: expected a readable file for path, got ${path}: ${systemReason(error)}`);
}
