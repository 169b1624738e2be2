// What training a segmentation model is made of, as one schema: the compiler's type and the check at launch are the
// same. Nothing has a default but the few fields that say so. An iteration is an optimizer step.

import { z } from 'zod';
import { adamw, classes, count, deitSize, folder, fraction, layers, notNegative, positive, probability, range, refuse, rgb, run } from '../../schema/common.ts';
import { positionJoinSchema } from '../../backbones/position/joinSchema.ts';

const notNegativeInt = z.int().min(0);

/** Between the plain vision transformer and the heads. */
const adapter = z.strictObject({
  /** Which tokens are added to the four maps: those after each interaction, or the last ones to all. */
  variant: z.enum(['segmentation', 'detection']),
  /** First and last layer of each interaction. */
  interactions: z.array(z.tuple([notNegativeInt, notNegativeInt]).readonly()).min(1).readonly(),
  /** Side of each layer's attention windows, in tokens of 16 px, or 'global' for all layers. */
  windows: z.union([z.literal('global'), z.array(z.union([z.literal('global'), count])).readonly()]),
  /** Channels of the spatial prior's first stage. */
  priorWidth: count,
  deformHeads: count,
  /** Samples of deformable attention per head and level. */
  deformPoints: count,
  /** Width of its values over the channels. */
  deformRatio: positive,
  /** Hidden width of the extractors' feed-forward networks over the channels. */
  ffnRatio: positive,
  /** Extractors after the last interaction's own. */
  extraExtractors: layers.min(0),
  /** A learnt factor per channel on both branches of each transformer layer. */
  layerScale: z.boolean(),
  /** Keep less for the backward pass, and run layers, injectors and extractors again there: less memory, more time. */
  recompute: z.boolean(),
});

const model = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('upernetViTAdapter'),
    classes,
    /** The plain vision transformer. */
    size: deitSize,
    /** Side of the images of its pretraining, a multiple of 16: positions are resized from there. */
    pretrainPx: count,
    /**
     * How its position embedding joins. The last norm of `mpvg` closes the transformer here too; model.join.lastNorm=none leaves
     * it out, which makes the network PVG's.
     */
    join: positionJoinSchema,
    position: z.enum(['learnable', 'sine1d', 'sine2d']).exactOptional(),
    /** Whether its qkv projection has a bias. Default true; ViT-Lite has none. */
    qkvBias: z.boolean().exactOptional(),
    /** Stochastic depth: the rate of the last layer and of the extractors. */
    dropPath: fraction,
    adapter,
    head: z.strictObject({
      channels: count,
      /** Regions per side of each pooling. */
      poolScales: z.array(count).readonly(),
      dropout: fraction,
      lossWeight: positive,
    }),
    auxiliary: z.union([z.literal('none'), z.strictObject({
      /** Which of the four maps, from 0. */
      level: z.int().min(0).max(3),
      channels: count,
      /** 3 x 3 convolutions before the classifier. */
      convolutions: layers.min(1),
      dropout: fraction,
      lossWeight: positive,
    })]),
    /** Online hard example mining: pixels whose class has less than this probability, at least `minKept` per image. */
    hardPixels: z.union([z.literal('none'), z.strictObject({ threshold: z.number().gt(0).max(1), minKept: count })]),
  }),
]);

/** How label images number the classes, and what these are called. */
const classSet = z.union([
  z.enum(['ade20k', 'camvid', 'coco133', 'coco12']),
  z.strictObject({
    /** In the order of their numbers. */
    names: z.array(z.string().min(1)).min(1).max(255).readonly(),
    /** `#rrggbb` for each. Default: colours that tell neighbours apart. */
    colours: z.array(z.string()).readonly().exactOptional(),
    /** Whether classes begin at 1 and 0 is unlabelled. Default false. */
    reduceZeroLabel: z.boolean().exactOptional(),
    /** Values that are unlabelled too; 255 always is. Default none. */
    ignoreValues: z.array(z.int().min(0)).readonly().exactOptional(),
  }),
]);

/** Folders are relative to where the command runs. */
const data = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('ade20k'),
    /** Holds images/{training,validation} and annotations/{training,validation}, files of the same names. */
    dir: folder,
    classes: classSet,
    /** Photos that are elsewhere; there some may have no map. Default dir/images/training. */
    trainPhotosDir: folder.exactOptional(),
    /** Default dir/images/validation. */
    valPhotosDir: folder.exactOptional(),
  }),
]);

/** A photo is made as large as fits into this frame, in either direction. */
const frame = { longPx: count, shortPx: count };

const augmentation = z.strictObject({
  /** In this order. */
  train: z.strictObject({
    ...frame,
    /** Least and greatest factor on the frame. */
    ratio: range,
    /** Side of the square that a sample is, a multiple of 32; smaller photos are padded. */
    cropPx: count,
    /** Crops in which one class has this share of the labelled pixels are drawn again, up to ten times. 1: never. */
    maxClassShare: z.number().gt(0).max(1),
    flipProbability: probability,
    /** Random colours as mmsegmentation's PhotoMetricDistortion has them, each half of the time. */
    photometric: z.union([z.literal('none'), z.strictObject({
      /** Greatest number of levels, of 255, added or taken away. */
      brightness: z.number().min(0).max(255),
      contrast: range,
      saturation: range,
      /** Greatest turn, in units of 2 degrees. */
      hue: z.int().min(0).max(90),
    })]),
  }),
  /** Sides are stretched to a multiple of `multiplePx`, itself one of 32. */
  eval: z.strictObject({ ...frame, multiplePx: count }),
  /** Of pixels scaled to [0, 1], red, green, blue. */
  mean: rgb,
  std: rgb,
});

const averaged = {
  /** Average with the mirrored picture. */
  flip: z.boolean(),
  /** Average over the evaluation's size times each ratio; [1] for one scale. */
  ratios: z.array(positive).min(1).readonly(),
};

const evaluation = z.discriminatedUnion('mode', [
  z.strictObject({ mode: z.literal('whole'), ...averaged }),
  /** Squares that overlap, their logits averaged. */
  z.strictObject({ mode: z.literal('slide'), cropPx: count, stridePx: count, ...averaged }),
]);

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('poly'),
    /** Length of the run. */
    iterations: count,
    /** The linear warm-up, a part of them. More than `iterations`, as when --set makes a run short: half of them. */
    warmupIterations: z.int().min(0),
    /** The rate of the first iteration. */
    warmupLr: notNegative,
    /** Of (1 - iteration / iterations). */
    power: positive,
    minLr: notNegative,
  }),
]);

/** Of a segmentation model's config; SegmentationConfig is what it gives. */
export const segmentationSchema = z.strictObject({
  task: z.literal('segmentation'),
  model,
  data,
  augmentation,
  /** `layerDecay` is the factor on the learning rate from each transformer layer to the one before it; 1 for none. */
  optimizer: z.strictObject({ ...adamw, layerDecay: z.number().gt(0).max(1) }),
  schedule,
  ...run,
  evaluation,
  evaluateEverySteps: count,
  /** Saves the last checkpoint every so many steps too. Default: only when the model is evaluated. */
  checkpointEverySteps: count.exactOptional(),
}).superRefine(({ model, augmentation, evaluation, batchSize, accumulationSteps }, context) => {
  if (batchSize % accumulationSteps !== 0) refuse(context, ['accumulationSteps'], `a divisor of batchSize ${batchSize}`);
  if (model.pretrainPx % 16 !== 0) refuse(context, ['model', 'pretrainPx'], 'a multiple of the 16 px of a patch');
  if (augmentation.train.cropPx % 32 !== 0) refuse(context, ['augmentation', 'train', 'cropPx'], 'a multiple of 32');
  if (augmentation.eval.multiplePx % 32 !== 0) refuse(context, ['augmentation', 'eval', 'multiplePx'], 'a multiple of 32');
  if (evaluation.mode === 'slide') {
    if (evaluation.cropPx % 32 !== 0) refuse(context, ['evaluation', 'cropPx'], 'a multiple of 32');
    if (evaluation.stridePx > evaluation.cropPx) refuse(context, ['evaluation', 'stridePx'], `at most cropPx ${evaluation.cropPx}`);
  }
});

/** What stands in a config file. */
export type SegmentationConfigInput = z.input<typeof segmentationSchema>;

/** A config as it runs: overrides applied, presets spelt out, checked. */
export type SegmentationConfig = z.output<typeof segmentationSchema>;
