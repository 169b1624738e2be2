// A tensor that a module holds by name. It has a shape and an initialiser from the start and values from `initialise` or `set`
// on, so that a model can be described and counted without the memory for it.

import { tensor, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { fusedKernel, runFused } from '../ops/fused.ts';
import { writeValues } from '../ops/hostValues.ts';
import type { Rng } from '../random/rng.ts';
import type { Initialiser } from './initialisers.ts';

/** What parameters and buffers have in common. */
export abstract class ModuleTensor {
  /** Sizes, outermost first; [] for a scalar. */
  readonly shape: readonly number[];
  /** Elements. */
  readonly size: number;
  readonly #initialiser: Initialiser;
  readonly #trainable: boolean;
  #variable: Variable | undefined;

  constructor(shape: readonly number[], initialiser: Initialiser, trainable: boolean) {
    this.shape = shape;
    this.size = shape.reduce((product, length) => product * length, 1);
    this.#initialiser = initialiser;
    this.#trainable = trainable;
  }

  /** The tensor, float32. Its storage stays the same until `dispose`: compiled steps keep it. */
  get value(): Variable {
    if (this.#variable === undefined) throw new Error(`${this.constructor.name}.value: expected a tensor with values; call initialise or set first`);
    return this.#variable;
  }

  /** Whether there are values. */
  get isSet(): boolean {
    return this.#variable !== undefined;
  }

  /** Takes its initial values from a random stream. */
  initialise(rng: Rng): void {
    this.set(this.#initialiser(this.shape, rng));
  }

  /**
   * Changes the values, in place.
   * @param values of this shape, or row-major
   * @throws ShapeError
   */
  set(values: Tensor | Float32Array): void {
    const fits = values instanceof Float32Array ? values.length === this.size : values.shape.join() === this.shape.join();
    if (!fits) {
      const got = values instanceof Float32Array ? `${values.length} values` : `[${values.shape.join(', ')}]`;
      throw new ShapeError(`${this.constructor.name}.set: expected shape [${this.shape.join(', ')}] for values, got ${got}`);
    }
    if (this.#variable === undefined) {
      // Not from the tensor given: the two would share storage, and what is written to one would show in the other.
      const made = tensor(values instanceof Float32Array ? values : new Float32Array(this.size), [...this.shape], 'float32');
      this.#variable = variable(made, this.#trainable);
      made.dispose();
      if (values instanceof Float32Array) return;
    }
    if (values instanceof Float32Array) {
      writeValues(this.#variable, values);
    } else if (fusedKernel('MpvgWrite')) {
      runFused('MpvgWrite', { target: this.#variable, values }).dispose();
    } else {
      this.#variable.assign(values);
    }
  }

  /** Reads the values back. */
  async read(): Promise<Float32Array> {
    return await this.value.data<'float32'>();
  }

  /** Frees the values. */
  dispose(): void {
    this.#variable?.dispose();
    this.#variable = undefined;
  }
}
