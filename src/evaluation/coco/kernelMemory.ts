// Kernels whose memory grows with the detections.

import { isOutOfMemory, type KernelGlobal } from '../../data/kernelLoader.ts';
import { DataError } from '../../errors.ts';

/** What a kernel with columns exports: its memory, and where in it they begin. */
export type KernelExports<Name extends string> =
  Readonly<Record<Name, KernelGlobal>> & { readonly memory: { readonly buffer: ArrayBuffer } };

/** The columns in a kernel's memory, by name. */
export class KernelColumns<Name extends string> {
  readonly #code: KernelExports<Name>;

  constructor(code: KernelExports<Name>) {
    this.#code = code;
  }

  // Views, until the memory grows. `from`: the first value.

  bytes(name: Name, length: number, from = 0): Uint8Array {
    return new Uint8Array(this.#code.memory.buffer, this.#addressOf(name) + from, length);
  }

  integers(name: Name, length: number): Uint32Array {
    return new Uint32Array(this.#code.memory.buffer, this.#addressOf(name), length);
  }

  signed(name: Name, length: number): Int32Array {
    return new Int32Array(this.#code.memory.buffer, this.#addressOf(name), length);
  }

  doubles(name: Name, length: number): Float64Array {
    return new Float64Array(this.#code.memory.buffer, this.#addressOf(name), length);
  }

  /** JavaScript sees places above 2 GiB as negative numbers. */
  #addressOf(name: Name): number {
    return this.#code[name].value >>> 0;
  }
}

/**
 * Runs what takes a kernel's memory.
 * @param classes how many there are, where they take memory of their own
 * @throws DataError when it takes more than WebAssembly has: 4 GiB in all, 1 GiB for one column
 */
export function inMemory<Result>(detections: number, run: () => Result, classes?: number): Result {
  try {
    return run();
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    const got = classes === undefined ? detections : `${detections} of ${classes} classes with objects`;
    throw new DataError(`CocoEval: expected detections that fit into WebAssembly's memory, got ${got}; evaluate fewer photos or classes at a time`, { cause: error });
  }
}
