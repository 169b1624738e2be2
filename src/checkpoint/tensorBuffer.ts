// Memory for a tensor that is read from a file, whose header may promise anything.

import { DataError } from '../errors.ts';

/**
 * Tensors up to here are always tried: what is said to be available does not count the page cache of a container, which the
 * system gives back when it is needed.
 */
const ALWAYS_TRIED_BYTES = 2 ** 30;

/**
 * @param bytes of the tensor
 * @param name of the tensor, for messages
 * @param path the file, for messages
 * @throws DataError when there is not so much memory
 */
export function tensorBuffer(bytes: number, name: string, path: string): Uint8Array<ArrayBuffer> {
  const available = process.availableMemory();
  if (bytes <= Math.max(available, ALWAYS_TRIED_BYTES)) {
    try {
      return new Uint8Array(bytes);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error; // longer than an array can be, or no address space
    }
  }
  throw new DataError(`SafetensorsFile.read: expected a tensor that fits into memory for "${name}" in ${path}, got ${gibibytes(bytes)} where ${gibibytes(available)} are available`);
}

function gibibytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
