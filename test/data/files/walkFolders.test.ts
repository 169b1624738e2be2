import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { walkFiles, walkFolders } from '../../../src/data/files/walkFolders.ts';
import { DataError } from '../../../src/errors.ts';

let dir = '';
beforeEach(async () => {
  dir = await realpath(await mkdtemp(path.join(tmpdir(), 'mpvg-walk-')));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function put(...files: string[]): Promise<void> {
  for (const file of files) {
    await mkdir(path.dirname(path.join(dir, file)), { recursive: true });
    await writeFile(path.join(dir, file), '');
  }
}

async function link(at: string, target: string): Promise<void> {
  await mkdir(path.dirname(path.join(dir, at)), { recursive: true });
  await symlink(target, path.join(dir, at));
}

const purpose = { caller: 'test', what: 'photos' };
const files = (folder = '.') => walkFiles(path.join(dir, folder), purpose);

describe('walkFolders', () => {
  it("goes in the order of torchvision's sorted(os.walk), a folder's own files first", async () => {
    await put('b/z.jpg', 'b/a/1.jpg', 'b-1/x.jpg', 'B/y.jpg', 'top.jpg');
    await mkdir(path.join(dir, 'empty'));
    const folders = await walkFolders(dir, purpose);
    expect(folders).toEqual([
      { name: '', real: dir, files: ['top.jpg'] },
      { name: 'B', real: path.join(dir, 'B'), files: ['y.jpg'] },
      { name: 'b', real: path.join(dir, 'b'), files: ['z.jpg'] },
      { name: 'b-1', real: path.join(dir, 'b-1'), files: ['x.jpg'] },
      { name: 'b/a', real: path.join(dir, 'b/a'), files: ['1.jpg'] },
      { name: 'empty', real: path.join(dir, 'empty'), files: [] },
    ]);
  });
});

describe('walkFiles', () => {
  it('sorts by code points and takes any name', async () => {
    await put('😀.jpg', 'Ａ.jpg', 'ä b.jpg', 'new\nline.jpg', 'Z.JPG', 'a.jpg');
    expect(await files()).toEqual(['Z.JPG', 'a.jpg', 'new\nline.jpg', 'ä b.jpg', 'Ａ.jpg', '😀.jpg']);
  });

  it('takes a name that has the sign for what is no character', async () => {
    await put('a\ufffd.jpg', 'sub/b\ufffd.jpg');
    expect(await files()).toEqual(['a\ufffd.jpg', 'sub/b\ufffd.jpg']);
  });

  it('passes by what is hidden or left by systems, deep down too, but not in a hidden folder that it is given', async () => {
    const left = ['._a.jpg', '.DS_Store', 'Thumbs.db', 'desktop.ini', '.ipynb_checkpoints/a.jpg', '__MACOSX/._a.jpg', '@eaDir/a.jpg', '.git/x/a.jpg'];
    await put(...left, 'deep/a.jpg', ...left.map((file) => `deep/er/${file}`), '.hidden/photos/b.jpg');
    expect(await files()).toEqual(['deep/a.jpg']);
    expect(await files('.hidden/photos')).toEqual(['b.jpg']);
  });

  it('follows links to files and folders, also to one folder twice and from the folder itself', async () => {
    await put('far/away/a.jpg', 'photos/b.jpg');
    await link('photos/c.jpg', '../far/away/a.jpg');
    await link('photos/one', path.join(dir, 'far'));
    await link('photos/two', '../far/away');
    await link('start', 'photos');
    expect(await files('start')).toEqual(['b.jpg', 'c.jpg', 'one/away/a.jpg', 'two/a.jpg']);
  });

  it.each<[string, Record<string, string>, string]>([
    ['a folder to itself', { 'photos/a/self': '.' }, 'DIR/photos/a/self, a link to DIR/photos/a, a folder that it is in'],
    ['a folder to one above where it began', { 'photos/a/up': '../..' }, 'DIR/photos/a/up, a link to DIR, a folder that it is in'],
    ['folders to each other', { 'photos/a/x': '../b', 'photos/b/y': '../a' }, 'DIR/photos/a/x/y, a link to DIR/photos/a, a folder that it is in'],
    ['links to each other', { 'photos/x': 'y', 'photos/y': 'x' }, 'DIR/photos/x, a link to y, which leads back to it (and 1 more)'],
    ['nothing', { 'photos/gone.jpg': '../nowhere/1.jpg' }, 'DIR/photos/gone.jpg, a link to ../nowhere/1.jpg, which is not there'],
    ['what is below a file', { 'photos/gone': 'a.jpg/b' }, 'DIR/photos/gone, a link to a.jpg/b, which is not there'],
  ])('names a link that leads from %s', async (_, links, message) => {
    await put('photos/a/1.jpg', 'photos/b/2.jpg', 'photos/a.jpg');
    for (const [at, target] of Object.entries(links)) await link(at, target);
    const walking = files('photos');
    await expect(walking).rejects.toThrow(DataError);
    await expect(walking).rejects.toThrow(message.replaceAll('DIR', dir));
    await expect(walking).rejects.toThrow('mend or remove it');
  });

  it('names what is no folder', async () => {
    await put('file');
    await link('round', 'round');
    await expect(files('none')).rejects.toThrow(`test: expected a folder of photos, got ${dir}/none: no such folder`);
    await expect(files('file')).rejects.toThrow(`test: expected a folder of photos, got ${dir}/file: a file`);
    await expect(files('round')).rejects.toThrow('a link that leads back to itself');
    await expect(walkFiles('', purpose)).rejects.toThrow(DataError);
  });

  it('names what is no file although it stands among them: pipes, and empty folders that are called like a file', async () => {
    await put('a/1.jpg', 'b.jpg/2.jpg');
    await mkdir(path.join(dir, 'empty'));
    expect(await files()).toEqual(['a/1.jpg', 'b.jpg/2.jpg']); // folders with photos in them may be called as they like
    await mkdir(path.join(dir, 'a/3.JPG'));
    await expect(files()).rejects.toThrow(`test: expected photos in ${dir}, got ${dir}/a/3.JPG, an empty folder that is called like a file; mend or remove it`);
    await rm(path.join(dir, 'a/3.JPG'), { recursive: true });
    execFileSync('mkfifo', [path.join(dir, 'a/pipe.jpg')]);
    await expect(files()).rejects.toThrow(`got ${dir}/a/pipe.jpg, a pipe and no file; mend or remove it`);
    await rm(path.join(dir, 'a/pipe.jpg'));
    await link('a/null.jpg', '/dev/null');
    await expect(files()).rejects.toThrow(`got ${dir}/a/null.jpg, a device and no file; mend or remove it`);
  });

  it.runIf(process.platform === 'linux')('names a file whose name is no UTF-8, which nothing could open', async () => {
    await put('a.jpg');
    await writeFile(Buffer.concat([Buffer.from(`${dir}/caf`), Buffer.of(0xe9), Buffer.from('.jpg')]), '');
    await expect(files()).rejects.toThrow(`${dir}/caf\ufffd.jpg, a name that is no UTF-8`);
  });
});
