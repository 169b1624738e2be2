import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { classSet } from '../../../src/data/segmentation/classSet.ts';
import { openSegmentationData, openSegmentationSplit } from '../../../src/data/segmentation/openSegmentationData.ts';
import { SegmentationFolder } from '../../../src/data/segmentation/segmentationFolder.ts';
import { DataError } from '../../../src/errors.ts';

const classes = classSet({ names: ['a', 'b'] });
let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-folder-'));
  const touch = async (...path: string[]) => {
    await mkdir(join(dir, ...path.slice(0, -1)), { recursive: true });
    await writeFile(join(dir, ...path), '');
  };
  for (const name of ['b.jpg', 'a.PNG', 'c.jpeg', '.hidden.jpg', 'notes.txt']) await touch('photos', name);
  await touch('photos', 'sub', 'a.jpg');
  for (const name of ['a.png', 'b.png', 'd.png']) await touch('maps', name);
  await touch('maps', 'sub', 'a.png');
  await touch('leftImg8bit', 'aachen', 'x_leftImg8bit.png');
  await touch('gtFine', 'aachen', 'x_gtFine_labelTrainIds.png');
  await touch('gtFine', 'aachen', 'x_gtFine_color.png');
});
afterAll(() => rm(dir, { recursive: true }));

const open = (options: Partial<Parameters<typeof SegmentationFolder.open>[0]> = {}) =>
  SegmentationFolder.open({ photos: join(dir, 'photos'), maps: join(dir, 'maps'), classes, ...options });
const short = (path: string) => path.slice(dir.length + 1);
const names = (folder: SegmentationFolder) =>
  Array.from({ length: folder.size }, (_, i) => [short(folder.describe(i)), short(folder.mapPath(i))]);

describe('SegmentationFolder', () => {
  it('pairs photos and maps by name, in order, and keeps what has no counterpart', async () => {
    const folder = await open();
    expect(names(folder)).toEqual([['photos/a.PNG', 'maps/a.png'], ['photos/b.jpg', 'maps/b.png'], ['photos/sub/a.jpg', 'maps/sub/a.png']]);
    expect(folder.unpaired).toEqual([
      { file: join(dir, 'photos/c.jpeg'), missing: join(dir, 'maps/c.png') },
      { file: join(dir, 'maps/d.png'), missing: join(dir, 'photos/d.*') },
    ]);
    expect(() => folder.describe(3)).toThrow('expected an index in [0, 3), got 3');
  });

  it('leaves photos without a map alone where it may', async () => {
    expect((await open({ unlabelled: 'skip' })).unpaired.map(({ file }) => file)).toEqual([join(dir, 'maps/d.png')]);
  });

  it("pairs by suffixes, as Cityscapes' names need", async () => {
    const cityscapes = { photos: join(dir, 'leftImg8bit'), maps: join(dir, 'gtFine'), photoSuffix: '_leftImg8bit.png', mapSuffix: '_gtFine_labelTrainIds.png' };
    const folder = await open(cityscapes);
    expect(names(folder)).toEqual([['leftImg8bit/aachen/x_leftImg8bit.png', 'gtFine/aachen/x_gtFine_labelTrainIds.png']]);
    expect(folder.unpaired).toEqual([]);
  });

  it('pairs names in capitals, in composed and decomposed letters, and beyond U+FFFF in the order of code points', async () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    for (const name of ['photos/Ａ.JPG', 'photos/😀.jpg', `photos/${decomposed}.jpg`, 'maps/😀.PNG', 'maps/Ａ.png', `maps/${composed}.png`]) {
      await mkdir(join(dir, 'names', name, '..'), { recursive: true });
      await writeFile(join(dir, 'names', name), '');
    }
    const folder = await open({ photos: join(dir, 'names/photos'), maps: join(dir, 'names/maps') });
    expect(names(folder)).toEqual([
      [`names/photos/${decomposed}.jpg`, `names/maps/${composed}.png`],
      ['names/photos/Ａ.JPG', 'names/maps/Ａ.png'],
      ['names/photos/😀.jpg', 'names/maps/😀.PNG'],
    ]);
    expect(folder.unpaired).toEqual([]);
  });

  it('follows links, and names photos that it cannot decode', async () => {
    await mkdir(join(dir, 'linked'));
    await symlink(join(dir, 'photos/b.jpg'), join(dir, 'linked/b.jpg'));
    await symlink(join(dir, 'photos/sub'), join(dir, 'linked/sub'));
    expect(names(await open({ photos: join(dir, 'linked') }))).toEqual([['linked/b.jpg', 'maps/b.png'], ['linked/sub/a.jpg', 'maps/sub/a.png']]);
    await writeFile(join(dir, 'linked/d.HEIC'), '');
    await expect(open({ photos: join(dir, 'linked') })).rejects.toThrow(`got ${join(dir, 'linked/d.HEIC')}; convert`);
  });

  it('says what is missing', async () => {
    const missing = open({ photos: join(dir, 'none') });
    await expect(missing).rejects.toThrow(DataError);
    await expect(missing).rejects.toThrow(`expected a folder of pictures, got ${join(dir, 'none')}: no such folder`);
    await expect(open({ photos: join(dir, 'leftImg8bit') })).rejects.toThrow('got none for any of 1, such as aachen/x_leftImg8bit.png');
    await writeFile(join(dir, 'photos', 'b.webp'), '');
    await expect(open()).rejects.toThrow(/expected one of pictures named b in .*, got b\.(jpg|webp) and b\.(jpg|webp)/);
    await rm(join(dir, 'photos', 'b.webp'));
  });
});

describe('openSegmentationData', () => {
  it('pairs names by the suffixes that it is given', async () => {
    for (const name of ['images/training/a_photo.jpg', 'images/validation/b_photo.jpg', 'annotations/training/a_ids.png', 'annotations/validation/b_ids.png']) {
      await mkdir(join(dir, 'suffixes', name, '..'), { recursive: true });
      await writeFile(join(dir, 'suffixes', name), '');
    }
    const own = { dir: join(dir, 'suffixes'), classes: { names: ['a'] }, photoSuffix: '_photo.jpg', mapSuffix: '_ids.png' };
    const { training, validation } = await openSegmentationData(own);
    expect([...names(training), ...names(validation)]).toEqual([
      ['suffixes/images/training/a_photo.jpg', 'suffixes/annotations/training/a_ids.png'],
      ['suffixes/images/validation/b_photo.jpg', 'suffixes/annotations/validation/b_ids.png'],
    ]);
    expect(training.unpaired).toEqual([]);
  });

  it('opens both splits, training photos that lie elsewhere, and a split of another name', async () => {
    const samples = fileURLToPath(new URL('../../../samples/segmentation', import.meta.url));
    const [own, elsewhere] = [join(dir, 'own'), join(samples, 'images/training')];
    for (const folder of ['annotations/training', 'annotations/validation', 'images/validation']) {
      await cp(join(samples, folder), join(own, folder), { recursive: true });
    }
    for (const folder of ['images', 'annotations']) await cp(join(own, folder, 'validation'), join(own, folder, 'test'), { recursive: true });
    await rm(join(own, 'annotations/test/000000000072.png'));
    await rm(join(own, 'images/test/000000000072.jpg'));

    const { training, validation } = await openSegmentationData({ dir: own, classes: 'coco133', trainingPhotos: elsewhere });
    expect([training.size, validation.size, training.unpaired.length, validation.unpaired.length]).toEqual([23, 10, 0, 0]);
    expect(training.describe(0)).toBe(join(elsewhere, '000000000030.jpg'));
    expect((await openSegmentationSplit({ dir: own, classes: 'coco133', validationSplit: 'test' }, 'validation')).size).toBe(9);
  });
});
