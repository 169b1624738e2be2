// Tens of thousands of random polygons, boxes and masks against pycocotools, degenerate ones included.

import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rleFromBox, rleFromPolygon, rleFromPolygons } from '../../../src/data/coco/polygonRle.ts';
import { rleArea, rleBox, rleFromCounts, type Rle } from '../../../src/data/coco/rle.ts';
import { rleIou } from '../../../src/data/coco/rleIou.ts';
import { decodeMask, encodeMask } from '../../../src/data/coco/rleMask.ts';
import { mergeRles } from '../../../src/data/coco/rleMerge.ts';
import { formatRle, parseRle } from '../../../src/data/coco/rleString.ts';
import { askOracle, findOracle } from '../../cocoOracle.ts';

interface Comparison {
  readonly strings: string[];
  readonly union: string;
  readonly intersection: string;
  readonly areas: number[];
  readonly boxes: number[][];
  readonly ious: number[];
}

interface Answers {
  readonly polygons: Comparison[];
  readonly boxes: string[];
  readonly masks: string[];
  readonly runs: (Comparison & { readonly pixels: string[] })[];
}

const seed = 20171117;
const side = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 70 }), fc.integer({ min: 1, max: 400 }));
const size = fc.record({ height: side, width: side });

/** Coordinates where rounding decides: on the fine grid, half way, just beside; inside, at the border, far away. */
const coordinate = (length: number) => fc.oneof(
  fc.double({ min: -0.3 * length, max: 1.3 * length, noNaN: true }),
  fc.integer({ min: -3, max: length + 3 }),
  fc.integer({ min: -20, max: 10 * length + 20 }).map((tenths) => tenths / 10),
  fc.integer({ min: -20, max: 10 * length + 20 }).map((tenths) => tenths / 10 + 2 ** -40),
  fc.constantFrom(0, -0, length, length - 0.5, -0.5, 0.5),
  fc.double({ min: -30 * length, max: 30 * length, noNaN: true }),
);

const polygon = (height: number, width: number) => {
  const point = fc.tuple(coordinate(width), coordinate(height));
  return fc.oneof(
    fc.array(point, { maxLength: 10 }),
    // A point twice, there and back, and points on a line.
    fc.array(point, { minLength: 1, maxLength: 4 }).map((points) => points.flatMap((p) => [p, p])),
    fc.array(point, { minLength: 1, maxLength: 5 }).map((points) => [...points, ...points.toReversed()]),
    fc.array(coordinate(width), { maxLength: 6 }).map((xs) => xs.map((x) => [x, xs[0]!] as [number, number])),
    fc.array(point, { minLength: 20, maxLength: 60 }),
  ).map((points) => points.flat());
};

const polygons = size.chain(({ height, width }) => fc.record({
  height: fc.constant(height),
  width: fc.constant(width),
  polygons: fc.array(polygon(height, width), { minLength: 2, maxLength: 5 }),
  crowd: fc.tuple(fc.constantFrom(0, 1)),
  truths: fc.constant(1),
}));

const boxes = size.chain(({ height, width }) => fc.record({
  height: fc.constant(height),
  width: fc.constant(width),
  box: fc.tuple(coordinate(width), coordinate(height), coordinate(width), coordinate(height)),
}));

const masks = size.chain(({ height, width }) => fc.record({
  height: fc.constant(height),
  width: fc.constant(width),
  pixels: fc.tuple(fc.constantFrom(0, 0.02, 0.5, 0.98, 1), fc.integer()).map(([density, key]) =>
    Array.from({ length: Math.min(height * width, 5000) }, (_, i) => (fractional(key, i) < density ? 1 : 0))
      .join('').padEnd(height * width, `${Number(density > 0.5)}`)),
}));

/** A fraction in [0, 1) by position: cheaper than a drawn value per pixel. */
function fractional(key: number, position: number): number {
  const h = Math.imul(Math.imul(position + 1, 0x9e3779b1) ^ key, 0x85ebca6b);
  return ((h ^ (h >>> 15)) >>> 0) / 2 ** 32;
}

/**
 * Runs that cover the image, some of them empty. Two masks: with three, empty runs can keep pycocotools merging for ever. With
 * more runs than pixels it writes beyond its memory.
 */
const runs = size.chain(({ height, width }) => fc.record({
  height: fc.constant(height),
  width: fc.constant(width),
  runs: fc.array(fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 2 * height })), {
    minLength: 1, maxLength: Math.min(40, Math.ceil(height * width / 2)),
  }).map((lengths) => {
    let left = height * width;
    const fitted = lengths.map((length) => {
      const run = Math.min(length, left);
      left -= run;
      return run;
    });
    fitted[fitted.length - 1]! += left;
    return fitted;
  }), { minLength: 2, maxLength: 2 }),
  crowd: fc.tuple(fc.constantFrom(0, 1)),
  truths: fc.constant(1),
}));

/** The same questions as the oracle's. */
function compare(rles: readonly Rle[], truths: number, crowd: readonly number[]): Comparison {
  const first = rles.length - truths;
  return {
    strings: rles.map(formatRle),
    union: formatRle(mergeRles(rles)),
    intersection: formatRle(mergeRles(rles, 'intersection')),
    areas: rles.map(rleArea),
    boxes: rles.map((rle) => [...rleBox(rle)]),
    ious: [...rleIou(rles.slice(0, first), rles.slice(first), crowd)],
  };
}

const python = await findOracle('random polygons and masks against pycocotools');

describe.skipIf(python === undefined)('masks against pycocotools (needs a Python with pycocotools)', () => {
  const draw = <Case>(arbitrary: fc.Arbitrary<Case>, count: number): Case[] => fc.sample(arbitrary, { numRuns: count, seed });
  const cases = python === undefined ? { polygons: [], boxes: [], masks: [], runs: [] } :
    { polygons: draw(polygons, 6_000), boxes: draw(boxes, 10_000), masks: draw(masks, 3_000), runs: draw(runs, 6_000) };
  const answers = python === undefined ? undefined :
    askOracle(python, path.join(import.meta.dirname, 'rle_oracle.py'), cases) as Answers;
  const failing = (given: unknown): string => `for ${JSON.stringify(given).slice(0, 2000)}`;

  it('draws polygons alike, and what follows from them is alike', () => {
    cases.polygons.forEach((one, i) => {
      const { height, width, truths, crowd } = one;
      const rles = one.polygons.map((p) => rleFromPolygon(p, height, width));
      expect(compare(rles, truths, crowd), failing(one)).toEqual(answers!.polygons[i]);
      expect(formatRle(rleFromPolygons(one.polygons, height, width)), failing(one)).toBe(answers!.polygons[i]!.union);
    });
  });

  it('draws boxes alike', () => {
    cases.boxes.forEach((one, i) => {
      expect(formatRle(rleFromBox(one.box, one.height, one.width)), failing(one)).toBe(answers!.boxes[i]);
    });
  });

  it('encodes pixels alike and decodes them again', () => {
    cases.masks.forEach(({ height, width, pixels }, i) => {
      const mask = Uint8Array.from(pixels, Number);
      const rle = encodeMask(mask, height, width);
      expect(formatRle(rle)).toBe(answers!.masks[i]);
      expect(Buffer.compare(decodeMask(rle), mask), failing({ height, width, pixels })).toBe(0);
    });
  });

  it('treats run lengths alike, empty ones included', () => {
    cases.runs.forEach((one, i) => {
      const { height, width, truths, crowd } = one;
      const { pixels, ...expected } = answers!.runs[i]!;
      const rles = one.runs.map((lengths) => rleFromCounts(lengths, height, width));
      expect(compare(rles, truths, crowd), failing(one)).toEqual(expected);
      expect(rles.map((rle) => decodeMask(rle).join('')), failing(one)).toEqual(pixels);
      expect(expected.strings.map((text) => [...parseRle(text, height, width).counts]), failing(one)).toEqual(one.runs);
    });
  });
});
