// How the values of a label map become class numbers: reduce-zero-label, then the label map, then the ignore index.
// Source: mmsegmentation 1.2.2, LoadAnnotations (order of the steps) and IoUMetric (what is ignored).

import { ConfigError } from '../errors.ts';

export interface LabelCoding {
  /**
   * Values start at 1 and 0 is "no label": 0 becomes the ignore index, which stays as it is, and others lose one. Default false.
   * mmsegmentation does this in 8 bits with 255; here it holds for any ignore index.
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

/** @throws ConfigError for a label map that leads to something else than a class or the ignore index */
export function labelCodes(options: LabelCodesOptions): LabelCodes {
  const { classes, ignoreIndex, labelMap = new Map<number, number>() } = options;
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
  const noLabel = reduceZeroLabel && value === 0;
  const reduced = noLabel ? ignoreIndex : reduceZeroLabel && value !== ignoreIndex ? value - 1 : value;
  const mapped = labelMap.get(reduced);
  const label = mapped ?? reduced;
  if (label === ignoreIndex && of === 'truth') return none;
  if (noLabel && mapped === undefined) return none;
  if (label >= 0 && label < classes) return label;
  return mapped === undefined ? classes + 1 : none;
}
