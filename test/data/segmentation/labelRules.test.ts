import { describe, expect, it } from 'vitest';
import { LabelReader } from '../../../src/data/segmentation/labelRules.ts';
import { DataError } from '../../../src/errors.ts';

describe('LabelReader', () => {
  const ade20k = new LabelReader({ classes: 150, reduceZeroLabel: true, ignoreValues: [] });
  const camvid = new LabelReader({ classes: 11, reduceZeroLabel: false, ignoreValues: [11] });

  it('counts from 1 where zero means none', () => {
    expect([...ade20k.read(Uint8Array.of(0, 1, 2, 150, 255), 'x.png')]).toEqual([255, 0, 1, 149, 255]);
  });

  it('ignores the values that it is told to', () => {
    expect([...camvid.read(Uint8Array.of(0, 10, 11, 255), 'x.png')]).toEqual([0, 10, 255, 255]);
    const both = new LabelReader({ classes: 3, reduceZeroLabel: true, ignoreValues: [7] });
    expect([...both.read(Uint8Array.of(0, 3, 7), 'x.png')]).toEqual([255, 2, 255]);
  });

  it('reads 16 bits', () => {
    const wide = new LabelReader({ classes: 150, reduceZeroLabel: true, ignoreValues: [65535] });
    expect([...wide.read(Uint16Array.of(0, 1, 150, 65535), 'x.png')]).toEqual([255, 0, 149, 255]);
    expect(() => wide.read(Uint16Array.of(1, 256), 'x.png')).toThrow('got 256');
  });

  it('merges classes', () => {
    const merged = new LabelReader({ classes: 2, reduceZeroLabel: true, ignoreValues: [4], merge: [1, 0, 1, 0, 1] });
    expect([...merged.read(Uint8Array.of(0, 1, 2, 3, 4, 5, 255), 'x.png')]).toEqual([255, 1, 0, 1, 255, 1, 255]);
    expect(() => merged.read(Uint8Array.of(6), 'x.png')).toThrow('expected classes 1 to 5, or 0, 4, 255 for none in x.png, got 6');
    const plain = new LabelReader({ classes: 2, reduceZeroLabel: false, ignoreValues: [], merge: [1, 1, 0] });
    expect([...plain.read(Uint16Array.of(0, 1, 2), 'x.png')]).toEqual([1, 1, 0]);
    expect(() => plain.read(Uint8Array.of(3), 'x.png')).toThrow('got 3');
  });

  it('names the file and a value that is no class', () => {
    expect(() => ade20k.read(Uint8Array.of(1, 151), 'x.png')).toThrow(DataError);
    expect(() => ade20k.read(Uint8Array.of(1, 151), 'x.png')).toThrow('LabelReader: expected classes 1 to 150, or 0, 255 for none in x.png, got 151');
    expect(() => camvid.read(Uint8Array.of(12), 'y.png')).toThrow('LabelReader: expected classes 0 to 10, or 11, 255 for none in y.png, got 12');
  });
});
