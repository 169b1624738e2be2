// Kernels whose memory grows with the detections.

import { isOutOfMemory, type KernelGlobal } from '../../data/kernelLoader.ts';
import { DataError } from '../../errors.ts';

/** A place in a kernel's memory. JavaScript sees those above 2 GiB as negative numbers. */
export function addressOf({ value }: KernelGlobal): number {
  return value >>> 0;
}

/**
 * Runs what takes a kernel's memory.
 * @throws DataError when it takes more than WebAssembly has: 4 GiB in all, 1 GiB for one column
 */
export function inMemory<Result>(detections: number, run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    throw new DataError(`CocoEval: expected detections that fit into WebAssembly's memory, got ${detections}; evaluate fewer photos or classes at a time`, { cause: error });
  }
}
