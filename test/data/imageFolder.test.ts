import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ImageFolder } from '../../src/data/imageFolder.ts';
import { DataError } from '../../src/errors.ts';

let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'mpvg-folder-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(...paths: string[]): Promise<void> {
  for (const path of paths) {
    await mkdir(dirname(join(dir, path)), { recursive: true });
    await writeFile(join(dir, path), 'not opened');
  }
}

const listing = (folder: ImageFolder) =>
  Array.from({ length: folder.size }, (_, i) => [folder.label(i), folder.describe(i).slice(dir.length + 1)]);

describe('ImageFolder.open', () => {
  it('numbers classes and pictures as torchvision does: sorted by code point, nested folders after their parent\'s files', async () => {
    await put('b/2.png', 'b/10.jpg', 'b/deep/a.JPEG', 'b/z.webp', 'a/x.jpg', 'B/y.tif', 'a/sub/sub/1.gif', 'a/notes.txt', 'classes.json');
    const folder = await ImageFolder.open(dir);
    expect(folder.classNames).toEqual(['B', 'a', 'b']);
    expect(listing(folder)).toEqual([
      [0, 'B/y.tif'],
      [1, 'a/x.jpg'],
      [1, 'a/sub/sub/1.gif'],
      [2, 'b/10.jpg'],
      [2, 'b/2.png'],
      [2, 'b/z.webp'],
      [2, 'b/deep/a.JPEG'],
    ]);
  });

  it('skips hidden names', async () => {
    await put('a/1.jpg', 'a/._1.jpg', '.cache/1.jpg', 'a/.thumbs/1.jpg', '__MACOSX/a/._1.jpg', 'a/Thumbs.db');
    const folder = await ImageFolder.open(dir);
    expect(folder.classNames).toEqual(['a']);
    expect(listing(folder)).toEqual([[0, 'a/1.jpg']]);
  });

  it('follows symbolic links to files and folders, in other places too', async () => {
    await put('data/a/1.jpg', 'elsewhere/b/2.jpg', 'elsewhere/more/3.jpg');
    await symlink('1.jpg', join(dir, 'data/a/2.jpg'));
    await symlink(join(dir, 'elsewhere/b'), join(dir, 'data/b'));
    await symlink('../../elsewhere/more', join(dir, 'data/a/sub'));
    const folder = await ImageFolder.open(join(dir, 'data'));
    expect(listing(folder)).toEqual([[0, 'data/a/1.jpg'], [0, 'data/a/2.jpg'], [0, 'data/a/sub/3.jpg'], [1, 'data/b/2.jpg']]);
  });

  it.each<[string, string]>([
    ['..', 'DIR/bees/up, a link to DIR, a folder that it is in'],
    ['.', 'DIR/bees/up, a link to DIR/bees, a folder that it is in'],
    ['../ants', "expected pictures of one class in DIR/bees/up, got DIR/ants, whose pictures are of class 'ants' too"],
    ['../ants/deep', "expected pictures of one class in DIR/bees/up, got DIR/ants/deep, whose pictures are of class 'ants' too"],
  ])('does not take ants for bees through a link to %s', async (target, message) => {
    await put('ants/1.jpg', 'ants/deep/2.jpg', 'bees/1.jpg');
    await symlink(target, join(dir, 'bees/up'));
    expect((await failure()).message).toContain(message.replaceAll('DIR', dir));
  });

  it('numbers classes by code points, beyond U+FFFF too', async () => {
    await put('😀/1.jpg', 'Ａ/1.jpg', '0/1.jpg', '10/1.jpg', '2/1.jpg');
    expect((await ImageFolder.open(dir)).classNames).toEqual(['0', '10', '2', 'Ａ', '😀']);
  });

  it('calls classes by their composed names, so that folders from macOS and Linux agree', async () => {
    const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301'];
    await put(`train/${decomposed}/1.jpg`, 'train/tea/1.jpg', `val/${composed}/1.jpg`, 'val/tea/1.jpg', `both/${composed}/1.jpg`, `both/${decomposed}/1.jpg`);
    const train = await ImageFolder.open(join(dir, 'train'));
    expect(train.classNames).toEqual([composed, 'tea']);
    expect(train.describe(0)).toBe(join(dir, `train/${decomposed}/1.jpg`));
    expect((await ImageFolder.open(join(dir, 'val'))).classNames).toEqual(train.classNames);
    expect((await failure(join(dir, 'both'))).message).toContain(`two named '${composed}'`);
  });

  it('loads a picture and says where it is', async () => {
    await put('a/0.png');
    await sharp({ create: { width: 3, height: 2, channels: 3, background: '#010203' } }).png().toFile(join(dir, 'a/0.png'));
    const folder = await ImageFolder.open(dir);
    expect(await folder.load(0)).toEqual({ data: Uint8Array.from({ length: 18 }, (_, i) => (i % 3) + 1), width: 3, height: 2 });
    expect(folder.source(0)).toEqual({ kind: 'file', path: join(dir, 'a/0.png') });
    expect(() => folder.label(1)).toThrow(RangeError);
    expect(() => folder.describe(-1)).toThrow('ImageFolder: expected an index in [0, 1), got -1');
  });

  const failure = async (path = dir): Promise<DataError> => {
    const error = await ImageFolder.open(path).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(DataError);
    return error as DataError;
  };

  it('names an empty class folder', async () => {
    await put('a/1.jpg', 'empty/readme.txt');
    expect((await failure()).message).toContain(`for class 'empty', got none in ${join(dir, 'empty')}`);
  });

  it('names a folder without classes', async () => {
    await put('1.jpg');
    expect((await failure()).message).toContain(`expected one folder of pictures per class in ${dir}, got no folder`);
  });

  it('names a folder that does not exist, or is a file', async () => {
    await put('file');
    expect((await failure(join(dir, 'missing'))).message).toContain(join(dir, 'missing'));
    expect((await failure(join(dir, 'file'))).message).toContain(join(dir, 'file'));
  });

  it('names a broken link', async () => {
    await put('a/1.jpg');
    await symlink(join(dir, 'nowhere.jpg'), join(dir, 'a/2.jpg'));
    expect((await failure()).message).toContain(join(dir, 'a/2.jpg'));
  });

  it('names a picture in a format that cannot be decoded', async () => {
    await put('a/1.jpg', 'a/2.heic');
    expect((await failure()).message).toContain(`got ${join(dir, 'a/2.heic')}; convert`);
  });

  // A link to itself: unlike a folder without permissions, not even the superuser can read it.
  it('names a folder that cannot be read', async () => {
    await put('a/1.jpg');
    await symlink(join(dir, 'b'), join(dir, 'b'));
    expect((await failure()).message).toContain(join(dir, 'b'));
  });
});
