import { dispose, memory, tensor } from '@tensorflow/tfjs-core';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { selectBackend } from '../../src/backends/select.ts';
import { ImageLoader } from '../../src/data/loader.ts';
import { ConfigError, DataError } from '../../src/errors.ts';
import { CompiledStep } from '../../src/ops/compileStep.ts';
import { expectSameClassNames } from '../../src/tasks/classification.ts';
import { coloursDataset } from './coloursDataset.ts';
import { firstBatch, tinyClassification, tinyDeiT, tinyViTLite } from './tinyClassification.ts';

beforeAll(() => selectBackend({ threads: 1 }));
afterEach(() => vi.restoreAllMocks());

describe('ClassificationTask', () => {
  it('refuses training data with another number of classes than the model, and says what to set', () => {
    const make = () => tinyClassification({ ...tinyViTLite, classes: 5 });
    expect(make).toThrow(DataError);
    expect(make).toThrow("expected 5 classes in the data, as model.classes says, got 3 (red, green, blue); set model.classes to 3, or to 'data'");
  });

  it('refuses validation data whose classes would be numbered otherwise', () => {
    const validation = (...classNames: string[]) => () => expectSameClassNames(['red', 'green', 'blue'], classNames);
    expect(validation('red', 'green', 'blue')).not.toThrow();
    expect(validation('red', 'blue')).toThrow("got 'blue' for class 1 instead of 'green'");
    expect(validation('red', 'green')).toThrow("got none for class 2 instead of 'blue'");
    expect(validation('red', 'green', 'blue', 'white')).toThrow("got 'white' for class 3 instead of none");
  });

  it('refuses a label out of range before anything is trained', () => {
    const training = { ...coloursDataset(24), label: (index: number) => (index === 17 ? 3 : 0) };
    expect(() => tinyClassification(tinyViTLite, { training })).toThrow('expected a class in [0, 3) for picture 17, got 3');
  });

  it('refuses pictures of another size than the model sees', () => {
    expect(() => tinyClassification({ ...tinyViTLite, imagePx: 16 })).toThrow(
      'expected pictures of model.imagePx 16 from augmentation.eval, got 8');
    const train = [{ kind: 'padAndCrop', sizePx: 16, paddingPx: 1 }] as const;
    expect(() => tinyClassification(tinyViTLite, { train })).toThrow('expected pictures of model.imagePx 8 from augmentation.train, got 16');
  });

  it('refuses batches of more pictures than there are', () => {
    expect(() => tinyClassification(tinyViTLite, { batchSize: 25 })).toThrow('expected at most the 24 training images for batchSize, got 25');
  });

  it('refuses a model of one class, and threads that cannot be', () => {
    const red = { ...coloursDataset(24, { classNames: ['red'] }), label: () => 0 };
    const options = { training: red, validation: red };
    expect(() => tinyClassification({ ...tinyViTLite, classes: 1 }, options)).toThrow('expected at least 2 classes for model.classes, got 1');
    for (const threads of [{ workers: -1, evaluatorWorkers: 0 }, { evaluatorWorkers: -1 }]) {
      expect(() => tinyClassification(tinyViTLite, threads)).toThrow(ConfigError);
      expect(() => tinyClassification(tinyViTLite, threads)).toThrow(/for workers, got -1/);
    }
  });

  it('smooths the labels in training', async () => {
    const task = tinyClassification({ ...tinyViTLite, dropPath: 0 });
    const batch = await firstBatch(task);
    const inputs = task.upload(batch);
    const { mean, std } = { mean: 0.5, std: 0.25 };
    const pixels = tensor(Float32Array.from(batch.images, (value) => (value / 255 - mean) / std), [6, 8, 8, 3]);
    const logits = task.model.forward(pixels);
    const values = await logits.data<'float32'>();
    let expected = 0;
    for (let sample = 0; sample < 6; sample++) {
      const row = values.slice(sample * 3, sample * 3 + 3);
      const normaliser = Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0));
      row.forEach((value, k) => {
        const target = 0.1 / 3 + (k === batch.labels[sample] ? 0.9 : 0);
        expected -= (target * (value - normaliser)) / 6;
      });
    }
    expect((await task.loss(inputs).total.data())[0]).toBeCloseTo(expected, 5);
    await task.close();
  });

  it('evaluates all pictures once, the last batch too, compiled or not', async () => {
    const task = tinyClassification(tinyDeiT);
    const compiled = await task.evaluator.evaluate({ compile: true });
    const eager = await task.evaluator.evaluate({ compile: false });
    expect(compiled).toEqual(eager);

    // One by one: 10 pictures, batches of 6 and 4.
    const single = tinyClassification(tinyDeiT, { batchSize: 1 });
    const expected = await single.evaluator.evaluate({ compile: false });
    expect(compiled!['top1']).toBe(expected!['top1']);
    expect(compiled!['top1']! * 10).toBeCloseTo(Math.round(compiled!['top1']! * 10), 10);
    expect(compiled).not.toHaveProperty('top5'); // 1 by definition, with so few classes
    expect(compiled!['loss']).toBeCloseTo(expected!['loss']!, 5);
    await Promise.all([task.close(), single.close()]);
  });

  it('has the mean cross entropy without smoothing, and the share of right answers, over all pictures', async () => {
    const task = tinyClassification(tinyDeiT);
    const validation = coloursDataset(10, { seed: 2 });
    let [loss, right] = [0, 0];
    for (let index = 0; index < validation.size; index++) {
      const { data } = await validation.load(index);
      const pixels = tensor(Float32Array.from(data, (value) => (value / 255 - 0.5) / 0.25), [1, 8, 8, 3]);
      const logits = [...await task.model.forward(pixels).data<'float32'>()];
      const label = validation.label(index);
      loss += Math.log(logits.reduce((sum, value) => sum + Math.exp(value), 0)) - logits[label]!;
      right += logits.every((value, k) => k === label || value < logits[label]!) ? 1 : 0;
    }
    const found = await task.evaluator.evaluate({ compile: false });
    expect(found!['loss']).toBeCloseTo(loss / 10, 5);
    expect(found!['top1']).toBeCloseTo(right / 10, 10);
    await task.close();
  });

  it.each([[5, ['top1', 'loss']], [6, ['top1', 'top5', 'loss']]])('gives the metrics of %i classes: %j', async (classes, names) => {
    const classNames = Array.from({ length: classes }, (_, i) => `${i}`);
    const task = tinyClassification({ ...tinyDeiT, classes }, {
      training: coloursDataset(24, { classNames }), validation: coloursDataset(10, { seed: 2, classNames }),
    });
    expect(Object.keys((await task.evaluator.evaluate({ compile: false }))!)).toEqual(names);
    await task.close();
  });

  it('evaluates in the order of the data, with the random numbers of a first epoch', async () => {
    const validation = coloursDataset(10, { seed: 2 });
    const seen: number[] = [];
    const load = (index: number) => { seen.push(index); return validation.load(index); };
    const random = [{ kind: 'padAndCrop', sizePx: 8, paddingPx: 3 }] as const;
    const task = tinyClassification(tinyDeiT, { validation: { ...validation, load }, train: random, eval: random });
    const { loss } = (await task.evaluator.evaluate({ compile: false }))!;
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    const once = { batchSize: 10, seed: 0, workers: 0, shuffle: false, dropLast: false };
    const loader = new ImageLoader(validation, { ...once, transforms: random });
    for await (const { images, labels } of loader.epoch(0)) {
      const pixels = tensor(Float32Array.from(images, (value) => (value / 255 - 0.5) / 0.25), [10, 8, 8, 3]);
      const logits = await task.model.forward(pixels).data<'float32'>();
      const losses = Array.from(labels, (label, i) => {
        const row = logits.subarray(3 * i, 3 * i + 3);
        return Math.log(row.reduce((sum, value) => sum + Math.exp(value), 0)) - row[label]!;
      });
      expect(loss).toBeCloseTo(losses.reduce((sum, value) => sum + value, 0) / 10, 5);
    }
    await task.close();
  });

  it('compiles where it is told to, and closes its loaders and programs', async () => {
    const [run, dispose] = [vi.spyOn(CompiledStep.prototype, 'run'), vi.spyOn(CompiledStep.prototype, 'dispose')];
    const close = vi.spyOn(ImageLoader.prototype, 'close');
    const task = tinyClassification();
    await task.evaluator.evaluate({ compile: false });
    expect(run).not.toHaveBeenCalled();
    await task.evaluator.evaluate({ compile: true });
    expect(run).toHaveBeenCalledTimes(2); // batches of 6 and 4
    await task.close();
    expect(dispose).toHaveBeenCalledOnce();
    expect(close).toHaveBeenCalledTimes(2);
  });

  it('measures other labels of the same pictures otherwise', async () => {
    const validation = coloursDataset(10, { seed: 2 });
    const relabelled = { ...validation, label: (index: number) => (index === 9 ? 1 : validation.label(index)) };
    const measures = [validation, relabelled].map((one) => tinyClassification(tinyViTLite, { validation: one }).metadata.measure);
    expect(measures[0]).toMatch(/^top1 of 10 pictures \(\w+\) after \[\{"kind":"resizeAndCentreCrop"/);
    expect(measures[1]).not.toBe(measures[0]);
  });

  it('trains on whole batches in an order that changes, and takes as many pictures as there are for one', async () => {
    const task = tinyClassification(tinyViTLite, { training: coloursDataset(7), batchSize: 6 });
    const orders: string[] = [];
    for (const epoch of [0, 1, 2]) for await (const { indices } of task.training.epoch(epoch)) orders.push(indices.join());
    expect(orders).toHaveLength(3);
    expect(new Set(orders).size).toBe(3);
    await task.close();
    await tinyClassification(tinyViTLite, { batchSize: 24 }).close();
  });

  it('refuses labels that are no class, wherever they are', () => {
    for (const [index, label] of [[0, -1], [23, 1.5], [0, NaN]] as const) {
      const training = { ...coloursDataset(24), label: (at: number) => (at === index ? label : 0) };
      const message = `expected a class in [0, 3) for picture ${index}, got ${label}`;
      expect(() => tinyClassification(tinyViTLite, { training })).toThrow(message);
      expect(() => tinyClassification(tinyViTLite, { validation: training })).toThrow(message);
    }
    expect(() => tinyClassification(tinyViTLite, { validation: coloursDataset(3, { classNames: ['crimson', 'green', 'blue'] }) })).toThrow(
      "got 'crimson' for class 0 instead of 'red'");
  });

  it('gives an evaluation up when asked to, and leaves no tensor behind', async () => {
    const task = tinyClassification();
    await task.evaluator.evaluate({ compile: true });
    const before = memory().numTensors;
    let asked = 0;
    expect(await task.evaluator.evaluate({ compile: true, isStopped: () => ++asked === 1 })).toBeUndefined();
    expect(asked).toBe(1);
    expect(memory().numTensors).toBe(before);
    await task.close();
  });

  it('names the samples of a batch', async () => {
    const task = tinyClassification();
    const batch = await firstBatch(task);
    expect(task.describe(batch)).toEqual(Array.from(batch.indices, (index) => `picture ${index}`));
    expect(task.size(batch)).toBe(6);
    const inputs = task.upload(batch);
    expect(inputs.map(({ shape, dtype }) => [shape, dtype])).toEqual([[[6, 8, 8, 3], 'int32'], [[6], 'int32']]);
    dispose(inputs);
    await task.close();
  });
});
