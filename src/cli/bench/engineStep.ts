// Our side of `mpvg bench engine`: training steps of MPVG DeiT-Ti at 224 px with AdamW, replayed or from JavaScript.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { tensor, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { createClassifier } from '../../backbones/classifier.ts';
import type { DeiT } from '../../backbones/deit.ts';
import { joinPresets } from '../../backbones/position/join.ts';
import { selectBackend } from '../../backends/select.ts';
import { Optimizer } from '../../engine/optimizer.ts';
import { TrainingStep } from '../../engine/trainingStep.ts';
import { setComputeType } from '../../ops/computeType.ts';
import { crossEntropy } from '../../ops/crossEntropy.ts';

export interface EngineStepOptions {
  readonly batch: number;
  readonly precision: 'fp32' | 'bf16';
  /** Replayed as a step program; else from JavaScript. */
  readonly compile: boolean;
  readonly threads: number;
}

/** What a number of steps took and came to. */
export interface Steps {
  readonly ms: readonly number[];
  /** Of the last step. */
  readonly loss: number;
}

const learningRate = 5e-4;

/** One model with its optimizer and one batch, taking the same step again and again. */
export class EngineStep {
  readonly #model: DeiT;
  readonly #step: TrainingStep;
  readonly #optimizer: Optimizer;
  readonly #inputs: readonly Tensor[];
  #taken = 0;

  private constructor({ batch, precision, compile }: EngineStepOptions) {
    setComputeType(precision === 'bf16' ? 'bfloat16' : 'float32');
    this.#model = createClassifier({
      kind: 'deit', size: 'tiny', imagePx: 224, patchPx: 16, classes: 1000, join: joinPresets.mpvg, dropPath: 0,
    });
    this.#model.initialise(0);
    const parameters = this.#model.namedParameters();
    this.#optimizer = new Optimizer(parameters, {
      kind: 'adamw', lr: learningRate, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'none',
    });
    this.#step = new TrainingStep({
      parameters,
      loss: ([images, labels]) => ({ total: crossEntropy(this.#model.forward(images!, { training: true }), labels!), parts: {} }),
      optimizer: this.#optimizer,
      accumulationSteps: 1,
      clipGradNorm: 'none',
      compile,
    });
    const pixels = Float32Array.from({ length: batch * 224 * 224 * 3 }, (_, i) => (i % 1009) / 504 - 1);
    this.#inputs = [
      tensor(pixels, [batch, 224, 224, 3]),
      tensor1d(Int32Array.from({ length: batch }, (_, i) => (i * 37) % 1000), 'int32'),
    ];
  }

  static async create(options: EngineStepOptions): Promise<EngineStep> {
    await selectBackend({ threads: options.threads });
    return new EngineStep(options);
  }

  async step(count: number): Promise<Steps> {
    const ms: number[] = [];
    let loss = 0;
    for (let i = 0; i < count; i++) {
      this.#taken += 1;
      const start = performance.now();
      const pass = { isUpdate: true, learningRate, update: this.#taken, seed: this.#taken };
      const { losses } = await this.#step.run(this.#inputs, pass);
      ms.push(performance.now() - start);
      loss = losses['loss']!;
    }
    return { ms, loss };
  }

  /** Writes the parameters where the other engine finds them. @returns the folder */
  async exportWeights(): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'mpvg-bench-'));
    const state = [...await this.#model.state()];
    writeFileSync(join(folder, 'weights.json'), JSON.stringify(state.map(([name, { shape }]) => ({ name, shape }))));
    writeFileSync(join(folder, 'weights.bin'), Buffer.concat(state.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))));
    return folder;
  }

  dispose(): void {
    this.#step.dispose();
    this.#optimizer.dispose();
    this.#model.dispose();
    for (const input of this.#inputs) input.dispose();
  }
}

/** Largest resident size of this process so far, bytes; Linux only. */
export async function peakBytes(): Promise<number> {
  const status = await readFile('/proc/self/status', 'utf8');
  return Number(/VmHWM:\s*(\d+)/.exec(status)?.[1]) * 1024;
}
