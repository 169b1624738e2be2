// Layer-wise learning-rate decay: the nearer to the input, the smaller the rate. Source: Clark et al., ELECTRA (2020).

import type { LayeredModule } from '../backbones/pyramid.ts';

/**
 * The factor on a parameter's learning rate: decay ^ (layers + 1 - layer), so 1 for the heads.
 * @param name the parameter's, with or without a leading `backbone.`
 * @param backbone says how many layers there are, and of which the parameter is
 * @param decay per layer, in (0, 1]; 1 switches it off
 */
export function layerDecayScale(name: string, backbone: Pick<LayeredModule, 'layers' | 'layerOf'>, decay: number): number {
  return decay ** (backbone.layers + 1 - backbone.layerOf(name.replace(/^backbone\./, '')));
}
