import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { readLabelImage } from '../../src/data/labelImage.ts';
import { encodeLabelPng } from '../../src/data/labelPng.ts';
import { classSet } from '../../src/data/segmentation/classSet.ts';
import { ShapeError } from '../../src/errors.ts';

describe('encodeLabelPng', () => {
  it('keeps class numbers as the pixels, in the order of the palette', async () => {
    const data = Uint8Array.from({ length: 31 * 17 }, (_, i) => (i * 7) % 150);
    const png = await encodeLabelPng({ data, width: 31, height: 17 }, classSet('ade20k').palette);
    expect(await readLabelImage(png)).toEqual({ data, width: 31, height: 17 });
    expect([png[24], png[25]]).toEqual([8, 3]); // 8 bits, palette
  });

  it('looks like the classes\' colours', async () => {
    const palette = Uint8Array.of(255, 0, 0, 0, 128, 255);
    const png = await encodeLabelPng({ data: Uint8Array.of(1, 0, 1), width: 3, height: 1 }, palette);
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    expect([info.channels, ...data]).toEqual([3, 0, 128, 255, 255, 0, 0, 0, 128, 255]);
  });

  it('refuses what would be another picture', async () => {
    const palette = Uint8Array.of(255, 0, 0, 0, 128, 255);
    await expect(encodeLabelPng({ data: Uint8Array.of(2), width: 1, height: 1 }, palette))
      .rejects.toThrow(new ShapeError('encodeLabelPng: expected numbers below 2 for labels, got 2'));
    await expect(encodeLabelPng({ data: Uint8Array.of(0), width: 2, height: 1 }, palette)).rejects.toThrow('expected 2 x 1 values for labels, got 1');
    const one = { data: Uint8Array.of(0), width: 1, height: 1 };
    await expect(encodeLabelPng(one, new Uint8Array(3 * 257))).rejects.toThrow('expected 1 to 256 colours of 3 bytes for palette, got 771 bytes');
    await expect(encodeLabelPng(one, new Uint8Array())).rejects.toThrow('got 0 bytes');
    const most = await encodeLabelPng({ ...one, data: Uint8Array.of(255) }, new Uint8Array(3 * 256));
    expect([...(await readLabelImage(most)).data]).toEqual([255]);
    await expect(encodeLabelPng(one, new Uint8Array(4))).rejects.toThrow('for palette, got 4 bytes');
  });
});
