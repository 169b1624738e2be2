import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../src/data/coco/cocoDataset.ts';
import type { CocoAnnotation } from '../../../src/data/coco/records.ts';

const [width, height] = [40, 30];
const grey = [100, 100, 100];
const dataset = CocoDataset.fromObject({
  images: [{ id: 1, width, height, file_name: 'grey.png' }, { id: 2, width: 5, height: 5, file_name: '' }],
  categories: [{ id: 1, name: 'person', keypoints: ['a', 'b', 'c'], skeleton: [[1, 2], [2, 3]] }],
});
const photo = await sharp({ create: { width, height, channels: 3, background: { r: 100, g: 100, b: 100 } } }).png().toBuffer();

/** The pixel at x, y of what is drawn. */
async function drawn(annotations: readonly CocoAnnotation[], drawBoxes = false): Promise<(x: number, y: number) => number[]> {
  const png = await dataset.showAnns(annotations, { photo, drawBoxes });
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info).toMatchObject({ width, height, channels: 3, format: 'raw' });
  return (x, y) => [...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)];
}

describe('showAnns', () => {
  it('tints the inside of a polygon, draws its outline and leaves the rest', async () => {
    const pixel = await drawn([{ image_id: 1, segmentation: [[10, 5, 30, 5, 30, 25, 10, 25]] }]);
    const [inside, edge] = [pixel(20, 15), pixel(10, 15)];
    // The first colour is a light red: opaque on the outline, 40 % of it over grey inside.
    expect(edge[0]).toBeGreaterThan(240);
    inside.forEach((value, channel) => expect(Math.abs(value - (0.6 * 100 + 0.4 * edge[channel]!))).toBeLessThan(3));
    expect(pixel(5, 15)).toEqual(grey);
    expect(pixel(20, 28)).toEqual(grey);
  });

  it('paints a mask pixel by pixel, a crowd green', async () => {
    const counts = [30 * 20 + 10, 5, 30 * 40 - 30 * 20 - 15];
    const pixel = await drawn([{ image_id: 1, iscrowd: 1, segmentation: { size: [height, width], counts } }]);
    // Half of it is (2, 166, 101).
    for (const y of [10, 14]) {
      pixel(20, y).forEach((value, channel) => expect(Math.abs(value - [51, 133, 100.5][channel]!)).toBeLessThanOrEqual(1));
    }
    for (const [x, y] of [[20, 9], [20, 15], [19, 12], [21, 12]] as const) expect(pixel(x, y)).toEqual(grey);
  });

  it('draws over the pixels as they are stored, whichever way the photo is turned', async () => {
    const turned = await sharp(photo).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const png = await dataset.showAnns([{ image_id: 1, bbox: [10, 5, 20, 20] }], { photo: turned, drawBoxes: true });
    expect(await sharp(png).metadata()).toMatchObject({ width, height });
  });

  it('draws boxes when asked', async () => {
    const annotation = { image_id: 1, bbox: [10, 5, 20, 20] };
    expect((await drawn([annotation]))(10, 15)).toEqual(grey);
    const pixel = await drawn([annotation], true);
    expect(pixel(10, 15)).not.toEqual(grey);
    expect(pixel(20, 15)).toEqual(grey);
  });

  it('draws no boxes when not asked', async () => {
    const png = await dataset.showAnns([{ image_id: 1, bbox: [5, 5, 20, 10] }], { photo });
    const data = await sharp(png).raw().toBuffer();
    expect(new Set(data)).toEqual(new Set([100]));
  });

  it('draws labelled keypoints and the bones between them', async () => {
    const pixel = await drawn([{ image_id: 1, category_id: 1, keypoints: [5, 5, 2, 25, 5, 1, 5, 25, 0] }]);
    expect(pixel(5, 5)).not.toEqual(grey);
    expect(pixel(15, 5)).not.toEqual(grey);
    expect(pixel(5, 25)).toEqual(grey);
    expect(pixel(15, 15)).toEqual(grey);
    const [first, second] = [pixel(5, 5), pixel(25, 5)];
    expect(second).toEqual(first); // both in the first colour
    expect(pixel(35, 5)).toEqual(grey);
  });

  it('gives neighbouring annotations different colours, each the golden angle further', async () => {
    const box = (x: number): CocoAnnotation => ({ image_id: 1, segmentation: [[x, 5, x + 8, 5, x + 8, 20, x, 20]] });
    const pixel = await drawn([box(2), box(14), box(26)]);
    // Lightness 0.65, saturation 1, hues of 0, 137.508 and 275.016 degrees; 40 % over grey.
    const colours = [[255, 77, 77], [77, 255, 129], [181, 77, 255]];
    [6, 18, 30].forEach((x, i) => pixel(x, 12).forEach((value, channel) => {
      expect(Math.abs(value - (0.6 * 100 + 0.4 * colours[i]![channel]!))).toBeLessThanOrEqual(2);
    }));
  });

  it('names what does not fit', async () => {
    await expect(dataset.showAnns([{ image_id: 2 }], { photo }))
      .rejects.toThrow('showAnns: expected 5 x 5 pixels, as image id 2 says, in photo 2, got 40 x 30');
    for (const [wide, high] of [[40, 31], [41, 30]] as const) {
      const other = await sharp({ create: { width: wide, height: high, channels: 3, background: 'red' } }).png().toBuffer();
      await expect(dataset.showAnns([{ image_id: 1 }], { photo: other })).rejects.toThrow(`expected 40 x 30 pixels, as image id 1 says, in photo 1, got ${wide} x ${high}`);
    }
    await expect(dataset.showAnns([{ image_id: 1 }, { image_id: 2 }], { photo })).rejects.toThrow('expected annotations of one photo');
    await expect(dataset.showAnns([{ image_id: 1 }], { photo: Buffer.from('no picture') })).rejects.toThrow('showAnns: expected a picture in photo 1');
    await expect(dataset.showAnns([{ image_id: 1 }], { photo: 'none.jpg' })).rejects.toThrow('showAnns: expected a picture in none.jpg');
  });
});
