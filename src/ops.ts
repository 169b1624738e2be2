/**
 * The entry `mpvg/ops`: operations that tfjs lacks, or that are one operator here. Each brings its gradient, takes the backend's
 * fused kernel where there is one and is composed of tfjs's operations elsewhere.
 *
 * @module
 */

import './tfjsTypes.ts';

export { selectBackend } from './backends/select.ts';
export type { BackendName, BackendOptions } from './backends/select.ts';

export { adaptiveAvgPool2d } from './ops/adaptiveAvgPool2d.ts';
export { attention } from './ops/attention.ts';
export type { AttentionOptions } from './ops/attention.ts';
export { batchNorm } from './ops/batchNorm.ts';
export type { BatchNormOptions, BatchNormTensors } from './ops/batchNorm.ts';
export { clipGradientNorm } from './ops/clipGradientNorm.ts';
export type { ClippedNorm } from './ops/clipGradientNorm.ts';
export { CompiledStep } from './ops/compileStep.ts';
export type { Step, StepInput } from './ops/compileStep.ts';
export { conv2d } from './ops/conv2d.ts';
export type { Conv2dOptions } from './ops/conv2d.ts';
export { convTranspose2d } from './ops/convTranspose2d.ts';
export type { ConvTranspose2dOptions } from './ops/convTranspose2d.ts';
export { crossEntropy } from './ops/crossEntropy.ts';
export type { CrossEntropyOptions } from './ops/crossEntropy.ts';
export { addDropPath, dropPath } from './ops/dropPath.ts';
export { dropout2d } from './ops/dropout2d.ts';
export { gelu } from './ops/gelu.ts';
export { imageTensor, seedGenerator, writeValues } from './ops/hostValues.ts';
export { layerNorm } from './ops/layerNorm.ts';
export { layerNormAdd } from './ops/layerNormAdd.ts';
export { linear } from './ops/linear.ts';
export { linearAdd } from './ops/linearAdd.ts';
export { maxPool2d } from './ops/maxPool2d.ts';
export type { MaxPool2dOptions } from './ops/maxPool2d.ts';
export { meanTokens } from './ops/meanTokens.ts';
export { msDeformAttn } from './ops/msDeformAttn.ts';
export type { Level } from './ops/msDeformAttn.ts';
export { normalizeImages } from './ops/normalizeImages.ts';
export type { Rgb } from './ops/normalizeImages.ts';
export { normLinear } from './ops/normLinear.ts';
export { normMlpAdd } from './ops/normMlpAdd.ts';
export type { LinearTensors, NormTensors } from './ops/parameterTensors.ts';
export { patchEmbed } from './ops/patchEmbed.ts';
export { recompute } from './ops/recompute.ts';
export type { RecomputeInputs } from './ops/recompute.ts';
export { resizeBicubic, resizeBilinear } from './ops/resize.ts';
export type { ImageSize, ResizeOptions } from './ops/resize.ts';
export { segmentationCrossEntropy } from './ops/segmentationCrossEntropy.ts';
export type { HardPixels, SegmentationCrossEntropyOptions } from './ops/segmentationCrossEntropy.ts';
export { windowAttention } from './ops/windowAttention.ts';
export type { Grid } from './ops/windowAttention.ts';
