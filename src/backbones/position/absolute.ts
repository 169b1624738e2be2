// An absolute position embedding: a vector per token, learnt or sinusoidal.

import type { Tensor } from '@tensorflow/tfjs-core';
import { truncatedNormal } from '../../nn/initialisers.ts';
import { Module } from '../../nn/module.ts';
import type { ModuleConstant } from '../../nn/moduleConstant.ts';
import type { Parameter } from '../../nn/parameter.ts';
import { sine1d, sine2d } from './sine.ts';

/** Which absolute embedding. */
export interface AbsolutePositionOptions {
  /** Learnt, or waves of each token's number or row and column. */
  readonly kind: 'learnable' | 'sine1d' | 'sine2d';
  /** Patches per row and column. */
  readonly side: number;
  /** Tokens before the patches. */
  readonly extraTokens: number;
  /** Of a token. */
  readonly channels: number;
  /** How many embeddings: 1, named `pos_embed`, or one for each layer, `pos_embed0` and so on (learnable only). */
  readonly perLayer: number | 'shared';
}

/** The learnt ones are parameters; the sinusoidal ones are computed and in no checkpoint. */
export class AbsolutePosition extends Module {
  readonly #learnt: readonly Parameter[];
  readonly #fixed: ModuleConstant | undefined;

  constructor({ kind, side, extraTokens, channels, perLayer }: AbsolutePositionOptions) {
    super();
    const tokens = extraTokens + side ** 2;
    const names = perLayer === 'shared' ? ['pos_embed'] : Array.from({ length: perLayer }, (_, layer) => `pos_embed${layer}`);
    const shape = [1, tokens, channels];
    this.#learnt = kind !== 'learnable' ? [] :
      names.map((name) => this.parameter(name, { shape, initialiser: truncatedNormal(0.02), embedding: true }));
    this.#fixed = kind === 'learnable' ? undefined :
      this.constant(() => (kind === 'sine1d' ? sine1d(tokens, channels) : sine2d(side, extraTokens, channels)), shape);
  }

  /**
   * The embedding.
   * @param layer which, where each layer has its own
   * @returns [1, N, C]
   */
  value(layer: number): Tensor {
    return this.#fixed?.value ?? this.#learnt[layer]!.value;
  }
}
