// The optimizer of a run: AdamW or SGD over a model's parameters, which of them decay, and its state by name. States are
// called what torch's optimizers call them: exp_avg, exp_avg_sq, momentum_buffer.

import { variable, zeros } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { assertSameModel } from '../checkpoint/checkpoint.ts';
import type { TensorMap } from '../checkpoint/storedTensor.ts';
import { DataError } from '../errors.ts';
import type { Parameter } from '../nn/parameter.ts';
import { adamW } from '../ops/adamW.ts';
import { writeValues } from '../ops/hostValues.ts';
import { expectMemoryFor } from '../ops/memory.ts';
import { sgd } from '../ops/sgd.ts';

/** Which parameters are spared weight decay: none, those of one dimension (biases and norms), or those and the embeddings. */
export type NoDecay = 'none' | 'vectors' | 'vectorsAndEmbeddings';

/** What every optimizer has. */
export interface OptimizerBase {
  /** The rate that the schedule scales. */
  readonly lr: number;
  /** Decoupled from the gradient with AdamW, added to it with SGD. */
  readonly weightDecay: number;
  /** Who is spared it. */
  readonly noDecay: NoDecay;
}

/** Loshchilov & Hutter, "Decoupled Weight Decay Regularization", ICLR 2019. */
export interface AdamWOptions extends OptimizerBase {
  readonly kind: 'adamw';
  /** Decay of the moving averages of gradient and squared gradient, each in [0, 1). */
  readonly betas: readonly [number, number];
  /** Added to the root of the squared gradient's average. */
  readonly eps: number;
}

/** Stochastic gradient descent with momentum. */
export interface SgdOptions extends OptimizerBase {
  readonly kind: 'sgd';
  /** In [0, 1). */
  readonly momentum: number;
  /** Whether the step looks ahead by one momentum. */
  readonly nesterov: boolean;
}

/** Which optimizer; plain data. */
export type OptimizerOptions = AdamWOptions | SgdOptions;

/** What changes from update to update: scalar tensors, so that a compiled step reads today's values. */
export interface UpdateInputs {
  /** The schedule's rate, for parameters whose factor is 1. */
  readonly learningRate: Tensor;
  /** The update's number, from 1. */
  readonly step: Tensor;
  /** Factor on every gradient; absent: 1. */
  readonly gradientScale?: Tensor | undefined;
}

/** The weight decay of a parameter. */
export function weightDecayOf({ shape, embedding }: Parameter, { weightDecay, noDecay }: OptimizerBase): number {
  if (noDecay === 'none') return weightDecay;
  const isVector = shape.length <= 1;
  return isVector || (noDecay === 'vectorsAndEmbeddings' && embedding) ? 0 : weightDecay;
}

const stateNames = { adamw: ['exp_avg', 'exp_avg_sq'], sgd: ['momentum_buffer'] } as const;

/** AdamW or SGD, with its state as tensors; names and formulas are torch's. */
export class Optimizer {
  readonly #options: OptimizerOptions;
  readonly #parameters: ReadonlyMap<string, Parameter>;
  /** For each state's name, one variable per parameter. */
  readonly #states: readonly (readonly [name: string, variables: readonly Variable[]])[];
  readonly #weightDecays: readonly number[];
  readonly #scales: readonly number[];

  /**
   * @param parameters with values
   * @param learningRateScale factor on a parameter's learning rate, by its name; default 1
   * @throws ConfigError when there is no memory for the state
   */
  constructor(
    parameters: ReadonlyMap<string, Parameter>,
    options: OptimizerOptions,
    learningRateScale: (name: string) => number = () => 1,
  ) {
    const names = stateNames[options.kind];
    const values = [...parameters.values()].reduce((sum, { size }) => sum + size, 0);
    const state = `a state of ${options.kind} (here ${names.length} times ${values.toLocaleString('en')} values)`;
    expectMemoryFor(4 * values * names.length, 'Optimizer', state, 'make the model smaller');
    this.#options = options;
    this.#parameters = parameters;
    this.#weightDecays = [...parameters.values()].map((parameter) => weightDecayOf(parameter, options));
    this.#scales = [...parameters.keys()].map(learningRateScale);
    this.#states = names.map((name) => [name, [...parameters.values()].map(zeroVariable)]);
  }

  /** Of the state. */
  get stateBytes(): number {
    return this.#states.flatMap(([, variables]) => variables).reduce((sum, { size }) => sum + 4 * size, 0);
  }

  /** Changes the parameters and the state in place. @param gradients in the order of the parameters */
  update(gradients: readonly Tensor[], { learningRate, step, gradientScale }: UpdateInputs): void {
    const options = this.#options;
    const parameters = [...this.#parameters.values()].map(({ value }) => value);
    const shared = { learningRate, learningRateScales: this.#scales, weightDecays: this.#weightDecays, gradientScale };
    const [first = [], second = []] = this.#states.map(([, variables]) => variables);
    if (options.kind === 'adamw') {
      const { betas, eps } = options;
      adamW({ parameters, firstMoments: first, secondMoments: second }, gradients, { ...shared, step, betas, eps });
    } else {
      const { momentum, nesterov } = options;
      sgd({ parameters, momenta: first }, gradients, { ...shared, momentum, nesterov });
    }
  }

  /** The state as a checkpoint keeps it: `exp_avg.<parameter>` … */
  async state(): Promise<TensorMap> {
    const state = new Map<string, { dtype: 'F32'; shape: readonly number[]; data: Float32Array }>();
    for (const [key, target] of this.#named()) {
      state.set(key, { dtype: 'F32', shape: target.shape, data: await target.data<'float32'>() });
    }
    return state;
  }

  /**
   * Takes the state from a checkpoint. Nothing is changed when it does not fit.
   * @param path the checkpoint, for messages
   * @throws DataError when it is of another model or optimizer
   */
  loadState(state: TensorMap, path: string): void {
    const named = this.#named();
    const own = stateNames[this.#options.kind];
    const found = new Set([...state.keys()].map((key) => key.slice(0, Math.max(0, key.indexOf('.')))));
    if (found.size > 0 && !own.some((name) => found.has(name))) {
      throw new DataError(`Optimizer.loadState: expected the state of ${this.#options.kind} (${own.join(', ')}) in ${path}, got another optimizer's (${[...found].join(', ')}); set optimizer.kind as that run had it`);
    }
    assertSameModel(named, state, `${path}/optimizer.safetensors`);
    const values = [...named].map(([key, target]) => [target, float32(key, state, path)] as const);
    for (const [target, data] of values) writeValues(target, data);
  }

  /** Frees the state. */
  dispose(): void {
    for (const target of this.#named().values()) target.dispose();
  }

  #named(): Map<string, Variable> {
    const names = [...this.#parameters.keys()];
    return new Map(this.#states.flatMap(([state, variables]) => variables.map((target, i) => [`${state}.${names[i]}`, target] as const)));
  }
}

function zeroVariable({ shape }: Parameter): Variable {
  const made = zeros([...shape]);
  const target = variable(made);
  made.dispose();
  return target;
}

function float32(key: string, state: TensorMap, path: string): Float32Array {
  const stored = state.get(key);
  if (stored?.data instanceof Float32Array) return stored.data;
  throw new DataError(`Optimizer.loadState: expected float32 values for ${key} in ${path}, got ${stored?.dtype}`);
}
