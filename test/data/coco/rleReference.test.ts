// Every RLE operation against pycocotools' stored output: 60 masks made from polygons, boxes and pixels.

import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { rleFromBox, rleFromPolygon, rleFromPolygons } from '../../../src/data/coco/polygonRle.ts';
import { rleArea, rleBox, rleFromCounts } from '../../../src/data/coco/rle.ts';
import { boxIou, rleIou } from '../../../src/data/coco/rleIou.ts';
import { decodeMask, encodeMask } from '../../../src/data/coco/rleMask.ts';
import { mergeRles } from '../../../src/data/coco/rleMerge.ts';
import { formatRle, parseRle } from '../../../src/data/coco/rleString.ts';
import { referenceFolder } from '../../reference.ts';

interface Item {
  readonly id: number;
  readonly h: number;
  readonly w: number;
  readonly polygons?: number[][];
  readonly box?: number[];
  readonly uncompressed?: number[];
  readonly parts?: string[];
  readonly intersection?: string;
  readonly rle: string;
  readonly runs: number[];
  readonly area: number;
  readonly bbox: number[];
}

interface Group {
  readonly size: [number, number];
  readonly dt: number[];
  readonly gt: number[];
  readonly dt_boxes: number[][];
  readonly gt_boxes: number[][];
  readonly crowd_mixed: number[];
  readonly box_crowd_mixed: number[];
  readonly [key: string]: unknown;
}

const { items, groups } = JSON.parse(readFileSync(`${referenceFolder}/coco/rle.json`, 'utf8')) as { items: Item[]; groups: Group[] };

describe('masks of pycocotools', () => {
  it('are drawn from polygons, part by part, united and intersected', () => {
    const polygons = items.filter((item) => item.polygons !== undefined);
    expect(polygons.length).toBe(30);
    for (const { polygons: outlines = [], parts, intersection, rle, h, w } of polygons) {
      const masks = outlines.map((polygon) => rleFromPolygon(polygon, h, w));
      expect(masks.map(formatRle)).toEqual(parts);
      expect(formatRle(mergeRles(masks, 'intersection'))).toBe(intersection);
      expect(formatRle(mergeRles(masks))).toBe(rle);
      expect(formatRle(rleFromPolygons(outlines, h, w))).toBe(rle);
    }
  });

  it('are drawn from boxes and from run lengths', () => {
    expect(items.filter(({ box }) => box).map(({ box, h, w }) => formatRle(rleFromBox(box ?? [], h, w))))
      .toEqual(items.filter(({ box }) => box).map(({ rle }) => rle));
    const uncompressed = items.filter((item) => item.uncompressed);
    expect(uncompressed.map((item) => formatRle(rleFromCounts(item.uncompressed ?? [], item.h, item.w))))
      .toEqual(uncompressed.map(({ rle }) => rle));
  });

  it('survive strings and pixels, and have the same runs, area and box', () => {
    for (const { rle, h, w, runs, area, bbox } of items) {
      const mask = parseRle(rle, h, w);
      expect([...mask.counts]).toEqual(runs);
      expect(formatRle(mask)).toBe(rle);
      expect(formatRle(encodeMask(decodeMask(mask), h, w))).toBe(rle);
      expect(rleArea(mask)).toBe(area);
      expect(rleBox(mask)).toEqual(bbox);
    }
  });

  it('cover each other alike, without crowds, with crowds only and with some', () => {
    const mask = (id: number) => {
      const { rle, h, w } = items.find((item) => item.id === id)!;
      return parseRle(rle, h, w);
    };
    expect(groups.length).toBeGreaterThan(0);
    for (const group of groups) {
      const [dt, gt] = [group.dt.map(mask), group.gt.map(mask)];
      const [dtBoxes, gtBoxes] = [Float64Array.from(group.dt_boxes.flat()), Float64Array.from(group.gt_boxes.flat())];
      const rows = (ious: Float64Array, columns: number) =>
        Array.from({ length: ious.length / columns }, (_, i) => [...ious.subarray(i * columns, (i + 1) * columns)]);
      for (const [name, flag] of [['0', () => 0], ['1', () => 1], ['mixed', undefined]] as const) {
        const crowd = flag ? gt.map(flag) : group.crowd_mixed;
        expect(rows(rleIou(dt, gt, crowd), gt.length)).toEqual(group[`iou_crowd_${name}`]);
        const boxCrowd = flag ? group.gt_boxes.map(flag) : group.box_crowd_mixed;
        expect(rows(boxIou(dtBoxes, gtBoxes, boxCrowd), group.gt_boxes.length)).toEqual(group[`box_iou_crowd_${name}`]);
      }
    }
  });
});
