// What training a classifier is made of, as one schema: the compiler's type and the check at launch are the same.
// Objects are strict (an unknown key is an error), choices are told apart by `kind`, units stand in the names. Nothing has a
// default but the few fields that say so: a config reads as the whole recipe.

import { z } from 'zod';
import { adamw, classes, count, deitSize, dimensions, folder, fraction, notNegative, probability, range, refuse, rgb, run, sgd } from '../../schema/common.ts';
import { positionJoinSchema } from '../../backbones/position/joinSchema.ts';

const interpolation = z.enum(['bilinear', 'bicubic']);

const picture = {
  imagePx: count,
  patchPx: count,
  classes,
  /** How the position embedding joins: a row of the papers' tables, or an object for an ablation. */
  join: positionJoinSchema,
  /** Stochastic depth: the rate of the last layer; the first has 0, those between lie on a line. */
  dropPath: fraction,
  /** What is embedded. Default 'learnable'. */
  position: z.enum(['learnable', 'sine1d', 'sine2d', 'relative1d', 'relative2d']).exactOptional(),
  /** A distillation token with a head of its own, for weights that have one: no teacher trains it here. Default false. */
  distilled: z.boolean().exactOptional(),
};

const model = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('deit'), size: deitSize, ...picture }),
  z.strictObject({ kind: z.literal('vitLite'), ...dimensions, ...picture }),
]);

/** Folders are relative to where the command runs. */
const data = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('imageFolder'), trainDir: folder, valDir: folder }),
  z.strictObject({ kind: z.literal('cifar10'), dir: folder }),
  z.strictObject({ kind: z.literal('cifar100'), dir: folder }),
]);

const transform = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('randomResizedCrop'), sizePx: count, scale: range, ratio: range, interpolation }),
  z.strictObject({ kind: z.literal('horizontalFlip'), probability }),
  z.strictObject({ kind: z.literal('padAndCrop'), sizePx: count, paddingPx: z.int().min(0) }),
  z.strictObject({ kind: z.literal('resizeAndCentreCrop'), sizePx: count, cropRatio: z.number().gt(0).max(1), interpolation }),
]);

const augmentation = z.strictObject({
  train: z.array(transform).min(1).readonly(),
  eval: z.array(transform).min(1).readonly(),
  /** Of pixels scaled to [0, 1], red, green, blue. */
  mean: rgb,
  std: rgb,
});

const optimizer = z.discriminatedUnion('kind', [z.strictObject(adamw), z.strictObject(sgd)]);

const schedule = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('cosine'),
    /** From the first step to the end of the cosine, the warm-up included. */
    epochs: count,
    /** More than `epochs`, as when --set makes a run short: half of them. */
    warmupEpochs: z.int().min(0),
    warmupLr: notNegative,
    minLr: notNegative,
    /** Epochs at `minLr` after the cosine, in addition to `epochs`. */
    cooldownEpochs: z.int().min(0),
    /** Whether the rate changes with each update or, as in DeiT's and CCT's runs, stays within an epoch. */
    by: z.enum(['update', 'epoch']),
  }),
]);

export const cifarClasses = { cifar10: 10, cifar100: 100 } as const;

/** Of a classifier's config; ClassificationConfig is what it gives. */
export const classificationSchema = z.strictObject({
  task: z.literal('classification'),
  model,
  data,
  augmentation,
  optimizer,
  schedule,
  ...run,
  labelSmoothing: fraction,
  evaluateEveryEpochs: count,
  /** Saves the last checkpoint every so many optimizer steps too. Default: at the end of each epoch only. */
  checkpointEverySteps: count.exactOptional(),
}).superRefine((config, context) => {
  if (config.model.imagePx % config.model.patchPx !== 0) refuse(context, ['model', 'patchPx'], `a divisor of imagePx ${config.model.imagePx}`);
  const { kind } = config.data;
  if (kind !== 'imageFolder') {
    const number = cifarClasses[kind];
    if (config.model.classes !== 'data' && config.model.classes !== number) refuse(context, ['model', 'classes'], `${number} classes for ${kind}`);
  }
  if (config.batchSize % config.accumulationSteps !== 0) refuse(context, ['accumulationSteps'], `a divisor of batchSize ${config.batchSize}`);
});

/** What stands in a config file. */
export type ClassificationConfigInput = z.input<typeof classificationSchema>;

/** A config as it runs: overrides applied, presets spelt out, checked. */
export type ClassificationConfig = z.output<typeof classificationSchema>;
