import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../../src/data/coco/cocoDataset.ts';
import { labelOf, readYolo, writeYolo } from '../../../../src/data/coco/convert/yoloDataset.ts';
import { DataError } from '../../../../src/errors.ts';

let dir = '';
beforeEach(async () => { dir = await mkdtemp(path.join(tmpdir(), 'mpvg-yolo-')); });
afterEach(() => rm(dir, { recursive: true }));

async function text(name: string, content: string): Promise<void> {
  await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
  await writeFile(path.join(dir, name), content);
}

/** A photo on its side if `orientation` is 6. */
async function photo(name: string, width: number, height: number, orientation = 1): Promise<void> {
  await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
  const picture = sharp({ create: { width, height, channels: 3, background: 'red' } });
  await picture.withMetadata({ orientation }).toFile(path.join(dir, name));
}

const read = (photos = 'images', labels = 'labels') =>
  readYolo({ photos: [path.join(dir, photos)], labels: path.join(dir, labels), names: ['cat', 'dog'] });

const outline = [[0, 0, 100, 0, 100, 50]];

describe('readYolo', () => {
  it('reads boxes, outlines and photos without labels', async () => {
    await photo('images/7.jpg', 200, 100);
    await photo('images/sub/Hündin 犬.png', 50, 40);
    await photo('images/10.jpg', 20, 20);
    await text('labels/7.txt', '1 0.5 0.5 0.2 0.4\r\n0 0 0 0.5 0 0.5 0.5\r\n');
    await text('labels/sub/Hündin 犬.txt', '\ufeff1 0.5 0.5 1 1\n');
    await text('labels/unknown.txt', '');
    await text('labels/classes.txt', 'cat\ndog\n');
    const { file, notes } = await read();
    expect(file).toEqual({
      images: [
        { id: 1, width: 20, height: 20, file_name: '10.jpg' }, { id: 2, width: 200, height: 100, file_name: '7.jpg' },
        { id: 3, width: 50, height: 40, file_name: 'sub/Hündin 犬.png' },
      ],
      annotations: [
        { id: 1, image_id: 2, category_id: 2, bbox: [80, 30, 40, 40], area: 1600, iscrowd: 0 },
        { id: 2, image_id: 2, category_id: 1, bbox: [0, 0, 100, 50], area: 2500, iscrowd: 0, segmentation: outline },
        { id: 3, image_id: 3, category_id: 2, bbox: [0, 0, 50, 40], area: 2000, iscrowd: 0 },
      ],
      categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }],
    });
    expect([...notes]).toEqual([
      ['label files left out, which have no photo', 1], ['photos without a label file, taken as photos without objects', 1],
    ]);
  });

  it('tells how far it is', async () => {
    await photo('images/1.jpg', 20, 10);
    await photo('images/2.jpg', 20, 10);
    await text('labels/1.txt', '');
    const told: number[][] = [];
    await readYolo({ photos: [path.join(dir, 'images')], names: ['cat'], onProgress: (...counts) => { told.push(counts); } });
    expect(told).toEqual([[1, 2], [2, 2]]);
  });

  it('says so, and where it looked, when no photo has a label beside the photos', async () => {
    await photo('images/1.jpg', 20, 10);
    await text('labels/2.txt', '');
    await expect(readYolo({ photos: [path.join(dir, 'images')], names: ['cat'] }))
      .rejects.toThrow(`such as ${path.join(dir, 'labels/1.txt')}, got none; name their folder with --labels`);
  });

  it('has the area of an outline in either direction', async () => {
    await photo('images/7.jpg', 200, 100);
    await text('labels/7.txt', '0 0 0 0.5 0 0.5 0.5\n0 0.5 0.5 0.5 0 0 0\n');
    expect((await read()).file.annotations!.map(({ area }) => area)).toEqual([2500, 2500]);
  });

  it('measures photos upright', async () => {
    await photo('images/a.jpg', 200, 100, 6);
    await text('labels/a.txt', '0 0.5 0.5 1 1');
    expect((await read()).file.images).toMatchObject([{ width: 100, height: 200 }]);
  });

  it('takes ids from names that are numbers', async () => {
    await photo('images/000000000139.jpg', 2, 2);
    await photo('images/12.jpg', 2, 2);
    await text('labels/12.txt', '');
    expect((await read()).file.images!.map(({ id }) => id)).toEqual([139, 12]);
  });

  it('says so when no photo has a label', async () => {
    await photo('images/a.jpg', 2, 2);
    await text('labels/b.txt', '0 0.5 0.5 1 1');
    await expect(read()).rejects.toThrow(/expected label files for the photos of .*images, such as .*labels\/a\.txt, got none; name their folder with --labels/);
  });

  it('names the file and line that is wrong', async () => {
    await photo('images/a.jpg', 2, 2);
    await text('labels/a.txt', '0 0.5 0.5 1 1\n2 0.5 0.5 1 1\n');
    await expect(read()).rejects.toThrow(/expected a class from 0 to 1, .* at line 2 of .*labels\/a\.txt, got 2 0\.5/);
  });

  it('passes hidden files by, follows links, and pairs é with é', async () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    await photo(`images/${decomposed}.JPG`, 200, 100);
    await photo('far/b.jpg', 20, 20);
    await text(`labels/${composed}.TXT`, '0 0.5 0.5 1 1\n');
    for (const hidden of ['._b.jpg', '.ipynb_checkpoints/b-checkpoint.jpg', 'Thumbs.db']) await text(`images/${hidden}`, 'no photo');
    await symlink('../far', path.join(dir, 'images/far'));
    await symlink('../far', path.join(dir, 'labels/far'));
    await text('far/b.txt', '1 0.5 0.5 1 1\n');
    const { file: { images, annotations }, notes } = await read();
    expect(images!.map(({ file_name }) => file_name)).toEqual([`${decomposed}.JPG`, 'far/b.jpg']);
    expect(annotations!.map(({ bbox }) => bbox)).toEqual([[0, 0, 200, 100], [0, 0, 20, 20]]);
    expect([...notes]).toEqual([]);
  });

  it('names a photo that is none, a label that is no text and folders that are none', async () => {
    await text('images/a.jpg', 'no picture');
    await text('labels/a.txt', '');
    await expect(read()).rejects.toThrow(/expected a picture in .*a\.jpg, got/);
    await photo('images/a.jpg', 2, 2);
    await writeFile(path.join(dir, 'labels/a.txt'), Uint8Array.of(0xff, 0xfe, 0x30, 0));
    await expect(read()).rejects.toThrow(/expected text in UTF-8 in .*a\.txt, got bytes that are none/);
    await expect(read('none')).rejects.toThrow(/expected a folder of photos, got .*none: no such folder/);
    await expect(read('images', 'labels/a.txt')).rejects.toThrow(/expected a folder of labels, got .*a\.txt: a file/);
    await expect(read('labels')).rejects.toThrow(/expected photos \(.*\) in .*labels, got none/);
  });
});

describe('labelOf', () => {
  it.each([
    ['/set/images/train/a.jpg', '/set/labels/train/a.txt'], ['/images/train/images/a.b.png', '/images/train/labels/a.b.txt'],
    ['/set/train/a.jpg', '/set/train/a.txt'], ['images', 'labels.txt'], ['my_images/a.jpg', 'my_images/a.txt'],
  ])('is for %s %s', (photo, label) => expect(labelOf(photo)).toBe(label));
});

describe('readYolo where YOLO looks', () => {
  const box = '0 0.5 0.5 1 1\n';
  const readAt = async (...photos: string[]) => {
    const { file, notes } = await readYolo({ photos: photos.map((one) => path.join(dir, one)), names: ['cat', 'dog'] });
    return { names: file.images!.map(({ file_name }) => file_name), objects: file.annotations!.length, notes: [...notes] };
  };

  it.each([
    ['images/train', 'labels/train'], ['train/images', 'train/labels'], ['images/images/train', 'images/labels/train'],
    ['images/photos', 'images/photos'], ['photos', 'photos'],
  ])('finds the labels of photos in %s in %s', async (photos, labels) => {
    await photo(`${photos}/sub/a.jpg`, 20, 10);
    await text(`${labels}/sub/a.txt`, box);
    expect(await readAt(photos)).toEqual({ names: ['sub/a.jpg'], objects: 1, notes: [] });
  });

  it.each([['images/train', 'labels/train'], ['train/images', 'train/labels'], ['images', 'labels']])(
    'finds those of %s in %s below a folder that holds both', async (photos, labels) => {
      await photo(`set/${photos}/a.jpg`, 20, 10);
      await text(`set/${labels}/a.txt`, box);
      await text('set/README.txt', 'a data set');
      await text('set/labels/classes.txt', 'cat\ndog\n');
      expect(await readAt('set')).toEqual({ names: [`${photos}/a.jpg`], objects: 1, notes: [] });
    },
  );

  it('takes a folder of labels from where the command runs', async () => {
    await photo('set/photos/a.jpg', 20, 10);
    await text('set/texts/a.txt', box);
    const [photos, labels] = ['set/photos', 'set/texts'].map((one) => path.relative(process.cwd(), path.join(dir, one)));
    const { file } = await readYolo({ photos: [photos!], labels: labels!, names: ['cat', 'dog'] });
    expect(file.annotations).toHaveLength(1);
  });

  it('reads several folders together, with names from the folder that they share', async () => {
    for (const one of ['day', 'night']) {
      await photo(`set/${one}/images/1.jpg`, 20, 10);
      await text(`set/${one}/labels/1.txt`, box);
    }
    expect(await readAt('set/day/images', 'set/night/images')).toEqual({ names: ['day/images/1.jpg', 'night/images/1.jpg'], objects: 2, notes: [] });
  });

  it('reads lists of photos, also with the paths of another machine', async () => {
    for (const name of ['a b', 'c', 'd']) {
      await photo(`set/images/train/${name}.jpg`, 20, 10);
      await text(`set/labels/train/${name}.txt`, box);
    }
    await text('set/train.txt', './images/train/a b.jpg\r\n/content/set/images/train/c.jpg\n\nimages\\train\\c.jpg\n');
    expect(await readAt('set/train.txt')).toEqual({ names: ['a b.jpg', 'c.jpg'], objects: 2, notes: [['photos listed again, which were taken once', 1]] });
    await text('set/c.jpg', 'another photo');
    await text('set/train.txt', 'images/val/c.jpg\n');
    await expect(readAt('set/train.txt')).rejects.toThrow(/expected a photo at line 1 of .*train\.txt, got images\/val\/c\.jpg, which is not there/);
  });
});

/** Lists in lists. */
function nested(depth: number): unknown {
  let value: unknown = 'b.png';
  for (let i = 0; i < depth; i++) value = [value];
  return value;
}

describe('writeYolo', () => {
  const images = [{ id: 4, width: 200, height: 100, file_name: 'train\\a.jpg' }, { id: 9, width: 10, height: 10, file_name: 'b.c.png' }];
  const categories = [{ id: 18, name: 'dog "Rex"' }, { id: 3, name: 'cat: 猫' }];
  const annotation = (id: number, change: object) =>
    ({ id, image_id: 4, category_id: 3, bbox: [80, 30, 40, 40], area: 1600, iscrowd: 0, ...change });
  const dataset = (photos: typeof images, annotations: readonly object[]) =>
    CocoDataset.fromObject({ images: photos, categories, annotations: annotations as never });
  const out = () => path.join(dir, 'out');
  const write = (annotations: readonly object[], { outlines = false, photos = images } = {}) =>
    writeYolo(dataset(photos, annotations), { folder: out(), outlines });
  const label = (name: string) => readFile(path.join(out(), name), 'utf8');
  const newIds = ['photos', 'categories'].map((what) =>
    [`${what} get another id when the labels are read back: results for the COCO file do not fit then`, 2]);

  it('writes a label for each photo and the names of the classes', async () => {
    const notes = await write([annotation(1, {}), annotation(2, { category_id: 18, bbox: [-10, 80, 30, 40] })]);
    expect(await label('labels/train/a.txt')).toBe('1 0.5 0.5 0.2 0.4\n0 0.05 0.9 0.1 0.2\n');
    expect(await label('labels/b.c.txt')).toBe('');
    expect(await label('data.yaml')).toBe('train: images\nval: images\nnames:\n  0: "dog \\"Rex\\""\n  1: "cat: 猫"\n');
    expect([...notes]).toEqual(newIds);
    expect(existsSync(`${out()}.partial`)).toBe(false);
  });

  it.each([
    [['images/x.jpg'], ['labels/x.txt'], 'images'],
    [['a/images/x.jpg', 'b\\images\\x.jpg'], ['a/labels/x.txt', 'b/labels/x.txt'], '["a/images","b/images"]'],
    [['images/images/x.jpg', 'images/y.jpg'], ['images/labels/x.txt', 'labels/y.txt'], '["images/images","images"]'],
    [['/data/coco/images/x.jpg'], ['labels/x.txt'], 'images'],
    [['C:\\sets\\day\\x.jpg', 'C:\\sets\\night\\x.jpg'], ['labels/day/x.txt', 'labels/night/x.txt'], 'images'],
    [['http://images.org/val/x.jpg?size=1#a', 'http://images.org/test/y.jpg'], ['labels/val/x.txt', 'labels/test/y.txt'], 'images'],
    [['s3://bucket/images/x.jpg'], ['labels/x.txt'], 'images'],
    [['x', './y.jpg', 'images.jpg'], ['labels/x.txt', 'labels/y.txt', 'labels/images.txt'], 'images'],
  ])('writes labels of %j where YOLO looks', async (names, labels, folders) => {
    const photos = names.map((file_name, i) => ({ id: i + 1, width: 20, height: 10, file_name }));
    await write([], { photos });
    for (const name of labels) expect(await label(name)).toBe('');
    expect(await label('data.yaml')).toMatch(`train: ${folders}\nval: ${folders}\n`);
  });

  it('counts what it leaves out', async () => {
    const notes = await write([
      annotation(1, { iscrowd: 1 }), annotation(2, { category_id: 5 }), annotation(3, { bbox: [300, 0, 5, 5] }),
      annotation(4, { bbox: [] }),
    ]);
    expect(await label('labels/train/a.txt')).toBe('');
    expect([...notes]).toEqual([
      ['crowds left out, which YOLO does not have', 1], ['annotations left out, whose category is not in the file', 1],
      ['annotations left out, which have no box inside their photo', 2], ...newIds,
    ]);
  });

  it('tells how far it is', async () => {
    const told: number[][] = [];
    await writeYolo(dataset(images, []), { folder: out(), outlines: false, onProgress: (...counts) => { told.push(counts); } });
    expect(told).toEqual([[1, 2], [2, 2]]);
  });

  it('writes an outline of an object that has no box', async () => {
    await write([annotation(1, { bbox: [], segmentation: outline })], { outlines: true });
    expect(await label('labels/train/a.txt')).toBe('1 0 0 0.5 0 0.5 0.5\n');
  });

  it('writes outlines if asked to', async () => {
    const notes = await write([
      annotation(1, { segmentation: outline }), annotation(2, { segmentation: { size: [100, 200], counts: [20000] } }),
      annotation(3, { segmentation: [...outline, [120, 0, 160, 0, 160, 50]] }), annotation(4, {}),
    ], { outlines: true });
    expect(await label('labels/train/a.txt')).toBe('1 0 0 0.5 0 0.5 0.5\n1 0 0 0.5 0 0.6 0 0.8 0 0.8 0.5 0.6 0 0.5 0 0.5 0.5\n');
    expect([...notes]).toEqual([
      ['annotations left out, which have no outline', 2], ['objects of several outlines, which were joined into one', 1],
      ...newIds,
    ]);
  });

  it.each<[string, object, RegExp]>([
    ['without a size', { width: 0 }, /expected file_name, width and height for image id 9 of the data, got 0 for width; write the photo's size in px$/],
    ['without a name', { file_name: undefined }, /expected file_name, width and height for image id 9/],
    ['outside', { file_name: 'x/../../b.png' }, /inside the folder of photos for image id 9 .*, got "x\/\.\.\/\.\.\/b\.png": it leads out of the folder/],
    ['of a drive', { file_name: 'C:b.png' }, /got "C:b\.png": a drive without a folder/],
    ['without a name of a file', { file_name: 'train/' }, /got "train\/": no name of a file/],
    ['that is the folder', { file_name: 'x/..' }, /got "x\/\.\.": no name of a file/],
    ['that is the folder of all', { file_name: '/' }, /got "\/": no name of a file/],
    ['with a NUL', { file_name: 'a\0.png' }, /got "a\\u0000\.png": no file has a NUL in its name/],
    ['with a name too long', { file_name: `${'é'.repeat(128)}.png` }, /: a name of more than 255 bytes/],
    ['too deep', { file_name: `${'d/'.repeat(50_000)}b.png` }, /got "(d\/){29}d?…: a path of more than 3072 bytes/],
    ['whose name is nested', { file_name: nested(100_000) }, /expected file_name, width and height for image id 9 .*, got something nested too deeply to show/],
    ['with the label of another', { file_name: 'train/a.png' }, /got labels\/train\/a\.txt for both images\/train\/a\.jpg and images\/train\/a\.png/],
  ])('refuses a photo %s and leaves nothing', async (_, change, message) => {
    const photos = [images[0]!, { ...images[1]!, ...change }];
    await expect(write([], { photos })).rejects.toThrow(DataError);
    await expect(write([], { photos })).rejects.toThrow(message);
    expect(existsSync(out())).toBe(false);
    expect(existsSync(`${out()}.partial`)).toBe(false);
  });

  it('writes into a new or empty folder only', async () => {
    await mkdir(out());
    await write([]);
    await expect(write([])).rejects.toThrow(/expected a new or empty folder to write to, got .*out, which has (data\.yaml|labels) in it/);
  });

  it('leaves what another conversion has begun', async () => {
    await text('out.partial/a.txt', '');
    await expect(write([])).rejects.toThrow(/expected nothing at .*out\.partial, .* if it is left over, remove it/);
    expect(existsSync(path.join(dir, 'out.partial/a.txt'))).toBe(true);
  });

  it('gives back what readYolo reads', async () => {
    await photo('images/4.png', 127, 93);
    await photo('images/9.png', 31, 57);
    await text('labels/4.txt', '0 0.479492 0.688771 0.123457 0.255208\n1 0.5 0.5 1 1\n');
    await text('labels/9.txt', '1 0.333333 0.25 0.1 0.05\n');
    const { file } = await read();
    await writeYolo(CocoDataset.fromObject(file), { folder: out(), outlines: false });
    for (const name of ['labels/4.txt', 'labels/9.txt']) expect(await label(name)).toBe(await readFile(path.join(dir, name), 'utf8'));
    expect((await readYolo({ photos: [path.join(dir, 'images')], labels: path.join(out(), 'labels'), names: ['cat', 'dog'] })).file).toEqual(file);
  });
});
