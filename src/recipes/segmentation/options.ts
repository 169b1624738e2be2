// What a segmentation config says, in the terms of those that do it.

import type { LayeredModule } from '../../backbones/pyramid.ts';
import type { SegmentationAugmentation } from '../../data/segmentation/augmentation.ts';
import type { SegmentationDataOptions } from '../../data/segmentation/openSegmentationData.ts';
import { layerDecayScale } from '../../engine/layerDecay.ts';
import type { Schedule } from '../../engine/schedule.ts';
import type { TrainerOptions } from '../../engine/trainer.ts';
import { ConfigError } from '../../errors.ts';
import type { PhotoView } from '../../tasks/segmentationEvaluator.ts';
import type { SegmentationConfig } from './schema.ts';

/** Side of what becomes one value of the pyramid's coarsest map. */
const COARSEST_PX = 32;

/**
 * Refuses batches of one photo where a batch norm would see one value per channel, which has no variance.
 * @throws ConfigError
 */
export function expectNormalisableBatches({ model, augmentation, batchSize, accumulationSteps }: SegmentationConfig): void {
  if (batchSize / accumulationSteps > 1) return;
  const isPooledToOne = model.head.poolScales.includes(1);
  if (!isPooledToOne && augmentation.train.cropPx > COARSEST_PX) return;
  const place = isPooledToOne ? 'model.head.poolScales pools a photo into 1 region' : `the coarsest map of ${COARSEST_PX} px is 1 x 1`;
  throw new ConfigError(`train: expected at least 2 photos for batchSize / accumulationSteps, got ${batchSize} / ${accumulationSteps}: ${place}, and batch norm has nothing to normalise one value with; raise batchSize or lower accumulationSteps`);
}

/** The sizes at which photos are looked at, and how they go through the model. */
export function photoView({ augmentation, evaluation }: SegmentationConfig): PhotoView {
  const { longPx, shortPx, multiplePx } = augmentation.eval;
  return {
    scales: { frame: { longPx, shortPx }, ratios: evaluation.ratios, multiple: multiplePx },
    mode: evaluation.mode === 'whole' ?
      { kind: 'whole' } :
      { kind: 'slide', cropPx: evaluation.cropPx, stridePx: evaluation.stridePx },
    flip: evaluation.flip,
  };
}

/**
 * The trainer's options: an iteration is an update, rates fall towards the input layer by layer.
 * @param backbone says which layer a parameter is of
 */
export function trainerOptions(config: SegmentationConfig, backbone: LayeredModule): TrainerOptions {
  const { schedule, optimizer, accumulationSteps, clipGradNorm, ema, seed, compile } = config;
  const { evaluateEverySteps, checkpointEverySteps } = config;
  const { layerDecay } = optimizer;
  return {
    optimizer,
    schedule: polySchedule(schedule, optimizer.lr),
    learningRateScale: (name) => layerDecayScale(name, backbone, layerDecay),
    accumulationSteps,
    clipGradNorm,
    ema,
    seed,
    evaluateEverySteps,
    ...(checkpointEverySteps !== undefined && { checkpointEverySteps }),
    compile,
  };
}

function polySchedule({ iterations, warmupIterations, warmupLr, power, minLr }: SegmentationConfig['schedule'], lr: number): Schedule {
  return { kind: 'poly', updates: iterations, power, minLr, warmupUpdates: warmupIterations, warmupRatio: warmupLr / lr };
}

export function dataOptions({ data }: SegmentationConfig): SegmentationDataOptions {
  const { dir, classes, trainPhotosDir, valPhotosDir } = data;
  return {
    dir,
    classes,
    ...(trainPhotosDir !== undefined && { trainingPhotos: trainPhotosDir }),
    ...(valPhotosDir !== undefined && { validationPhotos: valPhotosDir }),
  };
}

export function trainingAugmentation({ augmentation: { train, mean } }: SegmentationConfig): SegmentationAugmentation {
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
