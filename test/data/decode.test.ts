// One test per kind of file in the table at the top of src/data/decode.ts. sharp makes the files; the expected pixels are those
// that went in, or follow from them by hand.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp, { type Sharp } from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { decodeImage, type RawImage } from '../../src/data/decode.ts';
import { pixelLimit } from '../../src/data/pixelLimit.ts';
import { DataError } from '../../src/errors.ts';

const WIDTH = 40;
const HEIGHT = 30;

/** Red grows to the right, green downwards. */
const pixels = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
  const x = Math.floor(i / 3) % WIDTH;
  const y = Math.floor(i / 3 / WIDTH);
  return [x * 6, y * 8, 100][i % 3] ?? 0;
});
const picture = (): Sharp => sharp(pixels, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
const solid = (background: string): Sharp => sharp({ create: { width: 8, height: 8, channels: 3, background } });
function at({ data, width }: RawImage, x: number, y: number): number[] {
  const start = (y * width + x) * 3;
  return Array.from(data.subarray(start, start + 3));
}

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-decode-'));
});
afterAll(() => rm(dir, { recursive: true }));

describe('decodeImage', () => {
  it('returns rows of RGB bytes', async () => {
    const image = await decodeImage(await picture().png().toBuffer());
    expect(image).toEqual({ data: pixels, width: WIDTH, height: HEIGHT });
  });

  it('reads a file as it reads its bytes', async () => {
    const path = join(dir, 'a.webp');
    const bytes = await picture().webp({ lossless: true }).toBuffer();
    await writeFile(path, bytes);
    expect(await decodeImage(path)).toEqual(await decodeImage(bytes));
    expect((await decodeImage(path)).data).toEqual(pixels);
  });

  // Where the stored picture's first row and first column are shown. Source: EXIF 2.3, tag 0x0112.
  it.each([
    [1, WIDTH, 0, 0],
    [2, WIDTH, WIDTH - 1, 0],
    [3, WIDTH, WIDTH - 1, HEIGHT - 1],
    [4, WIDTH, 0, HEIGHT - 1],
    [5, HEIGHT, 0, 0],
    [6, HEIGHT, HEIGHT - 1, 0],
    [7, HEIGHT, HEIGHT - 1, WIDTH - 1],
    [8, HEIGHT, 0, WIDTH - 1],
  ])('turns EXIF orientation %i upright', async (orientation, width, x, y) => {
    const image = await decodeImage(await picture().withMetadata({ orientation }).png().toBuffer());
    expect(image.width).toBe(width);
    expect(image.height).toBe(WIDTH + HEIGHT - width);
    expect(at(image, x, y)).toEqual([0, 0, 100]);
    // One stored column to the right: along the row, or along the column for the transposing four.
    const step = orientation <= 4 ? [x === 0 ? 1 : -1, 0] : [0, y === 0 ? 1 : -1];
    expect(at(image, x + (step[0] ?? 0), y + (step[1] ?? 0))).toEqual([6, 0, 100]);
  });

  it.each(['png', 'jpeg'] as const)('repeats grey in three channels: %s', async (format) => {
    const image = await decodeImage(await solid('#5a5a5a').greyscale().toFormat(format).toBuffer());
    expect(image.data).toEqual(new Uint8Array(8 * 8 * 3).fill(0x5a));
  });

  it('converts CMYK to sRGB', async () => {
    const file = await solid('#a08264').toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(file).metadata()).space).toBe('cmyk');
    const image = await decodeImage(file);
    expect(image.data.length).toBe(8 * 8 * 3);
    // The way through ink and back is not exact.
    [160, 130, 100].forEach((value, channel) => expect(Math.abs((image.data[channel] ?? 0) - value)).toBeLessThan(12));
  });

  it('takes the high byte of 16 bits', async () => {
    for (const space of ['rgb16', 'grey16'] as const) {
      const file = await solid('#5a5a5a').toColourspace(space).png().toBuffer();
      expect((await sharp(file).metadata()).depth).toBe('ushort');
      expect((await decodeImage(file)).data).toEqual(new Uint8Array(8 * 8 * 3).fill(0x5a));
    }
  });

  it('lays alpha over white', async () => {
    const decoded = async (alpha: number) => at(await decodeImage(await solid('#000064').ensureAlpha(alpha).png().toBuffer()), 3, 3);
    expect(await decoded(0)).toEqual([255, 255, 255]);
    expect(await decoded(1)).toEqual([0, 0, 100]);
    const [red = 0, , blue = 0] = await decoded(0.5);
    expect(Math.abs(red - 127.5)).toBeLessThan(1.5);
    expect(Math.abs(blue - 177.5)).toBeLessThan(1.5);
  });

  it('lays grey with alpha over white', async () => {
    const file = await solid('#000000').ensureAlpha(0).toColourspace('b-w').png().toBuffer();
    expect((await sharp(file).metadata()).channels).toBe(2);
    expect((await decodeImage(file)).data).toEqual(new Uint8Array(8 * 8 * 3).fill(255));
  });

  it.each(['gif', 'webp'] as const)('takes the first frame of an animation: %s', async (format) => {
    const frames = await Promise.all(['#ff0000', '#00ff00'].map((colour) => solid(colour).png().toBuffer()));
    const file = await sharp(frames, { join: { animated: true } }).toFormat(format, { lossless: true }).toBuffer();
    expect((await sharp(file).metadata()).pages).toBe(2);
    const image = await decodeImage(file);
    expect([image.width, image.height]).toEqual([8, 8]);
    expect(at(image, 7, 7)).toEqual([255, 0, 0]);
  });

  it('leaves the values of a picture with a colour profile as they are stored', async () => {
    const file = await picture().withIccProfile('p3').png().toBuffer();
    const stored = await sharp(file, { ignoreIcc: true }).raw().toBuffer();
    expect(Buffer.compare(stored, pixels)).not.toBe(0);
    expect((await decodeImage(file)).data).toEqual(new Uint8Array(stored));
  });

  it.each(['jpeg', 'png', 'webp', 'tiff', 'gif'] as const)('names a truncated file: %s', async (format) => {
    const bytes = await picture().resize(200).toFormat(format).toBuffer();
    const path = join(dir, `truncated.${format}`);
    await writeFile(path, bytes.subarray(0, bytes.length * 0.7));
    const failure = await decodeImage(path).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(DataError);
    expect((failure as DataError).message).toContain(`expected a complete picture (JPEG, PNG, WebP, TIFF, GIF, AVIF) in ${path}, got: `);
    expect((failure as DataError).message).not.toContain('\n');
    expect((failure as DataError).message).toMatch(/; the file is (cut off|damaged or cut off): copy or download it anew, or remove it$/);
  });

  it('decodes a complete JPEG with damaged content, as libjpeg does', async () => {
    const bytes = await picture().resize(200).jpeg().toBuffer();
    bytes.fill(0, bytes.length * 0.6, bytes.length * 0.7);
    const image = await decodeImage(bytes);
    expect([image.width, image.height]).toEqual([200, 150]);
  });

  it('names a file that is missing, empty, a folder or something else', async () => {
    const text = join(dir, 'text.jpg');
    const empty = join(dir, 'empty.jpg');
    await writeFile(text, 'hello');
    await writeFile(empty, '');
    for (const path of [join(dir, 'missing.jpg'), text, empty, dir]) {
      const failure = await decodeImage(path).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(DataError);
      expect((failure as DataError).message).toContain(`in ${path}, got: `);
    }
  });

  it.each<[string, string | Buffer, string]>([
    ['nothing', '', 'an empty file; copy or download it anew'],
    ['a web page', '<!DOCTYPE html><html>', 'a web page, which a server sent in its place; download the file anew'],
    ['a git-lfs pointer', 'version https://git-lfs.github.com/spec/v1\noid sha256:4d\n', 'a git-lfs pointer, which stands for the file; fetch the file itself with git lfs pull'],
    ['a text', '{"error": "none"}', 'a text, not a picture: it begins with "{\\"error\\": \\"none\\"}"'],
    ['two bytes of a PNG', Buffer.of(0x89, 0x50, 0x4e, 0x47), 'the beginning of a picture; the file is damaged or cut off: copy or download it anew, or remove it'],
    ['another picture', Buffer.from(`BM${'\0'.repeat(99)}`), 'Input file contains unsupported image format; convert it, to PNG for example'],
  ])('says what a file is instead of a picture: %s', async (_, content, what) => {
    const path = join(dir, 'instead.jpg');
    await writeFile(path, content);
    await expect(decodeImage(path)).rejects.toThrow(`in ${path}, got: ${what}`);
    await expect(decodeImage(Buffer.from(content), 'x')).rejects.toThrow('in x, got: ');
  });

  /** A grey TIFF of a ramp over 64 pixels, written by hand: little-endian, one strip. */
  function tiffOf(values: ArrayBufferView, bits: number, sampleFormat: 1 | 2 | 3): Uint8Array {
    const tags = [
      [256, 64], [257, 1], [258, bits], [259, 1], [262, 1], [273, 200], [277, 1], [278, 1], [279, values.byteLength],
      [339, sampleFormat],
    ];
    const file = new DataView(new ArrayBuffer(200 + values.byteLength));
    file.setUint32(0, 0x49492a00);
    file.setUint32(4, 8, true);
    file.setUint16(8, tags.length, true);
    for (const [i, [tag, value]] of tags.entries()) {
      file.setUint16(10 + 12 * i, tag!, true);
      file.setUint16(12 + 12 * i, 4, true);
      file.setUint32(14 + 12 * i, 1, true);
      file.setUint32(18 + 12 * i, value!, true);
    }
    const bytes = new Uint8Array(file.buffer);
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), 200);
    return bytes;
  }
  const ramp = Array.from({ length: 64 }, (_, i) => i / 63);

  it('keeps the ramp of 8 and 16 bits', async () => {
    const expected = (values: Iterable<number>, per: number) => Array.from(values, (value) => Math.floor(value / per));
    const bytes = Uint8Array.from(ramp, (value) => Math.round(255 * value));
    const words = Uint16Array.from(ramp, (value) => Math.round(65535 * value));
    const red = ({ data }: RawImage) => Array.from({ length: 64 }, (_, i) => data[3 * i]);
    expect(red(await decodeImage(tiffOf(bytes, 8, 1)))).toEqual(expected(bytes, 1));
    expect(red(await decodeImage(tiffOf(words, 16, 1)))).toEqual(expected(words, 256));
  });

  it.each<[string, ArrayBufferView, number, 1 | 2 | 3, string]>([
    ['float', Float32Array.from(ramp), 32, 3, '32 bit float values'],
    ['float up to 255', Float32Array.from(ramp, (value) => 255 * value), 32, 3, '32 bit float values'],
    ['signed 16 bit', Int16Array.from(ramp, (value) => 65535 * value - 32768), 16, 2, '16 bit signed values'],
    ['signed 8 bit', Int8Array.from(ramp, (value) => 255 * value - 128), 8, 2, '8 bit signed values'],
    ['unsigned 32 bit', Uint32Array.from(ramp, (value) => 255 * value), 32, 1, '32 bit unsigned values'],
    ["a 12 bit camera's", Uint16Array.from(ramp, (value) => 4095 * value), 16, 1, 'values up to 4095 in 16 bits, which would be black'],
  ])('refuses %s values by name', async (_, values, bits, format, message) => {
    const path = join(dir, 'deep.tif');
    await writeFile(path, tiffOf(values, bits, format));
    const decoding = decodeImage(path);
    await expect(decoding).rejects.toThrow(DataError);
    await expect(decoding).rejects.toThrow(`in ${path}, got: ${message}`);
  });

  it("refuses a 12 bit camera's PNG, and takes one that is black throughout", async () => {
    const raw = { width: 4, height: 4, channels: 1 } as const;
    const grey = (value: number) => sharp(new Uint16Array(16).fill(value), { raw }).toColourspace('grey16').png().toBuffer();
    await expect(grey(900).then((bytes) => decodeImage(bytes))).rejects.toThrow('values up to 900 in 16 bits');
    expect((await decodeImage(await grey(0))).data).toEqual(new Uint8Array(48));
    expect((await decodeImage(await grey(4096))).data).toEqual(new Uint8Array(48).fill(16));
    await expect(grey(4095).then((bytes) => decodeImage(bytes))).rejects.toThrow('values up to 4095 in 16 bits');
    const rgba = new Uint16Array(64).map((_, i) => [200, 200, 300, 65_535][i % 4]!); // opaque, which is no brightness
    const clear = sharp(rgba, { raw: { width: 4, height: 4, channels: 4 } }).toColourspace('rgb16').png().toBuffer();
    await expect(clear.then((bytes) => decodeImage(bytes))).rejects.toThrow('values up to 300 in 16 bits');
  });

  it.each([0, 1, 2])('takes 16 bits of which channel %i alone is bright', async (bright) => {
    const values = new Uint16Array(48).map((_, i) => (i % 3 === bright ? 0x5000 : 0));
    const png = await sharp(values, { raw: { width: 4, height: 4, channels: 3 } }).toColourspace('rgb16').png().toBuffer();
    const pixel = [0, 1, 2].map((channel) => (channel === bright ? 0x50 : 0));
    expect([...(await decodeImage(png)).data.subarray(0, 3)]).toEqual(pixel);
  });

  describe('the pixel limit', () => {
    afterEach(() => { vi.unstubAllEnvs(); });

    it('is named with the variable that lifts it', async () => {
      const bytes = await picture().png().toBuffer();
      vi.stubEnv('MPVG_PIXEL_LIMIT', String(WIDTH * HEIGHT - 1));
      await expect(decodeImage(bytes)).rejects.toThrow('got: 40 x 30 pixels, more than the limit of 1,199; scale it down, or lift the limit with ' +
        'the environment variable MPVG_PIXEL_LIMIT=1200');
      vi.stubEnv('MPVG_PIXEL_LIMIT', '1200');
      expect((await decodeImage(bytes)).width).toBe(WIDTH);
      vi.stubEnv('MPVG_PIXEL_LIMIT', 'lots');
      await expect(decodeImage(bytes)).rejects.toThrow('expected a whole number of pixels for MPVG_PIXEL_LIMIT, got lots');
    });

    it('is 268,402,689 if nothing else is said', () => {
      vi.stubEnv('MPVG_PIXEL_LIMIT', '');
      expect(pixelLimit()).toBe(268_402_689);
    });
  });
});
