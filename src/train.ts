/**
 * The entry `mpvg/train`: tasks, the training loop, checkpoints, and what the commands are made of: configs, recipes, predictors.
 *
 * @module
 */

import './tfjsTypes.ts';

export type { BatchSource, EvaluateOptions, Evaluator, Loss, Metrics, Task, TaskMetadata } from './tasks/task.ts';
export { ClassificationTask } from './tasks/classification.ts';
export type { ClassificationOptions } from './tasks/classification.ts';
export { ClassificationEvaluator } from './tasks/classificationEvaluator.ts';
export type { ClassificationEvaluatorOptions, PictureView } from './tasks/classificationEvaluator.ts';
export { PhotoSegmenter } from './tasks/photoSegmenter.ts';
export type { PhotoSegmenterOptions } from './tasks/photoSegmenter.ts';
export type { InferenceMode } from './tasks/slidingWindow.ts';
export { SegmentationTask } from './tasks/segmentation.ts';
export type { SegmentationOptions } from './tasks/segmentation.ts';
export { SegmentationEvaluator } from './tasks/segmentationEvaluator.ts';
export type { OnPhoto, PhotoView, SegmentationEvaluatorOptions } from './tasks/segmentationEvaluator.ts';

export { Interrupt } from './engine/interrupt.ts';
export type { InterruptibleProcess, InterruptOptions, StopSignal } from './engine/interrupt.ts';
export { layerDecayScale } from './engine/layerDecay.ts';
export { Optimizer } from './engine/optimizer.ts';
export type { AdamWOptions, NoDecay, OptimizerBase, OptimizerOptions, SgdOptions, UpdateInputs } from './engine/optimizer.ts';
export { setPrecision } from './engine/precision.ts';
export type { Precision } from './engine/precision.ts';
export { Progress } from './engine/progress.ts';
export type { ProgressOptions, ProgressStream, ProgressUpdate } from './engine/progress.ts';
export { openRun } from './engine/runDirectory.ts';
export type { RunDirectory, RunOptions } from './engine/runDirectory.ts';
export { lockRun } from './files/runLock.ts';
export { readRunLog } from './engine/runLog.ts';
export type { LogEvent, RunLog } from './engine/runLog.ts';
export { learningRate } from './engine/schedule.ts';
export type { CosineSchedule, LinearWarmup, PolySchedule, Schedule, StepSchedule } from './engine/schedule.ts';
export { train } from './engine/trainer.ts';
export type { TrainerObservers, TrainerOptions, TrainingResult } from './engine/trainer.ts';
export { loadWeights } from './engine/trainingState.ts';
export type { Evaluation as EvaluationOfRun, LoadedWeights } from './engine/trainingState.ts';

export { findCheckpoint, loadCheckpoint, saveCheckpoint } from './checkpoint/checkpoint.ts';
export type { Checkpoint, CheckpointPart, CheckpointState, LoadedCheckpoint, LoadOptions as LoadCheckpointOptions } from './checkpoint/checkpoint.ts';
export { readSafetensors, writeSafetensors } from './checkpoint/safetensors.ts';
export type { StoredDtype, StoredTensor, TensorData, TensorMap } from './checkpoint/storedTensor.ts';

export { defineConfig } from './config/defineConfig.ts';
export type { OfTask } from './config/defineConfig.ts';
export { openExperiment } from './config/loadConfig.ts';
export type { ConfigOverrides } from './config/loadConfig.ts';
export { loadPredictor } from './config/loadPredictor.ts';
export type { PredictorOptions } from './config/loadPredictor.ts';
export { adamw as adamwSchema, run as runSchema, sgd as sgdSchema } from './schema/common.ts';
export { z } from 'zod';
export type { ConfigInput } from './recipes/table.ts';
export { percent } from './recipes/scores.ts';
export type {
  Evaluation, Experiment, LookAtFiles, ModelCount, Predicted, Prediction, Predictor, Recipe, RunConfig, Score, Split, Training,
} from './recipes/recipe.ts';
export { classificationSchema } from './recipes/classification/schema.ts';
export type { ClassificationConfig, ClassificationConfigInput } from './recipes/classification/schema.ts';
export { segmentationSchema } from './recipes/segmentation/schema.ts';
export type { SegmentationConfig, SegmentationConfigInput } from './recipes/segmentation/schema.ts';
export type { StagesGiven } from './parity/given.ts';
export type { CurveMetric } from './report/learningCurve.ts';
