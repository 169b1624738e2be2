import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { ConfigError, DataError, ShapeError } from '../../src/errors.ts';
import { BytePairs } from '../../src/evaluation/bytePairs.ts';
import { MeanIou, type LabelValues, type MeanIouOptions, type MeanIouResult } from '../../src/evaluation/meanIou.ts';
import { Rng } from '../../src/random/rng.ts';
import { referenceFolder } from '../reference.ts';

/** miou.json: four maps of labels and predictions, and what IoUMetric makes of them. */
interface Reference {
  readonly label: readonly (readonly (readonly number[])[])[];
  readonly pred: readonly (readonly (readonly number[])[])[];
  readonly cases: Readonly<Record<'plain' | 'reduce_zero_label', ReferenceCase>>;
}

interface ReferenceCase {
  readonly num_classes: number;
  readonly per_image: readonly Readonly<Record<'intersect' | 'union' | 'pred' | 'label', readonly number[]>>[];
  readonly metrics: Readonly<Record<string, readonly (number | null)[]>>;
  readonly metrics_nan_to_0: Readonly<Record<string, readonly (number | null)[]>>;
  readonly summary_percent: Readonly<Record<string, number>>;
}

const scoreNames = { IoU: 'iou', Acc: 'acc', Dice: 'dice', Fscore: 'fscore', Precision: 'precision', Recall: 'recall' } as const;

describe('MeanIou against mmsegmentation 1.2.2', () => {
  const reference = JSON.parse(readFileSync(path.join(referenceFolder, 'miou.json'), 'utf8')) as Reference;

  function counted(name: 'plain' | 'reduce_zero_label', images?: number[]): { counter: MeanIou; expected: ReferenceCase } {
    const { label, pred, cases } = reference;
    const counter = new MeanIou({ classes: cases[name].num_classes, reduceZeroLabel: name === 'reduce_zero_label' });
    for (const i of images ?? label.keys()) {
      const values = pred[i]!.flat();
      const used = name === 'plain' ? values : values.map((value) => Math.max(value - 1, 0)); // as the reference did
      counter.add(Int32Array.from(used), Uint8Array.from(label[i]!.flat()));
    }
    return { counter, expected: cases[name] };
  }

  it.each(['plain', 'reduce_zero_label'] as const)('gives its areas, scores and means: %s', (name) => {
    const { counter, expected } = counted(name);
    const result = counter.result();
    const areas = { intersect: 'intersect', union: 'union', pred: 'predicted', label: 'labelled' } as const;
    for (const [theirs, ours] of Object.entries(areas)) {
      const images = expected.per_image.map((image) => image[theirs as keyof typeof areas]);
      const sums = result.perClass.map((_, i) => images.reduce((sum, image) => sum + image[i]!, 0));
      expect(result.perClass.map((scores) => scores[ours])).toEqual(sums);
    }
    expect(result.aAcc).toBeCloseTo(expected.metrics['aAcc']![0]!, 6);
    for (const [theirs, ours] of Object.entries(scoreNames)) {
      for (const [metrics, nanTo] of [[expected.metrics, NaN], [expected.metrics_nan_to_0, 0]] as const) {
        const { perClass } = counter.result({ nanTo });
        metrics[theirs]!.forEach((score, i) => {
          const own = perClass[i]![ours];
          if (score === null) expect(own).toBeNaN();
          else expect(Math.abs(own - score), `${theirs} of class ${i}`).toBeLessThanOrEqual(1e-6);
        });
      }
    }
    for (const [mean, percent] of Object.entries(expected.summary_percent)) {
      expect((result[mean as keyof MeanIouResult] as number) * 100, mean).toBeCloseTo(percent, 2);
    }
  });

  it('gives the areas of each image', () => {
    reference.cases.plain.per_image.forEach((image, i) => {
      const { perClass } = counted('plain', [i]).counter.result();
      expect(perClass.map(({ intersect }) => intersect)).toEqual(image.intersect);
      expect(perClass.map(({ union }) => union)).toEqual(image.union);
    });
  });
});

/** LoadAnnotations of mmsegmentation 1.2.2, step by step, in 8 bits. */
function mmsegReduced(value: number): number {
  const label = (value === 0 ? 255 : value) - 1;
  return label === 254 ? 255 : label;
}

/** Slow and plain: the coding of one value, then one increment per pixel. */
function naive(pairs: readonly (readonly [LabelValues, LabelValues])[], options: MeanIouOptions): number[] {
  const { classes, ignoreIndex = 255, reduceZeroLabel, labelMap } = options;
  const confusion = Array.from({ length: (classes + 1) ** 2 }, () => 0);
  for (const [prediction, truth] of pairs) {
    for (let i = 0; i < truth.length; i++) {
      let label = truth[i]!;
      if (reduceZeroLabel && classes <= 254) label = mmsegReduced(label);
      else if (reduceZeroLabel && label !== ignoreIndex) label = label === 0 ? ignoreIndex : label - 1;
      label = labelMap?.get(label) ?? label;
      if (label === ignoreIndex) confusion[confusion.length - 1]!++;
      else confusion[label * (classes + 1) + prediction[i]!]!++;
    }
  }
  return confusion;
}

describe('MeanIou', () => {
  const rng = new Rng(5);
  /** Smooth, as label maps are, with noise; `ignored` now and then. */
  function map(length: number, classes: number, ignored?: number): number[] {
    const values: number[] = [];
    while (values.length < length) {
      const value = ignored !== undefined && rng.integer(6) === 0 ? ignored : rng.integer(classes);
      for (let run = rng.integer(30); run >= 0 && values.length < length; run--) values.push(value);
    }
    return values;
  }

  it.each([
    [Uint8Array, Uint8Array], [Uint8ClampedArray, Uint8Array], [Int32Array, Uint8Array],
    [Uint8Array, Int32Array], [Uint16Array, Int16Array], [Uint32Array, Int8Array],
  ])('counts what a loop over pixels counts: %o and %o', (Prediction, Truth) => {
    const options = { classes: 11, ignoreIndex: 100 };
    const counter = new MeanIou(options);
    const pairs = [0, 1, 3, 4, 17, 1000, 4099].map((length) =>
      [Prediction.from(map(length, 11)), Truth.from(map(length, 11, 100))] as const);
    for (const [prediction, truth] of pairs) counter.add(prediction, truth);
    expect([...counter.confusion()]).toEqual(naive(pairs, options));
    expect(counter.result().ignoredPixels).toBeGreaterThan(0);
  });

  it.each([
    { classes: 150, reduceZeroLabel: true },
    { classes: 4, labelMap: new Map([[0, 1], [1, 0], [5, 2], [7, 255]]) },
    { classes: 4, reduceZeroLabel: true, labelMap: new Map([[3, 0], [0, 3]]) },
    { classes: 254, reduceZeroLabel: true },
    { classes: 4, reduceZeroLabel: true, ignoreIndex: 2, labelMap: new Map([[255, 2]]) },
    { classes: 300, ignoreIndex: -1 },
    { classes: 900, ignoreIndex: 65_535, reduceZeroLabel: true },
    { classes: 12, ignoreIndex: 0 },
    { classes: 255, ignoreIndex: 1000, reduceZeroLabel: true },
    { classes: 300 },
  ] satisfies MeanIouOptions[])('counts with %j', (options: MeanIouOptions) => {
    const { classes, ignoreIndex = 255, reduceZeroLabel, labelMap } = options;
    const counter = new MeanIou(options);
    const values = labelMap?.has(5) ? [0, 1, 2, 3, 5, 7, 255] : undefined;
    const pairs = Array.from({ length: 3 }, () => {
      const truth = map(2003, reduceZeroLabel ? classes + 1 : classes, ignoreIndex).map((value) => values?.[value % 7] ?? value);
      return [Int32Array.from(map(2003, classes)), Int32Array.from(truth)] as const;
    });
    for (const [prediction, truth] of pairs) counter.add(prediction, truth);
    expect([...counter.confusion()]).toEqual(naive(pairs, options));
  });

  it('counts parts of larger arrays, wherever they begin', () => {
    const prediction = Uint8Array.from(map(1003, 5));
    const truth = Uint8Array.from(map(1003, 5));
    const counter = new MeanIou({ classes: 5 });
    for (let at = 0; at < 1003; at += 59) counter.add(prediction.subarray(at, at + 59), truth.subarray(at, at + 59));
    expect([...counter.confusion()]).toEqual(naive([[prediction, truth]], { classes: 5 }));
  });

  it('merges by adding confusion matrices', () => {
    const maps = Array.from({ length: 4 }, () => [Uint8Array.from(map(500, 6)), Uint8Array.from(map(500, 6, 255))] as const);
    const [whole, first, second] = [0, 1, 2].map(() => new MeanIou({ classes: 6 })) as [MeanIou, MeanIou, MeanIou];
    maps.forEach(([prediction, truth], i) => {
      whole.add(prediction, truth);
      (i % 2 === 0 ? first : second).add(prediction, truth);
    });
    first.addConfusion(second.confusion());
    expect(first.result()).toEqual(whole.result());
    expect(() => first.addConfusion(new Float64Array(36))).toThrow(ShapeError);
  });

  it('gives hand-worked scores', () => {
    const counter = new MeanIou({ classes: 3 });
    counter.add(Uint8Array.of(0, 0, 0, 1, 1, 1, 1, 0), Uint8Array.of(0, 0, 1, 1, 1, 1, 255, 255));
    const { aAcc, mIoU, mAcc, perClass, labelledPixels, ignoredPixels } = counter.result();
    expect({ aAcc, labelledPixels, ignoredPixels }).toEqual({ aAcc: 5 / 6, labelledPixels: 6, ignoredPixels: 2 });
    expect(perClass[0]).toEqual({
      iou: 2 / 3, acc: 1, dice: 4 / 5, fscore: 4 / 5, precision: 2 / 3, recall: 1,
      intersect: 2, union: 3, predicted: 3, labelled: 2,
    });
    expect(perClass[1]).toMatchObject({ iou: 3 / 4, acc: 3 / 4, dice: 6 / 7, precision: 1 });
    expect(perClass[2]?.iou).toBeNaN();
    expect(mIoU).toBeCloseTo((2 / 3 + 3 / 4) / 2, 15);
    expect(mAcc).toBeCloseTo((1 + 3 / 4) / 2, 15);
    // F with beta 2 weighs recall four times: 5 p r / (4 p + r).
    expect(counter.result({ beta: 2 }).perClass[0]?.fscore).toBeCloseTo((5 * (2 / 3)) / (4 * (2 / 3) + 1), 15);
  });

  it('puts a number in the place of scores that do not exist, and into the means', () => {
    const counter = new MeanIou({ classes: 2 });
    counter.add(Uint8Array.of(0, 0), Uint8Array.of(0, 0));
    const { perClass, ...means } = counter.result({ nanTo: 0.25 });
    expect(perClass[1]).toMatchObject({ iou: 0.25, acc: 0.25, dice: 0.25, fscore: 0.25, precision: 0.25, recall: 0.25 });
    for (const mean of ['mIoU', 'mAcc', 'mDice', 'mFscore', 'mPrecision', 'mRecall'] as const) expect(means[mean]).toBe(0.625);
    expect(counter.result().mIoU).toBe(1);
  });

  it('counts a single pixel, and the same again when it is asked again', () => {
    const counter = new MeanIou({ classes: 1 });
    counter.add(Uint8Array.of(0), Uint8Array.of(0));
    for (let time = 0; time < 2; time++) expect([...counter.confusion()]).toEqual([1, 0, 0, 0]);
    expect(counter.result()).toMatchObject({ aAcc: 1, labelledPixels: 1, ignoredPixels: 0 });
    counter.add(Uint8Array.of(0, 0), Uint8Array.of(0, 255));
    expect([...counter.confusion()]).toEqual([2, 0, 0, 1]);
  });

  it('counts bytes of more classes than bytes have, and predictions of none above the classes', () => {
    const many = new MeanIou({ classes: 300, ignoreIndex: -1 });
    many.add(Uint8Array.of(0, 255, 7), Uint8Array.of(0, 254, 255));
    const counts = many.confusion();
    expect([counts[0], counts[254 * 301 + 255], counts[255 * 301 + 7]]).toEqual([1, 1, 1]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(3);
    const none = new MeanIou({ classes: 2, prediction: { labelMap: new Map([[255, 255]]) } });
    none.add(Uint8Array.of(0, 255), Uint8Array.of(0, 1));
    none.add(Int16Array.of(0, 255), Int16Array.of(0, 1));
    expect([...none.confusion()]).toEqual([2, 0, 0, 0, 0, 2, 0, 0, 0]);
    const wide = new MeanIou({ classes: 2, prediction: { labelMap: new Map([[300, 255]]) } });
    wide.add(Int32Array.of(0, 300), Int32Array.of(0, 1));
    expect([...wide.confusion()]).toEqual([1, 0, 0, 0, 0, 1, 0, 0, 0]);
    expect(() => wide.add(Int32Array.of(300, 70_000), Int32Array.of(0, 1))).toThrow('got 70000 first at pixel 1 and 1 wrong of 2 pixels');
  });

  it('counts more than 2^32 pixels', () => {
    // Zeros that are not looked at: what is counted of them is known.
    const add = vi.spyOn(BytePairs.prototype, 'add').mockImplementation(function (this: BytePairs, rows, _columns, sign = 1) {
      this.counts[0]! += sign * rows.length;
    });
    const zeros = new Uint8Array(2 ** 31);
    const counter = new MeanIou({ classes: 2 });
    for (let maps = 1; maps <= 3; maps++) counter.add(zeros, zeros);
    expect(counter.confusion()[0]).toBe(3 * 2 ** 31);
    add.mockRestore();
  });

  it('reduces predictions that were stored like labels; none is a wrong answer', () => {
    const counter = new MeanIou({ classes: 2, reduceZeroLabel: true, prediction: { reduceZeroLabel: true } });
    counter.add(Uint8Array.of(1, 2, 0, 2, 0), Uint8Array.of(1, 2, 1, 1, 0));
    expect([...counter.confusion()]).toEqual([1, 1, 1, 0, 1, 0, 0, 0, 1]);
    expect(counter.result()).toMatchObject({ aAcc: 2 / 4, ignoredPixels: 1 });
    expect(counter.result().perClass[0]).toMatchObject({ labelled: 3, predicted: 1, iou: 1 / 3 });
  });

  it('lets predictions hold anything where the truth is ignored', () => {
    const counter = new MeanIou({ classes: 2 });
    counter.add(Uint8Array.of(0, 77, 255), Uint8Array.of(0, 255, 255));
    counter.add(Int32Array.of(1, -9, 100_000), Int32Array.of(1, 255, 255));
    expect([...counter.confusion()]).toEqual([1, 0, 0, 0, 1, 0, 0, 0, 4]);
  });

  it('reduces the zero label to 255, whatever is ignored, as mmsegmentation does', () => {
    const values = Uint8Array.from({ length: 256 }, (_, i) => i);
    const reduced = Uint8Array.from(values, mmsegReduced);
    const count = (truth: Uint8Array, options: MeanIouOptions) => {
      const counter = new MeanIou(options);
      counter.add(new Uint8Array(truth.length), truth);
      return counter.confusion();
    };
    expect(count(values, { classes: 254, reduceZeroLabel: true })).toEqual(count(reduced, { classes: 254 }));
    const options = { classes: 12, ignoreIndex: 11 };
    expect(() => count(Uint8Array.of(1, 12, 0), { ...options, reduceZeroLabel: true }))
      .toThrow('got 0 first at pixel 2 and 1 wrong of 3 pixels; reducing the zero label makes 0 and 255 into 255, which is not ignored here');
    expect(count(Uint8Array.of(1, 12, 0, 255), { ...options, reduceZeroLabel: true, labelMap: new Map([[255, 11]]) }))
      .toEqual(count(Uint8Array.of(0, 11, 11, 11), options));
  });

  it('takes no value above 255 for one to be ignored when it reduces the zero label', () => {
    const counter = new MeanIou({ classes: 150, reduceZeroLabel: true });
    expect(() => counter.add(Uint16Array.of(0, 0), Uint16Array.of(1, 256))).toThrow('got 256 first at pixel 1');
    expect(() => new MeanIou({ classes: 300, reduceZeroLabel: true })).toThrow('expected an ignore index above the 300 classes with reduceZeroLabel, got 255');
  });

  it('takes a single map of class 0 and ignored pixels, and says so', () => {
    const counter = new MeanIou({ classes: 3 });
    counter.add(Uint8Array.of(0, 1, 1, 0), Uint8Array.of(0, 255, 255, 0));
    expect(counter.result().aAcc).toBe(1);
    expect(counter.hasOnlyZeroAndIgnored).toBe(true);
    counter.add(Uint8Array.of(0, 1), Uint8Array.of(0, 1));
    expect(counter.hasOnlyZeroAndIgnored).toBe(false);
    expect(counter.result().aAcc).toBe(1);
  });

  it.each<[boolean, MeanIouOptions, number[], number[]]>([
    [true, { classes: 2 }, [0, 0], [0, 255]],
    [false, { classes: 1 }, [0, 0], [0, 255]],
    [false, { classes: 2 }, [0, 0], [0, 0]],
    [false, { classes: 2 }, [0, 0], [255, 255]],
    [false, { classes: 2 }, [0, 0, 0], [0, 1, 255]],
    [false, { classes: 3 }, [0, 0, 0], [0, 2, 255]],
    [false, { classes: 2 }, [1, 1], [1, 255]],
    [false, { classes: 2, ignoreIndex: 100 }, [0, 0], [0, 100]],
    [false, { classes: 2, reduceZeroLabel: true }, [0, 0], [1, 255]],
    [false, { classes: 2, labelMap: new Map([[7, 1]]) }, [0, 0], [0, 255]],
    [true, { classes: 2, labelMap: new Map() }, [0, 0], [0, 255]],
  ])('finds nothing but class 0 and 255 ignored: %s for %j, predictions %j, truth %j', (expected, options, prediction, truth) => {
    const counter = new MeanIou(options);
    counter.add(Uint8Array.from(prediction), Uint8Array.from(truth));
    expect(counter.hasOnlyZeroAndIgnored).toBe(expected);
  });

  it('takes several such maps when it is told to ignore 255, and labels 1 and 255 of a reduced zero label', () => {
    const told = new MeanIou({ classes: 2, labelMap: new Map([[255, 255]]) });
    const reduced = new MeanIou({ classes: 2, reduceZeroLabel: true });
    for (let map = 0; map < 3; map++) {
      told.add(Uint8Array.of(0, 1), Uint8Array.of(0, 255));
      reduced.add(Uint8Array.of(0, 1), Uint8Array.of(1, 255));
    }
    expect(told.result().aAcc).toBe(1);
    expect(reduced.result().aAcc).toBe(1);
  });

  describe('names wrong maps and counts nothing of them', () => {
    const good = Uint8Array.of(0, 1, 2, 0);
    it.each<[string, LabelValues, LabelValues, string]>([
      ['a truth over the class count', good, Uint8Array.of(0, 9, 2, 9),
        'MeanIou.add: expected a class in [0, 3) or 255, ignored, everywhere in gt.png, got 9 first at x 1, y 0 and 2 wrong of 4 pixels'],
      ['a prediction over the class count', Uint8Array.of(0, 1, 2, 7), good,
        'expected a class in [0, 3) everywhere in pred.png, got 7 first at x 1, y 1 and 1 wrong of 4 pixels'],
      ['wide values', Int32Array.of(0, 1, 70_000, 0), good, 'everywhere in pred.png, got 70000 first at x 0, y 1'],
      ['negative values', good, Int32Array.of(0, -1, 0, 0), 'everywhere in gt.png, got -1 first at x 1, y 0'],
      ['black-and-white predictions', Uint8Array.of(0, 255, 255, 0), good, 'it holds only 0 and 255, a black-and-white mask: a label map with 255:1'],
      ['classes numbered from 1', good, Uint8Array.of(1, 2, 3, 1), 'if its classes are numbered from 1, reduce its zero label'],
      ['a predicted ignore index', Uint8Array.of(0, 1, 255, 2), good, 'a label map with 255:255 for predictions counts such pixels as wrong ones'],
    ])('%s', (_, prediction, truth, message) => {
      const counter = new MeanIou({ classes: 3 });
      counter.add(good, good);
      const before = counter.result();
      const add = () => counter.add(prediction, truth, { truth: 'gt.png', prediction: 'pred.png', width: 2 });
      expect(add).toThrow(DataError);
      expect(add).toThrow(message);
      expect(counter.result()).toEqual(before);
      // Nor is anything left behind in what has not been added up yet.
      counter.add(good, good);
      expect(add).toThrow(message);
      counter.add(good, good);
      expect(counter.result().labelledPixels).toBe(3 * before.labelledPixels);
    });

    const mapped = { classes: 3, labelMap: new Map([[7, 1]]), prediction: { labelMap: new Map([[8, 1]]) } };
    it.each<[MeanIouOptions, LabelValues, LabelValues, string]>([
      [{ classes: 3 }, Int32Array.of(256, 0, 9), Int32Array.of(0, 0, 0), 'got 256 first at pixel 0 and 2 wrong of 3 pixels'],
      [{ classes: 3 }, Int32Array.of(256, 0), Int32Array.of(0, 0), 'got 256 first at pixel 0 and 1 wrong of 2 pixels'],
      [{ classes: 3 }, Int32Array.of(0, 0, 0), Int32Array.of(300, 0, 9), 'got 300 first at pixel 0 and 2 wrong of 3 pixels'],
      // Not the truth, whose ignored pixels need no prediction.
      [{ classes: 3 }, Int32Array.of(9, 0, 70_000), Int32Array.of(255, 0, 1), 'in prediction, got 70000 first at pixel 2 and 1 wrong of 3 pixels'],
      [{ classes: 3, labelMap: new Map([[65_536, 1]]) }, Int32Array.of(0), Int32Array.of(65_536), 'in truth, got 65536 first at pixel 0'],
      [mapped, Int32Array.of(8, 300), Int32Array.of(7, 7), 'in prediction, got 300 first at pixel 1 and 1 wrong of 2 pixels'],
    ])('%j: predictions %j, truth %j', (options, prediction, truth, message) => {
      const counter = new MeanIou(options);
      expect(() => counter.add(prediction, truth)).toThrow(message);
      expect([...counter.confusion()]).toEqual(new Array((options.classes + 1) ** 2).fill(0));
    });

    it.each<[MeanIouOptions, number[], number[], string]>([
      [{ classes: 3, reduceZeroLabel: true, ignoreIndex: 100 }, [0, 0], [1, 0], '; reducing the zero label makes 0 and 255 into 255, which is not ignored here: ignore 255, or add a label map with 255:100'],
      [{ classes: 3, reduceZeroLabel: true, ignoreIndex: 100 }, [0, 0], [1, 255], '; reducing the zero label makes 0 and 255 into 255, which is not ignored here: ignore 255, or add a label map with 255:100'],
      [{ classes: 3, reduceZeroLabel: true }, [0, 0], [1, 9], ''],
      [{ classes: 3, ignoreIndex: 100 }, [0, 0], [0, 255], '; it holds only 0 and 255, a black-and-white mask: a label map with 255:1 makes white class 1, or ignore 255 if it is no class'],
      [{ classes: 3 }, [0, 255], [0, 0], '; it holds only 0 and 255, a black-and-white mask: a label map with 255:1 makes white class 1'],
      [{ classes: 3 }, [0, 3], [0, 0], '; if its classes are numbered from 1, reduce its zero label'],
      [{ classes: 3 }, [0, 0], [1, 3], '; if its classes are numbered from 1, reduce its zero label; if 3 is no class, ignore it'],
      [{ classes: 3 }, [1, 255], [0, 0], '; a label map with 255:255 for predictions counts such pixels as wrong ones'],
      [{ classes: 3 }, [1, 9], [0, 0], ''],
      [{ classes: 3 }, [1, 0], [0, 9], ''],
      [{ classes: 3, reduceZeroLabel: true, ignoreIndex: 100 }, [1, 255], [1, 1], ''],
    ])('with the remedy, %j: predictions %j, truth %j', (options, prediction, truth, remedy) => {
      const counter = new MeanIou(options);
      const add = () => counter.add(Uint8Array.from(prediction), Uint8Array.from(truth));
      expect(add).toThrow(new RegExp(`1 wrong of 2 pixels${remedy}$`));
    });

    it('of another size', () => {
      const counter = new MeanIou({ classes: 3 });
      expect(() => counter.add(new Uint8Array(3), good)).toThrow(ShapeError);
      expect(() => counter.add(new Uint8Array(3), good)).toThrow('expected as many values for prediction as for truth, 4, got 3');
    });

    it('as a whole, when the truth is black-and-white masks', () => {
      const counter = new MeanIou({ classes: 2 });
      counter.add(Uint8Array.of(0, 1, 1, 0), Uint8Array.of(0, 255, 255, 0));
      expect(() => counter.result()).toThrow('expected class numbers in the truth, got only 0 and 255 in all maps');
      const several = new MeanIou({ classes: 3 });
      for (let map = 0; map < 2; map++) several.add(Uint8Array.of(0, 1, 1, 0), Uint8Array.of(0, 255, 255, 0));
      expect(() => several.result()).toThrow('expected class numbers in the truth, got only 0 and 255 in all maps');
      const merged = new MeanIou({ classes: 3 });
      merged.addConfusion(several.confusion());
      expect(() => merged.result()).toThrow('got only 0 and 255 in all maps');
      const mapped = new MeanIou({ classes: 2, labelMap: new Map([[255, 1]]), prediction: { labelMap: new Map([[255, 1]]) } });
      mapped.add(Uint8Array.of(0, 255, 255, 0), Uint8Array.of(0, 255, 255, 0));
      expect(mapped.result().mIoU).toBe(1);
    });

    it('as a whole, when nothing counts', () => {
      const counter = new MeanIou({ classes: 2 });
      expect(() => counter.result()).toThrow('expected at least one labelled pixel, got no pixel at all');
      counter.add(Uint8Array.of(0, 1), Uint8Array.of(255, 255));
      expect(() => counter.result()).toThrow('expected at least one labelled pixel, got 2 that are all ignored');
    });
  });

  it.each<[MeanIouOptions, string]>([
    [{ classes: 0 }, 'expected a whole number from 1 to 4096 for classes, got 0'],
    [{ classes: 1.5 }, 'for classes, got 1.5'],
    [{ classes: 4097 }, 'for classes, got 4097'],
    [{ classes: 2, ignoreIndex: -2 }, 'expected a whole number from -1 to 65535 for ignoreIndex, got -2'],
    [{ classes: 2, ignoreIndex: 0.5 }, 'for ignoreIndex, got 0.5'],
    [{ classes: 2, ignoreIndex: 65_536 }, 'for ignoreIndex, got 65536'],
    ...[2, 300, -1, 0.5].map((to): [MeanIouOptions, string] =>
      [{ classes: 2, labelMap: new Map([[4, to]]) }, `expected a class in [0, 2) or the ignore index 255 for labelMap's 4, got ${to}`]),
    ...[0, 255, 300].map((ignoreIndex): [MeanIouOptions, string] => [{ classes: 300, reduceZeroLabel: true, ignoreIndex },
      `expected an ignore index above the 300 classes with reduceZeroLabel, got ${ignoreIndex}`]),
    [{ classes: 255, reduceZeroLabel: true }, 'expected an ignore index above the 255 classes with reduceZeroLabel, got 255'],
  ])('rejects %j', (options, message) => {
    expect(() => new MeanIou(options)).toThrow(ConfigError);
    expect(() => new MeanIou(options)).toThrow(message);
  });

  it.each<MeanIouOptions>([
    { classes: 4096 }, { classes: 2, ignoreIndex: 65_535 }, { classes: 300, reduceZeroLabel: true, ignoreIndex: 301 },
    { classes: 300, reduceZeroLabel: true, ignoreIndex: -1 }, { classes: 254, reduceZeroLabel: true }, { classes: 300 },
  ])('takes %j', (options) => {
    expect(() => new MeanIou(options)).not.toThrow();
  });
});
