// The loss and what changes parameters: kernels that write in place, so that compiled steps keep their tensors.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList, mpvgList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

/** Several lists of tensors in one kernel's inputs, each named by a prefix and a number: grad0, grad1, … */
type NumberedInputs = Record<string, TensorInfo>;

function numbered(k: KernelContext, inputs: NumberedInputs, prefix: string): Handle[] {
  const handles: Handle[] = [];
  for (let i = 0; ; i++) {
    const tensor = inputs[`${prefix}${i}`];
    if (tensor === undefined) return handles;
    handles.push(k.handle(tensor));
  }
}

const named = (k: KernelContext, inputs: NumberedInputs, name: string): Handle | null => {
  const tensor = inputs[name];
  return tensor === undefined ? null : k.handle(tensor);
};

interface DecoupledAttrs {
  lrScales: number[];
  weightDecays: number[];
}

export function registerFusedTrainingKernels(): void {
  registerCrossEntropy();

  const adamW = mpvgList('adamw_');
  torchKernel<NumberedInputs, DecoupledAttrs & { beta1: number; beta2: number; eps: number }>(
    'MpvgAdamW',
    (inputs, { lrScales, weightDecays, beta1, beta2, eps }, k) => {
      adamW(
        numbered(k, inputs, 'param'), numbered(k, inputs, 'grad'), numbered(k, inputs, 'first'), numbered(k, inputs, 'second'),
        named(k, inputs, 'step'), named(k, inputs, 'lr'), lrScales, weightDecays, beta1, beta2, eps, named(k, inputs, 'gradScale'),
      );
      return [];
    });

  const sgd = mpvgList('sgd_');
  torchKernel<NumberedInputs, DecoupledAttrs & { momentum: number; nesterov: boolean }>(
    'MpvgSgd',
    (inputs, { lrScales, weightDecays, momentum, nesterov }, k) => {
      sgd(
        numbered(k, inputs, 'param'), numbered(k, inputs, 'grad'), numbered(k, inputs, 'momentum'), named(k, inputs, 'lr'), lrScales,
        weightDecays, momentum, nesterov, named(k, inputs, 'gradScale'),
      );
      return [];
    });

  const clipScale = mpvgList('clip_scale');
  torchKernel<NumberedInputs, { maxNorm: number }>('MpvgClipScale', (inputs, { maxNorm }, k) =>
    clipScale(numbered(k, inputs, 'grad'), maxNorm).filter((handle) => handle !== null).map((handle) => k.out(handle)));

  // average += (1 - decay) * (param - average)
  const lerp = atenList('_foreach_lerp_', 'Scalar');
  torchKernel<NumberedInputs, { decay: number }>('MpvgEma', (inputs, { decay }, k) => {
    lerp(numbered(k, inputs, 'average'), numbered(k, inputs, 'param'), 1 - decay);
    return [];
  });

  const accumulate = atenList('_foreach_add_', 'List');
  torchKernel<NumberedInputs>('MpvgAccumulate', (inputs, _attrs, k) => {
    accumulate(numbered(k, inputs, 'sum'), numbered(k, inputs, 'grad'), 1);
    return [];
  });

  const clear = atenList('_foreach_zero_');
  torchKernel<NumberedInputs>('MpvgClear', (inputs, _attrs, k) => {
    clear(numbered(k, inputs, 'target'));
    return [];
  });

  const narrow = aten('narrow');
  const addInto = aten('add_', 'Tensor');
  torchKernel<{ sums: TensorInfo; window: TensorInfo }, { top: number; left: number }>('MpvgAddWindow', ({ sums, window }, { top, left }, k) => {
    const [, height = 0, width = 0] = window.shape;
    addInto(narrow(narrow(k.handle(sums), 1, top, height), 2, left, width), k.handle(window), 1);
    return [];
  });

  const copy = aten('copy_');
  torchKernel<{ target: TensorInfo; values: TensorInfo }>('MpvgWrite', ({ target, values }, _attrs, k) => {
    copy(k.handle(target), k.handle(values));
    return k.same(target);
  });
}

function registerCrossEntropy(): void {
  const logSoftmax = aten('_log_softmax');
  const multiply = aten('mul', 'Tensor');
  const scale = aten('mul', 'Scalar');
  const subtract = aten('sub', 'Tensor');
  const addScalar = aten('add', 'Scalar');
  const sumAll = aten('sum');
  const sumRows = aten('sum', 'dim_IntList');
  const exp = aten('exp');
  const scatter = aten('scatter', 'value');
  const toLong = aten('to', 'dtype');
  const unsqueeze = aten('unsqueeze');
  const zerosLike = aten('zeros_like');

  /** The distribution that the logits are held against, [B, K]. */
  const smoothed = (k: KernelContext, target: TensorInfo, like: Handle, classes: number, labelSmoothing: number): Handle => {
    const given = target.dtype === 'int32' ?
      scatter(zerosLike(like), 1, unsqueeze(toLong(k.handle(target), 'int64'), 1), 1) :
      k.handle(target);
    return labelSmoothing === 0 ? given : addScalar(scale(given, 1 - labelSmoothing), labelSmoothing / classes, 1);
  };

  torchKernel<{ logits: TensorInfo; target: TensorInfo }, { labelSmoothing: number }>(
    'MpvgCrossEntropy',
    ({ logits, target }, { labelSmoothing }, k) => {
      const [batch = 1, classes = 1] = logits.shape;
      const logProbabilities = logSoftmax(toLong(k.handle(logits), 'float32'), 1, false);
      const expected = smoothed(k, target, logProbabilities, classes, labelSmoothing);
      const loss = scale(sumAll(multiply(logProbabilities, expected)), -1 / batch);
      return [k.out(loss), k.out(logProbabilities)];
    });

  torchKernel<{ dy: TensorInfo; logProbabilities: TensorInfo; target: TensorInfo }, { labelSmoothing: number }>(
    'MpvgCrossEntropyGrad',
    ({ dy, logProbabilities, target }, { labelSmoothing }, k) => {
      const [batch = 1, classes = 1] = logProbabilities.shape;
      const expected = smoothed(k, target, k.handle(logProbabilities), classes, labelSmoothing);
      // Targets need not sum to one (Mixup with a sigmoid's targets does not), so their sum stays in the formula.
      const total = sumRows(expected, [1], true);
      const dLogits = subtract(multiply(exp(k.handle(logProbabilities)), total), expected, 1);
      return k.out(multiply(dLogits, scale(k.handle(dy), 1 / batch)));
    });
}
