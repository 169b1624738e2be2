// From a checked config to what fine-tuning, evaluation and prediction run: model, data, task.

import type { FinetuneConfig } from '../config/finetuneSchema.ts';
import type { SegmentationAugmentation } from '../data/segmentation/augmentation.ts';
import { openSegmentationData, type SegmentationDataOptions } from '../data/segmentation/openSegmentationData.ts';
import type { SegmentationFolder } from '../data/segmentation/segmentationFolder.ts';
import type { TestScales } from '../data/segmentation/testPhotos.ts';
import type { Schedule } from '../engine/schedule.ts';
import { layerDecayScale } from '../engine/layerDecay.ts';
import type { TrainerOptions } from '../engine/trainer.ts';
import { ConfigError } from '../errors.ts';
import type { UpernetSegmentor } from '../heads/upernet/segmentor.ts';
import { SegmentationTask } from '../tasks/segmentation.ts';
import type { InferenceMode } from '../tasks/slidingWindow.ts';

/** Side of what becomes one value of the pyramid's coarsest map. */
const COARSEST_PX = 32;

export interface SegmentationFolders {
  readonly training: SegmentationFolder;
  readonly validation: SegmentationFolder;
}

/** @throws DataError when a folder is missing or holds no pair */
export async function openFolders(config: FinetuneConfig): Promise<SegmentationFolders> {
  return await openSegmentationData(dataOptions(config));
}

/** @throws DataError when the data does not fit the model */
export function segmentationTask(
  config: FinetuneConfig,
  model: UpernetSegmentor,
  folders: SegmentationFolders,
): SegmentationTask {
  const { batchSize, accumulationSteps, seed, workers, evaluation, augmentation: { mean, std } } = config;
  return new SegmentationTask({
    model,
    ...folders,
    augmentation: trainingAugmentation(config),
    evaluation: { scales: testScales(config), mode: inferenceMode(config), flip: evaluation.flip },
    mean,
    std,
    batchSize: batchSize / accumulationSteps,
    seed,
    ...(workers !== undefined && { workers }),
  });
}

/**
 * Refuses batches of one photo where a batch norm would see one value per channel, which has no variance.
 * @throws ConfigError
 */
export function expectNormalisableBatches({ model, augmentation, batchSize, accumulationSteps }: FinetuneConfig): void {
  if (batchSize / accumulationSteps > 1) return;
  const isPooledToOne = model.head.poolScales.includes(1);
  if (!isPooledToOne && augmentation.train.cropPx > COARSEST_PX) return;
  const place = isPooledToOne ? 'model.head.poolScales pools a photo into 1 region' : `the coarsest map of ${COARSEST_PX} px is 1 x 1`;
  throw new ConfigError(`finetune: expected at least 2 photos for batchSize / accumulationSteps, got ${batchSize} / ${accumulationSteps}: ${place}, and batch norm has nothing to normalise one value with; raise batchSize or lower accumulationSteps`);
}

/** The sizes at which photos are looked at. */
export function testScales({ augmentation, evaluation }: FinetuneConfig): TestScales {
  const { longPx, shortPx, multiplePx } = augmentation.eval;
  return { frame: { longPx, shortPx }, ratios: evaluation.ratios, multiple: multiplePx };
}

/** How photos go through the model. */
export function inferenceMode({ evaluation }: FinetuneConfig): InferenceMode {
  if (evaluation.mode === 'whole') return { kind: 'whole' };
  return { kind: 'slide', cropPx: evaluation.cropPx, stridePx: evaluation.stridePx };
}

/** The trainer's options: an iteration is an update, rates fall towards the input layer by layer. */
export function trainerOptions(config: FinetuneConfig, depth: number): TrainerOptions {
  const { schedule, optimizer, accumulationSteps, clipGradNorm, ema, seed, compile } = config;
  const { evaluateEverySteps, checkpointEverySteps } = config;
  const { layerDecay } = optimizer;
  return {
    optimizer,
    schedule: polySchedule(schedule, optimizer.lr),
    learningRateScale: (name) => layerDecayScale(name, depth, layerDecay),
    accumulationSteps,
    clipGradNorm,
    ema,
    seed,
    evaluateEverySteps,
    ...(checkpointEverySteps !== undefined && { checkpointEverySteps }),
    compile,
  };
}

function polySchedule({ iterations, warmupIterations, warmupLr, power, minLr }: FinetuneConfig['schedule'], lr: number): Schedule {
  return { kind: 'poly', updates: iterations, power, minLr, warmupUpdates: warmupIterations, warmupRatio: warmupLr / lr };
}

function dataOptions({ data }: FinetuneConfig): SegmentationDataOptions {
  const { dir, classes, trainPhotosDir, valPhotosDir } = data;
  return {
    dir,
    classes,
    ...(trainPhotosDir !== undefined && { trainingPhotos: trainPhotosDir }),
    ...(valPhotosDir !== undefined && { validationPhotos: valPhotosDir }),
  };
}

function trainingAugmentation({ augmentation: { train, mean } }: FinetuneConfig): SegmentationAugmentation {
  const { longPx, shortPx, ratio, cropPx, maxClassShare, flipProbability, photometric } = train;
  const [red, green, blue] = mean.map((share) => Math.round(255 * share));
  return {
    frame: { longPx, shortPx },
    ratio,
    crop: { width: cropPx, height: cropPx },
    mostOfOneClass: maxClassShare,
    flipProbability,
    ...(photometric !== 'none' && { photometric }),
    padding: [red!, green!, blue!], // what is 0 once normalised
  };
}
