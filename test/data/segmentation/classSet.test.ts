import { describe, expect, it } from 'vitest';
import { COCO12_MEMBERS } from '../../../src/data/segmentation/coco12Classes.ts';
import { classSet, type ClassSet } from '../../../src/data/segmentation/classSet.ts';
import { ConfigError } from '../../../src/errors.ts';

const colourOf = ({ palette, names }: ClassSet, name: string) => [...palette.subarray(names.indexOf(name) * 3).subarray(0, 3)];

describe('classSet', () => {
  it('knows ADE20K, CamVid and COCO: number of classes, names, colours, numbering', () => {
    const ade20k = classSet('ade20k');
    expect([ade20k.classes, ade20k.names[0], ade20k.names[7], ade20k.names[44], ade20k.names[149]]).toEqual([150, 'wall', 'bed', 'chest of drawers', 'flag']);
    expect([ade20k.reduceZeroLabel, ade20k.ignoreValues]).toEqual([true, []]);
    expect(colourOf(ade20k, 'flag')).toEqual([92, 0, 255]);
    const camvid = classSet('camvid');
    expect([camvid.classes, camvid.names[0], camvid.names[10], camvid.reduceZeroLabel, camvid.ignoreValues]).toEqual([11, 'sky', 'bicyclist', false, [11]]);
    expect(colourOf(camvid, 'road')).toEqual([128, 64, 128]);
    const coco = classSet('coco133');
    expect([coco.classes, coco.names[0], coco.names[9], coco.names[132]]).toEqual([133, 'person', 'traffic light', 'rug-merged']);
    expect(colourOf(coco, 'sky-other-merged')).toEqual([70, 130, 180]);
    for (const { names, palette, classes } of [ade20k, camvid, coco]) {
      expect(new Set(names).size).toBe(classes);
      expect(palette.length).toBe(classes * 3);
    }
  });

  it("puts each of COCO's classes into one of 12 groups", () => {
    const { names, merge = [], classes } = classSet('coco12');
    const { names: members } = classSet('coco133');
    expect([merge.length, classes, new Set(merge).size]).toEqual([133, 12, 12]);
    const groupOf = (name: string) => names[merge[members.indexOf(name)] ?? -1];
    expect(['zebra', 'boat', 'potted plant', 'snow', 'window-other', 'tie', 'sky-other-merged'].map(groupOf))
      .toEqual(['animal', 'vehicle', 'plant', 'ground', 'wall', 'object', 'sky']);
    // Every name of the table is a class of COCO's, and in one group only.
    const listed = Object.values(COCO12_MEMBERS).flatMap((list) => list.split(', '));
    expect(listed.sort()).toEqual([...members].sort());
  });

  it("gives other classes Pascal VOC's colours, all different", () => {
    const { palette, classes } = classSet({ names: Array.from({ length: 255 }, (_, i) => `class ${i}`) });
    expect([...palette.subarray(0, 9)]).toEqual([128, 0, 0, 0, 128, 0, 128, 128, 0]);
    expect(new Set(Array.from({ length: classes }, (_, i) => palette.subarray(i * 3, i * 3 + 3).join())).size).toBe(255);
  });

  it('takes colours as they are given', () => {
    expect([...classSet({ names: ['a', 'b'], colours: ['#0102ff', '#A0b0c0'] }).palette]).toEqual([1, 2, 255, 160, 176, 192]);
  });

  it.each([
    [{ names: [] }, 'expected 1 to 255 names, got 0'],
    [{ names: ['a', 'b', 'a'] }, `expected each name once, got 'a' again`],
    [{ names: ['a', 'b'], merge: [0, 2] }, 'expected classes in [0, 2) for merge, got 2'],
    [{ names: ['a'], colours: ['red'] }, 'expected 1 colours like #1f5fa8, one per name, got ["red"]'],
  ])('refuses %j', (options, message) => {
    expect(() => classSet(options)).toThrow(ConfigError);
    expect(() => classSet(options)).toThrow(message);
  });
});
