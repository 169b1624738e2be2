// Our side of a comparison of training steps: one model with its optimizer and one batch, taking the same step again and again.

import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-core';
import { Optimizer } from '../../engine/optimizer.ts';
import { TrainingStep } from '../../engine/trainingStep.ts';
import type { Module } from '../../nn/module.ts';
import type { Loss } from '../../tasks/task.ts';

/** What is trained. */
export interface BenchSubject {
  /** With values. */
  readonly model: Module;
  readonly inputs: readonly Tensor[];
  readonly loss: (inputs: readonly Tensor[]) => Loss;
  /** Of AdamW, decaying every parameter. */
  readonly learningRate: number;
  readonly weightDecay: number;
}

/** What a number of steps took and came to. */
export interface Steps {
  readonly ms: readonly number[];
  /** Of the last step. */
  readonly loss: number;
}

export class BenchStep {
  readonly #subject: BenchSubject;
  readonly #step: TrainingStep;
  readonly #optimizer: Optimizer;
  #taken = 0;

  /** @param compile replayed as a step program; else from JavaScript */
  constructor(subject: BenchSubject, compile: boolean) {
    const { model, loss, learningRate: lr, weightDecay } = subject;
    const parameters = model.namedParameters();
    this.#subject = subject;
    this.#optimizer = new Optimizer(parameters, { kind: 'adamw', lr, weightDecay, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'none' });
    this.#step = new TrainingStep({
      parameters, loss, optimizer: this.#optimizer, accumulationSteps: 1, clipGradNorm: 'none', compile,
    });
  }

  async step(count: number): Promise<Steps> {
    const { inputs, learningRate } = this.#subject;
    const ms: number[] = [];
    let loss = 0;
    for (let i = 0; i < count; i++) {
      this.#taken += 1;
      const start = performance.now();
      const { losses } = await this.#step.run(inputs, { isUpdate: true, learningRate, update: this.#taken, seed: this.#taken });
      ms.push(performance.now() - start);
      loss = losses['loss']!;
    }
    return { ms, loss };
  }

  /** Frees the step, the model and the batch. */
  dispose(): void {
    const { model, inputs } = this.#subject;
    this.#step.dispose();
    this.#optimizer.dispose();
    model.dispose();
    for (const input of inputs) input.dispose();
  }
}

/** Writes a model's values where the other engine finds them: weights.bin, float32, and weights.json. @returns the folder */
export async function exportWeights(model: Module): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'mpvg-bench-'));
  const state = [...await model.state()].filter(([, { dtype }]) => dtype !== 'I64');
  writeFileSync(join(folder, 'weights.json'), JSON.stringify(state.map(([name, { shape }]) => ({ name, shape }))));
  writeFileSync(join(folder, 'weights.bin'), Buffer.concat(state.map(([, { data }]) => Buffer.from(data.buffer, data.byteOffset, data.byteLength))));
  return folder;
}
