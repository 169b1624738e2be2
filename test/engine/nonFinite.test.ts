import { describe, expect, it } from 'vitest';
import { nonFiniteError, nonFiniteIn } from '../../src/engine/nonFinite.ts';

describe('nonFiniteIn', () => {
  it('finds the first value that is not finite', () => {
    expect(nonFiniteIn({ loss: 1, 'gradient norm': 0 })).toBeUndefined();
    expect(nonFiniteIn({ loss: 1, decode: NaN, 'gradient norm': Infinity })).toEqual({ name: 'decode', value: NaN });
    expect(nonFiniteIn({ loss: -Infinity })).toEqual({ name: 'loss', value: -Infinity });
  });
});

describe('nonFiniteError', () => {
  const samples = (count: number) => Array.from({ length: count }, (_, i) => `s${i}`);
  const messageOf = (count: number, savedStep?: number) =>
    nonFiniteError({ step: 7, name: 'loss', value: NaN, samples: samples(count) }, savedStep).message;

  it('names eight samples and counts the others', () => {
    expect(messageOf(8)).toContain('train: expected a finite loss at step 7, got NaN for the samples s0, s1, s2, s3, s4, s5, s6, s7; ');
    expect(messageOf(10)).toContain('s6, s7 and 2 more, which log.jsonl lists; ');
  });

  it('says which checkpoint there is', () => {
    expect(messageOf(1)).toContain('no checkpoint was written yet');
    expect(messageOf(1, 5)).toContain('the checkpoint of step 5 is intact');
    expect(messageOf(1, 0)).toContain('the checkpoint of step 0 is intact');
  });
});
