// The three grids of tokens beside the vision transformer, at strides 8, 16 and 32 of the image, one after the other in one
// sequence; and where the tokens of a grid lie in the image.
// Source: Chen et al., "Vision Transformer Adapter for Dense Predictions", ICLR 2023, section 3.2.

import { add, concat, div, linspace, reshape, slice, stack, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import type { Grid } from '../ops/windowAttention.ts';

/** Grids of strides 8, 16 and 32. */
export type TokenPyramid = readonly [eighth: Grid, sixteenth: Grid, thirtySecond: Grid];

/**
 * The grids of an image.
 * @throws ShapeError unless both sides are multiples of 32
 */
export function tokenPyramid(heightPx: number, widthPx: number): TokenPyramid {
  if (heightPx % 32 !== 0 || widthPx % 32 !== 0 || heightPx === 0 || widthPx === 0) {
    throw new ShapeError(`ViTAdapter: expected height and width to be multiples of 32 for images, got ${heightPx} x ${widthPx}; pad them`);
  }
  const at = (stride: number): Grid => ({ height: heightPx / stride, width: widthPx / stride });
  return [at(8), at(16), at(32)];
}

/** Tokens of a grid. */
export function tokenCount({ height, width }: Grid): number {
  return height * width;
}

/**
 * Cuts a sequence into the grids that it consists of.
 *
 * @param tokens [B, N, C]
 * @returns one [B, height, width, C] for each grid
 */
export function splitTokens(tokens: Tensor, grids: readonly Grid[]): Tensor[] {
  const [batch = 0, , channels = 0] = tokens.shape;
  let start = 0;
  return grids.map((grid) => {
    const part = slice(tokens, [0, start, 0], [batch, tokenCount(grid), channels]);
    start += tokenCount(grid);
    return reshape(part, [batch, grid.height, grid.width, channels]);
  });
}

/** [B, height, width, C] as [B, height · width, C]. */
export function flattenTokens(plane: Tensor): Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = plane.shape;
  return reshape(plane, [batch, height * width, channels]);
}

/**
 * The centres of all cells of some grids, (x, y) in [0, 1] of the image. Made by the backend, so that compiled steps may.
 *
 * @returns [1, N, 1, 2], float32
 */
export function cellCentres(grids: readonly Grid[]): Tensor {
  const centres = grids.map(({ height, width }) => {
    const x = div(linspace(0.5, width - 0.5, width), width); // [width]
    const y = reshape(div(linspace(0.5, height - 0.5, height), height), [height, 1]);
    const plane = zeros([height, width]);
    return reshape(stack([add(plane, x), add(plane, y)], 2), [height * width, 2]);
  });
  return reshape(concat(centres, 0), [1, -1, 1, 2]);
}
