import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/errors.ts';
import { MaskKernel } from '../../../src/data/coco/maskKernel.ts';
import { rleBox } from '../../../src/data/coco/rle.ts';
import { decodeMask, encodeMask } from '../../../src/data/coco/rleMask.ts';
import { mergeRles } from '../../../src/data/coco/rleMerge.ts';
import { formatRle, isPythonBytes, parseRle } from '../../../src/data/coco/rleString.ts';

describe('parseRle', () => {
  it('reads what pycocotools writes: runs of 3, 2, 4, then differences', () => {
    expect([...parseRle('324', 3, 3).counts]).toEqual([3, 2, 4]);
    expect([...parseRle('P137000000000Q2NRO', 10, 20).counts].reduce((sum, run) => sum + run)).toBe(200);
    expect([...parseRle('', 0, 0).counts]).toEqual([]);
  });

  it.each([
    ['3"4', 3, 3, "expected characters '0' to 'o' for counts, got character code 34 at character 1"],
    ["b'324'", 3, 3, "expected characters '0' to 'o' for counts, got Python's bytes as text, b'…'; write counts.decode()"],
    ['PPPPPPPP0', 3, 3, 'expected at most 7 characters for run 0 of counts, got more at character 7'],
    ['3P', 3, 3, 'expected another character for run 1 of counts, got the end at character 2'],
    ['3:', 3, 3, 'expected a length from 0 to 9 for run 1 of counts, got 10 at character 1'],
    ['33', 3, 3, 'expected runs that add up to 3 x 3 = 9 pixels for counts, got 6'],
    ['', 3, 3, 'expected runs that add up to 3 x 3 = 9 pixels for counts, got 0'],
    ['1', -1, -1, 'expected whole numbers with a product below 2^32 for height and width, got -1 and -1'],
    ['1', 1.5, 2, 'expected whole numbers with a product below 2^32 for height and width, got 1.5 and 2'],
  ])('refuses %j of %i x %i', (counts, height, width, message) => {
    expect(() => parseRle(counts, height, width)).toThrow(DataError);
    expect(() => parseRle(counts, height, width)).toThrow(`parseRle: ${message}`);
  });

  it('gives back the longest runs, in texts longer than any before', () => {
    const ones = Uint32Array.from({ length: 3000 }, (_, i) => (i % 2 === 0 ? 1_000_000 : 400_000));
    const longest = { height: 65_535, width: 65_537, counts: Uint32Array.of(0, 0xffff_ffff) };
    expect(parseRle(formatRle(longest), 65_535, 65_537)).toEqual(longest);
    const many = { height: 1_400_000, width: 1500, counts: ones };
    expect(parseRle(formatRle(many), many.height, many.width)).toEqual(many);
  });
});

describe('isPythonBytes', () => {
  it.each([["b'", true], ['b"', true], ['b\\"', true], ["b\\'", false], ['b\\', false], ['b3', false], ["a'", false], ["'b", false]])(
    'of a text that begins %s is %s', (text, expected) => {
      expect(isPythonBytes(Buffer.from(`x${text}`), 1)).toBe(expected);
    });
});

describe('boxes and unions of masks', () => {
  it('are exact up to the largest sizes', () => {
    const counts = Uint32Array.of(0, 0xffff_ffff);
    expect(rleBox({ height: 1, width: 0xffff_ffff, counts })).toEqual([0, 0, 0xffff_ffff, 1]);
    expect(rleBox({ height: 0xffff_ffff, width: 1, counts })).toEqual([0, 0, 1, 0xffff_ffff]);
  });

  it('are of masks of one size', () => {
    const mask = (height: number, width: number) => ({ height, width, counts: Uint32Array.of(height * width) });
    for (const [height, width] of [[2, 4], [3, 3], [3, 2]] as const) {
      expect(() => mergeRles([mask(2, 3), mask(height, width)])).toThrow(
        `mergeRles: expected masks of 2 x 3 for rles, got ${height} x ${width} at 1`);
    }
    expect(mergeRles([])).toEqual({ height: 0, width: 0, counts: new Uint32Array(0) });
  });
});

describe('masks as pixels', () => {
  it('have one value besides 0', () => {
    expect([...encodeMask(Uint8Array.of(0, 7, 7, 0), 2, 2).counts]).toEqual([1, 2, 1]);
    expect(encodeMask(new Uint8Array(0), 0, 5)).toEqual({ height: 0, width: 5, counts: Uint32Array.of(0) });
    expect(() => encodeMask(Uint8Array.of(0, 0, 7, 7, 0, 9), 2, 3)).toThrow('encodeMask: expected 0 or one other value for mask, got 7 and, at x 2, y 1, 9');
  });

  it('are refused where sizes are none or runs do not add up', () => {
    const size = 'expected whole numbers with a product below 2^32 for height and width, got ';
    expect(() => encodeMask(new Uint8Array(), -1, 0)).toThrow(`encodeMask: ${size}-1 and 0`);
    expect(() => encodeMask(new Uint8Array(3), 1.5, 2)).toThrow(`encodeMask: ${size}1.5 and 2`);
    expect(() => decodeMask({ height: -1, width: 0, counts: Uint32Array.of(0) })).toThrow(`decodeMask: ${size}-1 and 0`);
    for (const counts of [[3, 2, 3], [3, 2, 5], [3, 7], []]) {
      const sum = counts.reduce((total, count) => total + count, 0);
      expect(() => decodeMask({ height: 3, width: 3, counts: Uint32Array.from(counts) })).toThrow(
        `decodeMask: expected runs that add up to 3 x 3 = 9 pixels for counts, got ${sum}`);
    }
  });

  it('are those of the runs, wherever columns begin and end', () => {
    for (const [height, width] of [[3, 3], [1, 5], [5, 1], [4, 6]] as const) {
      for (let start = 0; start < height * width; start++) {
        for (let end = start + 1; end <= height * width; end++) {
          const mask = new Uint8Array(height * width);
          for (let at = start; at < end; at++) mask[(at % height) * width + Math.floor(at / height)] = 1;
          const runs = { height, width, counts: Uint32Array.of(start, end - start, height * width - end) };
          expect(decodeMask(runs)).toEqual(mask);
          const shortest = end === height * width ? [start, end - start] : [...runs.counts];
          expect([...encodeMask(mask, height, width).counts]).toEqual(shortest);
        }
      }
    }
  });
});

describe('MaskKernel', () => {
  it('takes texts longer than its memory was, and no more of it than they need', () => {
    const kernel = new MaskKernel();
    kernel.putText(Uint8Array.of(1, 2, 3), 0, 3);
    const held = kernel.code.memory.buffer.byteLength;
    const bytes = new Uint8Array(new ArrayBuffer(3 * held), 8);
    expect(kernel.putText(bytes, bytes.length - 5, bytes.length)).toBe((bytes.length - 5) % 8);
    expect(kernel.code.memory.buffer.byteLength).toBe(held);
    expect(kernel.putText(bytes, 3, bytes.length)).toBe(3);
    expect(kernel.code.memory.buffer.byteLength).toBeGreaterThan(2 * held);
    expect(kernel.code.memory.buffer.byteLength).toBeLessThan(9 * held);
  });
});
