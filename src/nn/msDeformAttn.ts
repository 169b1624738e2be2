// Multi-scale deformable attention with its projections: each query chooses, for each head and map, a few points around its
// own place, and their weights. Source: Zhu et al., "Deformable DETR", 2021, section 4.1; names and initial values as in the
// original's MSDeformAttn.

import { add, mul, reshape, softmax, tensor1d } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigError, ShapeError } from '../errors.ts';
import { checkShape } from '../ops/checkShape.ts';
import { linearAdd } from '../ops/linearAdd.ts';
import { msDeformAttn, type Level } from '../ops/msDeformAttn.ts';
import { scaleOutputs } from '../ops/scaleOutputs.ts';
import { xavierUniform, zeros, type Initialiser } from './initialisers.ts';
import { Linear } from './linear.ts';
import { Module } from './module.ts';

/** The size of a deformable attention. */
export interface MsDeformAttnOptions {
  /** Of a token. */
  readonly channels: number;
  /** A divisor of ratio · channels. */
  readonly heads: number;
  /** How many maps there are. */
  readonly levels: number;
  /** Points per head and map. */
  readonly points: number;
  /** Width of the values over `channels`; default 1. */
  readonly ratio?: number;
}

/** What the result is added to. */
export interface MsDeformAttnResidual {
  /** [B, Q, C] */
  readonly residual: Tensor;
  /** Factor on each channel of the attention's output, [C]; absent: 1. */
  readonly layerScale?: Tensor | undefined;
}

/** Multi-scale deformable attention: each query samples a few points of every map. */
export class MsDeformAttn extends Module {
  /** From a query to its points' offsets. */
  readonly samplingOffsets;
  /** From a query to its points' weights. */
  readonly attentionWeights;
  /** From the maps' tokens to what is sampled. */
  readonly valueProj;
  /** From the heads' results to the residual stream. */
  readonly outputProj;
  readonly #shape: readonly [heads: number, levels: number, points: number];
  readonly #width: number;

  constructor({ channels, heads, levels, points, ratio = 1 }: MsDeformAttnOptions) {
    super();
    const width = Math.floor(channels * ratio);
    if (width % heads !== 0) throw new ConfigError(`MsDeformAttn: expected a divisor of ${width} (ratio · channels) for heads, got ${heads}`);
    const samples = heads * levels * points;
    // Every query starts with the same points, on rays around it, and equal weights.
    this.samplingOffsets = this.child('sampling_offsets', new Linear({
      inputs: channels, outputs: 2 * samples, initialiser: zeros, biasInitialiser: rays(heads, levels, points),
    }));
    this.attentionWeights = this.child('attention_weights', new Linear({ inputs: channels, outputs: samples, initialiser: zeros }));
    this.valueProj = this.child('value_proj', new Linear({ inputs: channels, outputs: width, initialiser: xavierUniform }));
    this.outputProj = this.child('output_proj', new Linear({ inputs: width, outputs: channels, initialiser: xavierUniform }));
    this.#shape = [heads, levels, points];
    this.#width = width;
  }

  /**
   * @param query [B, Q, C]
   * @param centres where the queries lie, x and y in [0, 1], [1 or B, Q, 1, 2]
   * @param values [B, S, C]: the maps one after the other, each row after row
   * @param levels the maps' sizes
   * @returns [B, Q, C]
   */
  forward(query: Tensor, centres: Tensor, values: Tensor, levels: readonly Level[], added?: MsDeformAttnResidual): Tensor {
    const [heads, , points] = this.#shape;
    const [batch = 0, queries = 0] = query.shape;
    if (levels.length !== this.#shape[1]) throw new ShapeError(`MsDeformAttn: expected ${this.#shape[1]} maps for levels, got ${levels.length}`);
    checkShape('MsDeformAttn', 'centres', centres, ['1 or B', queries, 1, 2]);
    const value = reshape(this.valueProj.forward(values), [batch, -1, heads, this.#width / heads]); // [B, S, M, D]
    const offsets = reshape(this.samplingOffsets.forward(query), [batch, queries, heads, levels.length, points, 2]);
    const logits = reshape(this.attentionWeights.forward(query), [batch, queries, heads, levels.length * points]);
    const weights = reshape(softmax(logits), [batch, queries, heads, levels.length, points]);
    // Offsets are in pixels of their map.
    const pixel = tensor1d(levels.flatMap(({ height, width }) => [1 / width, 1 / height]));
    const places = reshape(centres, [-1, queries, 1, 1, 1, 2]);
    const locations = add(mul(offsets, reshape(pixel, [levels.length, 1, 2])), places); // [B, Q, M, L, P, 2]
    const sampled = msDeformAttn(value, levels, locations, weights); // [B, Q, M · D]
    if (added === undefined) return this.outputProj.forward(sampled);
    const { residual, layerScale } = added;
    const { tensors } = this.outputProj;
    return linearAdd(sampled, layerScale === undefined ? tensors : scaleOutputs(tensors, layerScale), residual);
  }

  /** Multiply-adds for one sample, the projections' and four products per point. */
  macs(queries: number, pixels: number): number {
    const projections = this.samplingOffsets.macs(queries) + this.attentionWeights.macs(queries) + this.outputProj.macs(queries);
    const [, levels, points] = this.#shape;
    return projections + this.valueProj.macs(pixels) + queries * levels * points * this.#width * 4;
  }
}

/**
 * The first offsets, [M, L, P, 2]: head m looks along the angle 2πm / M, its p-th point p + 1 pixels away in the larger of x
 * and y.
 */
function rays(heads: number, levels: number, points: number): Initialiser {
  return () => Float32Array.from({ length: heads * levels * points * 2 }, (_, i) => {
    const point = Math.floor(i / 2) % points;
    const angle = 2 * Math.PI * Math.floor(i / (2 * points * levels)) / heads;
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    return (i % 2 === 0 ? x : y) / Math.max(Math.abs(x), Math.abs(y)) * (point + 1);
  });
}
