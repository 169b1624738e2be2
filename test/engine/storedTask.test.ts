import { describe, expect, it } from 'vitest';
import { expectSameClasses, otherClasses, otherMeasure } from '../../src/engine/storedTask.ts';
import { DataError } from '../../src/errors.ts';

const named = (count: number, start = 0) => Array.from({ length: count }, (_, i) => `c${start + i}`);

describe('otherClasses', () => {
  it('finds the same names in the same order the same, and nothing where either does not say', () => {
    expect(otherClasses({ classNames: ['a', 'b'] }, ['a', 'b'])).toBeUndefined();
    for (const stored of [undefined, null, 'a', {}, { classNames: 'a' }, ['a']]) expect(otherClasses(stored, ['b'])).toBeUndefined();
    expect(otherClasses({ classNames: ['a'] }, undefined)).toBeUndefined();
  });

  it('lists both where names, order or number differ', () => {
    expect(otherClasses({ classNames: ['a', 'b'] }, ['b', 'a'])).toEqual({ theirs: '2 (a, b)', ours: '2 (b, a)' });
    expect(otherClasses({ classNames: ['a', 'b'] }, ['a'])).toEqual({ theirs: '2 (a, b)', ours: '1 (a)' });
    expect(otherClasses({ classNames: ['a'] }, ['a', 'b'])).toEqual({ theirs: '1 (a)', ours: '2 (a, b)' });
  });

  it('lists twenty, and of more those from the first that differs on', () => {
    expect(otherClasses({ classNames: named(20) }, named(20, 1))).toEqual({
      theirs: `20 (${named(20).join(', ')})`, ours: `20 (${named(20, 1).join(', ')})`,
    });
    expect(otherClasses({ classNames: named(23) }, [...named(3), ...named(21, 4)])).toEqual({
      theirs: `23 (from class 3 on ${named(20, 3).join(', ')})`, ours: `24 (from class 3 on ${named(20, 4).join(', ')}, …)`,
    });
  });
});

describe('expectSameClasses', () => {
  it('refuses other classes, with the asker and the remedy', () => {
    const use = { caller: 'asker', remedy: 'take others' };
    expect(() => expectSameClasses({ classNames: ['a'] }, { classNames: ['a'] }, 'runs/a', use)).not.toThrow();
    const refused = () => expectSameClasses({ classNames: ['a'] }, { classNames: ['b'] }, 'runs/a', use);
    expect(refused).toThrow(DataError);
    expect(refused).toThrow('asker: expected the classes of runs/a, 1 (a), got 1 (b); take others');
  });
});

describe('otherMeasure', () => {
  it('is what the scores were measured by, where that is another', () => {
    expect(otherMeasure({ measure: 'top1 of 5' }, { measure: 'top1 of 7' })).toBe('top1 of 5');
    expect(otherMeasure({ measure: 'top1 of 5' }, { measure: 'top1 of 5' })).toBeUndefined();
    expect(otherMeasure({ measure: 'top1 of 5' }, {})).toBeUndefined();
    for (const stored of ['top1 of 5', undefined, null, {}, { measure: 5 }]) expect(otherMeasure(stored, { measure: 'top1 of 7' })).toBeUndefined();
  });
});
