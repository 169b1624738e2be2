// Batch normalisation of images with its parameters and running statistics, named as in torch.

import type { Tensor } from '@tensorflow/tfjs-core';
import { batchNorm } from '../ops/batchNorm.ts';
import { ones, zeros } from './initialisers.ts';
import { Module } from './module.ts';

/** How a batch norm of images computes. */
export interface BatchNorm2dOptions {
  /** Of the last axis. */
  readonly channels: number;
  /** Default 1e-5. */
  readonly eps?: number;
  /** How far training moves the running statistics towards the batch's; default 0.1. */
  readonly momentum?: number;
  /** Whether a ReLU follows; default false. */
  readonly relu?: boolean;
}

/** Batch normalisation of [B, H, W, C]. */
export class BatchNorm2d extends Module {
  /** Factors, [C]. */
  readonly weight;
  /** Offsets, [C]. */
  readonly bias;
  /** Means in evaluation, [C]. */
  readonly runningMean;
  /** Variances in evaluation, [C]. */
  readonly runningVar;
  /** Batches seen in training. */
  readonly batches;
  readonly #options;

  constructor({ channels, eps = 1e-5, momentum = 0.1, relu = false }: BatchNorm2dOptions) {
    super();
    this.weight = this.parameter('weight', { shape: [channels], initialiser: ones });
    this.bias = this.parameter('bias', { shape: [channels], initialiser: zeros });
    this.runningMean = this.buffer('running_mean', { shape: [channels], initialiser: zeros });
    this.runningVar = this.buffer('running_var', { shape: [channels], initialiser: ones });
    this.batches = this.buffer('num_batches_tracked', { shape: [], initialiser: zeros, counter: true });
    this.#options = { eps, momentum, relu };
  }

  /**
   * Normalises each channel.
   *
   * @param x [B, H, W, C]
   * @param training whether the batch's statistics count, and move the running ones
   */
  forward(x: Tensor, training: boolean): Tensor {
    const tensors = {
      gamma: this.weight.value, beta: this.bias.value, runningMean: this.runningMean.value, runningVar: this.runningVar.value,
      batches: this.batches.value,
    };
    return batchNorm(x, tensors, { ...this.#options, training });
  }
}
