// A small ViT-Adapter for tests: the parts are all there, the widths are not.

import type { ViTAdapterOptions } from '../../src/adapter/vitAdapter.ts';
import { deitSizes } from '../../src/backbones/deit.ts';
import { joinPresets } from '../../src/backbones/position/join.ts';

export const tinyAdapter: ViTAdapterOptions = {
  channels: 24,
  depth: 4,
  heads: 3,
  mlpRatio: 2,
  pretrainPx: 64,
  join: joinPresets.mpvg,
  variant: 'segmentation',
  interactions: [[0, 0], [1, 1], [2, 2], [3, 3]],
  priorWidth: 8,
  deformHeads: 6,
  deformPoints: 2,
  deformRatio: 0.5,
  ffnRatio: 0.25,
};

/** The published adapter of a published size. */
export function publishedAdapter(size: keyof typeof deitSizes): Omit<ViTAdapterOptions, 'join'> {
  return {
    ...tinyAdapter,
    ...deitSizes[size],
    pretrainPx: 224,
    interactions: [[0, 2], [3, 5], [6, 8], [9, 11]],
    priorWidth: 64,
    deformHeads: size === 'base' ? 12 : 6,
    deformPoints: 4,
    deformRatio: size === 'base' ? 0.5 : 1,
  };
}
