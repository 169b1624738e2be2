// The exponential moving average of a model's weights (EMA): kept beside them, updated after each step, evaluated and saved.
// Source: Polyak and Juditsky, 1992; timm's ModelEmaV2.

import { tensor, variable } from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { assertSameModel } from '../checkpoint/checkpoint.ts';
import type { StoredTensor, TensorMap } from '../checkpoint/storedTensor.ts';
import { DataError } from '../errors.ts';
import type { Parameter } from '../nn/parameter.ts';
import { writeValues } from '../ops/hostValues.ts';
import { movingAverage } from '../ops/movingAverage.ts';

export class WeightAverage {
  readonly #parameters: ReadonlyMap<string, Parameter>;
  readonly #decay: number;
  readonly #averages: ReadonlyMap<string, Variable>;

  private constructor(parameters: ReadonlyMap<string, Parameter>, decay: number, averages: ReadonlyMap<string, Variable>) {
    this.#parameters = parameters;
    this.#decay = decay;
    this.#averages = averages;
  }

  /**
   * An average that starts at the parameters' values.
   * @param decay in [0, 1): how much of the average stays at each update
   */
  static async of(parameters: ReadonlyMap<string, Parameter>, decay: number): Promise<WeightAverage> {
    const averages = new Map<string, Variable>();
    for (const [name, parameter] of parameters) {
      const values = tensor(await parameter.read(), [...parameter.shape], 'float32');
      averages.set(name, variable(values));
      values.dispose();
    }
    return new WeightAverage(parameters, decay, averages);
  }

  /** average += (1 - decay) · (parameter - average), in place. */
  update(): void {
    movingAverage([...this.#averages.values()], [...this.#parameters.values()].map(({ value }) => value), this.#decay);
  }

  /** Runs `use` while the model has the averages for weights. */
  async during<T>(use: () => Promise<T>): Promise<T> {
    const own = new Map<Parameter, Float32Array>();
    for (const parameter of this.#parameters.values()) own.set(parameter, await parameter.read());
    try {
      for (const [name, parameter] of this.#parameters) parameter.set(this.#averages.get(name)!);
      return await use();
    } finally {
      for (const [parameter, values] of own) parameter.set(values);
    }
  }

  /** The averages by the parameters' names. */
  async state(): Promise<TensorMap> {
    const state = new Map<string, StoredTensor>();
    for (const [name, average] of this.#averages) {
      state.set(name, { dtype: 'F32', shape: average.shape, data: await average.data<'float32'>() });
    }
    return state;
  }

  /**
   * Takes the averages from a checkpoint.
   * @param path the checkpoint, for messages
   * @throws DataError when it is of another model
   */
  loadState(state: TensorMap, path: string): void {
    assertSameModel(this.#averages, state, `${path}/ema.safetensors`);
    for (const [name, average] of this.#averages) {
      const stored = state.get(name);
      if (!(stored?.data instanceof Float32Array)) {
        throw new DataError(`WeightAverage.loadState: expected float32 values for ${name} in ${path}, got ${stored?.dtype}`);
      }
      writeValues(average, stored.data);
    }
  }

  /** Frees the averages. */
  dispose(): void {
    for (const average of this.#averages.values()) average.dispose();
  }
}
