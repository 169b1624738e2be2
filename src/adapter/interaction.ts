// One interaction of the adapter with the vision transformer: the injector before some of its layers, one or more extractors
// after them.
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, figure 4(b); stochastic depth and which
// parts may be run again for the backward pass as in its repository.

import type { Tensor } from '@tensorflow/tfjs-core';
import { Module } from '../nn/module.ts';
import { dropPathScale } from '../ops/dropPath.ts';
import { recompute } from '../ops/recompute.ts';
import { Extractor, type ExtractorOptions } from './extractor.ts';
import { Injector } from './injector.ts';
import type { TokenPyramid } from './tokenPyramid.ts';

export interface InteractionOptions extends ExtractorOptions {
  /** Extractors after the first. */
  readonly extraExtractors: number;
  /** Probability that a sample skips an extractor's feed-forward network, in training. */
  readonly dropPath: number;
  /** Keep only the inputs of injector and extractors for the backward pass. */
  readonly recompute: boolean;
}

/** The grids of an image, and the centres of their cells. */
export interface ImageGrids {
  readonly pyramid: TokenPyramid;
  /** Of the transformer's tokens, [1, N, 1, 2]. */
  readonly tokenCentres: Tensor;
  /** Of the pyramid's, [1, M, 1, 2]. */
  readonly pyramidCentres: Tensor;
}

export class Interaction extends Module {
  readonly injector;
  readonly extractors: readonly Extractor[];
  readonly #dropPath: number;
  readonly #recompute: boolean;

  constructor(options: InteractionOptions) {
    super();
    this.injector = this.child('injector', new Injector(options));
    this.extractors = [
      this.child('extractor', new Extractor(options)),
      ...Array.from({ length: options.extraExtractors }, (_, i) => this.child(`extra_extractors.${i}`, new Extractor(options))),
    ];
    this.#dropPath = options.dropPath;
    this.#recompute = options.recompute;
  }

  /**
   * The transformer's tokens after they have looked up the pyramid's.
   *
   * @param x [B, N, C]
   * @param c [B, M, C]
   * @returns [B, N, C]
   */
  inject(x: Tensor, c: Tensor, { pyramid, tokenCentres }: ImageGrids, training: boolean): Tensor {
    return this.#run(this.injector, training, [x, c], [tokenCentres], ([x, c], [centres]) =>
      this.injector.forward(x!, c!, pyramid, centres!));
  }

  /**
   * The pyramid's tokens after they have looked up the transformer's.
   *
   * @param x [B, N, C]
   * @param c [B, M, C]
   * @returns [B, M, C]
   */
  extract(x: Tensor, c: Tensor, { pyramid, pyramidCentres }: ImageGrids, training: boolean): Tensor {
    for (const extractor of this.extractors) {
      const scale = dropPathScale(c.shape[0], this.#dropPath, training);
      const constants = [pyramidCentres, ...(scale === undefined ? [] : [scale])];
      c = this.#run(extractor, training, [x, c], constants, ([x, c], [centres, scale]) =>
        extractor.forward({ x: x!, c: c!, scale }, pyramid, centres!));
    }
    return c;
  }

  #run(
    module: Module,
    training: boolean,
    inputs: readonly Tensor[],
    constants: readonly Tensor[],
    part: (inputs: readonly Tensor[], constants: readonly Tensor[]) => Tensor,
  ): Tensor {
    if (!this.#recompute || !training) return part(inputs, constants);
    return recompute({ inputs, constants, parameters: [...module.namedParameters().values()].map(({ value }) => value) }, part);
  }
}
