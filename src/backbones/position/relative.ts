// A relative position embedding: a learnt number per head and offset between two patches, added to the attention's scores.
// Source: Liu et al., "Swin Transformer", 2021, equation 4 (two axes); Shaw et al., 2018 (one axis); LaPE's repository for the
// layer norm on it (its join type LN). Class tokens have no bias.

import { gather, pad, reshape, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { truncatedNormal } from '../../nn/initialisers.ts';
import { LayerNorm } from '../../nn/layerNorm.ts';
import { Module } from '../../nn/module.ts';

/** Which relative embedding. */
export interface RelativePositionOptions {
  /** Offsets along the sequence of patches, or along rows and columns. */
  readonly axes: 1 | 2;
  /** Patches per row and column. */
  readonly side: number;
  /** Tokens before the patches. */
  readonly extraTokens: number;
  /** Of the attention. */
  readonly heads: number;
  /** Whether the bias goes through a layer norm over the keys (eps 1e-5), as LaPE has it. */
  readonly norm: boolean;
}

/** A learnt bias on the attention's scores. */
export class RelativePosition extends Module {
  /** [offsets, heads] */
  readonly table;
  /** Over the keys; undefined without it. */
  readonly peNorm: LayerNorm | undefined;
  readonly #options: RelativePositionOptions;
  readonly #index;

  constructor(options: RelativePositionOptions) {
    super();
    const { axes, side, heads, norm } = options;
    const offsets = axes === 1 ? 2 * side ** 2 - 1 : (2 * side - 1) ** 2;
    this.#options = options;
    this.#index = this.constant(() => relativeIndex(axes, side), [side ** 4]);
    this.table = this.parameter('relative_position_bias_table', {
      shape: [offsets, heads],
      initialiser: truncatedNormal(0.02),
      embedding: true,
    });
    this.peNorm = norm ? this.child('pe_norm', new LayerNorm({ channels: side ** 2, eps: 1e-5 })) : undefined;
  }

  /** The bias for the attention of this layer, [heads, N, N]. */
  bias(): Tensor {
    const { side, extraTokens, heads } = this.#options;
    const patches = side ** 2;
    const entries = reshape(gather(this.table.value, this.#index.value), [patches, patches, heads]);
    const bias: Tensor = transpose(entries, [2, 0, 1]); // [heads, patches, patches]
    const normed = this.peNorm?.forward(bias) ?? bias;
    return pad(normed, [[0, 0], [extraTokens, 0], [extraTokens, 0]]); // [heads, N, N]
  }
}

/**
 * For each pair of patches (query, key) the row of the table that belongs to their offset.
 *
 * @returns [side² · side²], row-major
 */
export function relativeIndex(axes: 1 | 2, side: number): Int32Array {
  const patches = side ** 2;
  const index = new Int32Array(patches ** 2);
  for (let query = 0; query < patches; query++) {
    for (let key = 0; key < patches; key++) {
      const rows = Math.floor(query / side) - Math.floor(key / side) + side - 1;
      const columns = (query % side) - (key % side) + side - 1;
      index[query * patches + key] = axes === 1 ? query - key + patches - 1 : rows * (2 * side - 1) + columns;
    }
  }
  return index;
}
