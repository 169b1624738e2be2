// One training step as a function of a batch's tensors: loss, gradients, their sum over several batches, clipping, the
// optimizer's update, the moving average. Compiled or eager, it is the same function, and so are its weights, bit for bit.

import { dispose, engine, keep, mul, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import type { Tensor, Variable } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import type { Parameter } from '../nn/parameter.ts';
import { accumulate, clear } from '../ops/accumulate.ts';
import { clipGradientNorm } from '../ops/clipGradientNorm.ts';
import { CompiledStep, type StepInput } from '../ops/compileStep.ts';
import { seedGenerator, writeValues } from '../ops/hostValues.ts';
import type { Loss } from '../tasks/task.ts';
import type { Optimizer } from './optimizer.ts';
import type { WeightAverage } from './weightAverage.ts';

export interface TrainingStepOptions {
  /** In the optimizer's order. */
  readonly parameters: ReadonlyMap<string, Parameter>;
  readonly loss: (inputs: readonly Tensor[]) => Loss;
  readonly optimizer: Optimizer;
  readonly average?: WeightAverage | undefined;
  /** Batches whose gradients make one update. */
  readonly accumulationSteps: number;
  /** Greatest global norm of the gradient. */
  readonly clipGradNorm: number | 'none';
  readonly compile: boolean;
}

/** What belongs to one pass. */
export interface PassOptions {
  /** Whether the optimizer acts after this batch; else its gradients are only added up. */
  readonly isUpdate: boolean;
  readonly learningRate: number;
  /** The update's number, from 1. */
  readonly update: number;
  /** For what the pass draws at random. */
  readonly seed: number;
}

/** The numbers that a pass came to. */
export interface PassResult {
  /** Of this batch: `loss`, then its parts. */
  readonly losses: Readonly<Record<string, number>>;
  /** The gradient's global norm before clipping; only of an update that clips. */
  readonly gradientNorm?: number;
}

export class TrainingStep {
  readonly #options: TrainingStepOptions;
  readonly #learningRate = scalarVariable();
  readonly #update = scalarVariable();
  /** The gradients' sums, when several batches make an update. */
  readonly #sums: readonly Variable[];
  readonly #adding: CompiledStep;
  readonly #updating: CompiledStep;
  #lossNames: readonly string[] = [];

  constructor(options: TrainingStepOptions) {
    this.#options = options;
    const { accumulationSteps, parameters } = options;
    this.#sums = accumulationSteps === 1 ? [] : [...parameters.values()].map(({ shape }) => zeroVariable(shape));
    this.#adding = new CompiledStep((...inputs) => this.#pass(inputs, false));
    this.#updating = new CompiledStep((...inputs) => this.#pass(inputs, true));
  }

  /**
   * One batch forward and backward and, if so told, one update.
   * @param inputs as the loss takes them; they stay the caller's
   */
  async run(inputs: readonly Tensor[], { isUpdate, learningRate, update, seed }: PassOptions): Promise<PassResult> {
    writeValues(this.#learningRate, Float32Array.of(learningRate));
    writeValues(this.#update, Float32Array.of(update));
    seedGenerator(seed);
    const outputs = this.#options.compile ?
      await (isUpdate ? this.#updating : this.#adding).run(inputs) :
      tidy(() => this.#pass(inputs, isUpdate));
    const values = await Promise.all(outputs.map(async (output) => (await output.data<'float32'>())[0]!));
    dispose(outputs);
    const losses = Object.fromEntries(this.#lossNames.map((name, i) => [name, values[i]!]));
    const gradientNorm = values[this.#lossNames.length];
    return { losses, ...(gradientNorm !== undefined && { gradientNorm }) };
  }

  /**
   * The most bytes that tensors of a pass take at a time, without what is there already: parameters, sums of gradients, the
   * optimizer's state. A pass that is not compiled takes at least as much; 0 for one that cannot be.
   * @param inputs as the loss takes them
   * @throws ConfigError as `run` does
   */
  peakBytes(inputs: readonly StepInput[]): number {
    const steps = this.#sums.length > 0 ? [this.#adding, this.#updating] : [this.#updating];
    try {
      return Math.max(...steps.map((step) => step.peakBytes(inputs)));
    } catch (error) {
      if (!this.#options.compile && error instanceof ConfigError) return 0;
      throw error;
    }
  }

  /** Frees the programs and what the step keeps between passes. */
  dispose(): void {
    this.#adding.dispose();
    this.#updating.dispose();
    dispose([this.#learningRate, this.#update, ...this.#sums]);
  }

  /** The losses and, of an update that clips, the gradient's norm. */
  #pass(inputs: readonly Tensor[], isUpdate: boolean): Tensor[] {
    const { losses, gradients } = this.#gradients(inputs);
    const { optimizer, average, clipGradNorm } = this.#options;
    const sums = this.#sums;
    if (sums.length > 0) accumulate(sums, gradients);
    if (!isUpdate) return losses;

    const total = sums.length > 0 ? sums : gradients;
    const clipped = clipGradNorm === 'none' ? undefined : clipGradientNorm(total, clipGradNorm);
    optimizer.update(total, { learningRate: this.#learningRate, step: this.#update, gradientScale: clipped?.scale });
    if (sums.length > 0) clear(sums);
    average?.update();
    return clipped === undefined ? losses : [...losses, clipped.norm];
  }

  #gradients(inputs: readonly Tensor[]): { losses: Tensor[]; gradients: Tensor[] } {
    const { parameters, loss, accumulationSteps } = this.#options;
    const kept: Tensor[] = [];
    const { grads } = engine().gradients(
      () => {
        const { total, parts } = loss(inputs);
        this.#lossNames = ['loss', ...Object.keys(parts)];
        // The forward pass frees what it does not return.
        kept.push(...[total, ...Object.values(parts)].map((value) => keep(value.clone())));
        return accumulationSteps === 1 ? total : mul(total, 1 / accumulationSteps);
      },
      [...parameters.values()].map(({ value }) => value),
      undefined,
      true,
    ) as { grads: (Tensor | undefined)[] };
    const losses = kept.map((value) => value.clone());
    dispose(kept);
    const gradients = [...parameters.keys()].map((name, i) => {
      const gradient = grads[i];
      if (gradient === undefined) throw new ConfigError(`TrainingStep: expected a loss that depends on every parameter, got one that leaves out ${name}`);
      return gradient;
    });
    return { losses, gradients };
  }
}

function scalarVariable(): Variable {
  return zeroVariable([]);
}

function zeroVariable(shape: readonly number[]): Variable {
  const made = zeros([...shape]);
  const target = variable(made);
  made.dispose();
  return target;
}
