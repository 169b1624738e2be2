// The exponential moving average of a model's weights and running statistics (EMA): kept beside them, updated after each step,
// evaluated and saved.
// Source: Polyak and Juditsky, 1992; timm's ModelEmaV2.

import { tensor, variable } from '@tensorflow/tfjs-core';
import type { Variable } from '@tensorflow/tfjs-core';
import { assertSameModel } from '../checkpoint/checkpoint.ts';
import type { StoredTensor, TensorMap } from '../checkpoint/storedTensor.ts';
import { DataError } from '../errors.ts';
import { ModuleBuffer } from '../nn/moduleBuffer.ts';
import type { ModuleTensor } from '../nn/moduleTensor.ts';
import { writeValues } from '../ops/hostValues.ts';
import { movingAverage } from '../ops/movingAverage.ts';

export class WeightAverage {
  readonly #tensors: ReadonlyMap<string, ModuleTensor>;
  readonly #decay: number;
  readonly #averages: ReadonlyMap<string, Variable>;

  private constructor(tensors: ReadonlyMap<string, ModuleTensor>, decay: number, averages: ReadonlyMap<string, Variable>) {
    this.#tensors = tensors;
    this.#decay = decay;
    this.#averages = averages;
  }

  /**
   * An average that starts at the model's values.
   * @param tensors parameters and buffers; counts are left out
   * @param decay in [0, 1): how much of the average stays at each update
   */
  static async of(tensors: ReadonlyMap<string, ModuleTensor>, decay: number): Promise<WeightAverage> {
    const averaged = new Map([...tensors].filter(([, target]) => !(target instanceof ModuleBuffer && target.counter)));
    const averages = new Map<string, Variable>();
    for (const [name, target] of averaged) {
      const values = tensor(await target.read(), [...target.shape], 'float32');
      averages.set(name, variable(values));
      values.dispose();
    }
    return new WeightAverage(averaged, decay, averages);
  }

  /** average += (1 - decay) · (value - average), in place. */
  update(): void {
    movingAverage([...this.#averages.values()], [...this.#tensors.values()].map(({ value }) => value), this.#decay);
  }

  /** Runs `use` while the model has the averages for weights. */
  async during<T>(use: () => Promise<T>): Promise<T> {
    const own = new Map<ModuleTensor, Float32Array>();
    for (const target of this.#tensors.values()) own.set(target, await target.read());
    try {
      for (const [name, target] of this.#tensors) target.set(this.#averages.get(name)!);
      return await use();
    } finally {
      for (const [target, values] of own) target.set(values);
    }
  }

  /** The averages by the names of what they are of. */
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
