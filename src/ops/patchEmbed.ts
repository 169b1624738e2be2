// Cuts an image into patches and projects each: a convolution whose kernel and stride are the patch.
// Source: Dosovitskiy et al., "An Image is Worth 16x16 Words", 2021, equation 1.

import { registerGradient, reshape, transpose } from '@tensorflow/tfjs-core';
import type { Tensor, Tensor4D } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList } from './fused.ts';
import { linearComposed } from './linear.ts';

/**
 * Embeds the patches of images.
 *
 * @param images [B, H, W, 3], float32, normalised; H and W multiples of p
 * @param weight [D, 3, p, p], float32
 * @param bias [D], float32
 * @returns [B, (H / p) · (W / p), D], row after row
 * @throws ShapeError
 */
export function patchEmbed(images: Tensor, weight: Tensor, bias: Tensor): Tensor {
  checkShape('patchEmbed', 'weight', weight, ['D', 3, 'p', 'p']);
  const [channels = 0, , patch = 0, patchWidth = 0] = weight.shape;
  if (patch !== patchWidth) throw new ShapeError(`patchEmbed: expected square patches for weight, got ${patch} x ${patchWidth}`);
  checkShape('patchEmbed', 'bias', bias, [channels]);
  checkShape('patchEmbed', 'images', images, ['B', 'H', 'W', 3]);
  const [, height = 0, width = 0] = images.shape;
  if (height % patch !== 0 || width % patch !== 0) {
    throw new ShapeError(`patchEmbed: expected height and width to be multiples of the patch ${patch} for images, got ${height} x ${width}`);
  }
  if (!fusedKernel('MpvgPatchEmbed')) return patchEmbedComposed(images, weight, bias);
  return runFused('MpvgPatchEmbed', { images, weight, bias });
}

/** `patchEmbed` from tfjs's own operations, unchecked. */
export function patchEmbedComposed(images: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [batch, height, width] = (images as Tensor4D).shape;
  const [channels, , patch] = (weight as Tensor4D).shape;
  const rows = height / patch;
  const columns = width / patch;
  const cut = reshape(images, [batch, rows, patch, columns, patch, 3]);
  const patches = reshape(transpose(cut, [0, 1, 3, 5, 2, 4]), [batch, rows * columns, 3 * patch * patch]); // [B, N, 3pp]
  return linearComposed(patches, reshape(weight, [channels, 3 * patch * patch]), bias); // [B, N, D]
}

registerGradient({
  kernelName: 'MpvgPatchEmbed',
  inputsToSave: ['images', 'weight'],
  gradFunc: (dy, saved) => {
    const [images, weight] = saved as [Tensor, Tensor];
    const patch = weight.shape[2] ?? 0;
    const [dWeight, dBias] = runFusedList('MpvgPatchEmbedGradWeight', { dy: dy as Tensor, images }, { patch }) as [Tensor, Tensor];
    return {
      // Only who asks for the gradient of the pixels pays for it.
      images: () => runFused('MpvgPatchEmbedGradInput', { dy: dy as Tensor, weight }, { imageShape: images.shape }),
      weight: () => dWeight,
      bias: () => dBias,
    };
  },
});
