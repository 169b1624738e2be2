// ViT-Lite: a small vision transformer for images of 32 pixels, without a bias in its qkv projection.
// Source: Hassani et al., "Escaping the Big Data Paradigm with Compact Transformers", 2021, section 3.2. Its published code
// also replaces the residual stream by its norm after each attention; here the layers are those of the paper's equations.

import { DeiT, type DeiTOptions } from './deit.ts';

/** A ViT-Lite. Options as DeiT's; the patch convolution has a bias. */
export function vitLite(options: Omit<DeiTOptions, 'qkvBias'>): DeiT {
  return new DeiT({ ...options, qkvBias: false });
}
