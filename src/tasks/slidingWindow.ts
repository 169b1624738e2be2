// Segmentation logits of a whole picture, in one pass or by overlapping windows whose logits are averaged.
// Source: mmsegmentation's EncoderDecoder: whole_inference, slide_inference.

import { div, dispose, slice, tensor, tidy, variable, zeros } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ConfigError } from '../errors.ts';
import { addWindow } from '../ops/addWindow.ts';

/** How a picture goes through the model. */
export type InferenceMode =
  | { readonly kind: 'whole' }
  | {
    readonly kind: 'slide';
    /** Side of the windows; a picture's shorter side may be less. */
    readonly cropPx: number;
    /** From one window to the next. */
    readonly stridePx: number;
  };

/** A part of a picture, in pixels. */
export interface Window {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** From normalised pictures [B, H, W, 3] to logits [B, H, W, K]. */
export type Forward = (images: Tensor) => Tensor | Promise<Tensor>;

/**
 * The windows over a picture, row by row: a stride apart, the last of a row or column moved back to end at the border.
 * @throws ConfigError when the stride leaves gaps
 */
export function windowsOver(height: number, width: number, cropPx: number, stridePx: number): Window[] {
  if (!(stridePx >= 1 && stridePx <= cropPx)) {
    throw new ConfigError(`windowsOver: expected 1 to cropPx ${cropPx} for stridePx, got ${stridePx}`);
  }
  const starts = (size: number): number[] => {
    const count = Math.floor(Math.max(size - cropPx + stridePx - 1, 0) / stridePx) + 1;
    return Array.from({ length: count }, (_, i) => Math.max(Math.min(i * stridePx, size - cropPx), 0));
  };
  const [windowHeight, windowWidth] = [Math.min(cropPx, height), Math.min(cropPx, width)];
  return starts(height).flatMap((top) => starts(width).map((left) => ({ top, left, height: windowHeight, width: windowWidth })));
}

/**
 * A model's logits for a picture. The caller disposes of the result.
 *
 * @param image [1, H, W, 3], normalised
 * @returns [1, H, W, K]
 */
export async function slideLogits(forward: Forward, image: Tensor, classes: number, mode: InferenceMode): Promise<Tensor> {
  if (mode.kind === 'whole') return await forward(image);
  const [, height = 0, width = 0] = image.shape;
  const windows = windowsOver(height, width, mode.cropPx, mode.stridePx);
  if (windows.length === 1) return await forward(image);
  const counts = new Float32Array(height * width);
  const made = zeros([1, height, width, classes]);
  const sums = variable(made);
  made.dispose();
  try {
    for (const { top, left, height: h, width: w } of windows) {
      const part = slice(image, [0, top, left, 0], [1, h, w, 3]);
      const logits = await forward(part);
      addWindow(sums, logits, top, left);
      dispose([part, logits]);
      for (let y = top; y < top + h; y++) for (let x = left; x < left + w; x++) counts[y * width + x]!++;
    }
    return tidy(() => div(sums, tensor(counts, [1, height, width, 1])));
  } finally {
    sums.dispose();
  }
}
