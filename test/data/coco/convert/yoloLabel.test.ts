import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatYoloLabel, parseYoloLabel } from '../../../../src/data/coco/convert/yoloLabel.ts';
import { DataError } from '../../../../src/errors.ts';

const size = { width: 640, height: 480 };
const parse = (text: string) => parseYoloLabel(text, size, 80, 'a.txt');

describe('parseYoloLabel', () => {
  it('reads centre and size of a box as parts of the photo', () => {
    expect(parse('3 0.5 0.25 0.1 0.2\n')).toEqual([{ classIndex: 3, bbox: [288, 72, 64, 96] }]);
  });

  it('reads an outline, whose box is the smallest around it', () => {
    expect(parse('0 0.1 0.1 0.5 0.1 0.5 0.9')).toEqual([{ classIndex: 0, bbox: [64, 48, 256, 384], polygon: [64, 48, 320, 48, 320, 432] }]);
  });

  it('reads the confidence of a prediction', () => {
    expect(parse('1 0.5 0.5 1 1 0.875')).toEqual([{ classIndex: 1, bbox: [0, 0, 640, 480], score: 0.875 }]);
  });

  it('takes empty files, empty lines, tabs and the line ends of Windows', () => {
    expect(parse('')).toEqual([]);
    expect(parse('\r\n0\t0.5 0.5  1 1 \r\n\r\n7 0.5 0.5 1 1').map(({ classIndex }) => classIndex)).toEqual([0, 7]);
  });

  it('gives the decimals of the label exactly', () => {
    // (0.479492 - 0.123457 / 2) * 640 and so on, in decimals
    expect(parse('0 0.479492 0.688771 0.123457 0.255208')[0]!.bbox).toEqual([267.36864, 269.36016, 79.01248, 122.49984]);
  });

  it.each<[string, string | RegExp]>([
    ['0 0.5 0.5 1 1\n80 0.5 0.5 1 1', 'parseYoloLabel: expected a class from 0 to 79, since there are names for 80, at the start at line 2 of a.txt, got 80 0.5 0.5 1 1'],
    ['cat 0.5 0.5 1 1', 'parseYoloLabel: expected a class from 0 to 79, since there are names for 80, at the start at line 1 of a.txt, got cat 0.5 0.5 1 1'],
    ['-1 0.5 0.5 1 1', 'at line 1 of a.txt, got -1 0.5 0.5 1 1'],
    ['0.5 0.5 0.5 1 1', 'at line 1 of a.txt, got 0.5 0.5 0.5 1 1'],
    ['0 0.5 0.5 1', 'expected class, centre x, centre y, width, height, or class and the x and y of three points or more at line 1'],
    ['0 0.1 0.1 0.5 0.1 0.5 0.9 0.7', 'three points or more at line 1'],
    ['\n0 320 240 64 96', 'expected numbers from 0 to 1 after the class at line 2 of a.txt, got 0 320 240 64 96'],
    ['  0  320 240 64 96 \r\n', /line 1 of a.txt, got 0 {2}320 240 64 96$/],
    [`0 ${'0.5 '.repeat(14)}2.5`, /got 0 (0\.5 ){14}2\.…$/], // 61 characters
    [`0 ${'0.5 '.repeat(14)}25`, /got 0 (0\.5 ){14}25$/], // 60
    ['0 0,5 0,5 1 1', 'expected numbers from 0 to 1 after the class at line 1'],
    ['0 nan 0.5 1 1', 'expected numbers from 0 to 1 after the class at line 1'],
    [`0 ${'0.5 '.repeat(100)}2 2`, `got 0 ${'0.5 '.repeat(14)}0.…`],
  ])('names the line of %j', (text, message) => {
    expect(() => parse(text)).toThrow(DataError);
    expect(() => parse(text)).toThrow(message);
  });
});

describe('formatYoloLabel', () => {
  it('writes a box as one line, with as few digits as it needs', () => {
    expect(formatYoloLabel([{ classIndex: 3, bbox: [288, 72, 64, 96] }], size)).toBe('3 0.5 0.25 0.1 0.2\n');
    expect(formatYoloLabel([{ classIndex: 0, bbox: [0, 0, 0.0005, 1] }], { width: 5000, height: 1 })).toBe('0 0.00000005 0.5 0.0000001 1\n');
  });

  it('writes the outline where there is one, clamped to the photo', () => {
    expect(formatYoloLabel([{ classIndex: 0, bbox: [0, 0, 1, 1], polygon: [-1, 0, 640.5, 0, 640, 480] }], size)).toBe('0 0 0 1 0 1 1\n');
  });

  it('writes nothing for no objects', () => expect(formatYoloLabel([], size)).toBe(''));
});

describe('a way there and back', () => {
  const side = fc.integer({ min: 1, max: 12_000 });

  it('keeps boxes in hundredths of a pixel, to the last bit', () => {
    const fourNumbers = fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat(), fc.nat()), { maxLength: 5 });
    fc.assert(fc.property(side, side, fourNumbers, (width, height, boxes) => {
      const objects = boxes.map(([a, b, c, d], classIndex) => {
        const [x, y] = [a % (100 * width), b % (100 * height)];
        const [w, h] = [1 + c % (100 * width - x), 1 + d % (100 * height - y)];
        return { classIndex, bbox: [x / 100, y / 100, w / 100, h / 100] as const };
      });
      expect(parseYoloLabel(formatYoloLabel(objects, { width, height }), { width, height }, 5, '')).toEqual(objects);
    }), { seed: 1, numRuns: 2000 });
  });

  it('keeps labels of six decimals, to the last digit', () => {
    const part = fc.integer({ min: 0, max: 1_000_000 });
    fc.assert(fc.property(side, side, part, part, part, part, (width, height, ...parts) => {
      const [x, y, w, h] = parts.map((value) => value / 1e6) as [number, number, number, number];
      const values = [Math.max(x, w / 2), Math.max(y, h / 2), w, h].map((value) => value.toFixed(6).replace(/\.?0+$/, ''));
      const label = `0 ${values.join(' ')}\n`;
      expect(formatYoloLabel(parseYoloLabel(label, { width, height }, 1, ''), { width, height })).toBe(label);
    }), { seed: 2, numRuns: 2000 });
  });

  it('keeps outlines inside the photo', () => {
    const point = fc.tuple(fc.nat(64_000), fc.nat(48_000));
    fc.assert(fc.property(fc.array(point, { minLength: 3, maxLength: 20 }), (points) => {
      const polygon = points.flat().map((value) => value / 100);
      const [object] = parseYoloLabel(formatYoloLabel([{ classIndex: 0, bbox: [0, 0, 1, 1], polygon }], size), size, 1, '');
      expect(object!.polygon).toEqual(polygon);
    }), { seed: 3, numRuns: 500 });
  });
});
