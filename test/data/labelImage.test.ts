import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readLabelImage } from '../../src/data/labelImage.ts';
import { DataError } from '../../src/errors.ts';
import { Rng } from '../../src/random/rng.ts';
import { pngChunk, pngOf } from './png.ts';

const width = 37;
const height = 11;
const rng = new Rng(3);
const noise = (depth: number) => Array.from({ length: width * height }, () => rng.integer(2 ** depth));

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-label-'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('readLabelImage', () => {
  it.each([1, 2, 4, 8, 16] as const)('reads grey of %i bits as stored', async (depth) => {
    const values = noise(depth);
    const image = await readLabelImage(pngOf(values, { width, height, depth }));
    expect({ ...image, data: [...image.data] }).toEqual({ data: values, width, height });
    expect(image.data).toBeInstanceOf(depth === 16 ? Uint16Array : Uint8Array);
  });

  it.each([1, 2, 4, 8] as const)('reads indices of a palette of %i bits, not its colours', async (depth) => {
    const values = noise(depth);
    expect([...(await readLabelImage(pngOf(values, { width, height, depth, kind: 'palette' }))).data]).toEqual(values);
  });

  it('ignores gamma, transparency and colour profiles', async () => {
    const values = noise(8);
    const extra = [pngChunk('gAMA', Buffer.of(0, 0, 0x40, 0)), pngChunk('tRNS', Buffer.of(0, 7))];
    expect([...(await readLabelImage(pngOf(values, { width, height, depth: 8, extra }))).data]).toEqual(values);
  });

  it('reads interlaced and filtered files', async () => {
    const values = Uint8Array.from(noise(8));
    const png = await sharp(values, { raw: { width, height, channels: 1 } })
      .toColourspace('b-w').png({ progressive: true, adaptiveFiltering: true }).toBuffer();
    expect(png[28]).toBe(1);
    expect([...(await readLabelImage(png)).data]).toEqual([...values]);
  });

  it('names files that hold no labels', async () => {
    const rgb = await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).png().toBuffer();
    const jpeg = await sharp(rgb).jpeg().toBuffer();
    const good = pngOf(noise(8), { width, height, depth: 8 });
    const damaged = Buffer.from(good);
    damaged[100]! ^= 0xff;
    for (const [name, bytes, got] of [
      ['rgb.png', rgb, 'got RGB; replace colours by class numbers, or keep one channel'],
      ['jpeg.png', jpeg, 'got another kind of file, a JPEG, which blurs class numbers; make it anew as PNG'],
      ['empty.png', Buffer.alloc(0), 'got an empty file'],
      ['cut.png', good.subarray(0, 200), 'got '],
      ['header.png', rgb.subarray(0, 33), 'got RGB'],
      ['less.png', rgb.subarray(0, 32), 'got another kind of file'],
      ['damaged.png', damaged, 'got '],
    ] as const) {
      const file = join(dir, name);
      await writeFile(file, bytes);
      const reading = readLabelImage(file);
      await expect(reading, name).rejects.toThrow(DataError);
      await expect(reading).rejects.toThrow(`readLabelImage: expected a PNG with one value per pixel (grey or palette) in ${file}, ${got}`);
    }
    await expect(readLabelImage(join(dir, 'none.png'))).rejects.toThrow(`none.png, got no such file`);
  });
});
