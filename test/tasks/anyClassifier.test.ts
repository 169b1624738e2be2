import { dispose, mean, tidy } from '@tensorflow/tfjs-core';
import type { Tensor } from '@tensorflow/tfjs-core';
import sharp from 'sharp';
import { beforeAll, expect, it } from 'vitest';
import type { Classifier } from '../../src/backbones/classifier.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { Linear } from '../../src/nn/linear.ts';
import { Module } from '../../src/nn/module.ts';
import { runForward } from '../../src/parity/classifierStages.ts';
import { PhotoClassifier } from '../../src/recipes/classification/photoClassifier.ts';
import { ClassificationTask } from '../../src/tasks/classification.ts';
import { ClassificationEvaluator, type PictureView } from '../../src/tasks/classificationEvaluator.ts';
import { coloursDataset } from './coloursDataset.ts';

beforeAll(() => selectBackend({ threads: 1 }));

/** The largest of a picture's mean red, green and blue. */
class MeanColour extends Module implements Classifier {
  readonly classes = 3;
  readonly imagePx = 8;
  readonly distilled = undefined;
  readonly head = this.child('head', new Linear({ inputs: 3, outputs: 3 }));

  forward(images: Tensor): Tensor {
    return this.head.forward(mean(images, [1, 2]));
  }

  macs(): Map<string, number> {
    return new Map([['head', this.head.macs(1)]]);
  }
}

it('trains, measures, asks and checks a classifier that is no transformer', async () => {
  const model = new MeanColour();
  model.loadState(new Map([
    ['head.weight', { shape: [3, 3], data: Float32Array.of(9, 0, 0, 0, 9, 0, 0, 0, 9) }],
    ['head.bias', { shape: [3], data: new Float32Array(3) }],
  ]));
  const view: PictureView = {
    mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25],
    transforms: [{ kind: 'resizeAndCentreCrop', sizePx: 8, cropRatio: 1, interpolation: 'bilinear' }],
  };
  const data = coloursDataset(12);
  const loading = { batchSize: 6, seed: 0, workers: 0 };
  const evaluator = new ClassificationEvaluator({ model, data, view, ...loading });
  const task = new ClassificationTask({ model, data, evaluator, view, labelSmoothing: 0, ...loading });
  expect((await evaluator.evaluate({ compile: true }))!['top1']).toBe(1);

  for await (const batch of task.training.epoch(0)) {
    const inputs = task.upload(batch);
    expect(tidy(() => task.loss(inputs).total.dataSync()[0])).toBeLessThan(0.1);
    dispose(inputs);
  }
  await task.close();

  const { logits } = Object.fromEntries([...(await runForward(model, {
    x: { shape: [1, 3, 8, 8], data: Float32Array.from({ length: 192 }, (_, i) => Math.floor(i / 64)) },
  }))].map(([name, { data: values }]) => [name.replace('output.', ''), [...values]]));
  expect(logits).toEqual([0, 9, 18]);

  const asked = new PhotoClassifier({ model, view, compile: false, classNames: data.classNames });
  const green = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#0f0' } }).png().toBuffer();
  expect((await asked.predict(green)).headline).toMatch(/^green 100/);
  asked.dispose();
  model.dispose();
});
