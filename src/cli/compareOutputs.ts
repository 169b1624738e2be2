// How far tensors are from those that another implementation stored under the same names.

import { float32Values } from '../checkpoint/floatTensors.ts';
import type { StoredTensor, TensorMap } from '../checkpoint/storedTensor.ts';
import { DataError } from '../errors.ts';
import type { FloatTensor } from '../nn/module.ts';
import { tableText } from './table.ts';

/** What is smaller in both is rounding: a gradient that is zero on paper. */
const NOTHING = 1e-6;
const MOST_ROWS = 10;

interface Difference {
  readonly name: string;
  /** Largest difference of two values, over the largest magnitude of theirs. NaN where one of them is not a number. */
  readonly relative: number;
  readonly absolute: number;
}

export interface Comparison {
  /** Worst first. */
  readonly differences: readonly Difference[];
  /** Names that only the other implementation has. */
  readonly missing: readonly string[];
}

/**
 * Compares with the tensors `output.…` and `grad.…` of a file.
 * @throws DataError naming one of another shape
 */
export function compareOutputs(ours: ReadonlyMap<string, FloatTensor>, theirs: TensorMap, file: string): Comparison {
  const names = [...theirs.keys()].filter((name) => /^(output|grad)\./.test(name));
  const common = names.filter((name) => ours.has(name));
  const differences = common.map((name) => differenceOf(name, ours.get(name)!, theirs.get(name)!, file));
  const rank = ({ relative }: Difference) => (Number.isNaN(relative) ? Infinity : relative);
  return { differences: differences.sort((a, b) => rank(b) - rank(a)), missing: names.filter((name) => !ours.has(name)) };
}

/** The comparison for people. */
export function describeComparison({ differences, missing }: Comparison, file: string): string {
  const lines: string[] = [];
  const [worst] = differences;
  if (worst !== undefined) {
    const compared = `compared with ${differences.length} ${differences.length === 1 ? 'tensor' : 'tensors'} of ${file}`;
    lines.push(`${compared}: the worst, ${worst.name}, differs by ${show(worst.relative)} of its largest value`);
    const rows = differences.slice(0, MOST_ROWS).map(({ name, relative, absolute }) => [name, show(relative), show(absolute)]);
    lines.push(tableText([['tensor', 'of the largest', 'difference'], ...rows]));
    if (differences.length > MOST_ROWS) lines.push(`and ${differences.length - MOST_ROWS} more, which differ less`);
  }
  const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
  if (missing.length > 0) lines.push(`not compared, since this run does not make them: ${missing.slice(0, 5).join(', ')}${more}`);
  return lines.join('\n');
}

/** @throws DataError when a tensor differs by more than `tolerance` of its largest value, or there is none to compare with */
export function expectWithin({ differences: [worst] }: Comparison, tolerance: number, file: string): void {
  if (worst === undefined) throw new DataError(`forward: expected outputs of this run, such as output.logits, in ${file} for --tolerance, got none`);
  if (worst.relative <= tolerance) return;
  throw new DataError(`forward: expected differences of at most ${tolerance} of the largest value, got ${show(worst.relative)} in ${worst.name}`);
}

function differenceOf(name: string, ours: FloatTensor, theirs: StoredTensor, file: string): Difference {
  if (ours.shape.join() !== theirs.shape.join()) {
    throw new DataError(`forward: expected shape [${ours.shape.join(', ')}] for ${name} in ${file}, got [${theirs.shape.join(', ')}]`);
  }
  const expected = float32Values(name, theirs, file);
  let [absolute, largest, own] = [0, 0, 0];
  for (const [i, value] of expected.entries()) {
    const actual = ours.data[i]!;
    const difference = actual === value ? 0 : Math.abs(actual - value);
    if (Number.isNaN(difference)) return { name, relative: NaN, absolute: NaN };
    absolute = Math.max(absolute, difference);
    largest = Math.max(largest, Math.abs(value));
    own = Math.max(own, Math.abs(actual));
  }
  if (largest < NOTHING && own < NOTHING) return { name, relative: 0, absolute };
  return { name, relative: absolute / largest, absolute };
}

function show(value: number): string {
  return value === 0 ? '0' : value.toExponential(1);
}
