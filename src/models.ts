/**
 * The entry `mpvg/models`: what networks are made of, and those that there are. Parameters have the original projects' names.
 *
 * @module
 */

import './tfjsTypes.ts';

export { Module } from './nn/module.ts';
export type { CountTensor, FloatTensor, LoadableTensor, LoadOptions as LoadStateOptions, LoadReport, StateTensor } from './nn/module.ts';
export { Parameter } from './nn/parameter.ts';
export type { ParameterOptions } from './nn/parameter.ts';
export { ModuleBuffer } from './nn/moduleBuffer.ts';
export type { ModuleBufferOptions } from './nn/moduleBuffer.ts';
export type { ModuleConstant } from './nn/moduleConstant.ts';
export type { ModuleTensor } from './nn/moduleTensor.ts';
export { kaimingNormalFanOut, kaimingUniform, normal, ones, truncatedNormal, uniform, xavierUniform, zeros } from './nn/initialisers.ts';
export type { Initialiser } from './nn/initialisers.ts';
export { Attention } from './nn/attention.ts';
export type { AttentionInputs, AttentionOptions as AttentionLayerOptions } from './nn/attention.ts';
export { BatchNorm2d } from './nn/batchNorm2d.ts';
export type { BatchNorm2dOptions } from './nn/batchNorm2d.ts';
export { Conv2d } from './nn/conv2d.ts';
export type { Conv2dOptions as Conv2dLayerOptions } from './nn/conv2d.ts';
export { ConvTranspose2d } from './nn/convTranspose2d.ts';
export type { ConvTranspose2dOptions as ConvTranspose2dLayerOptions } from './nn/convTranspose2d.ts';
export { LayerNorm } from './nn/layerNorm.ts';
export type { LayerNormOptions } from './nn/layerNorm.ts';
export { Linear } from './nn/linear.ts';
export type { LinearOptions } from './nn/linear.ts';
export { Mlp } from './nn/mlp.ts';
export type { MlpInputs, MlpOptions } from './nn/mlp.ts';
export { MsDeformAttn } from './nn/msDeformAttn.ts';
export type { MsDeformAttnOptions, MsDeformAttnResidual } from './nn/msDeformAttn.ts';
export { PatchEmbed } from './nn/patchEmbed.ts';
export type { PatchEmbedOptions } from './nn/patchEmbed.ts';

export { AbsolutePosition } from './backbones/position/absolute.ts';
export type { AbsolutePositionOptions } from './backbones/position/absolute.ts';
export { joinPresets } from './backbones/position/join.ts';
export type { JoinName, PositionJoin } from './backbones/position/join.ts';
export { RelativePosition } from './backbones/position/relative.ts';
export type { RelativePositionOptions } from './backbones/position/relative.ts';
export type { Classifier, DistilledClassifier, DistilledLogits, ForwardOptions } from './backbones/classifier.ts';
export { createClassifier } from './backbones/createClassifier.ts';
export type { ClassifierOptions } from './backbones/createClassifier.ts';
export { DeiT, deitSizes } from './backbones/deit.ts';
export type { DeiTDimensions, DeiTOptions } from './backbones/deit.ts';
export { PlainVit } from './backbones/plainVit.ts';
export type { JoinedPositions, PlainVitDimensions, PlainVitOptions, PositionKind } from './backbones/plainVit.ts';
export { TransformerLayer } from './backbones/transformerLayer.ts';
export type { LayerInputs, TransformerLayerOptions } from './backbones/transformerLayer.ts';
export type { FeaturePyramid, LayeredModule, PyramidBackbone } from './backbones/pyramid.ts';
export { vitLite } from './backbones/vitLite.ts';

export { describePretrained, loadPretrained } from './adapter/loadPretrained.ts';
export type { PretrainedReport } from './adapter/loadPretrained.ts';
export { SpatialPrior } from './adapter/spatialPrior.ts';
export type { SpatialPriorFeatures, SpatialPriorOptions } from './adapter/spatialPrior.ts';
export { ViTAdapter } from './adapter/vitAdapter.ts';
export type { ViTAdapterOptions } from './adapter/vitAdapter.ts';

export { ConvModule } from './heads/upernet/convModule.ts';
export type { ConvModuleOptions } from './heads/upernet/convModule.ts';
export { createSegmentor } from './heads/upernet/createSegmentor.ts';
export type { SegmentationModelOptions } from './heads/upernet/createSegmentor.ts';
export { FcnHead } from './heads/upernet/fcnHead.ts';
export type { FcnHeadOptions } from './heads/upernet/fcnHead.ts';
export { PixelClassifier } from './heads/upernet/pixelClassifier.ts';
export type { PixelClassifierOptions } from './heads/upernet/pixelClassifier.ts';
export { UperHead } from './heads/upernet/uperHead.ts';
export type { UperHeadOptions } from './heads/upernet/uperHead.ts';
export { ignoredLabel, UpernetSegmentor } from './heads/upernet/segmentor.ts';
export type { HeadLogits, SegmentationLoss, SegmentorOptions } from './heads/upernet/segmentor.ts';
