// The entry `mpvg/models`: what networks are made of, and those that there are. Parameters have the original projects' names.

export { Module } from './nn/module.ts';
export type { FloatTensor, LoadableTensor, LoadReport, StateTensor } from './nn/module.ts';
export { Parameter } from './nn/parameter.ts';
export type { ParameterOptions } from './nn/parameter.ts';
export { ModuleBuffer } from './nn/moduleBuffer.ts';
export type { ModuleBufferOptions } from './nn/moduleBuffer.ts';
export type { ModuleTensor } from './nn/moduleTensor.ts';
export { kaimingNormalFanOut, kaimingUniform, normal, ones, truncatedNormal, uniform, xavierUniform, zeros } from './nn/initialisers.ts';
export type { Initialiser } from './nn/initialisers.ts';
export { Attention } from './nn/attention.ts';
export { BatchNorm2d } from './nn/batchNorm2d.ts';
export { Conv2d } from './nn/conv2d.ts';
export { ConvTranspose2d } from './nn/convTranspose2d.ts';
export { LayerNorm } from './nn/layerNorm.ts';
export { Linear } from './nn/linear.ts';
export { Mlp } from './nn/mlp.ts';
export { MsDeformAttn } from './nn/msDeformAttn.ts';
export { PatchEmbed } from './nn/patchEmbed.ts';

export { joinPresets } from './backbones/position/join.ts';
export type { JoinName, PositionJoin } from './backbones/position/join.ts';
export { createClassifier } from './backbones/classifier.ts';
export type { ClassifierOptions } from './backbones/classifier.ts';
export { DeiT, deitSizes } from './backbones/deit.ts';
export type { DeiTDimensions, DeiTOptions, DistilledLogits, ForwardOptions } from './backbones/deit.ts';
export { PlainVit } from './backbones/plainVit.ts';
export type { JoinedPositions, PlainVitDimensions, PlainVitOptions, PositionKind } from './backbones/plainVit.ts';
export { TransformerLayer } from './backbones/transformerLayer.ts';
export type { LayerInputs, TransformerLayerOptions } from './backbones/transformerLayer.ts';
export { vitLite } from './backbones/vitLite.ts';

export { describePretrained, loadPretrained } from './adapter/loadPretrained.ts';
export type { PretrainedReport } from './adapter/loadPretrained.ts';
export { ViTAdapter } from './adapter/vitAdapter.ts';
export type { AdapterForwardOptions, FeaturePyramid, ViTAdapterOptions } from './adapter/vitAdapter.ts';

export { createSegmentor } from './heads/upernet/createSegmentor.ts';
export type { SegmentationModelOptions } from './heads/upernet/createSegmentor.ts';
export { FcnHead } from './heads/upernet/fcnHead.ts';
export type { FcnHeadOptions } from './heads/upernet/fcnHead.ts';
export { UperHead } from './heads/upernet/uperHead.ts';
export type { UperHeadOptions } from './heads/upernet/uperHead.ts';
export { ignoredLabel, UpernetSegmentor } from './heads/upernet/segmentor.ts';
export type { HeadLogits, SegmentationLoss, SegmentorOptions } from './heads/upernet/segmentor.ts';
