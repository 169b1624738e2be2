// A tensor that follows from a module's options: sinusoidal positions, an index table. No checkpoint keeps it. A module has it
// from `initialise` or `loadState` on, not from its first use, which may be while a step is recorded.

import { keep, tensor } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';

/** A tensor that is computed from a module's options and in no checkpoint. */
export class ModuleConstant {
  /** Elements. */
  readonly size: number;
  readonly #values: () => Float32Array | Int32Array;
  readonly #shape: readonly number[];
  #tensor: Tensor | undefined;

  /** @param values computes them, row-major, when the tensor is made; an Int32Array makes an int32 tensor */
  constructor(values: () => Float32Array | Int32Array, shape: readonly number[]) {
    this.size = shape.reduce((product, length) => product * length, 1);
    this.#values = values;
    this.#shape = shape;
  }

  /** Whether there is a tensor. */
  get isMade(): boolean {
    return this.#tensor !== undefined;
  }

  /** The tensor, which the module owns; throws before `initialise` or `loadState`. */
  get value(): Tensor {
    if (this.#tensor === undefined) throw new Error('ModuleConstant.value: expected a module with values; call initialise or loadState first');
    return this.#tensor;
  }

  /** Makes the tensor if there is none. */
  make(): void {
    if (this.#tensor !== undefined) return;
    const values = this.#values();
    this.#tensor = keep(tensor(values, [...this.#shape], values instanceof Int32Array ? 'int32' : 'float32'));
  }

  /** Frees the tensor. */
  dispose(): void {
    this.#tensor?.dispose();
    this.#tensor = undefined;
  }
}
