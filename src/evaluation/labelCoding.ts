// How the values of a label map become class numbers: reduce-zero-label, then the label map, then the ignore index.
// Source: mmsegmentation 1.2.2, LoadAnnotations (order of the steps) and IoUMetric (what is ignored).

import { ConfigError } from '../errors.ts';

/** How the values of a label map become class numbers; the steps in this order. */
export interface LabelCoding {
  /**
   * Values start at 1 and 0 is "no label". As in mmsegmentation, 0 becomes 255 and 255 stays, whatever the ignore index is, and
   * others lose one; but 256, which 8 bits do not hold, is no class. With more than 254 classes, which mmsegmentation cannot
   * read, 0 becomes the ignore index, which must lie above the classes and stays, and others lose one. Default false.
   */
  readonly reduceZeroLabel?: boolean;
  /** Values (after reduceZeroLabel) that become others: classes, or the ignore index. Values that are not in it stay. */
  readonly labelMap?: ReadonlyMap<number, number>;
}

export interface LabelCodes {
  /** The class of a value, or `classes` for a pixel that has none, or `classes + 1` for a value that must not occur. */
  codeOf(value: number): number;
  /** codeOf for the values 0 to 255. */
  readonly bytes: Uint16Array;
}

export interface LabelCodesOptions extends LabelCoding {
  readonly classes: number;
  readonly ignoreIndex: number;
  /**
   * In the truth the ignore index takes a pixel out. A prediction may only hold it where a label map says so (then it is a wrong
   * answer), or where it is a class too.
   */
  readonly of: 'truth' | 'prediction';
}

const LARGEST_VALUE = 65_535;
/** What reduceZeroLabel makes of 0. */
const NO_LABEL = 255;

/**
 * @throws ConfigError for a label map that leads to something else than a class or the ignore index, and for an ignore index
 * among more than 254 classes whose zero label is reduced
 */
export function labelCodes(options: LabelCodesOptions): LabelCodes {
  const { classes, ignoreIndex, labelMap = new Map<number, number>(), reduceZeroLabel = false } = options;
  if (reduceZeroLabel && classes >= NO_LABEL && ignoreIndex >= 0 && ignoreIndex <= classes) {
    throw new ConfigError(`labelCodes: expected an ignore index above the ${classes} classes with reduceZeroLabel, got ${ignoreIndex}`);
  }
  for (const [from, to] of labelMap) {
    if (!(Number.isInteger(to) && to >= 0 && to < classes) && to !== ignoreIndex) {
      throw new ConfigError(`labelCodes: expected a class in [0, ${classes}) or the ignore index ${ignoreIndex} for labelMap's ${from}, got ${to}`);
    }
  }
  // One entry for each value from -1, the usual "none" of signed maps.
  const table = Uint16Array.from({ length: LARGEST_VALUE + 2 }, (_, i) => codeOf(i - 1, options, labelMap));
  return {
    codeOf: (value) => table[value + 1] ?? classes + 1,
    bytes: table.subarray(1, 257),
  };
}

function codeOf(value: number, options: LabelCodesOptions, labelMap: ReadonlyMap<number, number>): number {
  const { classes, ignoreIndex, reduceZeroLabel = false, of } = options;
  const none = classes;
  const wrong = classes + 1;
  const reduced = reduceZeroLabel ? reduce(value, classes, ignoreIndex) : value;
  if (reduced === undefined) return wrong;
  const mapped = labelMap.get(reduced);
  const label = mapped ?? reduced;
  if (label === ignoreIndex && of === 'truth') return none;
  // A prediction of no label is a wrong answer.
  if (reduceZeroLabel && value === 0 && mapped === undefined && of === 'prediction') return none;
  if (label >= 0 && label < classes) return label;
  return mapped === undefined ? wrong : none;
}

/** A value whose zero label is reduced; undefined for one that does not fit. */
function reduce(value: number, classes: number, ignoreIndex: number): number | undefined {
  const is8Bit = classes < NO_LABEL;
  const noLabel = is8Bit ? NO_LABEL : ignoreIndex;
  if (value === 0 || value === noLabel) return noLabel;
  if (is8Bit && value === NO_LABEL + 1) return undefined;
  return value < 0 ? value : value - 1;
}
