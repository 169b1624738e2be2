// Linear layers, layer norms, GELU, patch embedding and stochastic depth in terms of ATen's own operators.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

type NormInputs = { x: TensorInfo; weight: TensorInfo; bias: TensorInfo };

export function registerFusedLayerKernels(): void {
  registerLinear();
  registerLayerNorm();
  registerPatchEmbed();
  registerDropPath();

  const gelu = aten('gelu');
  torchKernel<{ x: TensorInfo }>('MpvgGelu', ({ x }, _attrs, k) => k.out(gelu(k.handle(x), 'none')));
  const geluGrad = aten('gelu_backward');
  torchKernel<{ dy: TensorInfo; x: TensorInfo }>('MpvgGeluGrad', ({ dy, x }, _attrs, k) =>
    k.out(geluGrad(k.handle(dy), k.handle(x), 'none')));
}

const matmul = aten('matmul');
const mm = aten('mm');
const transpose = aten('t');
const reshape = aten('reshape');
const permute = aten('permute');
const sum = aten('sum', 'dim_IntList');

/** [rows, last axis]. */
function asRows(k: KernelContext, tensor: TensorInfo): Handle {
  return reshape(k.handle(tensor), [-1, tensor.shape.at(-1) ?? 1]);
}

function registerLinear(): void {
  const linear = aten('linear');
  torchKernel<{ x: TensorInfo; weight: TensorInfo; bias?: TensorInfo }>('MpvgLinear', ({ x, weight, bias }, _attrs, k) =>
    k.out(linear(k.handle(x), k.handle(weight), bias === undefined ? null : k.handle(bias))));
  torchKernel<{ dy: TensorInfo; weight: TensorInfo }>('MpvgLinearGradInput', ({ dy, weight }, _attrs, k) =>
    k.out(matmul(k.handle(dy), k.handle(weight))));
  torchKernel<{ dy: TensorInfo; x: TensorInfo }, { bias: boolean }>('MpvgLinearGradWeight', ({ dy, x }, { bias }, k) => {
    const rows = asRows(k, dy); // [rows, out]
    const dWeight = k.out(mm(transpose(rows), asRows(k, x))); // [out, in]
    return bias ? [dWeight, k.out(sum(rows, [0], false, 'float32'))] : [dWeight];
  });
}

function registerLayerNorm(): void {
  const layerNorm = atenList('native_layer_norm');
  const normalise = ({ x, weight, bias }: NormInputs, eps: number, k: KernelContext): Handle[] =>
    layerNorm(k.handle(x), [x.shape.at(-1) ?? 1], k.handle(weight), k.handle(bias), eps).filter((handle) => handle !== null);
  torchKernel<NormInputs, { eps: number }>('MpvgLayerNorm', (inputs, { eps }, k) =>
    normalise(inputs, eps, k).map((handle) => k.out(handle)));

  const add = aten('add', 'Tensor');
  torchKernel<NormInputs & { addend: TensorInfo }, { eps: number }>('MpvgLayerNormAdd', (inputs, { eps }, k) => {
    const [y = 0, mean = 0, rstd = 0] = normalise(inputs, eps, k);
    return [k.out(add(y, k.handle(inputs.addend), 1)), k.out(mean), k.out(rstd)];
  });

  const layerNormGrad = atenList('native_layer_norm_backward');
  torchKernel<{ dy: TensorInfo; x: TensorInfo; mean: TensorInfo; rstd: TensorInfo; weight: TensorInfo }>(
    'MpvgLayerNormGrad',
    ({ dy, x, mean, rstd, weight }, _attrs, k) => {
      const w = k.handle(weight);
      // The bias is read for its shape alone, which is the weight's.
      return layerNormGrad(
        k.handle(dy), k.handle(x), weight.shape, k.handle(mean), k.handle(rstd), w, w, [true, true, true],
      ).filter((handle) => handle !== null).map((handle) => k.out(handle));
    });

  const sumTo = aten('sum_to_size');
  torchKernel<{ dy: TensorInfo }, { shape: number[] }>('MpvgSumTo', ({ dy }, { shape }, k) => k.out(sumTo(k.handle(dy), shape)));
}

/** Patches of [B, H, W, 3] images as rows [B * N, p * p * 3]: runs of whole pixels are copied, colours stay last. */
function patchRows(k: KernelContext, images: TensorInfo, patch: number): Handle {
  const [batch = 0, height = 0, width = 0] = images.shape;
  const cut = reshape(k.handle(images), [batch, height / patch, patch, width / patch, patch, 3]);
  return reshape(permute(cut, [0, 1, 3, 2, 4, 5]), [-1, patch * patch * 3]);
}

function registerPatchEmbed(): void {
  const linear = aten('linear');
  /** [D, 3, p, p] as [D, p * p * 3]. */
  const weightRows = (k: KernelContext, weight: TensorInfo): Handle =>
    reshape(permute(k.handle(weight), [0, 2, 3, 1]), [weight.shape[0] ?? 0, -1]);

  torchKernel<{ images: TensorInfo; weight: TensorInfo; bias: TensorInfo }>('MpvgPatchEmbed', ({ images, weight, bias }, _attrs, k) => {
    const [batch = 0] = images.shape;
    const [channels = 0, , patch = 1] = weight.shape;
    const embedded = linear(patchRows(k, images, patch), weightRows(k, weight), k.handle(bias)); // [B * N, D]
    return k.out(reshape(embedded, [batch, -1, channels])); // [B, N, D]
  });

  torchKernel<{ dy: TensorInfo; images: TensorInfo }, { patch: number }>('MpvgPatchEmbedGradWeight', ({ dy, images }, { patch }, k) => {
    const channels = dy.shape.at(-1) ?? 1;
    const rows = asRows(k, dy); // [B * N, D]
    const dRows = mm(transpose(rows), patchRows(k, images, patch)); // [D, p * p * 3]
    const dWeight = permute(reshape(dRows, [channels, patch, patch, 3]), [0, 3, 1, 2]); // [D, 3, p, p]
    return [k.out(dWeight), k.out(sum(rows, [0], false, 'float32'))];
  });

  torchKernel<{ dy: TensorInfo; weight: TensorInfo }, { imageShape: number[] }>(
    'MpvgPatchEmbedGradInput',
    ({ dy, weight }, { imageShape }, k) => {
      const [batch = 0, height = 0, width = 0] = imageShape;
      const [, , patch = 1] = weight.shape;
      const dRows = mm(asRows(k, dy), weightRows(k, weight)); // [B * N, p * p * 3]
      const cut = reshape(dRows, [batch, height / patch, width / patch, patch, patch, 3]);
      return k.out(reshape(permute(cut, [0, 1, 3, 2, 4, 5]), imageShape));
    });
}

function registerDropPath(): void {
  const zeros = aten('zeros');
  const bernoulli = aten('bernoulli_', 'float');
  const divide = aten('div_', 'Scalar');
  torchKernel<object, { batch: number; keep: number }>('MpvgDropPathMask', (_inputs, { batch, keep }, k) =>
    k.out(divide(bernoulli(zeros([batch], 'float32', null, k.backend.device), keep), keep)));

  const view = (k: KernelContext, scale: TensorInfo, rank: number): Handle =>
    reshape(k.handle(scale), [-1, ...Array.from({ length: rank - 1 }, () => 1)]);
  const multiply = aten('mul', 'Tensor');
  const addProduct = aten('addcmul');
  torchKernel<{ x: TensorInfo; branch: TensorInfo; scale: TensorInfo }>('MpvgAddScaled', ({ x, branch, scale }, _attrs, k) =>
    k.out(addProduct(k.handle(x), k.handle(branch), view(k, scale, x.shape.length))));
  torchKernel<{ dy: TensorInfo; scale: TensorInfo }>('MpvgScaleRows', ({ dy, scale }, _attrs, k) =>
    k.out(multiply(k.handle(dy), view(k, scale, dy.shape.length))));
}
