import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonScanner } from '../../../src/data/coco/jsonScanner.ts';
import { FAR, UNUSUAL } from '../../../src/data/coco/maskKernel.ts';
import { MaskSet } from '../../../src/data/coco/maskSet.ts';
import type { Segmentation } from '../../../src/data/coco/records.ts';
import { rleArea, type Rle } from '../../../src/data/coco/rle.ts';
import { rleIou } from '../../../src/data/coco/rleIou.ts';
import { decodeMask, encodeMask } from '../../../src/data/coco/rleMask.ts';
import { formatRle } from '../../../src/data/coco/rleString.ts';
import { segmentationToRle } from '../../../src/data/coco/segmentationRle.ts';
import { readSegmentation } from '../../../src/data/coco/segmentationText.ts';
import { SegmentationView } from '../../../src/data/coco/segmentationView.ts';

const height = 30;
const width = 36;

const coordinate = fc.oneof(fc.double({ min: -20, max: 70, noNaN: true }), fc.integer({ min: -1, max: 51 }));
// Odd numbers of values: the last one is not drawn, and must not shift what follows.
const polygons = fc.array(fc.array(coordinate, { minLength: 0, maxLength: 13 }), { minLength: 1, maxLength: 3 });
const noise = fc.array(fc.integer({ min: 0, max: 99 }), { minLength: 97, maxLength: 97 });
const pixels = fc.tuple(fc.constantFrom(0, 0.02, 0.5, 1), noise).map(([density, values]) =>
  encodeMask(Uint8Array.from({ length: height * width }, (_, i) => (values[i % 97]! < 100 * density ? 1 : 0)), height, width));
/** Runs with empty ones between, which pycocotools compares in its own way. */
const runs = fc.array(fc.constantFrom<number>(0, 0, 1, 7, 60, 300), { maxLength: 14 }).map((counts): Rle => {
  const kept = counts.filter((_, i) => counts.slice(0, i + 1).reduce((sum, run) => sum + run, 0) <= height * width);
  const rest = height * width - kept.reduce((sum, run) => sum + run, 0);
  return { height, width, counts: Uint32Array.from([...kept, rest]) };
});
const segmentation = fc.oneof(
  polygons,
  fc.oneof(pixels, runs).map((rle): Segmentation => ({ size: [height, width], counts: formatRle(rle) })),
  fc.oneof(pixels, runs).map(({ counts }): Segmentation => ({ size: [height, width], counts: [...counts] })),
);

/** Pixel by pixel; by rleIou, which is compared with pycocotools elsewhere, where pycocotools does not count pixels. */
function slowIou(a: Rle, b: Rle, isCrowd: boolean): number {
  if ([a, b].some(({ counts }) => counts.subarray(1).includes(0))) return rleIou([a], [b], [isCrowd])[0]!;
  const [inA, inB] = [decodeMask(a), decodeMask(b)];
  const count = (isInside: (i: number) => boolean) => inA.reduce((sum, _, i) => sum + Number(isInside(i)), 0);
  const intersection = count((i) => inA[i] === 1 && inB[i] === 1);
  return intersection === 0 ? 0 : intersection / count((i) => inA[i] === 1 || (inB[i] === 1 && !isCrowd));
}

function viewOf(segmentation: Segmentation): SegmentationView {
  const view = new SegmentationView();
  view.assign(segmentation);
  return view;
}

describe('MaskSet', () => {
  it('has the areas and overlaps of the masks added to it, whatever they were before', () => {
    const masks = new MaskSet();
    fc.assert(fc.property(fc.array(segmentation, { minLength: 2, maxLength: 5 }), fc.boolean(), (segmentations, isCrowd) => {
      masks.clear();
      const rles = segmentations.map((one) => segmentationToRle(one, height, width));
      const numbers = segmentations.map((one) => masks.addSegmentation(viewOf(one), { height, width }));
      expect(numbers.map((mask) => masks.area(mask))).toEqual(rles.map(rleArea));
      for (const d of numbers) {
        for (const g of numbers) expect(masks.iou(d, g, isCrowd)).toBe(slowIou(rles[d]!, rles[g]!, isCrowd));
      }
    }), { seed: 4, numRuns: 200 });
  });

  it('leaves out no outline that overlaps a mask', () => {
    const masks = new MaskSet();
    fc.assert(fc.property(segmentation, polygons, (mask, outline) => {
      masks.clear();
      masks.addSegmentation(viewOf(mask), { height, width });
      if (masks.addSegmentation(viewOf(outline), { height, width, near: 1 }) !== FAR) return;
      const [iou] = rleIou([segmentationToRle(mask, height, width)], [segmentationToRle(outline, height, width)], [0]);
      expect(iou).toBe(0);
    }), { seed: 5, numRuns: 3000 });
  });

  it('sees that an odd last number of a polygon does not shift the next one', () => {
    const masks = new MaskSet();
    masks.addSegmentation(viewOf([[20, 5, 30, 5, 30, 15, 20, 15]]), { height, width });
    const near = { height, width, near: 1 };
    expect(masks.addSegmentation(viewOf([[0, 0, 1, 0, 1, 1, 0], [5, 20, 15, 20, 15, 29, 5, 29]]), near)).toBe(FAR);
    expect(masks.addSegmentation(viewOf([[0, 0, 1, 0, 1, 1, 0], [20, 5, 30, 5, 30, 15, 20, 15]]), near)).toBe(1);
  });

  it('names what is wrong with an outline, wherever it lies', () => {
    const masks = new MaskSet();
    masks.addSegmentation(viewOf([[20, 5, 30, 5, 30, 15, 20, 15]]), { height, width });
    const add = (outline: Segmentation) => masks.addSegmentation(viewOf(outline), { height, width, near: 1 });
    expect(() => add([])).toThrow('at least one polygon');
    expect(() => add([[0, 0, 1, NaN, 1, 1]])).toThrow('got NaN at 3');
    expect(() => add([[0, 0, 1, 1, 1, 0], [0, 0, Infinity, 1, 1, 1]])).toThrow('got Infinity at 2');
  });

  it('reads texts as views of them, or leaves them to the views', () => {
    const spacings: [string, string][][] = [[], [[',', ', ']], [[',', ', '], [':', ': ']], [[',', ' ,\n']]];
    const written = fc.tuple(segmentation, fc.constantFrom(...spacings));
    let read = 0;
    fc.assert(fc.property(written, fc.constantFrom(-1, 1), ([one, spaces], near) => {
      const text = spaces.reduce((json, [from, to]) => json.replaceAll(from, to), JSON.stringify(one));
      const bytes = new TextEncoder().encode(`{"segmentation":${text}, "id": 1}`);
      const masks = [new MaskSet(), new MaskSet()] as const;
      for (const set of masks) set.addSegmentation(viewOf([[2, 3, 9, 3, 9, 12]]), { height, width });
      const mask = masks[0].addText(bytes, 16, 16 + text.length, { height, width, near });
      if (mask === UNUSUAL) return;
      read++;
      expect(mask).toBe(masks[1].addSegmentation(viewOf(one), { height, width, near }));
      if (mask === FAR) return;
      expect(masks[0].area(1)).toBe(masks[1].area(1));
      const ious = masks.map((set) => [set.iou(0, 1, false), set.iou(1, 0, true)]);
      expect(ious[0]).toEqual(ious[1]);
    }), { seed: 7, numRuns: 1000 });
    expect(read).toBeGreaterThan(200);
  });

  it('reads compressed masks however a JSON writer has escaped them', () => {
    fc.assert(fc.property(pixels, fc.integer({ min: 1, max: 4 }), (rle, step) => {
      const counts = formatRle(rle);
      const escaped = Array.from(counts, (character, i) => {
        if (i % step === 0) return `\\u00${character.charCodeAt(0).toString(16)}`;
        return character === '\\' ? '\\\\' : character;
      }).join('');
      for (const text of [JSON.stringify(counts), `"${escaped}"`]) {
        const bytes = new TextEncoder().encode(`[{"segmentation":{"counts":${text},"size":[${height},${width}]}}]\0`);
        const scanner = new JsonScanner();
        scanner.start(bytes, bytes.indexOf(0x7b, 2), bytes.length - 1, true);
        const view = new SegmentationView();
        readSegmentation(scanner, view);
        expect(view.toSegmentation()).toEqual({ size: [height, width], counts });
        const masks = new MaskSet();
        masks.addSegmentation(view, { height: NaN, width: NaN });
        expect(masks.area(0)).toBe(rleArea(rle));
        expect(masks.iou(0, masks.addCounts(rle.counts, height, width), false)).toBe(rleArea(rle) > 0 ? 1 : 0);
      }
    }), { seed: 6, numRuns: 300 });
  });
});

describe('masks with empty runs', () => {
  const masks = [
    [3, 0, 2, 5, 0, 4, 6], [0, 0, 0, 6, 0, 0, 4, 10], [0, 20], [5, 5, 0, 5, 5], [0, 3, 0, 0, 0, 4, 13], [2, 1, 0, 0, 6,
      0, 11], [20],
    [4, 0, 0, 8, 8, 0],
  ];
  // pycocotools 2.0.11, mask.iou: it gives up at an empty run, with what it has counted.
  const ofObjects = [
    [0, 0.25, 0.45, 1, 0, 0, 0, 0.7],
    [0.25, 0, 0.8, 0.3, 0.35294117647058826, 0.0625, 0, 0.2],
    [0.45, 0.8, 1, 0.5, 0.35, 0.05, 0, 0.4],
    [1, 0.3, 0.5, 1, 0.13333333333333333, 0, 0, 0.6363636363636364],
    [0, 0.35294117647058826, 0.35, 0.13333333333333333, 1, 0.3333333333333333, 0, 0.25],
    [0, 0.0625, 0.05, 0, 0.3333333333333333, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0.7, 0.2, 0.4, 0.6363636363636364, 0.25, 0, 0, 0],
  ];
  const ofCrowds = [
    [0, 0.5555555555555556, 1, 0.5555555555555556, 0, 0, 0, 0.7777777777777778],
    [0.3125, 0, 1, 0.375, 0.375, 0.0625, 0, 0.25],
    [0.45, 0.8, 1, 0.5, 0.35, 0.05, 0, 0.4],
    [0.5, 0.6, 1, 0.5, 0.2, 0, 0, 0.7],
    [0, 0.8571428571428571, 1, 0.2857142857142857, 0.42857142857142855, 0.14285714285714285, 0, 0.42857142857142855],
    [0, 1, 1, 0, 1, 1, 0, 0],
    [0, 0, 0, 0, 0, 0, 0, 0],
    [0.875, 0.5, 1, 0.875, 0.375, 0, 0, 0],
  ];

  it.each([[false, ofObjects], [true, ofCrowds]])('overlap as pycocotools counts (crowds: %s)', (isCrowd, expected) => {
    const rles = masks.map((counts): Rle => ({ height: 4, width: 5, counts: Uint32Array.from(counts) }));
    const set = new MaskSet();
    const numbers = rles.map(({ counts }) => set.addCounts(counts, 4, 5));
    expect(numbers.map((d) => numbers.map((g) => set.iou(d, g, isCrowd)))).toEqual(expected);
    const whole = [...rleIou(rles, rles, rles.map(() => isCrowd))];
    expect(rles.map((_, d) => whole.slice(d * rles.length, (d + 1) * rles.length))).toEqual(expected);
  });
});
