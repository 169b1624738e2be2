import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { segmentationPicture } from '../../src/report/segmentationPicture.ts';
import { paintLabels } from '../../src/report/paintLabels.ts';
import { noise } from '../data/noise.ts';

const width = 400;
const height = 300;
const photo = noise(width, height);
const classes = { names: ['sky', 'rock', 'sea'], palette: Uint8Array.of(1, 2, 250, 130, 60, 20, 0, 200, 3) };
const truth = { data: new Uint8Array(width * height).fill(0).fill(255, 0, 1000), width, height };
const prediction = { data: new Uint8Array(width * height).fill(2).fill(0, 0, 9000), width, height };

async function decoded(png: Buffer) {
  const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  const rows = (left: number, top: number, w: number, h: number) => Buffer.concat(Array.from({ length: h }, (_, y) => {
    const from = ((top + y) * info.width + left) * 3;
    return data.subarray(from, from + w * 3);
  }));
  return { info, rows };
}

describe('segmentationPicture', () => {
  it('shows photo, truth and prediction side by side, at their size', async () => {
    const { info, rows } = await decoded(await segmentationPicture({ photo, truth, prediction, classes }));
    expect(info.width).toBe(3 * 410 + 10);
    const top = 10 + 16 + 5;
    const panels = [photo, ...[truth, prediction].map((map) => paintLabels(photo, map, classes.palette))];
    for (const [i, expected] of panels.entries()) {
      expect(rows(10 + i * 410, top, width, height).equals(expected.data)).toBe(true);
    }
  });

  it('lists the classes that occur, most pixels first', async () => {
    const { info, rows } = await decoded(await segmentationPicture({ photo, truth, prediction, classes }));
    const legendTop = 10 + 16 + 5 + height + 10;
    expect(info.height).toBeGreaterThan(legendTop + 16);
    const colours = new Map<string, number>();
    const legend = rows(0, legendTop, info.width, 14);
    for (let i = 0; i < legend.length; i += 3) {
      const colour = [...legend.subarray(i, i + 3)].join();
      if (!colours.has(colour)) colours.set(colour, (i / 3) % info.width);
    }
    // sky: 119,000 + 9,000 pixels; sea: 111,000; rock: none.
    expect([...colours.keys()].sort()).toEqual(['0,200,3', '1,2,250', '255,255,255', '40,40,40']);
    expect(colours.get('1,2,250')).toBeLessThan(colours.get('0,200,3') ?? 0);
  });

  it('does without the truth, with small and with large photos', async () => {
    const small = { data: noise(60, 80).data, width: 60, height: 80 };
    const labels = { data: new Uint8Array(4800).fill(255), width: 60, height: 80 };
    const { info } = await decoded(await segmentationPicture({ photo: small, prediction: labels, classes }));
    expect(info.width).toBeGreaterThanOrEqual(2 * 250 + 10); // 60 x 80 becomes 240 x 320
    const large = { width: 2000, height: 900 };
    const black = { ...large, data: new Uint8Array(2000 * 900 * 3) };
    const sky = { ...large, data: new Uint8Array(2000 * 900) };
    const { info: shrunk } = await decoded(await segmentationPicture({ photo: black, prediction: sky, classes }));
    expect(shrunk.width).toBe(2 * 650 + 10);
  });
});
