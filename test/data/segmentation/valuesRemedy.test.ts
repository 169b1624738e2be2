import { describe, expect, it } from 'vitest';
import { classSet, type ClassOptions } from '../../../src/data/segmentation/classSet.ts';
import { valuesRemedy } from '../../../src/data/segmentation/valuesRemedy.ts';

const names = Array.from({ length: 11 }, (_, i) => `class ${i}`);
const adviceOn = (seen: readonly number[], more: Partial<ClassOptions> = {}) =>
  valuesRemedy(classSet({ names, ...more }), new Set(seen))?.split('\n');
const upTo = (last: number) => Array.from({ length: last + 1 }, (_, i) => i);
const more = 'if they are classes too, name all in data.classes.names, in the order of their numbers, and set model.classes';

describe('valuesRemedy', () => {
  it('has nothing to say of classes and what is ignored', () => {
    expect(adviceOn([...upTo(10), 255])).toBeUndefined();
    expect(adviceOn([...upTo(10), 12], { ignoreValues: [12] })).toBeUndefined();
  });

  it('ignores a void class; zero is reduced only where it is none', () => {
    expect(adviceOn([...upTo(11), 255])).toEqual([
      'if 11 is no class, ignore it: data.classes: { names: [...], ignoreValues: [11] }',
      'if classes are numbered from 1 and 0 is none: data.classes: { names: [...], reduceZeroLabel: true }',
      more,
    ]);
    expect(adviceOn([1, 5, 11])?.[1]).toBe('if classes are numbered from 1: data.classes: { names: [...], reduceZeroLabel: true }');
  });

  it('does not reduce zero where other values would be left', () => {
    expect(adviceOn([...upTo(12)])).toEqual(['if 11, 12 are no class, ignore them: data.classes: { names: [...], ignoreValues: [11, 12] }', more]);
    expect(adviceOn([0, 200], { ignoreValues: [30] })?.[0]).toBe('if 200 is no class, ignore it: data.classes: { names: [...], ignoreValues: [30, 200] }');
    expect(adviceOn([1, 12], { reduceZeroLabel: true })).toEqual([
      'if 12 is no class, ignore it: data.classes: { names: [...], ignoreValues: [12], reduceZeroLabel: true }', more,
    ]);
  });

  it('does not ignore many values', () => {
    expect(adviceOn(upTo(100))).toEqual([more]);
  });
});
