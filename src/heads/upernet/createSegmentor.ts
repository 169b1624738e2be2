// The segmentation models by name, from the options that a config has.

import { ViTAdapter, type ViTAdapterOptions } from '../../adapter/vitAdapter.ts';
import { deitSizes } from '../../backbones/deit.ts';
import type { PlainVitDimensions } from '../../backbones/plainVit.ts';
import { UpernetSegmentor, type SegmentorOptions } from './segmentor.ts';

/** @inline */
type FromBackbone = 'pretrainPx' | 'join' | 'position' | 'qkvBias' | 'dropPath';
/** @inline */
type FromAdapter =
  | 'variant' | 'interactions' | 'priorWidth' | 'deformHeads' | 'deformPoints' | 'deformRatio' | 'ffnRatio' | 'extraExtractors'
  | 'layerScale' | 'recompute';

/** Which segmentation model: `size` is a published one's name or the dimensions of the vision transformer. */
export type SegmentationModelOptions = Omit<SegmentorOptions, 'backbone'> & Pick<ViTAdapterOptions, FromBackbone> & {
  /** ViT-Adapter with UperNet. */
  readonly kind: 'upernetViTAdapter';
  /** Of the vision transformer. */
  readonly size: keyof typeof deitSizes | PlainVitDimensions;
  /** The adapter's own options; `windows` of every layer, 'global' for none. */
  readonly adapter: Pick<ViTAdapterOptions, FromAdapter> & { readonly windows: 'global' | readonly (number | 'global')[] };
};

/**
 * Builds a segmentation model. It has no values yet: call `initialise` or `loadState`.
 * @throws ConfigError when the options do not fit together
 */
export function createSegmentor({ size, adapter, ...options }: SegmentationModelOptions): UpernetSegmentor {
  const { windows, ...exchange } = adapter;
  const { pretrainPx, join, position, qkvBias, dropPath } = options;
  return new UpernetSegmentor({
    ...options,
    backbone: new ViTAdapter({
      ...(typeof size === 'string' ? deitSizes[size] : size),
      ...exchange,
      ...(windows !== 'global' && { windows }),
      pretrainPx,
      join,
      ...(position !== undefined && { position }),
      ...(qkvBias !== undefined && { qkvBias }),
      ...(dropPath !== undefined && { dropPath }),
    }),
  });
}
