import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { PanopticDataset } from '../../../src/data/coco/panopticDataset.ts';
import { panopticColour, panopticIds, readPanopticMap } from '../../../src/data/coco/panopticMap.ts';
import type { CocoFile } from '../../../src/data/coco/records.ts';

const file = {
  images: [{ id: 7, width: 3, height: 2, file_name: '7.jpg' }, { id: 8, width: 1, height: 1, file_name: '8.jpg' }],
  categories: [{ id: 1, name: 'person', isthing: 1, color: [220, 20, 60] }, { id: 199, name: 'wall', isthing: 0 }],
  annotations: [{
    image_id: 7, file_name: '7.png', segments_info: [
      { id: 8_345_037, category_id: 1, iscrowd: 0, bbox: [0, 0, 2, 1], area: 2 },
      { id: 300, category_id: 199, iscrowd: 0, area: 3 },
    ],
  }],
} satisfies CocoFile;

// id = R + 256 G + 65536 B: 300 = 44 + 256, 8345037 = 205 + 256 * 85 + 65536 * 127.
const colours = [[205, 85, 127], [205, 85, 127], [44, 1, 0], [44, 1, 0], [0, 0, 0], [44, 1, 0]];
const pixels = Uint8Array.from(colours.flat());
const ids = [8_345_037, 8_345_037, 300, 300, 0, 300];

describe.each([
  ['an object', PanopticDataset.fromObject(file)],
  ['bytes', PanopticDataset.fromBytes(new TextEncoder().encode(JSON.stringify(file)))],
])('PanopticDataset from %s', (_, dataset) => {
  it('gives the segments of a photo', () => {
    expect(dataset.count).toBe(1);
    expect(dataset.annotationOf(7)).toEqual(file.annotations[0]);
    expect(dataset.categories[0]).toEqual(file.categories[0]);
    expect(() => dataset.annotationOf(8)).toThrow('PanopticDataset: expected an image id that has segments in the data, got 8');
  });

  it('makes a map of classes from a map of segments', () => {
    expect([...dataset.semanticMap(7, panopticIds(pixels))]).toEqual([1, 1, 199, 199, 0, 199]);
    expect(() => dataset.semanticMap(7, Uint32Array.of(300, 301)))
      .toThrow('expected the id of a segment of image id 7 (7.png) at pixel 1, got 301');
  });
});

describe('panoptic maps', () => {
  it('turn colours into ids and back', () => {
    expect([...panopticIds(pixels)]).toEqual(ids);
    expect([...panopticIds(Uint8Array.of(44, 1, 0, 255, 255, 255, 255, 0), 4)]).toEqual([300, 0xffffff]);
    expect(colours.map((_, i) => panopticColour(ids[i]!))).toEqual(colours);
    for (const wrong of [2 ** 24, -1, 1.5, -0.5, NaN]) {
      expect(() => panopticColour(wrong)).toThrow(`expected a whole number below 2^24 for id, got ${wrong}`);
    }
    expect(panopticColour(0)).toEqual([0, 0, 0]);
    expect(() => panopticIds(new Uint8Array(4))).toThrow('expected a multiple of 3 bytes');
  });

  it('are read from PNGs, exactly', async () => {
    const png = await sharp(pixels, { raw: { width: 3, height: 2, channels: 3 } }).png().toBuffer();
    const map = await readPanopticMap(png);
    expect(map).toMatchObject({ width: 3, height: 2 });
    expect([...map.ids]).toEqual(ids);
    const grey = await sharp(pixels.subarray(0, 6), { raw: { width: 3, height: 2, channels: 1 } }).toColourspace('b-w').png().toBuffer();
    await expect(readPanopticMap(grey)).rejects.toThrow('expected a PNG with red, green and blue of 8 bits');
    await expect(readPanopticMap('none.png')).rejects.toThrow('none.png');
  });

  it('name an entry without segments', () => {
    const dataset = PanopticDataset.fromObject({ annotations: [{ image_id: 3, file_name: 'a.png', segments_info: [{ id: 1 }] }] });
    expect(() => dataset.annotation(0)).toThrow('segments_info with an id and a category_id each for annotations[0] (image id 3) of the data');
    const long = (length: number) => PanopticDataset.fromObject({ annotations: [{ image_id: 3, file_name: 'x'.repeat(length) }] });
    expect(() => long(51).annotation(0)).toThrow(/xxx"\}$/); // 80 characters
    expect(() => long(52).annotation(0)).toThrow(/, got .{80}…$/);
  });
});
