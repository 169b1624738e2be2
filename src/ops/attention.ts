// Multi-head self-attention after the qkv projection: softmax(q kᵀ / √d + bias) v, for each head.
// Source: Vaswani et al., "Attention Is All You Need", 2017; the order of q, k, v and heads is timm's.

import { add, matMul, mul, reshape, softmax, transpose, unstack } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.ts';
import { checkShape } from './checkShape.ts';
import { fusedKernel, runFused, runFusedList, withGradient } from './fused.ts';

/** What joins the attention besides the tokens. */
export interface AttentionOptions {
  /** Added to the scores before the softmax: [heads, N, N] or [1 or B, heads, N, N], float32. */
  readonly bias?: Tensor | undefined;
}

/**
 * Attends among the tokens of each sample.
 *
 * @param qkv [B, N, 3C], float32; the last axis is [3 (q, k, v), heads, C / heads]
 * @param heads a divisor of C
 * @returns [B, N, C], the heads side by side
 * @throws ShapeError
 */
export function attention(qkv: Tensor, heads: number, options: AttentionOptions = {}): Tensor {
  checkShape('attention', 'qkv', qkv, ['B', 'N', '3C']);
  const [batch = 0, tokens = 0, width = 0] = qkv.shape;
  if (!Number.isInteger(heads) || heads < 1) throw new ShapeError(`attention: expected a positive integer for heads, got ${heads}`);
  if (width % (3 * heads) !== 0) throw new ShapeError(`attention: expected a multiple of 3 · ${heads} for the last axis of qkv, got ${width}`);
  const { bias } = options;
  if (bias !== undefined) {
    checkShape('attention', 'bias', bias, ['...', heads, tokens, tokens]);
    if (bias.rank > 4 || (bias.rank === 4 && bias.shape[0] !== 1 && bias.shape[0] !== batch)) {
      throw new ShapeError(`attention: expected shape [1 or ${batch}, ${heads}, ${tokens}, ${tokens}] for bias, got [${bias.shape.join(', ')}]`);
    }
  }
  if (bias !== undefined || !fusedKernel('MpvgAttention')) return attentionComposed(qkv, heads, options);
  return withGradient(
    [qkv],
    (save) => {
      const [out, logsumexp] = runFusedList('MpvgAttention', { qkv }, { heads }) as [Tensor, Tensor];
      save([qkv, out, logsumexp]);
      return out;
    },
    (dy, saved) => {
      const [qkv, out, logsumexp] = saved as [Tensor, Tensor, Tensor];
      return runFused('MpvgAttentionGrad', { dy, qkv, out, logsumexp }, { heads });
    },
  );
}

/** `attention` from tfjs's own operations, unchecked. */
export function attentionComposed(qkv: Tensor, heads: number, { bias }: AttentionOptions = {}): Tensor {
  const [batch = 0, tokens = 0, width = 0] = qkv.shape;
  const channels = width / 3;
  const headChannels = channels / heads;
  const split = transpose(reshape(qkv, [batch, tokens, 3, heads, headChannels]), [2, 0, 3, 1, 4]); // [3, B, heads, N, d]
  const [q, k, v] = unstack(split) as [Tensor, Tensor, Tensor];
  const scores: Tensor = matMul(mul(q, headChannels ** -0.5), k, false, true); // [B, heads, N, N]
  const weights = softmax(bias === undefined ? scores : add(scores, bias));
  return reshape(transpose(matMul(weights, v), [0, 2, 1, 3]), [batch, tokens, channels]); // [B, N, C]
}
