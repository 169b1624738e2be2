import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkPictures } from '../../src/data/checkPictures.ts';
import { expectSoundFiles } from '../../src/data/files/fileCheck.ts';
import { ImageFolder } from '../../src/data/imageFolder.ts';
import { DataError } from '../../src/errors.ts';
import { noise } from './noise.ts';

const raw = { width: 64, height: 48, channels: 3 } as const;
const picture = () => sharp(noise(raw.width, raw.height).data, { raw });
let dir = '';
const at = (name: string) => join(dir, 'cat', name);

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-pictures-'));
  await mkdir(join(dir, 'cat'));
  await picture().jpeg().toFile(at('a-sound.jpg'));
  await picture().jpeg({ progressive: true }).toFile(at('b-progressive.jpg'));
  await picture().png().toFile(at('c-sound.png'));
  const [jpeg, png] = [await readFile(at('a-sound.jpg')), await readFile(at('c-sound.png'))];
  await writeFile(at('d-cut.jpg'), jpeg.subarray(0, jpeg.length - 40));
  await writeFile(at('e-cut.png'), png.subarray(0, png.length / 2));
  await writeFile(at('f-text.jpg'), 'no picture');
  await writeFile(at('g-empty.jpg'), '');
  const zeros = Buffer.from(jpeg);
  await writeFile(at('h-half-copied.jpg'), zeros.fill(0, zeros.length >> 1));
  await writeFile(at('i-two-more-bytes.jpg'), Buffer.concat([jpeg, Buffer.alloc(2)]));
  await writeFile(at('j-no-header.jpg'), Buffer.concat([jpeg.subarray(0, 2), jpeg.subarray(jpeg.length - 300)]));
});
afterAll(() => rm(dir, { recursive: true }));

const faulty = ['d-cut.jpg', 'e-cut.png', 'f-text.jpg', 'g-empty.jpg', 'j-no-header.jpg'];

describe('checkPictures', () => {
  it('names each picture that training could not decode, and no other', async () => {
    const folder = await ImageFolder.open(dir);
    const report = await checkPictures([folder]);
    expect(report).toMatchObject({ samples: 10, decoded: 10 });
    expect(report.faults.map(({ file }) => file)).toEqual(faulty.map(at));
    const loadable = await Promise.allSettled(Array.from({ length: folder.size }, (_, i) => folder.load(i)));
    expect(loadable.flatMap(({ status }, i) => (status === 'rejected' ? [folder.describe(i)] : []))).toEqual(faulty.map(at));
    expect(() => { expectSoundFiles(report, 'checkPictures', 'photos'); }).toThrow(DataError);
    expect(() => { expectSoundFiles(report, 'checkPictures', 'photos'); }).toThrow(`${at('d-cut.jpg')}: cannot be read: `);
  });

  it('remembers what is sound', async () => {
    const folder = await ImageFolder.open(dir);
    const cacheFile = join(dir, 'cache.json');
    expect((await checkPictures([folder], { cacheFile })).decoded).toBe(10);
    const again = await checkPictures([folder], { cacheFile });
    expect([again.decoded, again.faults.length]).toEqual([5, 5]);
    await rm(cacheFile);
  });

  it('has nothing to look at where pixels are in memory', async () => {
    const image = { data: new Uint8Array(3), width: 1, height: 1 };
    const inMemory = { size: 1, classNames: ['a'], label: () => 0, describe: () => 'x', load: () => Promise.resolve(image) };
    expect(await checkPictures([inMemory])).toEqual({ samples: 0, decoded: 0, faults: [] });
  });
});
