import { describe, expect, it } from 'vitest';
import { compareOutputs, describeComparison, expectWithin } from '../../src/cli/compareOutputs.ts';
import type { StoredTensor } from '../../src/checkpoint/storedTensor.ts';
import { DataError } from '../../src/errors.ts';

const floats = (...values: number[]) => ({ dtype: 'F32', shape: [values.length], data: Float32Array.from(values) } as const);

const ours = new Map([
  ['output.logits', floats(1, 2, -4)],
  ['output.loss', floats(0.5)],
  ['grad.bias', floats(1e-9, -2e-9)],
  ['output.block0', floats(1)],
]);
const theirs = new Map<string, StoredTensor>([
  ['input.x', floats(9)],
  ['output.logits', floats(1, 2.5, -4)],
  ['output.loss', { dtype: 'F16', shape: [1], data: Uint16Array.of(0x3c00) }], // 1
  ['grad.bias', floats(3e-9, 0)],
  ['output.tokens', floats(1)],
]);

describe('compareOutputs', () => {
  it('names the worst difference first, by the largest value of each tensor', () => {
    const comparison = compareOutputs(ours, theirs, 'theirs.safetensors');
    expect(comparison.differences.map(({ name, relative }) => [name, relative])).toEqual([
      ['output.loss', 0.5], ['output.logits', 0.125], ['grad.bias', 0],
    ]);
    expect(comparison.missing).toEqual(['output.tokens']);
    expect(describeComparison(comparison, 'theirs.safetensors')).toBe([
      'compared with 3 tensors of theirs.safetensors: the worst, output.loss, differs by 5.0e-1 of its largest value',
      'tensor         of the largest  difference',
      'output.loss            5.0e-1      5.0e-1',
      'output.logits          1.3e-1      5.0e-1',
      'grad.bias                   0      2.0e-9',
      'not compared, since this run does not make them: output.tokens',
    ].join('\n'));
  });

  it('holds them against a tolerance', () => {
    const comparison = compareOutputs(ours, theirs, 'theirs.safetensors');
    expect(() => expectWithin(comparison, 0.5, 'a')).not.toThrow();
    expect(() => expectWithin(comparison, 0.4, 'a'))
      .toThrow(new DataError('forward: expected differences of at most 0.4 of the largest value, got 5.0e-1 in output.loss'));
    expect(() => expectWithin(compareOutputs(ours, new Map(), 'a'), 1, 'a')).toThrow(/such as output\.logits, in a for --tolerance, got none$/);
  });

  it('ranks what is not a number worst, and names another shape', () => {
    const nan = new Map([...theirs, ['output.logits', floats(1, NaN, -4)] as const]);
    expect(compareOutputs(ours, nan, 'a').differences[0]).toEqual({ name: 'output.logits', relative: NaN, absolute: NaN });
    expect(() => expectWithin(compareOutputs(ours, nan, 'a'), 1, 'a')).toThrow('got NaN in output.logits');
    expect(() => compareOutputs(ours, new Map([['output.loss', floats(1, 2)]]), 'a'))
      .toThrow(new DataError('forward: expected shape [1] for output.loss in a, got [2]'));
  });

  it('says nothing where there is nothing to compare', () => {
    expect(describeComparison(compareOutputs(ours, new Map(), 'a'), 'a')).toBe('');
  });
});
