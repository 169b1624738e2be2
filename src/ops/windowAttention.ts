// Self-attention inside the windows of a grid of tokens. Where the grid is no multiple of the window it is padded below and
// on the right after the qkv projection, so that padding has keys and values of zero and takes part in the softmax.
// Source: Liu et al., "Swin Transformer", 2021, section 3.2 (without shift); padding as in the ViT-Adapter repository.

import { pad, reshape, slice, transpose } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { attention } from './attention.ts';
import { checkShape } from './checkShape.ts';

/** How many tokens lie below and beside each other. */
export interface Grid {
  /** Rows of tokens. */
  readonly height: number;
  /** Columns of tokens. */
  readonly width: number;
}

/**
 * Attends among the tokens of each window.
 *
 * @param qkv [B, height · width, 3C], float32; the last axis is [3 (q, k, v), heads, C / heads]
 * @param heads a divisor of C
 * @param grid of the tokens, row after row
 * @param window side of the square windows, in tokens
 * @returns [B, height · width, C], the heads side by side
 * @throws ShapeError
 */
export function windowAttention(qkv: Tensor, heads: number, { height, width }: Grid, window: number): Tensor {
  checkShape('windowAttention', 'qkv', qkv, ['B', height * width, '3C']);
  if (!Number.isInteger(window) || window < 1) throw new ShapeError(`windowAttention: expected a positive integer for window, got ${window}`);
  const [batch = 0, , channels = 0] = qkv.shape;
  const rows = Math.ceil(height / window);
  const columns = Math.ceil(width / window);
  const below = rows * window - height;
  const beside = columns * window - width;

  const plane = reshape(qkv, [batch, height, width, channels]);
  const padded = below + beside === 0 ? plane : pad(plane, [[0, 0], [0, below], [0, beside], [0, 0]]);
  const windows = swapInner(reshape(padded, [batch, rows, window, columns, window, channels])); // [B, rows, columns, w, w, 3C]
  const mixed = attention(reshape(windows, [batch * rows * columns, window ** 2, channels]), heads); // [B · windows, w², C]

  const cut = reshape(mixed, [batch, rows, columns, window, window, channels / 3]);
  const whole = reshape(swapInner(cut), [batch, rows * window, columns * window, channels / 3]);
  const trimmed = below + beside === 0 ? whole : slice(whole, [0, 0, 0, 0], [batch, height, width, channels / 3]);
  return reshape(trimmed, [batch, height * width, channels / 3]); // [B, N, C]
}

/** Between rows of windows that are rows of tokens and windows one after the other; its own inverse. */
function swapInner(tokens: Tensor): Tensor {
  return transpose(tokens, [0, 1, 3, 2, 4, 5]);
}
