import { describe, expect, it } from 'vitest';
import { jsonDifferences } from '../../src/engine/jsonDifferences.ts';

describe('jsonDifferences', () => {
  it('names each leaf that changed, came or went', () => {
    const before = { epochs: 10, model: { join: 'pvg', heads: 3 }, sizes: [1, 2], same: null };
    const after = { epochs: 20, model: { join: 'pvg', depth: 7 }, sizes: [1, 3], same: null };
    expect(jsonDifferences(before, after)).toEqual([
      'epochs: 10 -> 20',
      'model.heads: 3 -> nothing',
      'model.depth: nothing -> 7',
      'sizes: [1,2] -> [1,3]',
    ]);
    expect(jsonDifferences({ ema: { decay: 0.9 }, a: 1 }, { ema: 'none', a: { b: 2 } })).toEqual(['ema: {"decay":0.9} -> "none"', 'a: 1 -> {"b":2}']);
  });

  it('finds none in equal values whatever the order of their keys', () => {
    expect(jsonDifferences({ a: 1, b: { c: [] } }, { b: { c: [] }, a: 1 })).toEqual([]);
  });

  it('takes keys like those of every object as data', () => {
    expect(jsonDifferences({}, { constructor: 1 })).toEqual(['constructor: nothing -> 1']);
  });
});
