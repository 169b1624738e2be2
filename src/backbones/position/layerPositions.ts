// The positions that the layers of a transformer add, by a join. They do not depend on the images.
// Source: LaPE, equations 6 and 7; MPVG, equations 8-11 and table 6.

import type { Tensor } from '@tensorflow/tfjs-core';
import type { LayerNorm } from '../../nn/layerNorm.ts';
import type { PositionJoin } from './join.ts';

/**
 * Normalises the embedding for each layer that has a norm for it.
 *
 * @param embedding [1, N, C]
 * @param norms LN' of each layer; undefined: the layer adds no position
 * @returns for each layer what it adds, [1, N, C], or undefined
 */
export function layerPositions(
  join: PositionJoin,
  embedding: Tensor,
  norms: readonly (LayerNorm | undefined)[],
): (Tensor | undefined)[] {
  let previous = embedding;
  return norms.map((norm, layer) => {
    const position = norm?.forward(join.hierarchical ? previous : embedding);
    const aside = join.layers === 'allSide' && layer === 0;
    if (position !== undefined && !aside) previous = position;
    return position;
  });
}
