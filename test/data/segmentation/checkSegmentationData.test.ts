import { mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectSoundFiles } from '../../../src/data/files/fileCheck.ts';
import { checkSegmentationData } from '../../../src/data/segmentation/checkSegmentationData.ts';
import { loadLabelledPhoto } from '../../../src/data/segmentation/labelledPhoto.ts';
import { LabelReader } from '../../../src/data/segmentation/labelRules.ts';
import { openSegmentationSplit } from '../../../src/data/segmentation/openSegmentationData.ts';
import { DataError } from '../../../src/errors.ts';
import { labelPng, writePair } from './writePairs.ts';

const photo = { width: 40, height: 30 };
const MASK = 'only 0 and 255, a black-and-white mask instead of class numbers; store white as 1, or set ' +
  'data.classes.ignoreValues: [255] if it is no class';
let dir = '';
let cacheFile = '';
const maps = (name: string) => join(dir, 'annotations', 'validation', name);
const photos = (name: string) => join(dir, 'images', 'validation', name);
const open = () => openSegmentationSplit({ dir, classes: 'ade20k' }, 'validation');

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-check-'));
  cacheFile = join(dir, 'cache', 'checked.json');
  const write = (name: string, label: (x: number, y: number) => number) => writePair(dir, 'validation', name, { ...photo, label });
  await write('a-sound', (x, y) => (x + y) % 151);
  await write('b-mask', (x) => (x < 9 ? 255 : 0));
  await write('c-151', (x, y) => (y === 0 && x < 5 ? 151 : 150));
  await write('d-size', () => 1);
  await writeFile(maps('d-size.png'), labelPng({ width: 30, height: 40, label: () => 1 }));
  await write('e-no-map', () => 1);
  await rm(maps('e-no-map.png'));
  await write('f-no-photo', () => 1);
  await rm(photos('f-no-photo.jpg'));
  await write('g-cut-photo', () => 1);
  await writeFile(photos('g-cut-photo.jpg'), (await readFile(photos('g-cut-photo.jpg'))).subarray(0, 400));
  await write('h-cut-map', (x, y) => (x * y) % 150);
  await writeFile(maps('h-cut-map.png'), (await readFile(maps('h-cut-map.png'))).subarray(0, 60));
  await write('i-many', (x) => 200 + (x % 5));
  await write('j-unlabelled', () => 0);
});
afterAll(() => rm(dir, { recursive: true }));

describe('checkSegmentationData', () => {
  it('names each faulty file and what was found', async () => {
    const { samples, faults } = await checkSegmentationData([await open()]);
    expect(samples).toBe(8);
    expect(faults.map(({ file }) => file)).toEqual([
      photos('e-no-map.jpg'), maps('f-no-photo.png'), maps('b-mask.png'), maps('c-151.png'), maps('d-size.png'),
      photos('g-cut-photo.jpg'), maps('h-cut-map.png'), maps('i-many.png'),
    ]);
    const found = faults.map((fault) => fault.found);
    expect(found.slice(0, 5)).toEqual([
      `no ${maps('e-no-map.png')}`,
      `no ${photos('f-no-photo.*')}`,
      MASK,
      '151 in 5 pixels, expected classes 1 to 150, or 0, 255 for none',
      `30 x 40 pixels, its photo ${photos('d-size.jpg')} has 40 x 30`,
    ]);
    expect(found[5]).toMatch(/^cannot be read: .*premature.*; the file is cut off: copy or download it anew, or remove it$/);
    expect(found[6]).toMatch(/^cannot be read: .*the file is cut off: copy or download it anew, or remove it$/);
    expect(found[7]).toBe('200 in 240 pixels, 201 in 240 pixels, 202 in 240 pixels and 2 other values, expected classes 1 to 150, or 0, 255 for none');
  });

  it('says that a photo is turned by EXIF where its map has the size that it is stored with', async () => {
    await writePair(dir, 'turned', 'x', { ...photo, label: (x) => x % 150 });
    const file = join(dir, 'images', 'turned', 'x.jpg');
    await writeFile(file, await sharp(await readFile(file)).withMetadata({ orientation: 6 }).toBuffer());
    const folder = await openSegmentationSplit({ dir, classes: { names: ['a'] }, validationSplit: 'turned' }, 'validation');
    const { faults: [fault] } = await checkSegmentationData([folder]);
    const remedy = 'the photo is turned by its EXIF orientation (6) and the map is not; turn the map as viewers show the photo, or take the ' +
      'orientation out of the photo if it lies right as it is stored (exiftool -Orientation= FILE)';
    expect(fault!.found).toBe(`40 x 30 pixels, its photo ${file} has 30 x 40: ${remedy}`);
    const source = { photo: file, map: folder.mapPath(0) };
    await expect(loadLabelledPhoto(source, new LabelReader(folder.classes))).rejects.toThrow(`got 40 x 30: ${remedy}`);
  });

  it('takes a map of class 0 and ignored pixels where another map has ignored pixels beside other classes', async () => {
    const classes = { names: ['a', 'b', 'c'] };
    const check = async (split: string) =>
      (await checkSegmentationData([await openSegmentationSplit({ dir, classes, validationSplit: split }, 'validation')])).faults;
    await writePair(dir, 'ignoring', 'x', { ...photo, label: (x) => (x < 5 ? 255 : 0) });
    await writePair(dir, 'ignoring', 'y', { ...photo, label: (x) => x % 3 });
    expect((await check('ignoring')).map(({ found }) => found)).toEqual([MASK]);
    await writePair(dir, 'ignoring', 'z', { ...photo, label: (x) => (x < 5 ? 255 : 2) });
    expect(await check('ignoring')).toEqual([]);
  });

  it('takes maps of 0 and 255 alone where ignoreValues names 255', async () => {
    const classes = { names: ['a', 'b'], ignoreValues: [255] };
    await writePair(dir, 'said', 'x', { ...photo, label: (x) => (x < 5 ? 255 : 0) });
    const { faults, notes } = await checkSegmentationData([await openSegmentationSplit({ dir, classes, validationSplit: 'said' }, 'validation')]);
    expect(faults).toEqual([]);
    expect(notes).toEqual([`all labelled pixels in ${join(dir, 'annotations/said')} are of one class, a: there is nothing to tell apart`]);
  });

  it('names a folder whose maps label nothing', async () => {
    await writePair(dir, 'nothing', 'x', { ...photo, label: () => 255 });
    await writePair(dir, 'nothing', 'y', { ...photo, label: () => 0 });
    const { faults } = await checkSegmentationData([await openSegmentationSplit({ dir, classes: 'ade20k', validationSplit: 'nothing' }, 'validation')]);
    expect(faults).toEqual([{
      file: join(dir, 'annotations/nothing'),
      found: 'no pixel of any map has a class: all are 0, 255, ignored; expected classes 1 to 150, or 0, 255 for none',
    }]);
  });

  it('says what to do where values of all maps are no classes', async () => {
    await writePair(dir, 'ones', 'x', { ...photo, label: (x) => (x % 2) + 1 });
    await writePair(dir, 'zeros', 'x', { ...photo, label: (x) => x % 2 });
    const split = (name: string) => openSegmentationSplit({ dir, classes: { names: ['a', 'b'] }, validationSplit: name }, 'validation');
    const { faults, remedy } = await checkSegmentationData([await split('ones'), await split('zeros')]);
    expect(faults[0]?.found).toBe('2 in 600 pixels, expected classes 0 to 1, or 255 for none');
    expect(remedy).toContain('if 2 is no class, ignore it: data.classes: { names: [...], ignoreValues: [2] }\n' +
      'if classes are numbered from 1 and 0 is none: data.classes: { names: [...], reduceZeroLabel: true }');
  });

  it('decodes only what is new, changed or faulty the next time', async () => {
    const first = await checkSegmentationData([await open()], { cacheFile });
    expect(first.decoded).toBe(16);
    const second = await checkSegmentationData([await open()], { cacheFile });
    expect(second).toEqual({ ...first, decoded: 2 }); // the two that cannot be decoded
    await utimes(maps('a-sound.png'), 1, 1);
    await writeFile(maps('c-151.png'), labelPng({ ...photo, label: () => 3 }));
    const third = await checkSegmentationData([await open()], { cacheFile });
    expect(third.decoded).toBe(4);
    expect(third.faults.length).toBe(7);
  });

  it('judges what it remembers by the classes of the day', async () => {
    const { faults } = await checkSegmentationData([await openSegmentationSplit({ dir, classes: { names: ['a'] } }, 'validation')], { cacheFile });
    expect(faults.find(({ file }) => file === maps('a-sound.png'))?.found).toMatch(/^1 in \d+ pixels, 2 in \d+ pixels, 3 in \d+ pixels and \d+ other values, expected classes 0 to 0/);
  });

  it('starts anew with a damaged cache, and does without one that cannot be written', async () => {
    await writeFile(cacheFile, '{"version":1,"files":');
    expect((await checkSegmentationData([await open()], { cacheFile })).decoded).toBe(16);
    expect((await checkSegmentationData([await open()], { cacheFile })).decoded).toBe(2);
    expect((await checkSegmentationData([await open()], { cacheFile: join(cacheFile, 'below', 'a', 'file') })).decoded).toBe(16);
  });

  it('tells how far it is', async () => {
    const seen: number[] = [];
    const folder = await open();
    await checkSegmentationData([folder, folder, folder], { onProgress: (done, total) => seen.push(done, total) });
    expect(seen).toEqual([16, 24, 24, 24]);
  });
});

describe('expectSoundFiles', () => {
  it('names as many as it is asked to', async () => {
    const report = await checkSegmentationData([await open()]);
    const expectSoundData = (given: typeof report, mostNamed?: number): void => {
      expectSoundFiles(given, 'checkSegmentationData', 'photos and label images', mostNamed);
    };
    const message = `checkSegmentationData: expected sound photos and label images, got ${report.faults.length} faults among 8 samples:\n` +
      `  ${photos('e-no-map.jpg')}: no ${maps('e-no-map.png')}\n  ${maps('f-no-photo.png')}: no ${photos('f-no-photo.*')}\n  and ${report.faults.length - 2} more`;
    expect(() => expectSoundData(report, 2)).toThrow(DataError);
    expect(() => expectSoundData(report, 2)).toThrow(message);
    expect(() => expectSoundData({ ...report, faults: [] })).not.toThrow();
  });
});

it('finds a fault in every map when it is told the classes of another set', async () => {
  const dir = fileURLToPath(new URL('../../../samples/segmentation', import.meta.url));
  const wrong = await openSegmentationSplit({ dir, classes: 'camvid' }, 'validation');
  expect((await checkSegmentationData([wrong])).faults.length).toBe(10);
});
