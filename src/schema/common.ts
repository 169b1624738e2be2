// What the schemas of several tasks share. Objects are strict (an unknown key is an error), choices are told apart by `kind`,
// units stand in the names.

import { z } from 'zod';

export const count = z.int().min(1);
/** How many a model tells apart, or 'data': as many as the data has. */
export const classes = z.union([count, z.literal('data')]);
/** Layers, which are built one by one; a thousand is beyond the deepest that were ever trained. */
export const layers = z.int().max(1000);
export const positive = z.number().gt(0);
export const notNegative = z.number().min(0);
/** In [0, 1). */
export const fraction = z.number().min(0).lt(1);
export const probability = z.number().min(0).max(1);
export const folder = z.string().min(1).refine((path) => !path.includes('\0'), { params: { expected: 'a path without the character NUL' } });
export const rgb = z.tuple([z.number(), z.number(), z.number()]).readonly();
export const range = z.tuple([positive, positive]).readonly();

/** Of a plain vision transformer. */
export const dimensions = {
  channels: count,
  depth: layers.min(1),
  heads: count,
  /** Hidden width of the MLP as a multiple of `channels`. */
  mlpRatio: positive,
};

/** A published size's name, or the dimensions. */
export const deitSize = z.union([z.enum(['tiny', 'small', 'base']), z.strictObject(dimensions)]);

/**
 * Which parameters are spared weight decay: none; vectors (biases and norms); or those and the embeddings of position and
 * class token, as timm and DeiT do.
 */
const noDecay = z.enum(['none', 'vectors', 'vectorsAndEmbeddings']);

/** Schema of AdamW in a config. */
export const adamw = {
  kind: z.literal('adamw'),
  /** The peak, for the whole batch: no scaling by batch size happens behind it. */
  lr: positive,
  weightDecay: notNegative,
  betas: z.tuple([fraction, fraction]).readonly(),
  eps: positive,
  noDecay,
};

/** Schema of SGD with momentum in a config. */
export const sgd = {
  kind: z.literal('sgd'),
  lr: positive,
  weightDecay: notNegative,
  momentum: fraction,
  nesterov: z.boolean(),
  noDecay,
};

/** Far beyond what any recipe takes, and short of what a machine breaks under. */
const MOST_SAMPLES = 65_536;
const MOST_WORKERS = 256;

/** What every run has. */
export const run = {
  /** Samples per optimizer step and process: `accumulationSteps` parts of batchSize / accumulationSteps. */
  batchSize: count.max(MOST_SAMPLES),
  accumulationSteps: count.max(MOST_SAMPLES),
  /** Greatest global norm of the gradient. */
  clipGradNorm: z.union([z.literal('none'), positive]),
  /** Exponential moving average of the weights. */
  ema: z.union([z.literal('none'), z.strictObject({ decay: fraction })]),
  precision: z.enum(['fp32', 'bf16']),
  seed: z.int().min(0),
  /** Threads that prepare batches. Default: what the loader finds fitting. */
  workers: z.int().min(0).max(MOST_WORKERS).exactOptional(),
  /** Record the step once and replay it natively. Default true. */
  compile: z.boolean().default(true),
  /** Folder of the run. */
  out: folder,
};

/** Refuses a value that only makes sense beside others, in a check of a whole config. */
export function refuse(context: z.core.$RefinementCtx, path: (string | number)[], expected: string): void {
  context.addIssue({ code: 'custom', path, params: { expected } });
}
