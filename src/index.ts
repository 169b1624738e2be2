// The package's public entry. Importing it loads no libtorch: the addon is loaded by selectBackend.

export { selectBackend } from './backends/select.ts';
export type { BackendName, BackendOptions } from './backends/select.ts';
export { joinPresets } from './backbones/position/join.ts';
export type { JoinName, PositionJoin } from './backbones/position/join.ts';
export { defineConfig } from './config/defineConfig.ts';
export type { ClassificationConfig, ClassificationConfigInput } from './recipes/classification/schema.ts';
export type { SegmentationConfig, SegmentationConfigInput } from './recipes/segmentation/schema.ts';
export * from './data/normalization.ts';
export { ConfigError, DataError, NativeError, ShapeError, UserError } from './errors.ts';
