// A task of one's own in the file of its config: which side of a photo is up? It needs no labels, only folders of photos.
//
//     npx mpvg train examples/rotation.ts --data my_photos

import path from 'node:path';
import * as tf from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import {
  adamwSchema, createClassifier, crossEntropy, IMAGENET_MEAN, IMAGENET_STD, ImageFolder, ImageLoader, imageTensor, joinPresets,
  normalizeImages, percent, runSchema, z, type Evaluator, type ImageBatch, type Recipe, type Task,
} from 'mpvg';

const schema = z.strictObject({
  task: z.literal('rotation'), ...runSchema, optimizer: z.strictObject(adamwSchema), epochs: z.int().min(1),
  data: z.strictObject({ dir: z.string() }),
});
type Config = z.output<typeof schema>;

const px = 64;
const transforms = [{ kind: 'resizeAndCentreCrop', sizePx: px, cropRatio: 1, interpolation: 'bilinear' }] as const;
const schedule = { kind: 'cosine', warmupEpochs: 0, warmupLr: 0, minLr: 0, cooldownEpochs: 0 } as const;
const photosIn = async ({ data: { dir } }: Config, split: string) => ImageFolder.open(path.join(dir, split));
const size = { channels: 64, depth: 4, heads: 2, mlpRatio: 2 };

/** [B, H, W, 3] bytes in all four ways, normalised: [4 B, H, W, 3]. */
function allTurns(bytes: Tensor): Tensor {
  const images = normalizeImages(bytes, IMAGENET_MEAN, IMAGENET_STD);
  const right = tf.reverse(tf.transpose(images, [0, 2, 1, 3]), 2);
  return tf.concat([images, right, tf.reverse(images, [1, 2]), tf.reverse(right, [1, 2])]);
}

class Rotation implements Task<ImageBatch>, Evaluator {
  readonly model = createClassifier({ kind: 'deit', size, imagePx: px, patchPx: 8, classes: 4, join: joinPresets.mpvg });
  readonly evaluator = this;
  readonly mainMetric = 'right';
  readonly metadata = { classNames: ['upright', 'turned right', 'upside down', 'turned left'] };
  readonly batchSize;
  readonly training;
  readonly validation;
  readonly describe;
  constructor({ batchSize, seed }: Config, photos: ImageFolder, others: ImageFolder) {
    this.batchSize = batchSize;
    this.training = new ImageLoader(photos, { transforms, batchSize, seed, shuffle: true, dropLast: true });
    this.validation = new ImageLoader(others, { transforms, batchSize, seed, shuffle: false, dropLast: false });
    this.describe = ({ indices }: ImageBatch) => Array.from(indices, (index) => photos.describe(index));
  }
  inputs = (count: number) => [{ shape: [count, px, px, 3], dtype: 'bytes' }, { shape: [4 * count], dtype: 'int32' }] as const;
  size = (batch: ImageBatch) => batch.size;
  upload({ images, size: count }: ImageBatch): Tensor[] {
    const turns = Int32Array.from({ length: 4 * count }, (_, i) => Math.floor(i / count));
    return [imageTensor(images, [count, px, px, 3]), tf.tensor1d(turns, 'int32')];
  }
  loss([images, turns]: readonly Tensor[]) {
    return { total: crossEntropy(this.model.forward(allTurns(images!), { training: true }), turns!), parts: {} };
  }
  async evaluate() {
    let [right, all] = [0, 0];
    for await (const batch of this.validation.epoch(0)) {
      const inputs = this.upload(batch);
      const found = () => tf.equal(tf.argMax(this.model.forward(allTurns(inputs[0]!)), 1), inputs[1]!);
      right += tf.tidy(() => tf.sum(tf.cast(found(), 'float32')).dataSync()[0]!);
      all += 4 * batch.size;
      tf.dispose(inputs);
    }
    return { right: right / all };
  }
  async close() { await Promise.all([this.training.close(), this.validation.close()]); }
}

export const recipe: Recipe<Config> = {
  task: 'rotation',
  schema,
  open: async (config) => ({
    config,
    openTraining: async () => ({
      task: new Rotation(config, await photosIn(config, 'train'), await photosIn(config, 'val')),
      options: { ...config, evaluateEveryEpochs: 1, schedule: { ...schedule, epochs: config.epochs } },
      name: 'rotation', data: 'photos in four ways', scores: ({ right = 0 }) => [['right', percent(right)]],
    }),
  }),
};

export default {
  task: 'rotation', data: { dir: path.resolve(import.meta.dirname, '../samples') }, epochs: 20, batchSize: 17,
  optimizer: { kind: 'adamw', lr: 5e-4, weightDecay: 0.05, betas: [0.9, 0.999], eps: 1e-8, noDecay: 'vectorsAndEmbeddings' },
  accumulationSteps: 1, clipGradNorm: 1, ema: 'none', precision: 'fp32', seed: 0, out: 'runs/rotation',
} satisfies z.input<typeof schema>;
