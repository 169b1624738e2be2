// The cross entropy of pixels in terms of ATen's operators.

import type { TensorInfo } from '@tensorflow/tfjs-core';
import { aten, atenList } from '../binding.ts';
import type { Handle } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';
import { castTo } from './cast.ts';

const none = 0; // no reduction

export function registerSegmentationLossKernels(): void {
  const reshape = aten('reshape');
  const convert = aten('to', 'dtype');
  const rows = (k: KernelContext, labels: TensorInfo): Handle => reshape(convert(k.handle(labels), 'int64'), [-1]);

  const logSoftmax = aten('_log_softmax');
  const nllLoss = atenList('nll_loss_forward');
  torchKernel<{ logits: TensorInfo; labels: TensorInfo }, { ignoreIndex: number }>(
    'MpvgPixelCrossEntropy',
    ({ logits, labels }, { ignoreIndex }, k) => {
      const logProbabilities = logSoftmax(reshape(castTo(k.handle(logits), 'float32'), [-1, logits.shape.at(-1) ?? 1]), 1, false);
      const [losses] = nllLoss(logProbabilities, rows(k, labels), null, none, ignoreIndex);
      return [k.out(reshape(losses, labels.shape)), k.out(logProbabilities)];
    });

  const nllLossGrad = aten('nll_loss_backward');
  const logSoftmaxGrad = aten('_log_softmax_backward_data');
  const newZeros = aten('new_zeros');
  torchKernel<{ dy: TensorInfo; logProbabilities: TensorInfo; labels: TensorInfo }, { ignoreIndex: number }>(
    'MpvgPixelCrossEntropyGrad',
    ({ dy, logProbabilities, labels }, { ignoreIndex }, k) => {
      const outputs = k.handle(logProbabilities);
      const past = nllLossGrad(
        reshape(k.handle(dy), [-1]), outputs, rows(k, labels), null, none, ignoreIndex, newZeros(outputs, []));
      const dLogits = logSoftmaxGrad(past, outputs, 1, 'float32');
      return k.out(reshape(dLogits, [...labels.shape, logProbabilities.shape[1] ?? 1]));
    });
}
