// Semantic segmentation scores: aAcc, mIoU, mAcc, mDice, mFscore, and each of them per class, from a confusion matrix that is
// counted map by map.
// Source: mmsegmentation 1.2.2, mmseg/evaluation/metrics/iou_metric.py (IoUMetric). It drops values that are no class without a
// word; here they are an error. It adds areas in float32; here counts are exact.

import { ConfigError, DataError, ShapeError } from '../errors.ts';
import { BytePairs } from './bytePairs.ts';
import { classScores, meanScore, type ClassAreas, type ClassScoreOptions, type ClassScores } from './classScores.ts';
import { labelCodes, type LabelCodes, type LabelCoding } from './labelCoding.ts';

/** Class numbers, one per pixel. */
export type LabelValues = Uint8Array | Uint8ClampedArray | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array;

/**
 * reduceZeroLabel and labelMap are for the truth, as in mmsegmentation; predictions are class numbers unless `prediction` says
 * more.
 */
export interface MeanIouOptions extends LabelCoding {
  /** Number of classes; they are numbered from 0. */
  readonly classes: number;
  /** Pixels of the truth with this value do not count. -1 to 65535, default 255. */
  readonly ignoreIndex?: number;
  /** The same for predictions that were stored like labels. A pixel predicted as the ignore index then is a wrong one. */
  readonly prediction?: LabelCoding;
}

/** What errors call a map. */
export interface MapSource {
  /** Of the labels. */
  readonly truth?: string;
  /** Of the prediction. */
  readonly prediction?: string;
  /** Pixels per row, so that they can say where. */
  readonly width?: number;
}

/** Scores in [0, 1]. */
export interface MeanIouResult {
  /** Share of labelled pixels that were predicted right. */
  readonly aAcc: number;
  /** Mean of the classes' intersection over union. */
  readonly mIoU: number;
  /** Mean of the classes' accuracy. */
  readonly mAcc: number;
  /** Mean of the classes' Dice. */
  readonly mDice: number;
  /** Mean of the classes' F-score. */
  readonly mFscore: number;
  /** Mean of the classes' precision. */
  readonly mPrecision: number;
  /** Mean of the classes' recall. */
  readonly mRecall: number;
  /** One per class; a score is NaN where the class does not occur, and such a class is left out of the mean. */
  readonly perClass: readonly (ClassScores & ClassAreas)[];
  /** Pixels that counted. */
  readonly labelledPixels: number;
  /** Pixels that did not. */
  readonly ignoredPixels: number;
}

/** A confusion matrix stays affordable up to here: 134 MB. */
const MOST_CLASSES = 4096;

/**
 * Counts streamed label maps. Results of several counters (of worker threads, of processes) merge by adding their confusion
 * matrices.
 */
export class MeanIou {
  /** How many there are. */
  readonly classes: number;
  /** The truth's value of pixels that do not count. */
  readonly ignoreIndex: number;
  readonly #truth: LabelCodes;
  readonly #prediction: LabelCodes;
  readonly #reducesZero: boolean;
  /** Whether 0 and 255 in the truth are class 0 and the ignore index only because nothing else was said. */
  readonly #isPlain: boolean;
  readonly #confusion: Float64Array;
  readonly #pairs = new BytePairs();
  #pairCount = 0;
  #maps = 0;

  /** @throws ConfigError for options that cannot be */
  constructor({ classes, ignoreIndex = 255, prediction = {}, ...truth }: MeanIouOptions) {
    if (!Number.isInteger(classes) || classes < 1 || classes > MOST_CLASSES) {
      throw new ConfigError(`MeanIou: expected a whole number from 1 to ${MOST_CLASSES} for classes, got ${classes}`);
    }
    if (!Number.isInteger(ignoreIndex) || ignoreIndex < -1 || ignoreIndex > 65_535) {
      throw new ConfigError(`MeanIou: expected a whole number from -1 to 65535 for ignoreIndex, got ${ignoreIndex}`);
    }
    this.classes = classes;
    this.ignoreIndex = ignoreIndex;
    this.#truth = labelCodes({ ...truth, classes, ignoreIndex, of: 'truth' });
    this.#prediction = labelCodes({ ...prediction, classes, ignoreIndex, of: 'prediction' });
    this.#reducesZero = truth.reduceZeroLabel ?? false;
    this.#isPlain = ignoreIndex === 255 && !this.#reducesZero && (truth.labelMap?.size ?? 0) === 0;
    this.#confusion = new Float64Array((classes + 1) ** 2);
  }

  /**
   * Adds one map, or a batch of maps of any shape. Bytes are counted fastest.
   * @param prediction class numbers
   * @param truth class numbers or the ignore index, as many
   * @throws ShapeError when the lengths differ, DataError naming values that are no class; nothing is counted then
   */
  add(prediction: LabelValues, truth: LabelValues, source: MapSource = {}): void {
    if (prediction.length !== truth.length) {
      throw new ShapeError(`MeanIou.add: expected as many values for ${source.prediction ?? 'prediction'} as for ${source.truth ?? 'truth'}, ${truth.length}, got ${prediction.length}`);
    }
    const predictionBytes = asBytes(prediction);
    const truthBytes = asBytes(truth);
    if (predictionBytes && truthBytes) this.#addBytes(predictionBytes, truthBytes, source);
    else this.#addAny(prediction, truth, source);
    this.#maps++;
  }

  /** Adds what another counter with the same classes has counted. */
  addConfusion(counts: Float64Array): void {
    if (counts.length !== this.#confusion.length) {
      throw new ShapeError(`MeanIou.addConfusion: expected ${this.classes + 1} x ${this.classes + 1} values for counts, got ${counts.length}`);
    }
    for (let i = 0; i < counts.length; i++) this.#confusion[i]! += counts[i]!;
    this.#maps += 2; // nobody knows how many
  }

  /**
   * Pixels by class in the truth (row) and in the prediction (column): [(classes + 1) * (classes + 1)], whole numbers. The last
   * row holds ignored pixels, all of them in its last column; above, the last column holds pixels that were predicted as none.
   */
  confusion(): Float64Array {
    this.#foldBytes();
    return this.#confusion.slice();
  }

  /**
   * Whether the truth held nothing but 0, a class, and 255, ignored: perhaps a black-and-white mask.
   * One map of a photo may well be like that. Of several maps it is not believed, nor of two classes: then there is no result.
   */
  get hasOnlyZeroAndIgnored(): boolean {
    const areas = this.#areas();
    return this.#isPlain && this.classes > 1 && this.#confusion.at(-1)! > 0 && areas[0]!.labelled > 0 &&
      areas.every(({ labelled }, i) => i === 0 || labelled === 0);
  }

  /** @throws DataError when no pixel counts, or when the truth was black-and-white masks and not class numbers */
  result(options: ClassScoreOptions = {}): MeanIouResult {
    const areas = this.#areas();
    const ignoredPixels = this.#confusion.at(-1)!;
    const labelledPixels = areas.reduce((sum, { labelled }) => sum + labelled, 0);
    if (labelledPixels === 0) {
      throw new DataError(`MeanIou.result: expected at least one labelled pixel, got ${ignoredPixels === 0 ? 'no pixel at all' : `${ignoredPixels} that are all ignored`}`);
    }
    if (this.hasOnlyZeroAndIgnored && (this.classes === 2 || this.#maps > 1)) {
      throw new DataError('MeanIou.result: expected class numbers in the truth, got only 0 and 255 in all maps: black-and-white masks? ' +
        'A label map with 255:1 makes white class 1, one with 255:255 says that it is to be ignored');
    }
    const perClass = areas.map((area) => ({ ...classScores(area, options), ...area }));
    return {
      aAcc: areas.reduce((sum, { intersect }) => sum + intersect, 0) / labelledPixels,
      mIoU: meanScore(perClass, 'iou'),
      mAcc: meanScore(perClass, 'acc'),
      mDice: meanScore(perClass, 'dice'),
      mFscore: meanScore(perClass, 'fscore'),
      mPrecision: meanScore(perClass, 'precision'),
      mRecall: meanScore(perClass, 'recall'),
      perClass,
      labelledPixels,
      ignoredPixels,
    };
  }

  #areas(): ClassAreas[] {
    this.#foldBytes();
    const { classes } = this;
    const predicted = new Float64Array(classes + 1);
    const labelled = new Float64Array(classes);
    for (let row = 0; row < classes; row++) {
      for (let column = 0; column <= classes; column++) {
        const count = this.#confusion[row * (classes + 1) + column]!;
        labelled[row]! += count;
        predicted[column]! += count;
      }
    }
    return Array.from(labelled, (own, i) => {
      const intersect = this.#confusion[i * (classes + 1) + i]!;
      return { intersect, union: predicted[i]! + own - intersect, predicted: predicted[i]!, labelled: own };
    });
  }

  #addBytes(prediction: Uint8Array | Uint8ClampedArray, truth: Uint8Array | Uint8ClampedArray, source: MapSource): void {
    if (this.#pairCount + truth.length >= 2 ** 32) this.#foldBytes();
    this.#pairs.add(truth, prediction);
    if (this.#validPairs() !== this.#pairCount + truth.length) {
      this.#pairs.add(truth, prediction, -1);
      throw this.#fault(prediction, truth, source);
    }
    this.#pairCount += truth.length;
  }

  /** How many pairs have a class or the ignore index in the truth and, unless ignored, a class in the prediction. */
  #validPairs(): number {
    const { classes } = this;
    const { counts } = this.#pairs;
    const rows = this.#truth.bytes;
    const columns = this.#prediction.bytes;
    const last = columns.findLastIndex((column) => column <= classes);
    let valid = 0;
    for (let value = 0; value < 256; value++) {
      if (rows[value]! > classes) continue;
      const from = value << 8;
      if (rows[value] === classes) for (let i = from; i < from + 256; i++) valid += counts[i]!;
      else for (let column = 0; column <= last; column++) if (columns[column]! <= classes) valid += counts[from | column]!;
    }
    return valid;
  }

  #forValidPairs(visit: (count: number, row: number, column: number) => void): void {
    const { classes } = this;
    const { counts } = this.#pairs;
    const columns = this.#prediction.bytes;
    this.#truth.bytes.forEach((row, value) => {
      if (row > classes) return;
      for (let i = value * 256; i < value * 256 + 256; i++) {
        const count = counts[i]!;
        if (count === 0) continue;
        const column = row === classes ? classes : columns[i & 0xff]!;
        if (column <= classes) visit(count, row, column);
      }
    });
  }

  #foldBytes(): void {
    if (this.#pairCount === 0) return;
    this.#forValidPairs((count, row, column) => (this.#confusion[row * (this.classes + 1) + column]! += count));
    this.#pairs.counts.fill(0);
    this.#pairCount = 0;
  }

  #addAny(prediction: LabelValues, truth: LabelValues, source: MapSource): void {
    const { classes } = this;
    for (let i = 0; i < truth.length; i++) {
      const row = this.#truth.codeOf(truth[i]!);
      if (row > classes || (row < classes && this.#prediction.codeOf(prediction[i]!) > classes)) {
        throw this.#fault(prediction, truth, source);
      }
    }
    for (let i = 0; i < truth.length; i++) {
      const row = this.#truth.codeOf(truth[i]!);
      this.#confusion[row * (classes + 1) + (row === classes ? classes : this.#prediction.codeOf(prediction[i]!))]! += 1;
    }
  }

  /** Says what is wrong with a map that holds a value it must not. */
  #fault(prediction: LabelValues, truth: LabelValues, source: MapSource): DataError {
    const { classes, ignoreIndex } = this;
    const inTruth = truth.some((value) => this.#truth.codeOf(value) > classes);
    const map = inTruth ? truth : prediction;
    const isWrong = (i: number) => inTruth
      ? this.#truth.codeOf(truth[i]!) > classes
      : this.#truth.codeOf(truth[i]!) < classes && this.#prediction.codeOf(prediction[i]!) > classes;
    let pixels = 0;
    let first = -1;
    for (let i = 0; i < map.length; i++) {
      if (!isWrong(i)) continue;
      pixels++;
      if (first < 0) first = i;
    }
    const value = map[first]!;
    const name = inTruth ? source.truth ?? 'truth' : source.prediction ?? 'prediction';
    const place = source.width === undefined ? `pixel ${first}` : `x ${first % source.width}, y ${Math.floor(first / source.width)}`;
    const expected = `a class in [0, ${classes})${inTruth ? ` or ${ignoreIndex}, ignored,` : ''}`;
    const isMask = map.every((each) => each === 0 || each === 255);
    return new DataError(`MeanIou.add: expected ${expected} everywhere in ${name}, got ${value} first at ${place} and ${pixels} wrong of ${map.length} pixels` +
      remedy({ value, inTruth, isMask, classes, ignoreIndex, reducesZero: this.#reducesZero }));
  }
}

interface WrongValue {
  readonly value: number;
  readonly inTruth: boolean;
  readonly isMask: boolean;
  readonly classes: number;
  readonly ignoreIndex: number;
  readonly reducesZero: boolean;
}

function remedy({ value, inTruth, isMask, classes, ignoreIndex, reducesZero }: WrongValue): string {
  if (inTruth && reducesZero && (value === 0 || value === 255)) {
    return `; reducing the zero label makes 0 and 255 into 255, which is not ignored here: ignore 255, or add a label map with 255:${ignoreIndex}`;
  }
  if (isMask) {
    const ignore = inTruth ? ', or ignore 255 if it is no class' : '';
    return `; it holds only 0 and 255, a black-and-white mask: a label map with 255:1 makes white class 1${ignore}`;
  }
  if (value === classes) return `; if its classes are numbered from 1, reduce its zero label${inTruth ? `; if ${value} is no class, ignore it` : ''}`;
  if (value === ignoreIndex && !inTruth) return `; a label map with ${value}:${value} for predictions counts such pixels as wrong ones`;
  return '';
}

/** The values as bytes; undefined when one of them is none. */
function asBytes(values: LabelValues): Uint8Array | Uint8ClampedArray | undefined {
  if (values instanceof Uint8Array || values instanceof Uint8ClampedArray) return values;
  let bits = 0;
  for (let i = 0; i < values.length; i++) bits |= values[i]!;
  return (bits & ~0xff) === 0 ? new Uint8Array(values) : undefined;
}
