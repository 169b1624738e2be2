// A trainable tensor. It has a shape and an initialiser from the start and values from `initialise` or `set` on, so that a
// model can be described and counted without the memory for it.

import { tensor, variable } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { fusedKernel, runFused } from '../ops/fused.ts';
import { writeValues } from '../ops/hostValues.ts';
import type { Rng } from '../random/rng.ts';
import type { Initialiser } from './initialisers.ts';

export interface ParameterOptions {
  readonly shape: readonly number[];
  readonly initialiser: Initialiser;
  /** A position embedding or a class token, which recipes spare weight decay as they do norms and biases. Default false. */
  readonly embedding?: boolean;
}

export class Parameter {
  readonly shape: readonly number[];
  readonly size: number;
  readonly embedding: boolean;
  readonly #initialiser: Initialiser;
  #variable: Variable | undefined;

  constructor({ shape, initialiser, embedding = false }: ParameterOptions) {
    this.shape = shape;
    this.size = shape.reduce((product, length) => product * length, 1);
    this.embedding = embedding;
    this.#initialiser = initialiser;
  }

  /** The tensor, float32. Its storage stays the same for the parameter's life: compiled steps keep it. */
  get value(): Variable {
    if (this.#variable === undefined) throw new Error('Parameter.value: expected a parameter with values; call initialise or set first');
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
   * @param values of the parameter's shape, or row-major
   * @throws ShapeError
   */
  set(values: Tensor | Float32Array): void {
    const fits = values instanceof Float32Array ? values.length === this.size : values.shape.join() === this.shape.join();
    if (!fits) {
      const got = values instanceof Float32Array ? `${values.length} values` : `[${values.shape.join(', ')}]`;
      throw new ShapeError(`Parameter.set: expected shape [${this.shape.join(', ')}] for values, got ${got}`);
    }
    if (this.#variable === undefined) {
      // Not from the tensor given: the two would share storage, and what is written to one would show in the other.
      const made = tensor(values instanceof Float32Array ? values : new Float32Array(this.size), [...this.shape], 'float32');
      this.#variable = variable(made);
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
