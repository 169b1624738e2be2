import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { argMax, div, memory, sub, tensor, tidy } from '@tensorflow/tfjs-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ViTAdapter } from '../../src/adapter/vitAdapter.ts';
import { selectBackend } from '../../src/backends/select.ts';
import { ade20kAugmentation } from '../../src/data/segmentation/augmentation.ts';
import { openSegmentationData } from '../../src/data/segmentation/openSegmentationData.ts';
import { SegmentationLoader } from '../../src/data/segmentation/segmentationLoader.ts';
import { TestPhotoLoader } from '../../src/data/segmentation/testPhotoLoader.ts';
import { ConfigError } from '../../src/errors.ts';
import { UpernetSegmentor } from '../../src/heads/upernet/segmentor.ts';
import { resizeBilinear } from '../../src/ops/resize.ts';
import { Rng } from '../../src/random/rng.ts';
import { PhotoSegmenter } from '../../src/tasks/photoSegmenter.ts';
import { SegmentationTask } from '../../src/tasks/segmentation.ts';
import { SegmentationEvaluator, type PhotoView } from '../../src/tasks/segmentationEvaluator.ts';
import { tinyAdapter } from '../adapter/tinyAdapter.ts';
import { writePair } from '../data/segmentation/writePairs.ts';

let dir = '';
beforeAll(async () => {
  await selectBackend();
  dir = await mkdtemp(join(tmpdir(), 'mpvg-task-'));
  const label = (x: number, y: number) => (x < 20 ? 0 : y < 30 ? 1 : 255); // the third class nowhere
  for (let i = 0; i < 3; i++) await writePair(dir, 'training', `${i}`, { width: 50, height: 40, label });
  for (let i = 0; i < 2; i++) await writePair(dir, 'validation', `${i}`, { width: 50 + 14 * i, height: 40, label });
});
afterAll(() => rm(dir, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const scales = { frame: { longPx: 64, shortPx: 64 }, ratios: [1], multiple: 32 };
const [mean, std] = [[0.4, 0.5, 0.6], [0.2, 0.25, 0.3]] as const;

interface Changes {
  readonly view?: PhotoView;
  readonly batchSize?: number;
  readonly workers?: number;
  readonly names?: readonly string[];
  /** Of the evaluator. Default: the same. */
  readonly evaluatorWorkers?: number;
  readonly evaluatorNames?: readonly string[];
}

async function make(changes: Changes = {}, classes = 4): Promise<SegmentationTask> {
  const { view = { scales, mode: { kind: 'whole' }, flip: false }, batchSize = 2, workers = 0, names = ['a', 'b', 'c', 'd'] } = changes;
  const { evaluatorWorkers = workers, evaluatorNames = names } = changes;
  const model = new UpernetSegmentor({
    classes,
    backbone: new ViTAdapter(tinyAdapter),
    head: { channels: 8, poolScales: [1, 2], dropout: 0, lossWeight: 1 },
    auxiliary: 'none',
  });
  model.initialise(3);
  const rng = new Rng(4);
  const { weight } = model.decodeHead.classifier.convSeg;
  weight.set(Float32Array.from({ length: weight.size }, () => rng.normal())); // else one class wins nearly everywhere
  const { training } = await openSegmentationData({ dir, classes: { names } });
  const { validation } = await openSegmentationData({ dir, classes: { names: evaluatorNames } });
  const evaluator = new SegmentationEvaluator({ model, data: validation, view, mean, std, workers: evaluatorWorkers });
  return new SegmentationTask({
    model, data: training, evaluator, mean, std, batchSize, seed: 1, workers,
    augmentation: { ...ade20kAugmentation, frame: { longPx: 64, shortPx: 64 }, crop: { width: 32, height: 32 } },
  });
}

describe('SegmentationTask', () => {
  it('evaluates by the classes of the largest logits at the size of the map, pixels of 255 left out', async () => {
    const task = await make();
    const { validation } = await openSegmentationData({ dir, classes: { names: ['a', 'b', 'c', 'd'] } });
    const hits = [0, 0, 0, 0];
    const predicted = [0, 0, 0, 0];
    const truth = [0, 0, 0, 0];
    for await (const { photos: [photo], map } of new TestPhotoLoader(validation, { scales, workers: 0 }).photos()) {
      const found = tidy(() => {
        const pixels = tensor(Float32Array.from(photo!.data, (value) => value / 255), [1, photo!.height, photo!.width, 3]);
        const logits = task.model.forward(div(sub(pixels, tensor([...mean])), tensor([...std])));
        return argMax(resizeBilinear(logits, [map.height, map.width]), 3).dataSync();
      });
      map.data.forEach((label, i) => {
        if (label === 255) return;
        truth[label]!++;
        predicted[found[i]!]!++;
        if (found[i] === label) hits[label]!++;
      });
    }
    expect(predicted.filter((count) => count > 0).length).toBeGreaterThan(1);
    const unions = truth.map((count, k) => count + predicted[k]! - hits[k]!);
    const occurring = [0, 1, 2, 3].filter((k) => unions[k]! > 0);
    const metrics = await task.evaluator.evaluate({ compile: false });
    for (const k of occurring) expect(metrics![`IoU.${'abcd'[k]!}`]).toBeCloseTo(hits[k]! / unions[k]!, 10);
    expect(Object.keys(metrics!).sort()).toEqual(['mIoU', 'mAcc', 'aAcc', ...occurring.map((k) => `IoU.${'abcd'[k]!}`)].sort());
    expect(metrics!['mIoU']).toBeCloseTo(occurring.reduce((sum, k) => sum + hits[k]! / unions[k]!, 0) / occurring.length, 10);
    expect(metrics!['aAcc']).toBeCloseTo(hits.reduce((sum, n) => sum + n) / truth.reduce((sum, n) => sum + n), 10);
    await task.close();
  });

  it('gives up when asked to, between photos, and leaves no tensor behind', async () => {
    const task = await make();
    const before = memory().numTensors;
    let asked = 0;
    expect(await task.evaluator.evaluate({ compile: false, isStopped: () => ++asked === 1 })).toBeUndefined();
    expect(asked).toBe(1);
    expect(memory().numTensors).toBe(before);
    await task.close();
  });

  it('gives the same in windows, compiled or not, and frees the program', async () => {
    const task = await make({ view: { scales, mode: { kind: 'slide', cropPx: 32, stridePx: 16 }, flip: true } });
    expect(await task.evaluator.evaluate({ compile: true })).toEqual(await task.evaluator.evaluate({ compile: false }));
    await task.close();
  });

  it('trains on normalised pixels and whole batches in an order that changes', async () => {
    const task = await make();
    const orders: string[] = [];
    for (let epoch = 0; epoch < 6; epoch++) {
      let batches = 0;
      for await (const batch of task.training.epoch(epoch)) {
        batches += 1;
        orders.push(batch.indices.join());
        expect([task.size(batch), batch.size]).toEqual([2, 2]);
        if (epoch > 0) continue;
        const inputs = task.upload(batch);
        expect(inputs.map(({ shape, dtype }) => [shape, dtype])).toEqual([[[2, 32, 32, 3], 'int32'], [[2, 32, 32], 'int32']]);
        expect(task.describe(batch)).toEqual(Array.from(batch.indices, (index) => expect.stringContaining(`${index}.jpg`) as string));
        const loss = tidy(() => {
          const pixels = tensor(Float32Array.from(batch.images, (value) => value / 255), [2, 32, 32, 3]);
          return task.model.loss(div(sub(pixels, tensor([...mean])), tensor([...std])), inputs[1]!).total.dataSync()[0]!;
        });
        expect(tidy(() => task.loss(inputs).total.dataSync()[0]!)).toBeCloseTo(loss, 4);
      }
      expect(batches).toBe(1); // three photos in batches of two
    }
    expect(new Set(orders).size).toBeGreaterThan(1);
    await task.close();
  });

  it('knows batches in which nothing has a label', async () => {
    const task = await make();
    for await (const batch of task.training.epoch(0)) {
      const ignored = batch.maps.map(() => 255);
      expect(task.isUnlabelled({ ...batch, maps: ignored })).toBe(true);
      expect(task.isUnlabelled({ ...batch, maps: ignored.map((label, i) => (i === 77 ? 0 : label)) })).toBe(false);
      expect(task.isUnlabelled({ ...batch, maps: ignored.fill(0) })).toBe(false);
    }
    await task.close();
  });

  it('closes its loaders and frees its segmenter', async () => {
    const [loader, photos] = [SegmentationLoader, TestPhotoLoader].map(({ prototype }) => vi.spyOn(prototype, 'close'));
    const dispose = vi.spyOn(PhotoSegmenter.prototype, 'dispose');
    await (await make()).close();
    for (const spy of [loader, photos, dispose]) expect(spy).toHaveBeenCalledOnce();
  });

  it('refuses a model of other classes and batches of more photos than there are', async () => {
    await expect(make({}, 5)).rejects.toThrow('expected 5 classes in the data, as model.classes says, got 4; set model.classes to 4, or to \'data\'');
    await expect(make({ batchSize: 4 })).rejects.toThrow('expected at most the 3 training photos for batchSize, got 4');
    await (await make({ batchSize: 3 })).close();
    await expect(make({ names: ['a'] }, 1)).rejects.toThrow('SegmentationTask: expected at least 2 classes for model.classes, got 1');
    for (const threads of [{ workers: -1, evaluatorWorkers: 0 }, { evaluatorWorkers: -1 }]) {
      await expect(make(threads)).rejects.toThrow(ConfigError);
      await expect(make(threads)).rejects.toThrow(/for workers, got -1/);
    }
    const [four, five] = [['a', 'b', 'c', 'd'], ['a', 'b', 'c', 'd', 'e']];
    for (const names of [{ names: five, evaluatorNames: four }, { names: four, evaluatorNames: five }]) {
      await expect(make(names)).rejects.toThrow('expected 4 classes in the data, as model.classes says, got 5');
    }
  });
});
