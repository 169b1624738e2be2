// What the values of a label image mean. Training and evaluation (src/evaluation/labelCoding.ts) read them by the same rules.

import { DataError } from '../../errors.ts';
import { labelCodes, type LabelCodes } from '../../evaluation/labelCoding.ts';
import type { LabelImage } from '../labelImage.ts';

/** Plain data. */
export interface LabelRules {
  /** Number of classes, at most 255; they are numbered from 0. */
  readonly classes: number;
  /** Values start at 1 and 0 is ignored. */
  readonly reduceZeroLabel: boolean;
  /** Values, as stored, that are ignored too; 255 always is. */
  readonly ignoreValues: readonly number[];
  /** What becomes of the classes in label images: entry i is the class of those numbered i, from 0. Default: they stay. */
  readonly merge?: readonly number[];
}

/** Only the rules, of something that has more members. */
export function labelRules({ classes, reduceZeroLabel, ignoreValues, merge }: LabelRules): LabelRules {
  return { classes, reduceZeroLabel, ignoreValues, ...(merge && { merge }) };
}

/** In maps that have been read: a pixel that does not count. */
export const IGNORED = 255;

/** The class of each value, IGNORED, or undefined for a value that must not occur. */
export class LabelReader {
  readonly rules: LabelRules;
  readonly #codes: LabelCodes;
  readonly #bytes: Uint8Array;
  readonly #isWrong: Uint8Array;

  constructor(rules: LabelRules) {
    const { classes, reduceZeroLabel, ignoreValues, merge = [] } = rules;
    const labelMap = new Map([
      ...merge.entries(),
      ...ignoreValues.map((value) => [reduceZeroLabel ? value - 1 : value, IGNORED] as const),
    ]);
    this.rules = rules;
    this.#codes = labelCodes({ classes, reduceZeroLabel, labelMap, ignoreIndex: IGNORED, of: 'truth' });
    this.#bytes = Uint8Array.from(this.#codes.bytes, (code) => (code < classes ? code : IGNORED));
    this.#isWrong = Uint8Array.from(this.#codes.bytes, (code) => (code > classes ? 1 : 0));
  }

  classOf(value: number): number | undefined {
    const code = this.#codes.codeOf(value);
    return code < this.rules.classes ? code : code === this.rules.classes ? IGNORED : undefined;
  }

  /**
   * @param name what an error calls the image
   * @returns class numbers or IGNORED, as many; bytes are replaced in place
   * @throws DataError for a value that must not occur
   */
  read(values: LabelImage['data'], name: string): Uint8Array {
    if (values instanceof Uint8Array) {
      const bytes = this.#bytes;
      const isWrong = this.#isWrong;
      let wrong = 0;
      for (let i = 0; i < values.length; i++) wrong |= isWrong[values[i]!]!;
      if (wrong !== 0) throw this.#fault(values, name);
      for (let i = 0; i < values.length; i++) values[i] = bytes[values[i]!]!;
      return values;
    }
    const labels = new Uint8Array(values.length);
    for (let i = 0; i < values.length; i++) {
      const label = this.classOf(values[i]!);
      if (label === undefined) throw this.#fault(values, name);
      labels[i] = label;
    }
    return labels;
  }

  /** The values that a map may hold, in words. */
  expected(): string {
    const { classes, reduceZeroLabel, ignoreValues, merge } = this.rules;
    const from = reduceZeroLabel ? 1 : 0;
    const stored = merge?.length ?? classes;
    const ignored = [...new Set([...(reduceZeroLabel ? [0] : []), ...ignoreValues, IGNORED])];
    return `classes ${from} to ${stored - 1 + from}, or ${ignored.join(', ')} for none`;
  }

  #fault(values: LabelImage['data'], name: string): DataError {
    const wrong = values.find((value) => this.classOf(value) === undefined);
    return new DataError(`LabelReader: expected ${this.expected()} in ${name}, got ${wrong}`);
  }
}
