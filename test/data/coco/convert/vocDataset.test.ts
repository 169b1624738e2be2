import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CocoDataset } from '../../../../src/data/coco/cocoDataset.ts';
import { formatVoc, type VocObject } from '../../../../src/data/coco/convert/vocAnnotation.ts';
import { readVoc, writeVoc } from '../../../../src/data/coco/convert/vocDataset.ts';
import { DataError } from '../../../../src/errors.ts';

let dir = '';
beforeEach(async () => { dir = await mkdtemp(path.join(tmpdir(), 'mpvg-voc-')); });
afterEach(() => rm(dir, { recursive: true }));

async function write(name: string, content: string | Uint8Array): Promise<void> {
  await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
  await writeFile(path.join(dir, name), content);
}

const object = (name: string, bbox: VocObject['bbox'], difficult = false): VocObject => ({ name, bbox, difficult });
const size = { width: 200, height: 100 };
const xml = (fileName: string, objects: readonly VocObject[]) => formatVoc({ fileName, size, objects });

describe('readVoc', () => {
  it('reads a data set: categories by name, difficult as ignore', async () => {
    await write('Annotations/000005.xml', xml('000005.jpg', [object('dog', [0, 0, 200, 100]), object('cat', [10, 20, 30, 40], true)]));
    await write('Annotations/000007.xml', xml('000007.jpg', []));
    const { file, notes } = await readVoc({ folder: dir });
    expect(file).toEqual({
      images: [{ ...size, id: 5, file_name: '000005.jpg' }, { ...size, id: 7, file_name: '000007.jpg' }],
      annotations: [
        { id: 1, image_id: 5, category_id: 2, bbox: [0, 0, 200, 100], area: 20_000, iscrowd: 0, ignore: 0 },
        { id: 2, image_id: 5, category_id: 1, bbox: [10, 20, 30, 40], area: 1200, iscrowd: 0, ignore: 1 },
      ],
      categories: [{ id: 1, name: 'cat' }, { id: 2, name: 'dog' }],
    });
    expect([...notes]).toEqual([]);
  });

  it('reads the photos of a split, also of one for a class, and keeps the order of names', async () => {
    for (const name of ['a', 'b', 'c']) await write(`Annotations/${name}.xml`, xml(`${name}.jpg`, [object('dog', [0, 0, 9, 9])]));
    await write('ImageSets/Main/dog_val.txt', 'c  1\r\na -1\r\n\r\n');
    const { file } = await readVoc({ folder: dir, split: 'dog_val', names: ['person', 'dog'] });
    expect(file.images!.map(({ id, file_name }) => [id, file_name])).toEqual([[1, 'c.jpg'], [2, 'a.jpg']]);
    expect(file.categories).toEqual([{ id: 1, name: 'person' }, { id: 2, name: 'dog' }]);
    expect(file.annotations!.map(({ category_id }) => category_id)).toEqual([2, 2]);
  });

  it('measures the photo where the file does not say its size', async () => {
    await write('Annotations/a.xml', xml('a.jpg', []).replace(/<size>.*<\/size>/, ''));
    await expect(readVoc({ folder: dir })).rejects.toThrow(/expected <size> with width and height in .*a\.xml, or the photo a\.jpg in JPEGImages or beside it, got neither/);
    await mkdir(path.join(dir, 'JPEGImages'));
    await sharp({ create: { width: 30, height: 20, channels: 3, background: 'red' } }).toFile(path.join(dir, 'JPEGImages/a.jpg'));
    expect((await readVoc({ folder: dir })).file.images).toEqual([{ id: 1, width: 30, height: 20, file_name: 'a.jpg' }]);
  });

  it('reads other encodings that the file declares', async () => {
    const text = `<?xml version="1.0" encoding="ISO-8859-1"?>\n${xml('a.jpg', [object('Hündin', [0, 0, 9, 9])])}`;
    await write('a.xml', Buffer.from(text, 'latin1'));
    await write('b.xml', Buffer.from(`\ufeff${text.replace('ISO-8859-1', 'UTF-16')}`, 'utf16le'));
    await write('c.xml', `\ufeff${text.replace('ISO-8859-1', 'UTF-8')}`);
    expect((await readVoc({ folder: dir })).file.categories).toEqual([{ id: 1, name: 'Hündin' }]);
  });

  it.each<[string, string | Uint8Array, RegExp]>([
    ['cut short', xml('a.jpg', [object('dog', [0, 0, 9, 9])]).slice(0, 200), /expected XML, got at line \d+, column \d+ of .*a\.xml: unclosed tag/],
    ['no UTF-8', Buffer.from('<annotation>ü</annotation>', 'latin1'), /expected text in UTF-8 in .*a\.xml/],
    ['of an unknown encoding', '<?xml version="1.0" encoding="klingon"?><annotation/>', /expected text in klingon in .*a\.xml, got the encoding klingon, which is not known/],
  ])('names a file that is %s', async (_, content, message) => {
    await write('a.xml', content);
    await expect(readVoc({ folder: dir })).rejects.toThrow(DataError);
    await expect(readVoc({ folder: dir })).rejects.toThrow(message);
  });

  it('names what is not there', async () => {
    await expect(readVoc({ folder: dir })).rejects.toThrow(/expected XML files in .*, got none/);
    await expect(readVoc({ folder: dir, split: 'val' })).rejects.toThrow(/expected a file of names of photos, got .*ImageSets\/Main\/val\.txt: no such file/);
    await write('ImageSets/Main/val.txt', 'a\n');
    await expect(readVoc({ folder: dir, split: 'val' })).rejects.toThrow(/expected the name of a photo with an XML file at line 1 of .*val\.txt, got a, which has none/);
    await write('a.xml', xml('a.jpg', [object('cow', [0, 0, 9, 9])]));
    await expect(readVoc({ folder: dir, names: ['cat', 'dog'] })).rejects.toThrow(/expected one of cat, dog as name of an object in .*a\.xml, got cow/);
  });

  it('notes corners below 1, which programs that count from 0 write', async () => {
    await write('a.xml', xml('a.jpg', [object('dog', [-1, 3, 9, 9]), object('dog', [0, 0, 9, 9])]));
    const { notes, file } = await readVoc({ folder: dir });
    expect([...notes]).toEqual([['boxes with a corner below 1, where VOC starts: if the files count from 0, add --zero-based', 1]]);
    expect(file.annotations![0]!.bbox).toEqual([-1, 3, 9, 9]);
    const zeroBased = await readVoc({ folder: dir, isZeroBased: true });
    expect(zeroBased.file.annotations![0]!.bbox).toEqual([0, 4, 8, 8]);
    expect([...zeroBased.notes]).toEqual([]);
    await write('a.xml', xml('a.jpg', [object('dog', [-2, 3, 9, 9]), object('dog', [4, -2, 9, 9])]));
    expect([...(await readVoc({ folder: dir, isZeroBased: true })).notes]).toEqual([['boxes with a corner below 0', 2]]);
  });
});

describe('readVoc names photos that are there', () => {
  const jpeg = async (name: string, width = 64, height = 48) => {
    await mkdir(path.dirname(path.join(dir, name)), { recursive: true });
    await sharp({ create: { width, height, channels: 3, background: 'red' } }).toFile(path.join(dir, name));
  };
  const named = (fileName: string | undefined) => {
    const text = xml(fileName ?? '', []);
    return fileName === undefined ? text.replace(/\s*<filename>.*<\/filename>/, '') : text;
  };
  const readNames = async (split?: string) => {
    const { file, notes } = await readVoc({ folder: dir, ...split !== undefined && { split } });
    return { names: file.images!.map(({ file_name }) => file_name), notes: [...notes] };
  };
  const after = 'photos named after the file that is there, not after <filename>';

  it.each<[string, string | undefined, string]>([
    ['without extension', 'front', 'front'], ['missing', undefined, 'none'], ['empty', '', 'none'], ['another', 'IMG_0001.jpg', 'IMG_0001.jpg'],
    ['a percent sign', '%s', '%s'], ['of another extension', 'front.png', 'front.png'], ['in a folder', 'voc\\front.jpg', 'voc/front.jpg'],
  ])('where <filename> is %s', async (_, fileName, shown) => {
    await jpeg('JPEGImages/front.jpg');
    await write('Annotations/front.xml', named(fileName));
    expect(await readNames()).toEqual({ names: ['front.jpg'], notes: [[`${after}, such as ${shown} became front.jpg`, 1]] });
  });

  it.each(['my%20photo.jpg', 'my photo', 'my photo.jpg'])('by <filename> %s where no photo has the name of the file', async (fileName) => {
    await jpeg('JPEGImages/my photo.jpg');
    await write('Annotations/1.xml', named(fileName));
    expect((await readNames()).names).toEqual(['my photo.jpg']);
  });

  it('where <filename> is the same in all files, and keeps folders apart', async () => {
    for (const name of ['day/1', 'night/1']) {
      await jpeg(`JPEGImages/${name}.jpg`, name === 'day/1' ? 64 : 32);
      await write(`Annotations/${name}.xml`, named('1.jpg').replace(/<size>.*<\/size>/, ''));
    }
    const { file, notes } = await readVoc({ folder: dir });
    expect(file.images).toEqual([{ id: 1, width: 64, height: 48, file_name: 'day/1.jpg' }, { id: 2, width: 32, height: 48, file_name: 'night/1.jpg' }]);
    expect([...notes]).toEqual([[`${after}, such as 1.jpg became day/1.jpg`, 2]]);
  });

  it('makes names where there are no photos and <filename> does not tell them apart', async () => {
    await write('Annotations/day/1.xml', named('1.png'));
    await write('Annotations/night/1.xml', named('1.png'));
    await write('Annotations/x.xml', named(undefined));
    await write('Annotations/y.xml', named('photo y.jpg'));
    expect(await readNames()).toEqual({
      names: ['day/1.png', 'night/1.png', 'x.jpg', 'photo y.jpg'],
      notes: [['photos named after their XML file, as neither <filename> nor a file names them, such as 1.png became day/1.png', 3]],
    });
  });

  it('says which photos are not there, and refuses one photo for two files', async () => {
    await jpeg('JPEGImages/a.jpg');
    await write('Annotations/a.xml', named('a.jpg'));
    await write('Annotations/b.xml', named('b.jpg'));
    expect((await readNames()).notes).toEqual([[`photos that are not in ${dir}/JPEGImages, named after <filename>, such as b.jpg`, 1]]);
    await write('Annotations/b.xml', named('a.jpg'));
    await expect(readNames()).rejects.toThrow('expected a photo of its own for each XML file, got a.jpg for both a.xml and b.xml');
  });

  it('takes whole lines of a list as names, and a last 1, -1 or 0 as a class\'s where names do not end so', async () => {
    for (const name of ['img', 'img 1', 'img 0', 'two  words', 'e\u0301']) await write(`Annotations/${name}.xml`, named(`${name}.jpg`));
    const names = async (list: string) => {
      await write('ImageSets/Main/val.txt', list);
      return (await readNames('val')).names;
    };
    expect(await names('img 1\r\ntwo  words\n')).toEqual(['img 1.jpg', 'two  words.jpg']);
    expect(await names('img  1\ntwo  words -1\n')).toEqual(['img.jpg', 'two  words.jpg']);
    expect(await names('img 1 1\nimg 0 -1')).toEqual(['img 1.jpg', 'img 0.jpg']);
    expect(await names('img 1.jpg\n\u00e9\n')).toEqual(['img 1.jpg', 'e\u0301.jpg']);
    await expect(names('img 1\nimg 2\n')).rejects.toThrow(/expected the name of a photo with an XML file at line 2 of .*val\.txt, got img 2, which has none/);
    await expect(names('two 1\n')).rejects.toThrow(/line 1 of .*val\.txt, got two 1, which has none/);
  });
});

describe('writeVoc', () => {
  const images = [{ id: 4, width: 200, height: 100, file_name: 'train/a & b.jpg' }];
  const categories = [{ id: 18, name: 'dog <big>' }];
  const annotation = (id: number, change: object) =>
    ({ id, image_id: 4, category_id: 18, bbox: [80, 30, 40.5, 40], area: 1620, iscrowd: 0, ...change });
  const convert = (annotations: readonly object[], isZeroBased = false) => {
    const dataset = CocoDataset.fromObject({ images, categories, annotations: annotations as never });
    return writeVoc(dataset, { folder: path.join(dir, 'out'), isZeroBased });
  };

  const newIds = ['photos', 'categories'].map((what) =>
    [`${what} get another id when the labels are read back: results for the COCO file do not fit then`, 1]);

  it('says nothing of ids that stay', async () => {
    const file = {
      images: [{ id: 139, width: 200, height: 100, file_name: '000139.jpg' }], categories: [{ id: 1, name: 'cat' }],
      annotations: [annotation(1, { image_id: 139, category_id: 1 })],
    };
    expect([...await writeVoc(CocoDataset.fromObject(file), { folder: path.join(dir, 'out') })]).toEqual([]);
  });

  it.each([
    ['a\\b.jpg', 'a/b'], ['/data/voc/x.jpg', 'x'], ['D:\\data\\x.jpg', 'x'],
  ])('keeps the annotation of %s inside', async (file_name, stem) => {
    await writeVoc(CocoDataset.fromObject({ images: [{ ...images[0]!, file_name }], categories, annotations: [] }), { folder: path.join(dir, 'out') });
    expect(await readFile(path.join(dir, `out/Annotations/${stem}.xml`), 'utf8')).toContain(`<filename>${stem}.jpg</filename>`);
  });

  it.each(['../x.jpg', 'a\0.jpg', 'x/'])('refuses the photo %j', async (file_name) => {
    const dataset = CocoDataset.fromObject({ images: [{ ...images[0]!, file_name }], categories, annotations: [] });
    await expect(writeVoc(dataset, { folder: path.join(dir, 'out') })).rejects.toThrow(DataError);
    await expect(writeVoc(dataset, { folder: path.join(dir, 'out') })).rejects.toThrow(/^writeVoc: expected file_name of a photo inside the folder/);
  });

  it('writes boxes; crowds and what is to be ignored are difficult', async () => {
    const notes = await convert([annotation(1, {}), annotation(2, { iscrowd: 1 }), annotation(3, { ignore: 1 })]);
    const text = await readFile(path.join(dir, 'out/Annotations/train/a & b.xml'), 'utf8');
    expect(text).toContain('<filename>train/a &amp; b.jpg</filename>');
    expect(text).toContain('<name>dog &lt;big&gt;</name>');
    expect(text.match(/<difficult>\d/g)).toEqual(['<difficult>0', '<difficult>1', '<difficult>1']);
    expect(text).toContain('<xmin>81</xmin><ymin>31</ymin><xmax>120.5</xmax><ymax>70</ymax>');
    expect([...notes]).toEqual(newIds);
  });

  it('tells how far it is', async () => {
    const photos = [1, 2, 3].map((id) => ({ ...images[0]!, id, file_name: `${id}.jpg` }));
    const told: number[][] = [];
    const onProgress = (...counts: number[]) => { told.push(counts); };
    await writeVoc(CocoDataset.fromObject({ images: photos, categories, annotations: [] }), { folder: path.join(dir, 'out'), onProgress });
    expect(told).toEqual([[1, 3], [2, 3], [3, 3]]);
  });

  it('counts what it leaves out or widens, and clips the rest', async () => {
    const notes = await convert([
      annotation(1, { category_id: 5 }), annotation(2, { bbox: [] }), annotation(3, { bbox: [190, 90, 20, 20] }),
      annotation(4, { bbox: [5, 5, 0.5, 9] }),
    ]);
    const text = await readFile(path.join(dir, 'out/Annotations/train/a & b.xml'), 'utf8');
    expect(text.match(/<bndbox>.*<\/bndbox>/g)).toEqual([
      '<bndbox><xmin>191</xmin><ymin>91</ymin><xmax>200</xmax><ymax>100</ymax></bndbox>',
      '<bndbox><xmin>6</xmin><ymin>6</ymin><xmax>6</xmax><ymax>14</ymax></bndbox>',
    ]);
    expect([...notes]).toEqual([
      ['annotations left out, whose category is not in the file', 1], ['annotations left out, which have no box inside their photo', 1],
      ['boxes narrower than a pixel, which became one pixel wide', 1], ...newIds,
    ]);
  });

  it.each([false, true])('is read again by readVoc (zero-based: %s)', async (isZeroBased) => {
    const annotations = [annotation(1, { bbox: [0.25, 99, 199.75, 1], area: 199.75, ignore: 1 }), annotation(2, { ignore: 0 })];
    await convert(annotations, isZeroBased);
    const { file } = await readVoc({ folder: path.join(dir, 'out'), isZeroBased });
    expect(file.annotations).toEqual(annotations.map((one) => ({ ...one, image_id: 1, category_id: 1 })));
    expect(file.images).toEqual([{ ...images[0]!, id: 1 }]);
    expect(file.categories).toEqual([{ id: 1, name: 'dog <big>' }]);
  });
});
