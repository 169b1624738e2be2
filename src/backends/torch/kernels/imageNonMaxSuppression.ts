// Non-maximum suppression. How many boxes stay depends on the values, so they are read; a compiled step cannot contain it.

import { NonMaxSuppressionV3, NonMaxSuppressionV4, NonMaxSuppressionV5, kernel_impls } from '@tensorflow/tfjs-core';
import type {
  NonMaxSuppressionV3Attrs,
  NonMaxSuppressionV3Inputs,
  NonMaxSuppressionV4Attrs,
  NonMaxSuppressionV5Attrs,
  TensorInfo,
} from '@tensorflow/tfjs-core';
import { binding } from '../binding.ts';
import { torchKernel } from '../kernel.ts';
import type { KernelContext } from '../kernel.ts';

function floats(k: KernelContext, tensor: TensorInfo): Float32Array {
  return new Float32Array(binding().read(k.handle(tensor)));
}

function indices(k: KernelContext, values: readonly number[]): TensorInfo {
  return k.out(binding().fromTypedArray(Int32Array.from(values), [values.length], 'int32', k.backend.device), 'int32');
}

export function registerNonMaxSuppressionKernels(): void {
  torchKernel<NonMaxSuppressionV3Inputs, NonMaxSuppressionV3Attrs>(NonMaxSuppressionV3, ({ boxes, scores }, attrs, k) => {
    const { selectedIndices } = kernel_impls.nonMaxSuppressionV3Impl(
      floats(k, boxes), floats(k, scores), attrs.maxOutputSize, attrs.iouThreshold, attrs.scoreThreshold);
    return indices(k, selectedIndices);
  });

  torchKernel<NonMaxSuppressionV3Inputs, NonMaxSuppressionV4Attrs>(NonMaxSuppressionV4, ({ boxes, scores }, attrs, k) => {
    const { selectedIndices, validOutputs = 0 } = kernel_impls.nonMaxSuppressionV4Impl(
      floats(k, boxes), floats(k, scores), attrs.maxOutputSize, attrs.iouThreshold, attrs.scoreThreshold,
      attrs.padToMaxOutputSize);
    const count = binding().fromTypedArray(Int32Array.of(validOutputs), [], 'int32', k.backend.device);
    return [indices(k, selectedIndices), k.out(count, 'int32')];
  });

  torchKernel<NonMaxSuppressionV3Inputs, NonMaxSuppressionV5Attrs>(NonMaxSuppressionV5, ({ boxes, scores }, attrs, k) => {
    const { selectedIndices, selectedScores = [] } = kernel_impls.nonMaxSuppressionV5Impl(
      floats(k, boxes), floats(k, scores), attrs.maxOutputSize, attrs.iouThreshold, attrs.scoreThreshold, attrs.softNmsSigma);
    const kept = binding().fromTypedArray(Float32Array.from(selectedScores), [selectedScores.length], 'float32', k.backend.device);
    return [indices(k, selectedIndices), k.out(kept)];
  });
}
